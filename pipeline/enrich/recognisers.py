"""Which recogniser is used for which language, and what does it know?"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from pipeline.enrich.english_model.english import bundled_recogniser
from pipeline.enrich.english_rules.patterns import recognise_english
from pipeline.enrich.knowledge.aliases import Aliases, read_aliases
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase, build_knowledge_base
from pipeline.enrich.knowledge.lexicon import read_lexicon
from pipeline.enrich.knowledge.matching import recognise_known
from pipeline.enrich.recogniser import Recogniser, Span
from pipeline.enrich.spacy_model import spacy_recogniser
from pipeline.settings import EntitySettings

ENGLISH = "en"
# What settings call the recognisers that come with the package; other names are spaCy's.
BUNDLED, LISTS = "bundled", "lists"

RecogniserChooser = Callable[[str | None], Recogniser]


@lru_cache(maxsize=1)
def _known(aliases: bytes) -> KnowledgeBase:
    """Return what is known; kept, as it takes a second and is the same from run to run while the file is."""
    return build_knowledge_base(msgspec.json.decode(aliases, type=Aliases), read_lexicon())


def load_recognisers(entities: EntitySettings, folder: Path) -> tuple[KnowledgeBase, RecogniserChooser]:
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
            return bundled_recogniser(known)
        return lists if name == LISTS else spacy_recogniser(name, language)

    models = {ENGLISH: entities.model, **entities.models}
    loaded = {language: named(language, name) for language, name in models.items()}

    @cache
    def choose(language: str | None) -> Recogniser:
        return loaded.get((language or ENGLISH).partition("-")[0].lower(), lists)

    return known, choose
