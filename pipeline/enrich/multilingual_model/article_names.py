"""Turn the label probabilities of a text's words into names, for the whole article at once, in any language.

A name has one type in the whole article, its case endings aside, and is found wherever it stands in the same letters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.enrich.english_model.decoding import NO_TYPE, PERSON, ScoredSpan
from pipeline.enrich.multilingual_model.label_path import decode_label_path
from pipeline.enrich.recogniser import Span
from pipeline.multilingual.labels import NO_LABEL, TYPES
from pipeline.multilingual.tokenizer import Pieces

Floats = npt.NDArray[np.float32]

# A name of one sentence is found in another too, where the network gives its word at least this probability.
_REPEATED = 0.05
# The same for a name that the word lists of the language know.
_KNOWN = 0.15
# What it adds to a type, per mention, that the name is known with this type (a mention of the network adds up to 1).
_KNOWN_VOTE = 0.4
# Letters at a word's end that may be its case: "Moskvy", "Moskve"; and those that are kept at least.
_ENDING, _KEPT = 2, 4
# Names of more words are not looked for again: their own context suffices.
_MAX_REPEATED_WORDS = 6


def article_names(text: str, pieces: Pieces, probabilities: Floats, hints: Sequence[Span]) -> list[Span]:
    """Return the names in ``text``, in order.

    Args:
        text: the text that the network has read.
        pieces: its words.
        probabilities: of each label for each word.
        hints: names that are known, in order, none overlapping.
    """
    starts, ends = pieces.start.tolist(), pieces.end.tolist()
    words = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    spans = decode_label_path(probabilities, _line_starts(text, pieces))
    known = [_span_of_hint(pieces, hint) for hint in hints]
    spans = _with_known(spans, known, probabilities)
    spans += _repeated(words, probabilities, spans)
    spans.sort(key=lambda span: span.first)
    types = _types(words, spans, known)
    return [Span(starts[span.first], ends[span.stop - 1], TYPES[kind]) for span, kind in zip(spans, types, strict=True)]


def _line_starts(text: str, pieces: Pieces) -> npt.NDArray[np.bool_]:
    """Return which words begin a line: a name ends at the line's end."""
    begins = np.zeros(len(pieces.start), dtype=bool)
    lines = np.array([0, *(at for at, c in enumerate(text) if c == "\n")], dtype=np.int64)
    first = np.unique(np.searchsorted(pieces.start, lines))
    begins[first[first < len(begins)]] = True
    return begins


def _span_of_hint(pieces: Pieces, hint: Span) -> ScoredSpan:
    first = int(np.searchsorted(pieces.end, hint.start, side="right"))
    stop = int(np.searchsorted(pieces.start, hint.end, side="left"))
    types = NO_TYPE.copy()
    types[TYPES.index(hint.type)] = 1
    return ScoredSpan(first, stop, types)


def _with_known(spans: list[ScoredSpan], known: list[ScoredSpan], probabilities: Floats) -> list[ScoredSpan]:
    """Add the known names where the network sees none, but doesn't rule one out."""
    free = np.ones(len(probabilities), dtype=bool)
    for span in spans:
        free[span.first : span.stop] = False
    likely = probabilities[:, NO_LABEL] < 1 - _KNOWN
    added = [
        span
        for span in known
        if span.first < span.stop and free[span.first : span.stop].all() and likely[span.first : span.stop].any()
    ]
    return sorted([*spans, *added], key=lambda span: span.first)


def _repeated(words: list[str], probabilities: Floats, spans: list[ScoredSpan]) -> list[ScoredSpan]:
    """Return the further mentions of the names, in the same letters; none overlaps a name."""
    free = np.ones(len(words), dtype=bool)
    written: dict[str, dict[tuple[str, ...], ScoredSpan]] = defaultdict(dict)
    for span in spans:
        free[span.first : span.stop] = False
        name = tuple(words[span.first : span.stop])
        if len(name) <= _MAX_REPEATED_WORDS and (not name[0][0].islower()) and len("".join(name)) > 1:
            written[name[0]].setdefault(name, span)
    repeated: list[ScoredSpan] = []
    for at in np.flatnonzero(free & (probabilities[:, NO_LABEL] < 1 - _REPEATED)).tolist():
        for name in sorted(written.get(words[at], ()), key=len, reverse=True):
            stop = at + len(name)
            if tuple(words[at:stop]) == name and free[at:stop].all():
                free[at:stop] = False
                repeated.append(ScoredSpan(at, stop, NO_TYPE))
                break
    return repeated


def _types(words: list[str], spans: list[ScoredSpan], known: list[ScoredSpan]) -> list[int]:
    """Return the type of each name: the one that its mentions in the article have most, those with other endings too.

    A person's last name alone is counted with the full name.
    """
    keys = [tuple(_stem(word) for word in words[span.first : span.stop]) for span in spans]
    votes: dict[tuple[str, ...], Floats] = defaultdict(NO_TYPE.copy)
    sure = {(span.first, span.stop): span.types for span in known}
    for key, span in zip(keys, spans, strict=True):
        votes[key] += span.types + _KNOWN_VOTE * sure.get((span.first, span.stop), NO_TYPE)
    people = {key[-1]: vote[PERSON] for key, vote in votes.items() if len(key) > 1 and int(np.argmax(vote)) == PERSON}
    for key, vote in votes.items():
        if len(key) == 1 and key[0] in people:
            vote[PERSON] += people[key[0]]
    return [int(np.argmax(votes[key])) for key in keys]


def _stem(word: str) -> str:
    folded = word.casefold()
    return folded[: max(_KEPT, len(folded) - _ENDING)] if len(folded) > _KEPT else folded
