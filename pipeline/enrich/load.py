"""Which recogniser is used for which language, and what does it know?"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from pipeline.enrich.aliases import read_aliases
from pipeline.enrich.known import Known, build
from pipeline.enrich.lexicon import read_lexicon
from pipeline.enrich.matching import recognise_known
from pipeline.enrich.patterns import recognise_english
from pipeline.enrich.spacy_model import spacy_recogniser
from pipeline.enrich.spans import Recogniser, Span
from pipeline.settings import Entities

Chooser = Callable[[str | None], Recogniser]


def load(entities: Entities, folder: Path) -> tuple[Known, Chooser]:
    """Return what is known and a function that gives the recogniser for a language (ISO 639-1, None where unknown).

    ``entities.models.<language>`` names a spaCy pipeline for that language, ``entities.model`` one for English (and
    for texts of unknown language); without one, English is read by patterns and other languages by known names.
    ``folder`` holds aliases.toml. Raises SettingsError where a pipeline or the file can't be used.
    """
    models = dict(entities.models)
    if entities.model:
        models.setdefault("en", entities.model)
    loaded = {language: spacy_recogniser(name, language) for language, name in models.items()}
    known = build(read_aliases(folder), read_lexicon())

    def patterns(text: str, language: str | None) -> list[Span]:
        return recognise_english(known, text) if language in {"en", None} else recognise_known(known, text)

    @cache
    def choose(language: str | None) -> Recogniser:
        return loaded.get((language or "en").partition("-")[0].lower(), patterns)

    return known, choose
