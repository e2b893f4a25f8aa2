"""Recognise news agencies by the forms in which credits write their names."""

from __future__ import annotations

import functools
import re

from pipeline.extract.config import Agency

_MAX_CASED_FORM = 4  # characters: forms up to this length are compared with their case, so that "PA" is not "pa"
_BETWEEN = re.compile(r"\s*(?:[/,;&+]|\b(?:and|und|et|y|e|og|och|en|with)\b)\s*")


@functools.lru_cache(maxsize=8)
def _names_by_form(agencies: tuple[Agency, ...]) -> dict[str, str]:
    names: dict[str, str] = {}
    for agency in agencies:
        for form in (agency.name, *agency.forms):
            names[form if len(form) <= _MAX_CASED_FORM else form.casefold()] = agency.name
    return names


def agency_of(text: str, agencies: tuple[Agency, ...]) -> str | None:
    """Return the name of the agency that ``text`` is a form of ("(AP)", "The Associated Press"); None if it isn't."""
    plain = text.strip(" \t.()[]–—-:*©")
    return _names_by_form(agencies).get(plain if len(plain) <= _MAX_CASED_FORM else plain.casefold())


def credited_agency(text: str, agencies: tuple[Agency, ...]) -> str | None:
    """Return the first agency of a credit that names agencies alone ("APA/sda/dpa"); None where it names others."""
    if whole := agency_of(text, agencies):
        return whole
    parts = [part for part in _BETWEEN.split(text.strip(" .()[]–—-:*©")) if part]
    names = [agency_of(part, agencies) for part in parts]
    return names[0] if names and all(names) else None


def first_agency(text: str, agencies: tuple[Agency, ...]) -> str | None:
    """Return the first agency that ``text`` names."""
    match = re.search(agency_pattern(agencies), text)
    return agency_of(match[0], agencies) if match else None


@functools.lru_cache(maxsize=8)
def agency_pattern(agencies: tuple[Agency, ...]) -> str:
    """Return a regular expression, without groups, for any form of any agency."""
    forms = {form for agency in agencies for form in (agency.name, *agency.forms)}
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return r"(?<!\w)(?:" + "|".join(map(re.escape, ordered)) + r")(?!\w)" if ordered else r"(?!)"
