"""Where was it written and which agency supplied it? Datelines and credits, cut off the text into fields."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from pipeline import gazetteer
from pipeline.extract.agencies import agency_of, credited, pattern
from pipeline.extract.body import Line
from pipeline.extract.known import Agency, Known, Phrases

_FIRST = 3  # lines: a standfirst or a sub-heading may stand before the line with the dateline
_LAST = 4  # lines: a correction or a bio may follow the sign-off
_REST = 20  # characters of text at least after a dateline; less, and it was a label
_MAX_CREDIT = 400  # characters: a sign-off that names five reporters and their places
_MARKS = " \t-–—•·*_→>»|"
_MAX_PLACE_WORDS = 6  # "ABOARD THE PAPAL PLANE", "PORT-AU-PRINCE, Haiti"

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|Mai|Juni|Juli|Okt|Dez|Mär)\w*\.?"
_DATE = rf"(?:,?\s+(?:{_MONTH}\s+\d{{1,2}}|\d{{1,2}}\.?\s+{_MONTH})(?:,?\s+\d{{4}})?)?"
_DASH = r"\s*(?:[-–—]{1,2}|:|\.|·)\s+"
_CAPITALS = r"[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ.'’]+"
_NAME = r"[^\W\d_a-zà-öø-ÿ][\w.'’]*"


class Wire(NamedTuple):
    """The text without wire forms, and what they said."""

    lines: list[Line]
    dateline: str | None = None
    agency: str | None = None


class _Head(NamedTuple):
    place: str | None
    agency: str | None
    rest: str


@functools.lru_cache(maxsize=4)
def _heads(agencies: tuple[Agency, ...], phrases: Phrases) -> tuple[re.Pattern[str], ...]:
    """Return the forms of a dateline, the surest first."""
    agency = pattern(agencies)
    cities = "|".join(re.escape(city) for city in sorted(phrases.cities, key=len, reverse=True)) or r"(?!)"
    join = r"(?:[ /-]|\s(?:de|del|of|am|an der|la|im|bei)\s)"
    place = rf"(?P<place>{_NAME}(?:{join}{_NAME}){{0,5}}(?:,\s{_NAME}(?:\s{_NAME})?){{0,2}}?)"
    capitals = rf"(?P<place>{_CAPITALS}(?:[ /-]{_CAPITALS}){{0,5}}(?:,\s[A-Z][\w.]+(?:\s[A-Z][\w.]+)?){{0,2}}?)"
    return (
        # KATHMANDU, April 25 (Reuters) - …   MEXICO CITY (AP) — …   Berlin (dpa/lby) - …
        re.compile(
            rf"{place}{_DATE}\s*[(\[](?P<credit>[^()\[\]]{{0,20}}{agency}[^()\[\]]{{0,30}})[)\]](?:{_DASH}|\s+)"
        ),
        # (Reuters) - …   AFP – …
        re.compile(
            rf"(?P<place>)[(\[](?P<credit>{agency})[)\]](?:{_DASH}|\s+)|(?P<credit2>{agency})\s+[-–—]{{1,2}}\s+"
        ),
        # BEIRUT, March 7 — …   DUBLIN — …
        re.compile(rf"{capitals}{_DATE}\s+(?:[-–—]{{1,2}}|·)\s+(?=\S)"),
        # Beirut: …   Berlin/London, 7. März – …   Berlin. …
        re.compile(
            rf"(?P<place>(?i:{cities})(?:/(?i:{cities})|,\s{_NAME})?){_DATE}(?::|\s+[-–—·]{{1,2}}|\.)\s+(?=[^a-z\s])"
        ),
        # Port Sudan: …   any city of the gazetteer
        re.compile(rf"(?P<city>{_NAME}(?:[ -]{_NAME}){{0,3}}){_DATE}(?::|\s+[–—])\s+(?=[^a-z\s])"),
    )


def cut(lines: list[Line], known: Known) -> Wire:
    """Return ``lines`` without dateline and agency credits, and these.

    Only what stands where such forms stand is cut: "told AP" within the text stays.
    """
    made = list(lines)
    place = agency = None
    for number in [n for n, line in enumerate(made[:_FIRST]) if not line.heading]:
        line = made[number]
        if head := _head(line.text, known):
            place, agency = head.place, head.agency
            made[number] = line._replace(text=head.rest)
            break
    made, tail = _tail(made, known)
    return Wire([line for line in made if line.text], place, agency or tail)


def _head(text: str, known: Known) -> _Head | None:
    for form in _heads(known.agencies, known.phrases):
        match = form.match(text)
        if not match:
            continue
        found = match.groupdict()
        city = found.get("city")
        if city and city.casefold() not in gazetteer.cities():
            continue
        place = (city or found.get("place") or "").strip(" ,") or None
        rest = text[match.end() :].strip()
        if len(rest) < _REST:
            return None
        if place and (place.casefold() in known.phrases.labels or len(place.split()) > _MAX_PLACE_WORDS):
            continue
        inside = found.get("credit") or found.get("credit2") or ""
        return _Head(place, _first_agency(inside, known), rest)
    city = text.strip(" .:")
    return _Head(city, None, "") if city in known.phrases.cities else None


def _first_agency(text: str, known: Known) -> str | None:
    found = re.search(pattern(known.agencies), text)
    return agency_of(found[0], known.agencies) if found else None


@functools.lru_cache(maxsize=4)
def _credit_line(phrases: Phrases) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in phrases.credits) or r"(?!)", re.IGNORECASE)


def _tail(lines: list[Line], known: Known) -> tuple[list[Line], str | None]:
    """Cut sign-offs in the last lines and a credit at the end of the last one; return the agency."""
    agency = None
    kept: list[Line] = []
    for number, line in enumerate(lines):
        if number > 0 and number >= len(lines) - _LAST:
            whole = re.sub(
                r"^\W*(?:source|quelle|fuente|fonte|kilde|källa|bron|źródło)\s*:", "", line.text, flags=re.IGNORECASE
            )
            own = credited(whole, known.agencies)
            if own or _is_credit(line.text, known):
                agency = agency or own or _first_agency(line.text, known)
                continue
        kept.append(line)
    if kept:
        end = re.search(
            r"\s*[(\[]([^()\[\]]{2,40})[)\]]\.?$|(?<=[.!?…\"”»])\s*[-–—]{1,2}\s*([\w /-]{2,30})$", kept[-1].text
        )
        if end and (own := credited(end[1] or end[2], known.agencies)):
            agency = agency or own
            kept[-1] = kept[-1]._replace(text=kept[-1].text[: end.start()].rstrip())
    return kept, agency


def _is_credit(text: str, known: Known) -> bool:
    plain = text.lstrip(_MARKS)
    forms = _credit_line(known.phrases)
    return len(text) <= _MAX_CREDIT and bool(forms.match(plain) or forms.match(plain.lstrip("([")))
