"""Which recogniser is used for which language, and what does it know?"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from pipeline.enrich.aliases import Aliases, read_aliases
from pipeline.enrich.english import network_recogniser
from pipeline.enrich.known import Known, build
from pipeline.enrich.lexicon import read_lexicon
from pipeline.enrich.matching import recognise_known
from pipeline.enrich.patterns import recognise_english
from pipeline.enrich.spacy_model import spacy_recogniser
from pipeline.enrich.spans import Recogniser, Span
from pipeline.settings import Entities

ENGLISH = "en"
# What settings call the recognisers that come with the package; other names are spaCy's.
BUNDLED, LISTS = "bundled", "lists"

Chooser = Callable[[str | None], Recogniser]


@lru_cache(maxsize=1)
def _known(aliases: bytes) -> Known:
    """Return what is known; kept, as it takes a second and is the same from run to run while the file is."""
    return build(msgspec.json.decode(aliases, type=Aliases), read_lexicon())


def load(entities: Entities, folder: Path) -> tuple[Known, Chooser]:
    """Return what is known and a function that gives the recogniser for a language (ISO 639-1, None where unknown).

    ``entities.models.<language>`` names the recogniser of a language, ``entities.model`` that of English and of texts
    of unknown language: ``BUNDLED`` (the packed network; English alone), ``LISTS`` (word lists and patterns), or a
    spaCy pipeline. In languages without one, known names are found. ``folder`` holds aliases.toml. Raises
    SettingsError where a recogniser or the file can't be used.
    """
    known = _known(msgspec.json.encode(read_aliases(folder)))

    def lists(text: str, language: str | None) -> list[Span]:
        return recognise_english(known, text) if language in {"en", None} else recognise_known(known, text)

    def named(language: str, name: str) -> Recogniser:
        if name == BUNDLED and language == ENGLISH:
            return network_recogniser(known)
        return lists if name == LISTS else spacy_recogniser(name, language)

    models = {ENGLISH: entities.model, **entities.models}
    loaded = {language: named(language, name) for language, name in models.items()}

    @cache
    def choose(language: str | None) -> Recogniser:
        return loaded.get((language or ENGLISH).partition("-")[0].lower(), lists)

    return known, choose
