"""Load the knowledge base and choose a recogniser for each language, as settings say.

The packed networks read what no setting speaks of: one reads English, one all other languages. Whether a text is
English, the text itself decides, not its label.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path

import msgspec
import py3langid

from pipeline.enrich.english_rules.patterns import recognise_english
from pipeline.enrich.knowledge.aliases import Aliases, read_aliases
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase, build_knowledge_base
from pipeline.enrich.knowledge.lexicon import read_lexicon
from pipeline.enrich.knowledge.matching import recognise_known
from pipeline.enrich.recogniser import Recogniser, Span
from pipeline.errors import SettingsError
from pipeline.settings import EntitySettings

ENGLISH = "en"
# Share of English small words among a text's words: of 884 English texts one has less, of those of forty other
# languages three in a thousand have more; a text that is labelled as another language must be plainly English.
# Shorter texts (words) don't tell: a label is believed there; without one the detector must find another language more
# likely by so much, in logarithms. It does for one in 171 short English texts, and for all but five of 437 in seven
# other languages; of single sentences full of foreign names it would do for more.
_ENGLISH_SHARE, _PLAINLY_ENGLISH, _TELLING, _SURELY_OTHER = 0.18, 0.3, 30, 3.0
_SAMPLE = 3000
_LETTERS = re.compile(r"[^\W\d_]+")
# What stands before the colon of "spacy:de_core_news_md". Without a colon, what is no recogniser is a spaCy pipeline.
_PREFIX = re.compile(r"(?P<recogniser>\w+):(?P<model>.*)", re.DOTALL)
_SPACY, _BUNDLED, _MULTILINGUAL = "spacy", "bundled", "multilingual"

RecogniserChooser = Callable[[str | None], Recogniser]
# Knowledge base, model ("" where the setting names none) and language (ISO 639-1) → recogniser; raises SettingsError
# where the model can't be used.
RecogniserFactory = Callable[[KnowledgeBase, str, str], Recogniser]


def _bundled(knowledge: KnowledgeBase, model: str, language: str) -> Recogniser:
    _refuse_model(model)
    if language != ENGLISH:
        raise SettingsError("the bundled recogniser reads English alone")
    from pipeline.enrich.english_model.english import bundled_recogniser  # noqa: PLC0415 - only workers load it

    return bundled_recogniser(knowledge)


def _multilingual(knowledge: KnowledgeBase, model: str, _language: str) -> Recogniser:
    _refuse_model(model)
    from pipeline.enrich.multilingual_model.multilingual import multilingual_recogniser  # noqa: PLC0415

    return multilingual_recogniser(knowledge)


def _lists(knowledge: KnowledgeBase, model: str, _language: str) -> Recogniser:
    _refuse_model(model)

    def recognise(text: str, language: str | None) -> list[Span]:
        in_english = language in {ENGLISH, None}
        return recognise_english(knowledge, text) if in_english else recognise_known(knowledge, text, language)

    return recognise


def _spacy(_knowledge: KnowledgeBase, model: str, _language: str) -> Recogniser:
    from pipeline.enrich.spacy_model import spacy_recogniser  # noqa: PLC0415

    return spacy_recogniser(model)


def _refuse_model(model: str) -> None:
    if model:
        raise SettingsError(f"this recogniser takes no model, but {model!r} is given")


# What settings call the recognisers: the packed networks (English, other languages), word lists and patterns, spaCy's
# pipelines. A new model runtime is a module with a factory, and a line here.
RECOGNISERS: dict[str, RecogniserFactory] = {
    _BUNDLED: _bundled,
    _MULTILINGUAL: _multilingual,
    "lists": _lists,
    _SPACY: _spacy,
}


@lru_cache(maxsize=1)
def _knowledge_base(aliases: bytes) -> KnowledgeBase:
    """Return the knowledge base for these aliases (JSON); cached, as it takes a second to build."""
    return build_knowledge_base(msgspec.json.decode(aliases, type=Aliases), read_lexicon())


def load_knowledge_base(folder: Path) -> KnowledgeBase:
    """Return the knowledge base with the aliases of ``folder``; loaded once.

    Raises:
        SettingsError: Its aliases.toml can't be used.
    """
    return _knowledge_base(msgspec.json.encode(read_aliases(folder)))


def load_shared(entities: EntitySettings, folder: Path) -> None:
    """Load what processes that are forked from this one may share: the knowledge base, and the network if it is used.

    Raises:
        SettingsError: The recogniser of English, or aliases.toml, can't be used.
    """
    load_knowledge_base(folder).warm_up()
    if entities.model == _BUNDLED:
        load_recognisers(EntitySettings(), folder)


def load_recognisers(entities: EntitySettings, folder: Path) -> tuple[KnowledgeBase, RecogniserChooser]:
    """Return the knowledge base and a function from a language to its recogniser.

    The function takes an ISO 639-1 code, None where the language is unknown. A recogniser without a setting for its
    language hands a text on that is plainly of another one than its label says.

    Args:
        entities: ``models.<language>`` names the recogniser of a language, ``model`` that of English: a key of
            ``RECOGNISERS``, with a colon and a model behind it where it takes one. ``languages`` are those that the
            multilingual network reads.
        folder: holds aliases.toml.

    Raises:
        SettingsError: A recogniser or aliases.toml can't be used.
    """
    knowledge = load_knowledge_base(folder)
    settings = {ENGLISH: ("entities.model", entities.model)}
    settings |= {language: (f"entities.models.{language}", value) for language, value in entities.models.items()}
    loaded = {
        language: _load_recogniser(setting, value, knowledge, language)
        for language, (setting, value) in settings.items()
    }
    lists, multilingual = _lists(knowledge, "", ""), _multilingual(knowledge, "", "")
    english = loaded[ENGLISH]

    @cache
    def other(code: str) -> Recogniser:
        return multilingual if entities.languages == "all" or code in entities.languages else lists

    def recognise_english_first(text: str, language: str | None) -> list[Span]:
        share = _english_share(knowledge, text)
        is_other = not language and _is_surely_other(text) if share is None else share < _ENGLISH_SHARE
        return list((other("") if is_other else english)(text, None if is_other else language))

    @cache
    def choose(language: str | None) -> Recogniser:
        code = (language or ENGLISH).partition("-")[0].lower()
        if code == ENGLISH:
            return recognise_english_first
        if code in loaded:
            return loaded[code]

        def recognise(text: str, language: str | None) -> list[Span]:
            is_english = (_english_share(knowledge, text) or 0.0) > _PLAINLY_ENGLISH
            return list(english(text, ENGLISH) if is_english else other(code)(text, language))

        return recognise

    return knowledge, choose


def _english_share(knowledge: KnowledgeBase, text: str) -> float | None:
    """Return the share of English small words among a text's first words, None where these are too few to tell."""
    words = _LETTERS.findall(text, 0, _SAMPLE)
    if len(words) < _TELLING:
        return 0.0 if _is_unlike_english(text[:_SAMPLE]) else None
    stop = knowledge.lexicon.stop
    return sum(word.lower() in stop for word in words) / len(words)


def _is_surely_other(text: str) -> bool:
    """Tell whether a text is in another language than English beyond doubt."""
    ranked = dict(py3langid.rank(text[:_SAMPLE]))
    return bool(max(ranked.values()) - ranked[ENGLISH] > _SURELY_OTHER)


def _is_unlike_english(text: str) -> bool:
    """Tell whether most letters aren't Latin ones."""
    letters = [c for c in text if c.isalpha()]
    return sum(c > "\u024f" for c in letters) > len(letters) / 2


def _load_recogniser(setting: str, value: str, knowledge: KnowledgeBase, language: str) -> Recogniser:
    """Return the recogniser that a setting's value names.

    Raises:
        SettingsError: There is no such recogniser, or its model can't be used; the message names the setting.
    """
    if prefixed := _PREFIX.fullmatch(value):
        recogniser, model = prefixed["recogniser"], prefixed["model"]
    else:
        recogniser, model = (value, "") if value in RECOGNISERS else (_SPACY, value)
    factory = RECOGNISERS.get(recogniser)
    if factory is None:
        raise SettingsError(f"{setting}: no recogniser is called {recogniser!r}; there are {', '.join(RECOGNISERS)}")
    try:
        return factory(knowledge, model, language)
    except SettingsError as error:
        raise SettingsError(f"{setting}: {error}") from error
