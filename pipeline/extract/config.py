"""Load the lists that extraction works with from the settings folder.

Everything else in ``pipeline.extract`` is given an ``ExtractConfig`` and reads no file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from pipeline.errors import SettingsError
from pipeline.settings import ExtractSettings, read_toml
from pipeline.settings_sections import Section
from pipeline.wires import NoticePhrases

S = TypeVar("S", bound=Section)
_FRAGMENT = re.compile(r"\{([A-Za-z_]\w*)\}")  # {price}; {0,60} says how often


class Agency(Section, frozen=True, forbid_unknown_fields=True, kw_only=True, cache_hash=True):
    """A news agency: its name in the index and the other ways in which it is written."""

    name: str
    forms: tuple[str, ...] = ()


class NoticeSection(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The table [notices] of config/agencies.toml: how notices begin by which agencies take an item back."""

    phrases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class EmbargoSection(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The table [embargoes] of config/agencies.toml: how a line begins that says until when an item is held back."""

    phrases: tuple[str, ...] = ()


class Agencies(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """config/agencies.toml."""

    agency: tuple[Agency, ...] = ()
    notices: NoticeSection = NoticeSection()
    embargoes: EmbargoSection = EmbargoSection()


class BoilerplatePhrases(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A class of lines that aren't the article: regular expressions, compared without regard to case."""

    rule: str
    starts: tuple[str, ...] = ()  # the line begins so
    whole: tuple[str, ...] = ()  # the line is just that
    holds: tuple[str, ...] = ()  # the line holds that
    ends: tuple[str, ...] = ()  # the line ends so, but for marks
    max_words: int = 40  # longer lines are spared


class WallPhrases(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A kind of page that stands in place of an article: regular expressions, compared without regard to case."""

    kind: str  # what the page is, in words
    passes: bool = False  # whether it may let the next visit through
    missing: bool = False  # whether it says that there is no article
    headlines: tuple[str, ...] = ()  # the headline is just that
    texts: tuple[str, ...] = ()  # a line of its text begins so
    markers: tuple[str, ...] = ()  # its source holds that, word for word


class Fragment(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A regular expression that phrases name in braces: {price}."""

    name: str
    pattern: str


class Phrases(Section, frozen=True, forbid_unknown_fields=True, kw_only=True, cache_hash=True):
    """config/extract.toml: the set phrases of newspapers, by what they say. The file explains each list."""

    by: tuple[str, ...] = ()
    generic_titles: tuple[str, ...] = ()
    title_labels: tuple[str, ...] = ()
    by_labels: tuple[str, ...] = ()
    text_kinds: tuple[str, ...] = ()
    labelled: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    joins_in: tuple[tuple[str, ...], ...] = ()  # a language, and words that join names in its pages alone
    suffixes: tuple[str, ...] = ()
    degrees: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    other_labels: tuple[str, ...] = ()
    outlet_words: tuple[str, ...] = ()
    place_words: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    han_surnames: tuple[str, ...] = ()
    japanese_surnames: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    joined_roles: tuple[str, ...] = ()
    beats: tuple[str, ...] = ()
    bureaus: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()
    published_labels: tuple[str, ...] = ()
    updated_labels: tuple[str, ...] = ()
    time_words: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    fragment: tuple[Fragment, ...] = ()
    foreign: tuple[BoilerplatePhrases, ...] = ()
    wall: tuple[WallPhrases, ...] = ()


class ExtractConfig(msgspec.Struct, frozen=True, kw_only=True):
    """All that ``extract`` is given beside the page; small and picklable."""

    agencies: tuple[Agency, ...] = ()
    notices: NoticePhrases = NoticePhrases()
    embargo_phrases: tuple[str, ...] = ()
    phrases: Phrases = Phrases()
    max_bytes: int = ExtractSettings().max_bytes


def config_in(config: ExtractConfig, language: str | None) -> ExtractConfig:
    """Return ``config`` for a page that says to be in ``language`` ("lt-LT"): with the words of that language alone."""
    code = (language or "").strip()[:2].lower()
    further = [word for known, *words in config.phrases.joins_in if known == code for word in words]
    if not further:
        return config
    phrases = msgspec.structs.replace(config.phrases, joins=(*config.phrases.joins, *further))
    return msgspec.structs.replace(config, phrases=phrases)


def load_config(folder: Path, limits: ExtractSettings | None = None) -> ExtractConfig:
    """Return the lists of the settings folder; raises SettingsError for a list that can't be used."""
    lists = read_toml(folder / "agencies.toml", Agencies)
    file = folder / "extract.toml"
    return ExtractConfig(
        agencies=lists.agency,
        notices=_phrases_of(lists.notices),
        embargo_phrases=lists.embargoes.phrases,
        phrases=_with_fragments(read_toml(file, Phrases), file),
        max_bytes=(limits or ExtractSettings()).max_bytes,
    )


def _with_fragments(phrases: Phrases, file: Path) -> Phrases:
    """Return ``phrases`` with the patterns of its fragments in place of their names.

    Raises:
        SettingsError: A phrase names a fragment that ``file`` doesn't have.
    """
    patterns = {fragment.name: f"(?:{fragment.pattern})" for fragment in phrases.fragment}

    def put_in(match: re.Match[str]) -> str:
        if match[1] not in patterns:
            known = ", ".join(sorted(patterns)) or "none"
            raise SettingsError(f"{file}: a phrase names {match[0]}, which is no [[fragment]]; there are: {known}")
        return patterns[match[1]]

    def expand(section: S, *lists: str) -> S:
        expanded = {name: tuple(_FRAGMENT.sub(put_in, form) for form in getattr(section, name)) for name in lists}
        return msgspec.structs.replace(section, **expanded)

    foreign = tuple(expand(rule, "starts", "whole", "holds", "ends") for rule in phrases.foreign)
    wall = tuple(expand(kind, "headlines", "texts") for kind in phrases.wall)
    return msgspec.structs.replace(expand(phrases, "credits"), foreign=foreign, wall=wall)


def load_agencies(folder: Path) -> tuple[Agency, ...]:
    """Return the agencies that agencies.toml of ``folder`` names; raises SettingsError where it can't be used."""
    return read_toml(folder / "agencies.toml", Agencies).agency


def load_notice_phrases(folder: Path) -> NoticePhrases:
    """Return how notices begin that take items back, as agencies.toml of ``folder`` says.

    Raises:
        SettingsError: The file can't be used.
    """
    return _phrases_of(read_toml(folder / "agencies.toml", Agencies).notices)


def _phrases_of(section: NoticeSection) -> NoticePhrases:
    return NoticePhrases(phrases=section.phrases, words=section.words)
