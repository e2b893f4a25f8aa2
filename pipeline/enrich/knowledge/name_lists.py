"""Part several names that were taken for one: the people or bodies of a list.

Pure functions; the parts are given by their places. What may as well be one name stays whole: "Skadden, Arps, Slate",
"Johnson & Johnson", "Berg, Anna".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.enrich.knowledge.lexicon import Lexicon
from pipeline.enrich.knowledge.tokens import fold_word
from pipeline.records import EntityType

# Always stands between two names
_PARTING = re.compile(r"\s*[;；؛•·|\n]\s*")
_COMMA = re.compile(r"\s*[,，،、]\s*")
# "and" in the languages that spaCy's pipelines and English texts bring, as one word between spaces
_AND = re.compile(
    r"\s+(?:and|&|et|und|y|e|i|og|och|en|oraz|a|ve|và|dan|și|si|és|ja|и|і|та|й|και|و|और|および)\s+|\s*/\s*",
    re.IGNORECASE,
)
_FIRST_AND = re.compile(r"(?:and|&|et|und|y|e|og|och|en|oraz|ve|dan|și|és|ja|и|і|та|και|و)\s+", re.IGNORECASE)
# They join surnames too: "Ortega y Gasset", "Silva e Souza", "Puig i Cadafalch"; "a" and "en" are particles elsewhere.
_OF_SURNAMES = frozenset("y e i a en й &".split())
# No part of a person's name: "Boris Johnson in Cornwall"
_BEHIND_PERSON = re.compile(r"\s+(?:in|at|on|from|with|by|after)\s")
# Behind a comma these belong to the name before it.
_SUFFIX = re.compile(
    r"(?:Jr|Sr|II|III|IV|V|Ph\.?\s?D|M\.?D|MP|MEP|QC|KC|OBE|CBE|MBE|Esq|DDS|RN|MBA|CPA|J\.?D)\b\.?(?!\w)"
)
# So many parts at least are a list, also of single words.
_LIST = 3
# So many organisations behind commas at least, half of them known, are a list.
_BODIES = 3


class _Part(NamedTuple):
    start: int
    end: int
    text: str

    @property
    def words(self) -> list[str]:
        return self.text.split()


def part_names(
    name: str, entity_type: EntityType, lexicon: Lexicon, is_known: Callable[[str], bool]
) -> list[tuple[int, int]]:
    """Return where the names stand of which ``name`` consists: start and end of each; one, where it is one name.

    Args:
        name: what a recogniser takes for one name.
        entity_type: its type.
        lexicon: word lists.
        is_known: tells whether an organisation has the name.
    """
    parts: list[_Part] = []
    for line in _cut(_Part(0, len(name), name), _PARTING):
        if entity_type is EntityType.PERSON:
            parts += _people(line, lexicon)
        elif entity_type is EntityType.ORG:
            parts += _bodies(line, is_known)
        else:
            parts.append(line)
    return [(part.start, part.end) for part in parts] or [(0, len(name))]


def _cut(part: _Part, separator: re.Pattern[str]) -> list[_Part]:
    """Return what stands between the separators, without what is empty."""
    pieces: list[_Part] = []
    position = 0
    for match in [*separator.finditer(part.text), None]:
        end = match.start() if match else len(part.text)
        if end > position:
            pieces.append(_Part(part.start + position, part.start + end, part.text[position:end]))
        position = match.end() if match else end
    return pieces


def _people(line: _Part, lexicon: Lexicon) -> list[_Part]:
    """Return the people of a line; a surname before a comma stays with the given name behind it."""
    pieces = _with_suffixes(line, _cut(line, _COMMA))
    is_list = len(pieces) >= _LIST or any(_AND.search(piece.text) for piece in pieces[1:])
    parts = [part for piece in pieces for part in _joined_people(piece, lexicon, is_list=is_list)]
    names = [name for part in parts for name in _cut(part, _BEHIND_PERSON)[:1]]
    people = [person for name in names if (person := _without_role(name, lexicon))]
    if len(pieces) == len(people) == 2 and not is_list and _is_inverted(pieces, lexicon):  # noqa: PLR2004 - a pair
        return [line]
    return people or [line]


def _with_suffixes(line: _Part, pieces: Sequence[_Part]) -> list[_Part]:
    """Return the pieces with "Jr." and degrees joined to what stands before them."""
    joined: list[_Part] = []
    for piece in pieces:
        if joined and _SUFFIX.fullmatch(piece.text):
            start = joined[-1].start
            joined[-1] = _Part(start, piece.end, line.text[start - line.start : piece.end - line.start])
        else:
            joined.append(piece)
    return joined


def _is_inverted(pieces: Sequence[_Part], lexicon: Lexicon) -> bool:
    """Tell whether a surname and a given name stand around a comma: "Berg, Anna", "García Márquez, Gabriel José"."""
    given = [fold_word(part.words[0]) in lexicon.given_names for part in pieces]
    return any(len(part.words) == 1 for part in pieces) or given == [False, True]


def _joined_people(piece: _Part, lexicon: Lexicon, *, is_list: bool) -> list[_Part]:
    """Return the people around "and": both with given name and surname, or parts of a list."""
    lead = _FIRST_AND.match(piece.text)
    if is_list and lead:  # ", and Karl Lund"
        piece = _Part(piece.start + lead.end(), piece.end, piece.text[lead.end() :])
    people: list[_Part] = []
    remainder = piece
    for match in _AND.finditer(piece.text):
        position = piece.start + match.start()
        before = _Part(remainder.start, position, piece.text[remainder.start - piece.start : match.start()])
        behind = _Part(piece.start + match.end(), piece.end, piece.text[match.end() :])
        if before.words and behind.words and _is_parting(match[0].strip(), before, behind, lexicon, is_list=is_list):
            people.append(before)
            remainder = behind
    return [*people, remainder]


def _is_parting(sign: str, before: _Part, behind: _Part, lexicon: Lexicon, *, is_list: bool) -> bool:
    """Tell whether ``sign`` ("and") stands between two people and not inside of a name."""
    words = [fold_word(word) for word in before.words]
    if not is_list and all(word in lexicon.common for word in words):  # "Higher Education and Scientific Research"
        return False
    whole = len(words) > 1 and len(_AND.split(behind.text)[0].split()) > 1
    if sign.casefold() in _OF_SURNAMES:
        return whole and (sign == "&" or fold_word(behind.words[0]) in lexicon.given_names)
    return whole or is_list


def _without_role(part: _Part, lexicon: Lexicon) -> _Part | None:
    """Return a person without the words in small letters before the name; None where no name is left."""
    words = list(re.finditer(r"\S+", part.text))
    for match in words:
        word = match[0]
        if not word[0].islower() or fold_word(word) in lexicon.particles:
            rest = part.text[match.start() :]
            titles = all(fold_word(each) in lexicon.titles for each in rest.split())
            capital = any(not char.islower() and char.isalpha() for char in rest)
            return _Part(part.start + match.start(), part.end, rest) if capital and not titles else None
    return None


def _bodies(line: _Part, is_known: Callable[[str], bool]) -> list[_Part]:
    """Return the organisations of a line: a list of at least three, each of several words or known, half of them known.

    Firms of partners ("Skadden, Arps, Slate") and departments ("of Health, Education and Welfare") stay whole.
    """
    pieces = _cut(line, _COMMA) or [line]
    ends = _cut(pieces[-1], re.compile(r"\s*\band\s+"))
    bodies = [*pieces[:-1], *ends] if all(_is_body(end, is_known) for end in ends) else pieces
    known = sum(is_known(body.text) for body in bodies)
    is_list = len(bodies) >= _BODIES and all(_is_body(body, is_known) for body in bodies)
    return bodies if is_list and 2 * known >= len(bodies) else [line]


def _is_body(part: _Part, is_known: Callable[[str], bool]) -> bool:
    return len(part.words) > 1 or is_known(part.text)
