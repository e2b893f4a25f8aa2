"""Mark the names of entities and the words of a search in a text. Pure.

A text is cut into stretches, which together are the text again, character by character.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipeline.errors import QuerySyntaxError
from pipeline.index.folding import fold
from pipeline.index.query_language import parse
from pipeline.index.query_language.tree import Wildcard, wanted_words
from pipeline.records import Entity
from pipeline.text import KANA_AND_HAN

_LEAST_NAME = 2  # characters: a single letter is no name that is worth a link
_LEAST_STEM = 3  # letters before an English ending
_ENDINGS = ("", "s", "es", "ed", "ing", "d")
_WORD = re.compile(r"[\w'’-]+")
# Scripts without spaces between words: a name or word stands wherever its characters do
_JOINED = re.compile(rf"[{KANA_AND_HAN}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\uac00-\ud7a3]")
_ANY_TIME = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # of a line whose words alone are wanted


class TextPiece(NamedTuple):
    """Some characters of a text, and whether a search looked for them."""

    text: str
    is_match: bool


class Stretch(NamedTuple):
    """Part of a text: a name with the id of its entity, or (None) what stands between names."""

    pieces: tuple[TextPiece, ...]
    entity: str | None
    is_first: bool = False  # of this entity in the article

    @property
    def text(self) -> str:
        """Return its characters."""
        return "".join(piece.text for piece in self.pieces)


class NameMarker:
    """Marks entities' names and a search's words in the paragraphs of one article, one after the other."""

    def __init__(self, entities: Iterable[Entity], line: str = "") -> None:
        self._ids = surfaces_of(entities)
        self._pattern = _pattern_of(self._ids)
        self._words = search_words(line)
        self._seen: set[str] = set()

    def mark(self, text: str) -> list[Stretch]:
        """Return a paragraph as stretches."""
        stretches, end = [], 0
        for match in self._pattern.finditer(text) if self._pattern else ():
            if match.start() > end:
                stretches.append(Stretch(self.words(text[end : match.start()]), None))
            entity = self._ids[match[0]]
            stretches.append(Stretch(self.words(match[0]), entity, entity not in self._seen))
            self._seen.add(entity)
            end = match.end()
        if end < len(text):
            stretches.append(Stretch(self.words(text[end:]), None))
        return stretches

    def words(self, text: str) -> tuple[TextPiece, ...]:
        """Return a text, a headline say, in which only the words of the search are marked."""
        return tuple(mark_words(text, self._words))


def surfaces_of(entities: Iterable[Entity]) -> dict[str, str]:
    """Return how an article's entities are written → their ids; of two entities written alike the first one counts."""
    surfaces: dict[str, str] = {}
    for entity in entities:
        for surface in (entity.name, *entity.aliases):
            if len(surface) >= _LEAST_NAME:
                surfaces.setdefault(surface, entity.id)
    return surfaces


def _pattern_of(surfaces: Mapping[str, str]) -> re.Pattern[str] | None:
    """Return what finds the longest of the names at each place, whole words in scripts that have words."""
    ordered = sorted(surfaces, key=len, reverse=True)
    if not ordered:
        return None
    return re.compile("|".join(_bounded(surface) for surface in ordered))


def _bounded(surface: str) -> str:
    exact = re.escape(surface)
    return exact if _JOINED.search(surface) else rf"(?<!\w){exact}(?!\w)"


def search_words(line: str) -> tuple[str, ...]:
    """Return the words that a search line looks for, folded; patterns such as ``flo*`` stay so.

    Those that it excludes are left out, and so are all of a line that can't be read.
    """
    try:
        tree = parse(line, _ANY_TIME).tree
    except QuerySyntaxError:
        return ()
    texts = (node.pattern if isinstance(node, Wildcard) else node.text for node in wanted_words(tree))
    words = (fold(word).strip(".,;:!?'’()[]~^") for text in texts for word in text.split())
    return tuple(dict.fromkeys(word for word in words if word.strip("*?")))


def mark_words(text: str, words: Sequence[str]) -> Iterator[TextPiece]:
    """Yield a text in pieces, of which those match that a search for ``words`` finds: also with English endings."""
    joined = [word for word in words if _JOINED.search(word)]
    pattern = re.compile("|".join([*map(re.escape, joined), _WORD.pattern]))
    end = 0
    for match in pattern.finditer(text):
        if not any(match[0] == word or is_form_of(fold(match[0]), word) for word in words):
            continue
        if match.start() > end:
            yield TextPiece(text[end : match.start()], is_match=False)
        yield TextPiece(match[0], is_match=True)
        end = match.end()
    if end < len(text):
        yield TextPiece(text[end:], is_match=False)


def is_form_of(word: str, wanted: str) -> bool:
    """Tell whether ``word`` is ``wanted`` (both folded), with another English ending, or begins as ``flo*``."""
    if wanted.endswith("*"):
        return word.startswith(wanted.rstrip("*"))
    bare = word.removesuffix("'s").removesuffix("’s")
    if bare == wanted:
        return True
    return bool(_stems(bare) & _stems(wanted))


def _stems(word: str) -> set[str]:
    return {
        word.removesuffix(ending)
        for ending in _ENDINGS
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM
    }
