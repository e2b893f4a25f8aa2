"""Use a spaCy pipeline as a recogniser.

spaCy is optional: it is imported when a pipeline is loaded.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.enrich.recogniser import Recogniser, Span
from pipeline.errors import SettingsError
from pipeline.records import EntityType

if TYPE_CHECKING:
    from spacy.language import Language

# Labels of spaCy's own pipelines (OntoNotes; WikiNER for most languages but English) and the types that they become.
# Other labels (dates, numbers, works, products, MISC) are left out.
LABELS = {
    "PERSON": EntityType.PERSON,
    "PER": EntityType.PERSON,
    "ORG": EntityType.ORG,
    "GPE": EntityType.PLACE,
    "LOC": EntityType.PLACE,
    "FAC": EntityType.PLACE,
    "PLACE": EntityType.PLACE,
    "NORP": EntityType.GROUP,
    "GROUP": EntityType.GROUP,
    "EVENT": EntityType.EVENT,
}
# spaCy refuses longer texts, and needs about 1 GB of memory for 100,000 characters: longer ones are read in pieces.
_PIECE = 50_000


def spacy_recogniser(name: str) -> Recogniser:
    """Return the recogniser that a spaCy pipeline is; ``name`` is an installed package or a folder.

    Raises:
        SettingsError: SpaCy or the pipeline is not installed, or they don't fit together.
    """
    pipeline = _load(name)

    def recognise(text: str, _language: str | None) -> list[Span]:
        return [
            Span(offset + entity.start_char, offset + entity.end_char, LABELS[entity.label_])
            for offset, piece in _pieces(text)
            for entity in pipeline(piece).ents
            if entity.label_ in LABELS
        ]

    return recognise


def _load(name: str) -> Language:
    """Load a spaCy pipeline.

    Raises:
        SettingsError: SpaCy or the pipeline is not installed, or they don't fit together.
    """
    if not name:
        raise SettingsError('name the spaCy pipeline behind the colon, such as "spacy:de_core_news_md"')
    if importlib.util.find_spec("spacy") is None:
        raise SettingsError(f"{name!r} needs spaCy: install newswire[spacy], or unset it")
    import spacy  # noqa: PLC0415 - optional, and slow to import

    try:
        return spacy.load(name)
    except OSError as error:
        if Path(name).exists():
            raise SettingsError(f"{name} is not a spaCy pipeline: {error}") from error
        raise SettingsError(
            f"no spaCy pipeline {name!r}; install the package of that name, or name a folder"
        ) from error
    except (ImportError, ValueError) as error:
        raise SettingsError(f"{name} can't be used with this spaCy: {error}") from error


def _pieces(text: str) -> list[tuple[int, str]]:
    """Return the pieces of ``text`` with their offsets; each ends at a line or a space where there is one."""
    pieces, start = [], 0
    while start < len(text):
        end = min(start + _PIECE, len(text))
        if end < len(text):
            cut = max(text.rfind("\n", start, end), text.rfind(" ", start, end) if "\n" not in text[start:end] else -1)
            end = cut + 1 if cut > start else end
        pieces.append((start, text[start:end]))
        start = end
    return pieces
