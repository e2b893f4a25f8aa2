"""Load the lists that extraction works with from the settings folder.

Everything else in ``pipeline.extract`` is given an ``ExtractConfig`` and reads no file.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from pipeline.settings import ExtractSettings, Section, read_toml


class Agency(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A news agency: its name in the index and the other ways in which it is written."""

    name: str
    forms: tuple[str, ...] = ()


class Agencies(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """config/agencies.toml."""

    agency: tuple[Agency, ...] = ()


class BoilerplatePhrases(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A class of lines that aren't the article: regular expressions, compared without regard to case."""

    rule: str
    starts: tuple[str, ...] = ()  # the line begins so
    whole: tuple[str, ...] = ()  # the line is just that
    holds: tuple[str, ...] = ()  # the line holds that
    max_words: int = 40  # longer lines are spared


class Phrases(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """config/extract.toml: the set phrases of newspapers, by what they say. The file explains each list."""

    by: tuple[str, ...] = ()
    labelled: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    joined_roles: tuple[str, ...] = ()
    beats: tuple[str, ...] = ()
    bureaus: tuple[str, ...] = ()
    credits: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    foreign: tuple[BoilerplatePhrases, ...] = ()


class ExtractConfig(msgspec.Struct, frozen=True, kw_only=True):
    """All that ``extract`` is given beside the page; small and picklable."""

    agencies: tuple[Agency, ...] = ()
    phrases: Phrases = Phrases()
    max_bytes: int = ExtractSettings().max_bytes


def load_config(folder: Path, limits: ExtractSettings | None = None) -> ExtractConfig:
    """Return the lists of the settings folder; raises SettingsError for a list that can't be used."""
    return ExtractConfig(
        agencies=load_agencies(folder),
        phrases=read_toml(folder / "extract.toml", Phrases),
        max_bytes=(limits or ExtractSettings()).max_bytes,
    )


def load_agencies(folder: Path) -> tuple[Agency, ...]:
    """Return the agencies that agencies.toml of ``folder`` names; raises SettingsError where it can't be used."""
    return read_toml(folder / "agencies.toml", Agencies).agency
