"""What is a story called, and whom is it about? Chosen from its members, one vote for each copy group.

A card keeps what is needed to choose again when a member is added, in bounded space however large the story grows.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from pipeline.cluster.terms import base_language, counter_keys, expected_share, word_pieces
from pipeline.count_min import CountMinSketch, hash_words
from pipeline.records import Article, EntityType, Names
from pipeline.text import normalise, shorten

# Titles kept to choose from: the first ones say what happened, the latest what has come of it
FIRST_TITLES, LATEST_TITLES = 6, 6
# The present title stays until another one is better by this factor: what a story is called should seldom change
TITLE_STAYS = 0.8
SHORTEST_TITLE = 3  # words; "Live", "Analysis" and "News in brief" say nothing
POOR_TITLE_WEIGHT = 0.3  # of the weight of others: so short ones, and beginnings of texts for want of a title
KEPT_NAMES, SHOWN_NAMES = 40, 8
LEAST_SALIENCE = 0.05  # of a name that an article mentions; 1 is what it is most about
_TELLING = frozenset({EntityType.PERSON, EntityType.ORG, EntityType.PLACE, EntityType.EVENT})


class StoryFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a story as a whole, the same for all its articles."""

    id: str
    title: str | None = None
    names: tuple[str, ...] = ()  # of whom and what it is about, the most telling first
    first: dt.datetime | None = None  # when its first article was published, or seen where that is unknown
    last: dt.datetime | None = None
    aliases: tuple[str, ...] = ()  # ids of stories that are part of it now


class MemberTitle(msgspec.Struct, frozen=True, array_like=True):
    """The title of a member."""

    article: str
    text: str
    language: str = ""
    begun: bool = False  # whether it is how the text begins, as the member has no title


class NameTally(msgspec.Struct, frozen=True, array_like=True):
    """How many members name an entity, and how rare it is elsewhere (the negative logarithm of its share)."""

    id: str
    text: str
    members: int
    rarity: float
    salience: float = 0.0  # how much the members are about it, summed up


class StorySummary(msgspec.Struct, frozen=True, kw_only=True):
    """A story as a whole; titles in order of arrival."""

    votes: int = 0
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    titles: tuple[MemberTitle, ...] = ()
    names: tuple[NameTally, ...] = ()
    chosen: str | None = None  # the article whose title is the story's

    @property
    def title(self) -> str | None:
        """What the story is called."""
        return next((title.text for title in self.titles if title.article == self.chosen), None)

    def key_names(self) -> tuple[str, ...]:
        """Return whom and what the story is about: in the headlines of several members, and rare."""
        least = 1 if self.votes < 2 else 2  # noqa: PLR2004
        agreed = [name for name in self.names if name.members >= least] or self.names
        ranked = sorted(agreed, key=lambda name: (-name.salience * name.rarity, name.text))
        return tuple(dict.fromkeys(name.text for name in ranked))[:SHOWN_NAMES]


def extend_time_span(card: StorySummary, at: dt.datetime) -> StorySummary:
    """Return the card after a member of the time ``at`` was added, without a vote."""
    return msgspec.structs.replace(
        card, first=min(card.first or at, at), last=max(card.last or at, at)
    )  # fmt: skip


def add_vote(card: StorySummary, article: Article, names: Names | None, frequencies: CountMinSketch) -> StorySummary:
    """Return the card after the article voted on title and names."""
    titles = card.titles
    title = " ".join((article.title or "").split())
    if text := title or shorten(article.text):
        own = MemberTitle(article.id, text, base_language(article), begun=not title)
        titles = (*(one for one in titles if one.article != own.article), own)
        if len(titles) > FIRST_TITLES + LATEST_TITLES:
            middle = titles[FIRST_TITLES:-LATEST_TITLES]
            kept = tuple(one for one in middle if one.article == card.chosen)
            titles = (*titles[:FIRST_TITLES], *kept, *titles[-LATEST_TITLES:])
    return msgspec.structs.replace(
        card,
        votes=card.votes + 1,
        titles=titles,
        chosen=choose_title(titles, card.chosen),
        names=_tally(card.names, names, base_language(article), frequencies),
    )


def choose_title(titles: Sequence[MemberTitle], present: str | None = None) -> str | None:
    """Return the article whose title is most like the others; the earliest of equals, and ``present`` if it's as good.

    Titles in the language of most of them are preferred.
    """
    if not titles:
        return None
    languages = Counter(title.language for title in titles)
    most = max(languages.values())
    found = [Counter(word_pieces(normalise(title.text))) for title in titles]
    weighed = [{word: -math.log(expected_share(word)) for word in counted} for counted in found]
    together: Counter[str] = Counter()
    for one in weighed:
        together.update(one)
    scores = []
    for title, one in zip(titles, weighed, strict=True):
        length = math.sqrt(sum(weight * weight for weight in one.values())) or 1.0
        like = sum(weight * together[word] for word, weight in one.items()) / length
        poor = POOR_TITLE_WEIGHT if title.begun or len(one) < SHORTEST_TITLE else 1.0
        scores.append(like * poor * languages[title.language] / most)
    best = max(scores)
    for title, score in zip(titles, scores, strict=True):
        if title.article == present and score >= TITLE_STAYS * best:
            return present
    return titles[scores.index(best)].article


def _tally(
    tallied: Iterable[NameTally], names: Names | None, language: str, frequencies: CountMinSketch
) -> tuple[NameTally, ...]:  # fmt: skip
    found = {name.id: name for name in tallied}
    telling = [one for one in (names.entities if names else ()) if one.type in _TELLING]
    if not telling:
        return tuple(found.values())
    spoken = hash_words([language])
    known = frequencies.estimate_counts(spoken)[0]
    counts = frequencies.estimate_counts(counter_keys(hash_words(one.id for one in telling), spoken))
    rarities = -np.log((counts + 1.0) / (known + 2.0))
    for one, rarity in zip(telling, rarities.tolist(), strict=True):
        before = found.pop(one.id, None)  # so that they stand in the order in which they were named last
        members, salience = (before.members, before.salience) if before else (0, 0.0)
        salience = round(salience + max(one.salience, LEAST_SALIENCE), 3)
        found[one.id] = NameTally(one.id, one.name, members + 1, round(max(rarity, 0.1), 2), salience)
    # of those that the story is least about the new ones stay: who comes late can become whom it is about
    kept = {name.id for name in sorted(found.values(), key=lambda name: name.salience)[-KEPT_NAMES:]}
    return tuple(name for name in found.values() if name.id in kept)
