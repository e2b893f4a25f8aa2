"""Parse a dateline: the location and the agency that the first line of a text begins with.

The surest form is tried first; what follows a dateline must be text of its own, or the words were a label.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from pipeline import gazetteer
from pipeline.extract.agencies import agency_pattern, first_agency
from pipeline.extract.config import Agency, ExtractConfig, Phrases

_MIN_TEXT = 20  # characters after a dateline; less, and it was a label
_MIN_TEXT_UNSPACED = 8  # in scripts without spaces between words
_MAX_LOCATION_WORDS = 6  # "ABOARD THE PAPAL PLANE", "PORT-AU-PRINCE, Haiti"

_MONTHS = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mai|märz|okt|dez|janv|fév|avr|juin|juil|août|déc|ene|abr|ago|dic|"
    "genn|magg|giu|lug|set|ott|fev|out|mrt|maart|mei|maj|стыч|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек"
)
# A month by its name where a dash follows; any word beside a day where an agency follows, which is sure enough.
_MONTH = rf"(?i:{_MONTHS})\w*\.?"
_DATE = rf"(?:,?\s+(?:{_MONTH}\s+\d{{1,2}}|\d{{1,2}}\.?\s+(?:de\s+)?{_MONTH})(?:,?\s+(?:de\s+)?\d{{4}})?)?"
# The Sunday edition's dateline may name the day: "HOBART, Thursday – …".
_WEEKDAY = re.compile(
    r",\s*(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|lundi|mardi|"
    r"mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo)$",
    re.IGNORECASE,
)
_WORD = r"[^\W\d_]{3,10}\.?"
_ANY_DATE = rf"(?:,?\s+(?:{_WORD}\s+\d{{1,2}}|\d{{1,2}}(?:er)?\.?\s+(?:de\s+)?{_WORD})(?:,?\s+(?:de\s+)?\d{{4}})?)?"
_DASH = r"\s*(?:\.?[-–—]{1,2}|:|\.|·)\s+"
_CAPITALS = r"[A-ZÀ-ÖØ-ÞА-ЯЁІЇЄҐ][A-ZÀ-ÖØ-ÞА-ЯЁІЇЄҐ.'’]+"
_NAME = r"[^\W\d_a-zà-öø-ÿа-яё][\w.'’]*"
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# 【北京共同】 …   （中央社台北3日電） …   (서울=연합뉴스) 홍길동 기자 = …
_BRACKETED = re.compile(
    r"[【（(\[](?P<inside>[^【】（）()\[\]]{2,30})[】）)\]]\s*(?:[\uac00-\ud7af]{2,4}\s*(?:기자|특파원)\s*=\s*)?"
)
_AROUND_LOCATION = re.compile(r"[\d\s＝=]+|[日月]?[電电发發讯訊]+$|^[日月]")


class Dateline(NamedTuple):
    """A dateline and the text after it."""

    location: str | None
    agency: str | None
    text: str


def parse_dateline(text: str, config: ExtractConfig) -> Dateline | None:
    """Return the dateline at the start of ``text``; None where there is none.

    "(ANSA) - ROMA, 12 MAR - …": what follows an agency alone may be the location.
    """
    dateline = _unspaced(text, config) or _spaced(text, config)
    if dateline and dateline.location is None and dateline.text:
        inner = _spaced(dateline.text, config)
        return inner._replace(agency=dateline.agency or inner.agency) if inner and inner.text else dateline
    return dateline


@functools.lru_cache(maxsize=4)
def _forms(agencies: tuple[Agency, ...], phrases: Phrases) -> tuple[re.Pattern[str], ...]:
    """Return the forms of a dateline, the surest first."""
    agency = agency_pattern(agencies)
    cities = "|".join(re.escape(city) for city in sorted(phrases.cities, key=len, reverse=True)) or r"(?!)"
    join = r"(?:[ /-]|\s(?:de|del|of|am|an der|la|im|bei)\s)"
    location = rf"(?P<location>{_NAME}(?:{join}{_NAME}){{0,5}}(?:,\s{_NAME}(?:\s{_NAME})?){{0,2}}?)"
    capitals = rf"(?P<location>{_CAPITALS}(?:[ /-]{_CAPITALS}){{0,5}}(?:,\s[A-Z][\w.]+(?:\s[A-Z][\w.]+)?){{0,2}}?)"
    return (
        # March 7 (Reuters) - …
        re.compile(rf"(?P<location>){_MONTH}\s+\d{{1,2}}\s+\((?P<credit>{agency})\){_DASH}"),
        # KATHMANDU, April 25 (Reuters) - …   MEXICO CITY (AP) — …   Madrid, 7 de marzo (EFE).- …   Berlin (dpa/lby) - …
        re.compile(
            rf"{location}{_ANY_DATE}\s*[(\[](?P<credit>[^()\[\]]{{0,20}}{agency}[^()\[\]]{{0,30}})[)\]](?:{_DASH}|\s+)"
        ),
        # (Reuters) - …   AFP – …
        re.compile(
            rf"(?P<location>)[(\[](?P<credit>{agency})[)\]](?:{_DASH}|\s+)|(?P<credit2>{agency})\s+[-–—]{{1,2}}\s+"
        ),
        # Sydney, AAP — …   МОСКВА, 7 мар — РИА Новости. …
        re.compile(rf"{location}{_DATE}(?:,|\s+[-–—])\s+(?P<credit>{agency})(?:\.|\s*[-–—:]{{1,2}})\s+"),
        # BEIRUT, March 7 — …   DUBLIN — …
        re.compile(rf"{capitals}{_DATE}\s+(?:[-–—]{{1,2}}|·)\s+(?=\S)"),
        # Beirut: …   Berlin/London, 7. März – …   Berlin. …   New Delhi | …
        re.compile(
            rf"(?P<location>(?i:{cities})(?:/(?i:{cities})|,\s{_NAME})?){_DATE}(?::|\s+[-–—·|]{{1,2}}|\.)\s+(?=[^a-z\s])"
        ),
        # [SINGAPORE] …   Port Sudan: …   any city of the gazetteer
        re.compile(rf"\[(?P<city>{_CAPITALS}(?:[ -]{_CAPITALS}){{0,3}})\]\s+(?=[^a-z\s])"),
        re.compile(rf"(?P<city>{_NAME}(?:[ -]{_NAME}){{0,3}}){_DATE}(?::|\s+[–—])\s+(?=[^a-z\s])"),
    )


def _spaced(text: str, config: ExtractConfig) -> Dateline | None:
    for form in _forms(config.agencies, config.phrases):
        match = form.match(text)
        if not match:
            continue
        groups = match.groupdict()
        city = groups.get("city")
        if city and city.casefold() not in gazetteer.load_city_names() and city.title() not in config.phrases.cities:
            continue
        location = _WEEKDAY.sub("", (city or groups.get("location") or "").strip(" ,")) or None
        following = text[match.end() :].strip()
        if len(following) < _MIN_TEXT:
            return None
        if location and (location.casefold() in config.phrases.labels or len(location.split()) > _MAX_LOCATION_WORDS):
            continue
        credit = groups.get("credit") or groups.get("credit2") or ""
        return Dateline(location, first_agency(credit, config.agencies), following)
    city = text.strip(" .:")
    return Dateline(city, None, "") if city in config.phrases.cities else None


@functools.lru_cache(maxsize=4)
def _unspaced_forms(agencies: tuple[Agency, ...]) -> dict[str, str]:
    names = {
        form: agency.name for agency in agencies for form in (agency.name, *agency.forms) if _UNSPACED.search(form)
    }
    return dict(sorted(names.items(), key=lambda pair: -len(pair[0])))


def _unspaced(text: str, config: ExtractConfig) -> Dateline | None:
    """Return the dateline in brackets of scripts that are written without spaces between words."""
    match = _BRACKETED.match(text)
    if not match or len(text) - match.end() < _MIN_TEXT_UNSPACED:
        return None
    inside = match["inside"]
    form = next((form for form in _unspaced_forms(config.agencies) if form in inside), None)
    if form is None:
        return None
    location = _AROUND_LOCATION.sub("", inside.replace(form, "")).strip(" ・,，")
    return Dateline(location or None, _unspaced_forms(config.agencies)[form], text[match.end() :].strip())
