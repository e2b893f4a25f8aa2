"""Which names do the chances of a text's words say, each by itself and in the light of the whole article?"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.enrich.english_model.model_input import LINE_START, TYPES, ModelInput
from pipeline.enrich.recogniser import Span
from pipeline.records import EntityType

Chances = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

# What a word is: none of a name, its first word, or inside.
INSIDE = 2
PERSON, ORG, PLACE, EVENT = (
    TYPES.index(kind) for kind in (EntityType.PERSON, EntityType.ORG, EntityType.PLACE, EntityType.EVENT)
)
# A name found in one sentence is taken in another too, where the network gives it at least this chance.
_LIKELY = 0.02
# How much it counts, per mention, that just one kind of thing is known by the name.
_KNOWN = 1.0
# Behind the name of a place: "the Ghizlani military camp", "Badush village".
_SITE = re.compile(
    r"\s(?:(?:military|army|air|naval|refugee|displacement|border|mountain|international)\s)?"
    r"(?:camp|base|airbase|airfield|airport|village|town|neighbou?rhood|suburb|district|province|governorate|valley|crossing)\b"
)
# Before the name of a place: "the mayor of Valencia".
_SEAT = re.compile(
    r"\b(?:mayor|governor|prefect|council|capital|city|town|port|village|county|province|region|island|outskirts|streets)"
    r"\sof\s$"
)
_LONGEST_SEAT = 16
# Before what is called as people are: "a storm, named Ann", "the trawler Ann Lee".
_CALLED = r"(?:,?[ ](?:named|called|dubbed))?[ ][\"“'‘]?$"
# Soldiers storm towns: the word in small letters alone is no storm.
_STORM = re.compile(
    r"\b(?:Storm|[Tt]ropical [Ss]torm|the storm|storm,?(?= (?:named|called|dubbed))|(?i:hurricane|typhoon|cyclone))"
    + _CALLED
)
_SHIP = re.compile(
    r"\b(?:ship|vessel|ferry|trawler|tanker|yacht|frigate|destroyer|warship|submarine"
    r"|freighter|bulk carrier|HMS|USS|MV)(?:, the)?" + _CALLED
)
_LONGEST_CALLED = 30
_OWNED = re.compile(r"['’`´]s?$")
# Names of more words are told by their own context.
_LONGEST = 6


class ScoredSpan(NamedTuple):
    """Words ``first`` to ``after`` are a name, of each type with this chance."""

    first: int
    stop: int
    types: Chances


NO_TYPE = np.zeros(len(TYPES), dtype=np.float32)


def decode_names(
    text: str,
    words: ModelInput,
    chances: Chances,
    known: Callable[[str], EntityType | None],
    hints: Sequence[Span] = (),
) -> list[Span]:
    """Return the names in ``text``, in order: one type for each name in the whole article, found wherever it stands.

    ``known`` returns the type of what alone is called so, None where nothing or more is. ``hints``: names that word
    lists find; one of several words that is known is taken whole where the network sees parts of it. What they
    take for short for a firm is heard with the firm.
    """
    seen = [_unowned(text, words, one) for one in decode_spans(chances, words.looks[words.first] >= LINE_START)]
    certain = [_found(words, h) for h in hints if known(text[h.start : h.end]) is h.type]
    bodies, people, places = (
        [_found(words, h) for h in hints if h.type is kind]
        for kind in (EntityType.ORG, EntityType.PERSON, EntityType.PLACE)
    )
    several = certain + _seen_in_part(text, words, seen, bodies, people, places)
    found = _whole(
        seen,
        sorted((h for h in several if h.stop - h.first > 1), key=lambda h: h.first),
        lambda first, after: known(_text(text, words, ScoredSpan(first, after, NO_TYPE))) is EntityType.GROUP,
    )
    found = _with_known(found, [*certain, *places], len(words.start))
    keys = [_key(text, words, one.first, one.stop) for one in found]
    short = {_key(text, words, h.first, h.stop) for h in bodies}
    told = _told(text, words, found, keys, known, short)
    made = [
        Span(int(words.start[one.first]), int(words.end[one.stop - 1]), told[key])
        for one, key in zip(found, keys, strict=True)
        if key in told
    ]
    return sorted(made + _elsewhere(text, words, chances, found, told))


def _seen_in_part(
    text: str,
    words: ModelInput,
    seen: list[ScoredSpan],
    bodies: list[ScoredSpan],
    people: list[ScoredSpan],
    places: list[ScoredSpan],
) -> list[ScoredSpan]:
    """Return the names of which the network sees a part: "of England" of the church, a person's like a place's."""
    parts = [one for one in seen if int(np.argmax(one.types)) == ORG]
    first_names = {one.first: _text(text, words, one) for one in seen if _is_first_name(one)}
    towns = {_text(text, words, one) for one in places}
    found = [h for h in bodies if any(h.first <= one.first and one.stop <= h.stop for one in parts)]
    return found + [h for h in people if first_names.get(h.first) in towns]


def _told(
    text: str,
    words: ModelInput,
    found: list[ScoredSpan],
    keys: list[tuple[str, ...]],
    known: Callable[[str], EntityType | None],
    short: AbstractSet[tuple[str, ...]],
) -> dict[tuple[str, ...], EntityType]:
    """Return the type of each name in the whole article, by its words; ships, which have none, are left out."""
    votes, ships = _votes(found, keys, short), set()
    for one, key in zip(found, keys, strict=True):
        start = int(words.start[one.first])
        before = text[max(0, start - _LONGEST_CALLED) : start]
        if kind := known(_text(text, words, one)):
            votes[key][TYPES.index(kind)] += _KNOWN
        elif _SITE.match(text, int(words.end[one.stop - 1])) or _is_seat(text, start):
            votes[key][PLACE] += _KNOWN
        elif _STORM.search(before) and int(np.argmax(one.types)) in {PERSON, PLACE}:
            votes[key][EVENT] += len(found)  # more than all its mentions say
        elif _SHIP.search(before) and int(np.argmax(one.types)) != PLACE:
            ships.add(key)
    return {key: TYPES[int(np.argmax(vote))] for key, vote in votes.items() if key not in ships}


def decode_spans(chances: Chances, lines: Flags) -> list[ScoredSpan]:
    """Return the names that the chances say: where one begins is asked before what type it is of.

    ``lines`` tells which words begin a line: no name goes on there.
    """
    begins, inside = chances[:, 1::2], chances[:, 2::2]
    state = np.stack((chances[:, 0], begins.sum(axis=1), inside.sum(axis=1))).argmax(axis=0)
    both = begins + inside
    found: list[ScoredSpan] = []
    first = after = -1
    for at in [*np.flatnonzero(state).tolist(), -1]:
        if first >= 0 and not (at == after and state[at] == INSIDE and not lines[at]):
            found.append(ScoredSpan(first, after, both[first:after].mean(axis=0)))
            first = -1
        first = at if first < 0 else first
        after = at + 1
    return found


def _is_first_name(one: ScoredSpan) -> bool:
    return one.stop - one.first == 1 and int(np.argmax(one.types)) == PERSON


def _found(words: ModelInput, span: Span) -> ScoredSpan:
    first = int(np.searchsorted(words.end, span.start, side="right"))
    after = int(np.searchsorted(words.start, span.end, side="left"))
    return ScoredSpan(first, after, _only(span.type))


def _only(kind: EntityType) -> Chances:
    made = NO_TYPE.copy()
    made[TYPES.index(kind)] = 1
    return made


def _whole(
    found: list[ScoredSpan], known: Iterable[ScoredSpan], is_group: Callable[[int, int], bool]
) -> list[ScoredSpan]:
    """Return the names with each known one in place of the parts of it, unless one of them goes beyond it.

    A people or faith before it that was taken for its beginning is a name of its own: "Sunni Islamic State", where
    "Islamic State in Iraq and the Levant" is known.
    """
    made: list[ScoredSpan] = []
    rest = deque(found)
    for one in known:
        while rest and rest[0].stop <= one.first:
            made.append(rest.popleft())
        if rest and rest[0].first < one.first < rest[0].stop < one.stop and is_group(rest[0].first, one.first):
            made.append(rest[0]._replace(stop=one.first, types=_only(EntityType.GROUP)))
            rest[0] = rest[0]._replace(first=one.first)
        inside = sum(part.first < one.stop for part in itertools.islice(rest, one.stop - one.first))
        if inside and rest[0].first >= one.first and rest[inside - 1].stop <= one.stop:
            made.append(one)
            for _ in range(inside):
                rest.popleft()
    return [*made, *rest]


def _unowned(text: str, words: ModelInput, one: ScoredSpan) -> ScoredSpan:
    """Return a name without the possessive at its end, by which it would be another name than without."""
    owned = _OWNED.search(text, int(words.start[one.first]), int(words.end[one.stop - 1]))
    after = int(np.searchsorted(words.start, owned.start(), side="left")) if owned else one.stop
    return one._replace(stop=after) if after > one.first else one


def _with_known(found: list[ScoredSpan], known: Iterable[ScoredSpan], size: int) -> list[ScoredSpan]:
    """Return the names with the known ones that the network overlooks, as it does in short sentences."""
    free = np.ones(size, dtype=bool)
    for one in found:
        free[one.first : one.stop] = False
    made = list(found)
    for one in known:
        if one.first < one.stop and free[one.first : one.stop].all():
            free[one.first : one.stop] = False
            made.append(one)
    return sorted(made, key=lambda one: one.first)


def _is_seat(text: str, start: int) -> bool:
    return bool(_SEAT.search(text, max(0, start - _LONGEST_SEAT), start))


def _text(text: str, words: ModelInput, one: ScoredSpan) -> str:
    return text[words.start[one.first] : words.end[one.stop - 1]]


def _key(text: str, words: ModelInput, first: int, after: int) -> tuple[str, ...]:
    """Return a name's words as they stand there; capitals alone make no other name of it."""
    return tuple(text[words.start[at] : words.end[at]].casefold() for at in range(first, after))


def _votes(
    found: list[ScoredSpan], keys: list[tuple[str, ...]], short: AbstractSet[tuple[str, ...]]
) -> dict[tuple[str, ...], Chances]:
    """Return the sum of what all mentions of a name say; a bare surname is heard with the full name.

    One of the words ``short`` is heard with the organisation that begins with it: "Vellamo" with "Vellamo Biologics".
    """
    votes: dict[tuple[str, ...], Chances] = defaultdict(lambda: np.zeros(len(TYPES), dtype=np.float32))
    for one, key in zip(found, keys, strict=True):
        votes[key] += one.types
    people: dict[str, np.float32] = defaultdict(np.float32)
    firms: dict[str, np.float32] = defaultdict(np.float32)
    for key, vote in votes.items():
        if len(key) > 1 and int(np.argmax(vote)) == PERSON:
            people[key[-1]] = max(people[key[-1]], vote[PERSON])
        if len(key) > 1 and int(np.argmax(vote)) == ORG:
            firms[key[0]] = max(firms[key[0]], vote[ORG])
    for key, vote in votes.items():
        if len(key) == 1 and key[0] in people:
            vote[PERSON] += people[key[0]]
        elif key in short and key[0] in firms:
            vote[ORG] += firms[key[0]] + vote[PERSON]
    return votes


def _elsewhere(
    text: str, words: ModelInput, chances: Chances, found: list[ScoredSpan], told: dict[tuple[str, ...], EntityType]
) -> list[Span]:
    """Return where names that were found stand a further time, in the same letters, not overlapping any."""
    free = np.ones(len(words.start), dtype=bool)
    written: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for one in found:
        free[one.first : one.stop] = False
        if one.stop - one.first <= _LONGEST:
            name = tuple(text[words.start[at] : words.end[at]] for at in range(one.first, one.stop))
            if any(c.isupper() for c in name[0]) and tuple(word.casefold() for word in name) in told:
                written[name[0]].add(name)
    made: list[Span] = []
    likely = np.flatnonzero(free & (chances[:, 0] < 1 - _LIKELY))
    for at in likely.tolist():
        for name in sorted(written.get(text[words.start[at] : words.end[at]], ()), key=len, reverse=True):
            after = at + len(name)
            here = tuple(text[words.start[i] : words.end[i]] for i in range(at, min(after, len(free))))
            if here == name and free[at:after].all():
                free[at:after] = False
                kind = told[tuple(word.casefold() for word in name)]
                made.append(Span(int(words.start[at]), int(words.end[after - 1]), kind))
                break
    return made
