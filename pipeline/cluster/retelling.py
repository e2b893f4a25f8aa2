"""Find the story that tells in other languages what an article tells.

An article is compared with the voters of the window that are in other languages: by its dense vector, by the names,
numbers and entities that both have, and by time. What two languages share says too little of a story that is only
alike (another quake, another match), so the best story must stand out from the next one. Pure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.count_min import Hashes
from pipeline.dense_vectors import DIMENSIONS, unit_rows, unpack_dense
from pipeline.settings import ClusterSettings

# What all shared anchors together may add to a cosine, and the weight of anchors (each that of the negative logarithm
# of its share of the voters) that adds half of it
ANCHORS_ADD, HALF_ADDED = 0.30, 6.0
# An anchor's share of the voters is taken as if so many more had none: of few voters each would look frequent
IMAGINED_VOTERS = 200
# So many of the voters in other languages are looked at, the most similar ones
NEAREST = 24
# A pair that is not this much alike by vector is not looked at, whatever names and numbers both have
LEAST_COSINE = 0.25
# The best story must be better than the next one by this much, unless it is better than the limit by as much
LEAST_LEAD = 0.08
# Half of the latest voters of the story (so many are asked) must be like the article, by this share of the limit
MOST_ASKED, AGREES = 24, 0.7
_ROWS = 8192  # that are unpacked at a time: as floats all of a large window would be hundreds of megabytes

Rows = npt.NDArray[np.int8]


class Voter(NamedTuple):
    """An article that has a vote in a story, and a dense vector."""

    group: str  # its copy group
    seq: int  # where the story is remembered that it voted in
    day: float  # published or first seen, in days since 1970
    language: str
    vector: bytes  # as ``dense_vectors`` packs it
    anchors: bytes  # as ``article_anchors`` returns them, 4 bytes each


class ToldStory(NamedTuple):
    """A story that tells what an article tells, how sure that is, and a number under which it was remembered."""

    story: str
    score: float
    seq: int


class _Columns:
    """What voters are looked for by, a row each; there is room for more rows than there are voters."""

    def __init__(self, size: int) -> None:
        self.vectors: Rows = np.empty((size, DIMENSIONS), dtype=np.int8)
        self.seqs = np.empty(size, dtype=np.int64)
        self.days = np.empty(size, dtype=np.float64)
        self.languages = np.empty(size, dtype=np.int16)  # numbers of the window's own

    def extended(self) -> _Columns:
        """Return columns with twice the room that begin with these rows."""
        columns, size = _Columns(2 * len(self.seqs)), len(self.seqs)
        for name in ("vectors", "seqs", "days", "languages"):
            getattr(columns, name)[:size] = getattr(self, name)
        return columns


class VoterWindow:
    """The voters with which an article is compared: ``kept`` ones, which several windows may share, and added ones."""

    def __init__(self, kept: VoterWindow | None = None) -> None:
        self._kept = kept
        self._voters: list[Voter] = []
        self._columns = _Columns(64)
        self._languages: dict[str, int] = {}
        self._holders: Counter[int] = Counter()  # anchor → how many voters have it

    def __len__(self) -> int:
        return len(self._voters) + (len(self._kept) if self._kept else 0)

    def __iter__(self) -> Iterator[Voter]:
        if self._kept:
            yield from self._kept
        yield from self._voters

    def add(self, voter: Voter) -> None:
        """Add a voter."""
        row = len(self._voters)
        if row == len(self._columns.seqs):
            self._columns = self._columns.extended()
        columns = self._columns
        columns.vectors[row] = np.frombuffer(voter.vector, dtype=np.int8)
        columns.seqs[row], columns.days[row] = voter.seq, voter.day
        columns.languages[row] = self._languages.setdefault(voter.language, len(self._languages))
        self._voters.append(voter)
        self._holders.update(unpack_anchors(voter.anchors).tolist())

    def languages(self) -> set[str]:
        """Return the languages of the voters."""
        return set(self._languages) | (self._kept.languages() if self._kept else set())

    def count_holders(self, anchor: int) -> int:
        """Return how many voters have an anchor."""
        return self._holders[anchor] + (self._kept.count_holders(anchor) if self._kept else 0)

    def find_nearest(self, voter: Voter, count: int, window_days: float) -> list[tuple[float, Voter]]:
        """Return cosine and voter of the ``count`` in other languages that are most like ``voter``, the best first.

        Those that are further apart in time than the window aren't looked at.
        """
        nearest = self._kept.find_nearest(voter, count, window_days) if self._kept else []
        near = self._is_other(voter) & (np.abs(self._columns.days[: len(self._voters)] - voter.day) <= window_days)
        nearest += self._compare(voter, np.flatnonzero(near), count)
        return sorted(nearest, key=lambda pair: -pair[0])[:count]

    def list_telling(self, voter: Voter, seq: int, count: int) -> list[tuple[float, Voter]]:
        """Return cosine and voter of the latest ``count`` in other languages that voted in the story ``seq``."""
        rows = np.flatnonzero(self._is_other(voter) & (self._columns.seqs[: len(self._voters)] == seq))[-count:]
        telling = self._compare(voter, rows, count)
        if self._kept and len(telling) < count:
            telling += self._kept.list_telling(voter, seq, count - len(telling))
        return telling

    def _is_other(self, voter: Voter) -> npt.NDArray[np.bool_]:
        """Return of each of the added voters whether it is in another language."""
        language = self._languages.get(voter.language, -1)
        is_foreign: npt.NDArray[np.bool_] = self._columns.languages[: len(self._voters)] != language
        return is_foreign

    def _compare(self, voter: Voter, rows: npt.NDArray[np.intp], count: int) -> list[tuple[float, Voter]]:
        """Return cosine and voter of the ``count`` of these rows that are most like ``voter``, the best first."""
        if not len(rows):
            return []
        vector = unpack_dense(voter.vector)
        blocks = (rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS))
        cosines = np.concatenate(
            [unit_rows(self._columns.vectors[block].astype(np.float32)) @ vector for block in blocks]
        )
        best = np.argsort(-cosines, kind="stable")[:count]
        return [(float(cosines[n]), self._voters[rows[n]]) for n in best.tolist()]


def find_told_story(
    newcomer: Voter,
    nearest: Sequence[tuple[float, Voter]],
    window: VoterWindow,
    story_of: Callable[[str], str | None],
    settings: ClusterSettings,
) -> ToldStory | None:
    """Return the story that tells in other languages what ``newcomer`` tells, None where no story surely does.

    Args:
        newcomer: the article that no story resembles by its words.
        nearest: the voters in other languages that are most like it, as ``window`` found them.
        window: all voters.
        story_of: the story of a copy group, None where it is in none.
        settings: ``retelling_threshold`` and ``sigma_days`` count.
    """
    told = find_alike_story(newcomer, nearest, window, story_of, settings)
    # a story into which something else has slipped is like it in a few of its articles
    return told if told and do_others_agree(newcomer, told.seq, window, settings) else None


def find_alike_story(
    voter: Voter,
    nearest: Sequence[tuple[float, Voter]],
    window: VoterWindow,
    story_of: Callable[[str], str | None],
    settings: ClusterSettings,
) -> ToldStory | None:
    """Return the story, of those of the voters ``nearest``, that surely tells what ``voter`` tells, None for none.

    Of a story the voter that is most alike counts. The arguments are those of ``find_told_story``.
    """
    alike: dict[str, ToldStory] = {}
    for cosine, other in nearest:
        story = story_of(other.group)
        if story is None or cosine < LEAST_COSINE:
            continue
        score = rate_voters(voter, other, cosine, window, settings)
        if story not in alike or score > alike[story].score:
            alike[story] = ToldStory(story, score, other.seq)
    return choose_told(list(alike.values()), settings.retelling_threshold)


def do_others_agree(newcomer: Voter, seq: int, window: VoterWindow, settings: ClusterSettings) -> bool:
    """Tell whether half of the story's latest articles in other languages are like ``newcomer``, or there are none."""
    telling = window.list_telling(newcomer, seq, MOST_ASKED)
    return do_half_agree(
        [rate_voters(newcomer, voter, cosine, window, settings) for cosine, voter in telling], settings
    )


def do_half_agree(rates: Sequence[float], settings: ClusterSettings) -> bool:
    """Tell whether at least half of what pairs of articles were rated says that they are alike."""
    agreeing = sum(rated >= AGREES * settings.retelling_threshold for rated in rates)
    return 2 * agreeing >= len(rates)


def choose_told(stories: Sequence[ToldStory], threshold: float) -> ToldStory | None:
    """Return the best of ``stories`` if it reaches the threshold and leads; of two equals neither."""
    ranked = sorted(stories, key=lambda told: (-told.score, told.seq))
    if not ranked or ranked[0].score < threshold:
        return None
    lead = ranked[0].score - ranked[1].score if len(ranked) > 1 else math.inf
    return ranked[0] if lead >= LEAST_LEAD else None


def rate_voters(first: Voter, second: Voter, cosine: float, window: VoterWindow, settings: ClusterSettings) -> float:
    """Return how surely two voters of a window tell the same, 1 at most: ``rate_pair``."""
    return rate_pair(first, second, cosine, window.count_holders, len(window), settings.sigma_days)


def rate_pair(
    first: Voter, second: Voter, cosine: float, count_holders: Callable[[int], int], voters: int, sigma_days: float
) -> float:
    """Return how surely two articles tell the same, 1 at most: by vectors and anchors, decayed with the gap in time.

    The same for both orders of the pair.
    """
    shared = np.intersect1d(unpack_anchors(first.anchors), unpack_anchors(second.anchors), assume_unique=True)
    weight = sum(anchor_weight(count_holders(anchor), voters) for anchor in shared.tolist())
    decay = math.exp(-(((first.day - second.day) / sigma_days) ** 2) / 2)
    return min(1.0, (cosine + ANCHORS_ADD * weight / (weight + HALF_ADDED)) * decay)


def anchor_weight(holders: int, voters: int) -> float:
    """Return what it says that two articles share an anchor: the more voters have it, the less; never below 0."""
    return max(0.0, math.log((voters + IMAGINED_VOTERS) / (holders + 1)) - 1.0)


def unpack_anchors(packed: bytes) -> Hashes:
    """Return the anchors of a voter."""
    return np.frombuffer(packed, dtype="<u4")


def fill_window(voters: Iterable[Voter]) -> VoterWindow:
    """Return a window of these voters."""
    window = VoterWindow()
    for voter in voters:
        window.add(voter)
    return window
