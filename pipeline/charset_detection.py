"""Tell the charset of bytes that aren't UTF-8, by what is declared, the language and the letters that come out. Pure.

Labels lie, so none is believed without a look at the text; a label that may be right is never overruled for a reading
that is only a little better.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import chardet
from w3lib.encoding import resolve_encoding

from pipeline.alphabets import LANGUAGES, knows_language, letter_fits

# The encodings that texts of a language are found in: first the one that browsers assume (HTML standard, 13.2.3.2).
_BY_LANGUAGE = {
    language: tuple(encodings.split(","))
    for encodings, languages in {
        "cp1250,iso-8859-2": "cs hr hu pl sk sl ro bs sq",
        "cp1251,koi8-r,iso-8859-5,cp866": "be bg mk ru sr kk mn",
        "koi8-u,cp1251,iso-8859-5": "uk",
        "cp1253,iso-8859-7": "el",
        "cp1254": "tr az",
        "cp1255,iso-8859-8": "he",
        "cp1256,iso-8859-6": "ar fa ur",
        "cp1257,iso-8859-13,iso-8859-4": "et lt lv",
        "cp1258": "vi",
        "cp874": "th",
        "euc-jp,cp932": "ja",
        "gb18030,big5hkscs": "zh",
        "cp949": "ko",
        "cp1252,iso-8859-15": "ca da de en es eu fi fr ga gl is it nb nl nn no pt sv",
        "iso-8859-3": "mt",
    }.items()
    for language in languages.split()
}
_WESTERN = "cp1252"
_RARE = ("cp866",)
_DETECTABLE = sorted(
    {encoding for encodings in _BY_LANGUAGE.values() for encoding in encodings} - {"cp866", "iso-8859-3"}
)
# English is what feed programs fill in where nobody says the language, so it speaks for nothing.
_UNTOLD = frozenset({"en"})
_GOOD_FIT = 0.9
_FAIR_FIT = 0.5  # with less no reading is that of a text in the language
_CLEARLY = 0.1  # by so much another reading must fit better than what is declared
_SLIGHTLY = 0.002  # so much better is better where nothing is declared
_BAD_SHARE = 0.02  # of the characters beyond ASCII that a reading may fail to read
_RUN = re.compile(rb"[^<>\x00-\x08]*[\x80-\xff][^<>\x00-\x08]*")
_MOST_EVIDENCE = 40_000  # bytes


class Reading(NamedTuple):
    """A text that bytes may mean, and how well it fits a language (0 to 1)."""

    encoding: str
    fit: float


def likely_encoding(data: bytes, declared: Sequence[str], language: str | None) -> Reading:
    """Return how ``data`` (markup, a list, a text), which isn't UTF-8, is most likely meant.

    Args:
        data: the bytes.
        declared: names of charsets that its sender gave, the weightiest first; unknown ones are passed over.
        language: its language (ISO 639-1, with or without region), where somebody says it.
    """
    evidence = _evidence(data)
    named = list(dict.fromkeys(filter(None, map(_known, declared))))
    language = (language or "").lower()[:2]
    if knows_language(language) and language not in _UNTOLD:
        best = _best_for_language(evidence, named, language)
        if best.fit >= _FAIR_FIT:
            return best
    elif language and language not in _UNTOLD and named and named[0] != _WESTERN:
        reading = next(_readings(evidence, named[:1], LANGUAGES), None)
        if reading:
            return reading  # nothing is known that could speak against a label which no program fills in
    return _best_of_rare(evidence, _best_for_any(evidence, named))


def decode(data: bytes, encoding: str) -> str:
    """Return ``data`` in an encoding that Python knows, U+FFFD for what can't be read, composed."""
    text = data.decode(encoding, "replace")
    return unicodedata.normalize("NFC", text) if encoding == "cp1258" else text


def _evidence(data: bytes) -> bytes:
    """Return the runs of text that have bytes beyond ASCII."""
    runs = dict.fromkeys(match[0].strip() for match in _RUN.finditer(data[: 50 * _MOST_EVIDENCE]))
    return b"\n".join(runs)[:_MOST_EVIDENCE]


def _known(name: str) -> str | None:
    """Return the encoding that browsers take ``name`` for, None for one that no markup in single bytes can have."""
    encoding = resolve_encoding(name)
    return None if encoding is None or encoding.startswith("utf") else encoding


def _best_for_language(evidence: bytes, named: list[str], language: str) -> Reading:
    """Return the reading that fits ``language`` best; of equals what is declared, else what the detector prefers."""
    names = dict.fromkeys([*named, *_BY_LANGUAGE.get(language, ()), _WESTERN])
    readings = list(_readings(evidence, names, [language]))
    most = max((reading.fit for reading in readings), default=0.0)
    best = {reading.encoding: reading for reading in readings if reading.fit >= most - _CLEARLY / 2}
    order = [name for name in named if name in best]
    if not order:
        best = {encoding: reading for encoding, reading in best.items() if reading.fit >= most - _SLIGHTLY}
    if not order and len(best) > 1:
        order = [encoding for encoding, _ in _guesses(evidence, list(best))]
    return next((best[name] for name in [*order, *best] if name in best), Reading(_WESTERN, 0.0))


def _guesses(evidence: bytes, encodings: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the detector's guesses among ``encodings``, each with a language, the likeliest first."""
    for guess in chardet.detect_all(evidence, include_encodings=encodings, ignore_threshold=True):
        if encoding := _known(str(guess["encoding"])):
            yield encoding, str(guess["language"] or "")


def _best_for_any(evidence: bytes, named: list[str]) -> Reading:
    """Return what is declared, if it makes sense in any language, else what the detector says."""
    declared = max(_readings(evidence, named, LANGUAGES), key=lambda reading: reading.fit, default=None)
    if declared and declared.fit >= _GOOD_FIT:
        return declared
    detected = None
    for encoding, language in _guesses(evidence, _DETECTABLE):
        if knows_language(language):
            reading = next(_readings(evidence, [encoding], [language]), None)
            if reading and (detected is None or reading.fit > detected.fit + _CLEARLY):
                detected = reading
            if detected and detected.fit >= _GOOD_FIT:
                break
    if declared and (detected is None or detected.fit < declared.fit + _CLEARLY):
        return declared
    return detected or Reading(_WESTERN, 0.0)


def _best_of_rare(evidence: bytes, known: Reading) -> Reading:
    """Return ``known``, or a reading in an encoding so rare that it is asked only where no other one makes sense."""
    if known.fit >= _GOOD_FIT:
        return known
    rare = max(_readings(evidence, _RARE, LANGUAGES), key=lambda reading: reading.fit, default=known)
    text = decode(evidence, rare.encoding)
    is_text = sum(map(str.islower, text)) > sum(map(str.isupper, text))
    return rare if is_text and rare.fit >= max(_GOOD_FIT, known.fit + _CLEARLY) else known


def _readings(evidence: bytes, encodings: Iterable[str], languages: Sequence[str]) -> Iterator[Reading]:
    """Yield those encodings in which (nearly) all of ``evidence`` can be read, with the best fit to a language."""
    for encoding in encodings:
        try:
            text = decode(evidence, encoding)
        except (LookupError, ValueError):
            continue
        special = sum(not character.isascii() for character in text)
        if text.count("\ufffd") <= _BAD_SHARE * special:
            yield Reading(encoding, max(letter_fits(text, languages).values()))
