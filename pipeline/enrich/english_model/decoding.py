"""Turn the label probabilities of an English text's words into names, for the whole article at once.

A name has one type in the whole article, and is found wherever it stands in the same letters.
"""

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

Probabilities = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

# What a word is: 0 outside of names, 1 the first word of one, 2 a further word.
INSIDE = 2
PERSON, ORG, PLACE, EVENT = (
    TYPES.index(entity_type) for entity_type in (EntityType.PERSON, EntityType.ORG, EntityType.PLACE, EntityType.EVENT)
)
# A name of one sentence is found in another too, where the network gives its word at least this probability.
_MIN_PROBABILITY = 0.02
# What it adds to a type, per mention, that just this type is known by the name (a mention of the network adds up to 1).
_KNOWN_TYPE_VOTE = 1.0
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
# Characters that ``_SEAT`` matches at most.
_LONGEST_SEAT = 16
# Before a thing that is called like a person: "a storm, named Ann", "the trawler Ann Lee".
_CALLED = r"(?:,?[ ](?:named|called|dubbed))?[ ][\"“'‘]?$"
# "storm" in small letters alone doesn't count: soldiers storm towns.
_STORM = re.compile(
    r"\b(?:Storm|[Tt]ropical [Ss]torm|the storm|storm,?(?= (?:named|called|dubbed))|(?i:hurricane|typhoon|cyclone))"
    + _CALLED
)
_SHIP = re.compile(
    r"\b(?:ship|vessel|ferry|trawler|tanker|yacht|frigate|destroyer|warship|submarine"
    r"|freighter|bulk carrier|HMS|USS|MV)(?:, the)?" + _CALLED
)
# Characters that ``_STORM`` and ``_SHIP`` match at most.
_LONGEST_CALLED = 30
_OWNED = re.compile(r"['’`´]s?$")
# Names of more words are not looked for again: their own context suffices.
_MAX_REPEATED_WORDS = 6


class ScoredSpan(NamedTuple):
    """Words ``first`` to ``stop`` (exclusive) are a name; ``types`` has the probability of each of ``TYPES``."""

    first: int
    stop: int
    types: Probabilities


# Name and type → start and end of each of the names that it consists of.
NamesOfSpan = Callable[[str, EntityType], list[tuple[int, int]]]

NO_TYPE = np.zeros(len(TYPES), dtype=np.float32)


def decode_names(
    text: str,
    model_input: ModelInput,
    probabilities: Probabilities,
    sole_type: Callable[[str], EntityType | None],
    hints: Sequence[Span] = (),
    part_names: NamesOfSpan = lambda name, _type: [(0, len(name))],
) -> list[Span]:
    """Return the names in ``text``, in order; each name has one type and is found wherever it stands.

    Args:
        text: the text that the network has read.
        model_input: its words.
        probabilities: of each label for each word (words, ``LABEL_COUNT``).
        sole_type: gives the only type that is known under a name, None where there is none or several.
        hints: names that word lists find. A known one of several words is taken whole where the network sees parts of
            it, and a short name of a firm is counted with the firm.
        part_names: gives where the names stand that the network may have taken for one of this type.
    """
    line_starts = model_input.looks[model_input.first] >= LINE_START
    model_spans = [
        _without_possessive(text, model_input, part)
        for span in decode_spans(probabilities, line_starts)
        for part in _parts(text, model_input, span, part_names)
    ]
    certain = [_span_of_hint(model_input, h) for h in hints if sole_type(text[h.start : h.end]) is h.type]
    bodies, people, locations = (
        [_span_of_hint(model_input, h) for h in hints if h.type is entity_type]
        for entity_type in (EntityType.ORG, EntityType.PERSON, EntityType.PLACE)
    )
    candidates = certain + _partly_seen(text, model_input, model_spans, bodies, people, locations)
    spans = _with_whole_names(
        model_spans,
        sorted((h for h in candidates if h.stop - h.first > 1), key=lambda h: h.first),
        lambda first, stop: sole_type(_text(text, model_input, ScoredSpan(first, stop, NO_TYPE))) is EntityType.GROUP,
    )
    spans = _with_overlooked(spans, [*certain, *locations], len(model_input.start))
    keys = [_key(text, model_input, span.first, span.stop) for span in spans]
    short = {_key(text, model_input, h.first, h.stop) for h in bodies}
    types = _article_types(text, model_input, spans, keys, sole_type, short)
    decoded = [
        Span(int(model_input.start[span.first]), int(model_input.end[span.stop - 1]), types[key])
        for span, key in zip(spans, keys, strict=True)
        if key in types
    ]
    return sorted(decoded + _find_repeated(text, model_input, probabilities, spans, types))


def _parts(text: str, model_input: ModelInput, span: ScoredSpan, part_names: NamesOfSpan) -> list[ScoredSpan]:
    """Return the names that the network took for one."""
    name = _text(text, model_input, span)
    places = part_names(name, TYPES[int(np.argmax(span.types))])
    if places == [(0, len(name))]:
        return [span]
    start = int(model_input.start[span.first])
    words = [
        (
            int(np.searchsorted(model_input.end, start + first, side="right")),
            int(np.searchsorted(model_input.start, start + stop, side="left")),
        )
        for first, stop in places
    ]
    return [span._replace(first=first, stop=stop) for first, stop in words if first < stop]


def _partly_seen(
    text: str,
    model_input: ModelInput,
    model_spans: list[ScoredSpan],
    bodies: list[ScoredSpan],
    people: list[ScoredSpan],
    locations: list[ScoredSpan],
) -> list[ScoredSpan]:
    """Return the hints of which the network sees a part: "of England" of the church, a surname that is a town's."""
    parts = [span for span in model_spans if int(np.argmax(span.types)) == ORG]
    first_names = {span.first: _text(text, model_input, span) for span in model_spans if _is_first_name(span)}
    towns = {_text(text, model_input, span) for span in locations}
    partial = [h for h in bodies if any(h.first <= span.first and span.stop <= h.stop for span in parts)]
    return partial + [h for h in people if first_names.get(h.first) in towns]


def _article_types(
    text: str,
    model_input: ModelInput,
    spans: list[ScoredSpan],
    keys: list[tuple[str, ...]],
    sole_type: Callable[[str], EntityType | None],
    short_firms: AbstractSet[tuple[str, ...]],
) -> dict[tuple[str, ...], EntityType]:
    """Return the type of each name (by its words) in the whole article; ships are left out, as no type is theirs."""
    votes, ships = _votes(spans, keys, short_firms), set()
    for span, key in zip(spans, keys, strict=True):
        start = int(model_input.start[span.first])
        text_before = text[max(0, start - _LONGEST_CALLED) : start]
        if entity_type := sole_type(_text(text, model_input, span)):
            votes[key][TYPES.index(entity_type)] += _KNOWN_TYPE_VOTE
        elif _SITE.match(text, int(model_input.end[span.stop - 1])) or _is_seat(text, start):
            votes[key][PLACE] += _KNOWN_TYPE_VOTE
        elif _STORM.search(text_before) and int(np.argmax(span.types)) in {PERSON, PLACE}:
            votes[key][EVENT] += len(spans)  # outweighs all its mentions
        elif _SHIP.search(text_before) and int(np.argmax(span.types)) != PLACE:
            ships.add(key)
    return {key: TYPES[int(np.argmax(vote))] for key, vote in votes.items() if key not in ships}


def decode_spans(probabilities: Probabilities, line_starts: Flags) -> list[ScoredSpan]:
    """Return the names that the label probabilities mean; where a name stands is decided first, then its type.

    ``line_starts`` tells which words begin a line: a name ends at the line's end.
    """
    begins, inside = probabilities[:, 1::2], probabilities[:, 2::2]
    state = np.stack((probabilities[:, 0], begins.sum(axis=1), inside.sum(axis=1))).argmax(axis=0)
    type_probabilities = begins + inside
    spans: list[ScoredSpan] = []
    first = stop = -1
    for index in [*np.flatnonzero(state).tolist(), -1]:
        if first >= 0 and not (index == stop and state[index] == INSIDE and not line_starts[index]):
            spans.append(ScoredSpan(first, stop, type_probabilities[first:stop].mean(axis=0)))
            first = -1
        first = index if first < 0 else first
        stop = index + 1
    return spans


def _is_first_name(span: ScoredSpan) -> bool:
    return span.stop - span.first == 1 and int(np.argmax(span.types)) == PERSON


def _span_of_hint(model_input: ModelInput, hint: Span) -> ScoredSpan:
    first = int(np.searchsorted(model_input.end, hint.start, side="right"))
    stop = int(np.searchsorted(model_input.start, hint.end, side="left"))
    return ScoredSpan(first, stop, _certain(hint.type))


def _certain(entity_type: EntityType) -> Probabilities:
    types = NO_TYPE.copy()
    types[TYPES.index(entity_type)] = 1
    return types


def _with_whole_names(
    spans: list[ScoredSpan], known_spans: Iterable[ScoredSpan], is_group: Callable[[int, int], bool]
) -> list[ScoredSpan]:
    """Return the names with each known one in place of its parts, unless a part goes beyond it.

    A people or faith that was taken for its beginning is a name of its own: "Sunni Islamic State", where "Islamic
    State in Iraq and the Levant" is known.
    """
    whole: list[ScoredSpan] = []
    remaining = deque(spans)
    for known_span in known_spans:
        while remaining and remaining[0].stop <= known_span.first:
            whole.append(remaining.popleft())
        if (
            remaining
            and remaining[0].first < known_span.first < remaining[0].stop < known_span.stop
            and is_group(remaining[0].first, known_span.first)
        ):
            whole.append(remaining[0]._replace(stop=known_span.first, types=_certain(EntityType.GROUP)))
            remaining[0] = remaining[0]._replace(first=known_span.first)
        inside = sum(
            part.first < known_span.stop for part in itertools.islice(remaining, known_span.stop - known_span.first)
        )
        if inside and remaining[0].first >= known_span.first and remaining[inside - 1].stop <= known_span.stop:
            whole.append(known_span)
            for _ in range(inside):
                remaining.popleft()
    return [*whole, *remaining]


def _without_possessive(text: str, model_input: ModelInput, span: ScoredSpan) -> ScoredSpan:
    """Return a name without the possessive at its end, so that both ways of writing it are one name."""
    possessive = _OWNED.search(text, int(model_input.start[span.first]), int(model_input.end[span.stop - 1]))
    stop = int(np.searchsorted(model_input.start, possessive.start(), side="left")) if possessive else span.stop
    return span._replace(stop=stop) if stop > span.first else span


def _with_overlooked(spans: list[ScoredSpan], known_spans: Iterable[ScoredSpan], size: int) -> list[ScoredSpan]:
    """Add the known names that the network overlooks, as in short sentences; ``size`` is the number of words."""
    free = np.ones(size, dtype=bool)
    for span in spans:
        free[span.first : span.stop] = False
    complete = list(spans)
    for span in known_spans:
        if span.first < span.stop and free[span.first : span.stop].all():
            free[span.first : span.stop] = False
            complete.append(span)
    return sorted(complete, key=lambda span: span.first)


def _is_seat(text: str, start: int) -> bool:
    return bool(_SEAT.search(text, max(0, start - _LONGEST_SEAT), start))


def _text(text: str, model_input: ModelInput, span: ScoredSpan) -> str:
    return text[model_input.start[span.first] : model_input.end[span.stop - 1]]


def _key(text: str, model_input: ModelInput, first: int, stop: int) -> tuple[str, ...]:
    """Return a name's case-folded words, by which its mentions are compared."""
    return tuple(text[model_input.start[index] : model_input.end[index]].casefold() for index in range(first, stop))


def _votes(
    spans: list[ScoredSpan], keys: list[tuple[str, ...]], short_firms: AbstractSet[tuple[str, ...]]
) -> dict[tuple[str, ...], Probabilities]:
    """Return name → the sum of its mentions' type probabilities; a bare surname is counted with the full name.

    One of the ``short_firms`` is counted with the organisation that begins with it: "Vellamo" with "Vellamo Biologics".
    """
    votes: dict[tuple[str, ...], Probabilities] = defaultdict(lambda: np.zeros(len(TYPES), dtype=np.float32))
    for span, key in zip(spans, keys, strict=True):
        votes[key] += span.types
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
        elif key in short_firms and key[0] in firms:
            vote[ORG] += firms[key[0]] + vote[PERSON]
    return votes


def _find_repeated(
    text: str,
    model_input: ModelInput,
    probabilities: Probabilities,
    spans: list[ScoredSpan],
    types: dict[tuple[str, ...], EntityType],
) -> list[Span]:
    """Return the further mentions of the names, in the same letters; none overlaps a name."""
    free = np.ones(len(model_input.start), dtype=bool)
    starts, ends = model_input.start.tolist(), model_input.end.tolist()
    words = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    written: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for span in spans:
        free[span.first : span.stop] = False
        if span.stop - span.first <= _MAX_REPEATED_WORDS:
            name = tuple(words[span.first : span.stop])
            if any(c.isupper() for c in name[0]) and tuple(word.casefold() for word in name) in types:
                written[name[0]].add(name)
    repeated: list[Span] = []
    likely = np.flatnonzero(free & (probabilities[:, 0] < 1 - _MIN_PROBABILITY))
    for at in likely.tolist():
        for name in sorted(written.get(words[at], ()), key=len, reverse=True):
            stop = at + len(name)
            if tuple(words[at:stop]) == name and free[at:stop].all():
                free[at:stop] = False
                kind = types[tuple(word.casefold() for word in name)]
                repeated.append(Span(starts[at], ends[stop - 1], kind))
                break
    return repeated
