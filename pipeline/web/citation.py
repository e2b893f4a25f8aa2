"""Cite an article, as BibTeX and RIS. Pure.

Fields hold one line each, whatever a page said: what an entry's markup would take for its own is escaped.
"""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import quote

from pipeline.records import Document
from pipeline.text import shorten, without_control_characters
from pipeline.urls import check_address, without_credentials

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
# BibTeX hands fields to TeX, to which these mean something; braces must pair up, so they become TeX's own signs.
_TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
    | {sign: "\\" + sign for sign in "$&%#_"}
)


def to_bibtex(document: Document, accessed: dt.date) -> str:
    """Return an article as one BibTeX entry, as newspaper articles are cited; ``accessed`` is when it was read."""
    day = _day(document)
    fields = {
        "author": " and ".join(_bibtex_author(name) for name in document.authors),
        "title": "{" + _tex(_title(document)) + "}" if _title(document) else "",
        "journal": _tex(document.source or ""),
        "year": str(day.year),
        "month": _MONTHS[day.month - 1],
        "day": str(day.day),
        "url": _address(document),
        "urldate": accessed.isoformat(),
        "language": _tex(document.language or ""),
        "note": _tex(f"Credit: {document.agency}") if document.agency else "",
    }
    lines = [f"  {name} = {value if name == 'month' else '{' + value + '}'}" for name, value in fields.items() if value]
    return f"@article{{newswire-{_key(document)},\n" + ",\n".join(lines) + "\n}\n"


def to_ris(document: Document, accessed: dt.date) -> str:
    """Return an article as one RIS record of the type newspaper article; ``accessed`` is when it was read."""
    day = _day(document)
    fields = [
        ("TY", "NEWS"),
        *(("AU", _line(name)) for name in document.authors),
        ("TI", _line(_title(document))),
        ("T2", _line(document.source or "")),
        ("AB", _line(document.standfirst or "")),
        ("PY", f"{day.year:04}"),
        ("DA", f"{day:%Y/%m/%d}"),
        ("UR", _address(document)),
        ("Y2", f"{accessed:%Y/%m/%d}"),
        ("LA", _line(document.language or "")),
        ("ID", f"newswire-{_key(document)}"),
        ("ER", ""),
    ]
    # a tag, two blanks, a hyphen and a blank; lines end as RIS has it
    return "".join(f"{tag}  - {value}\r\n" for tag, value in fields if value or tag == "ER")


def _title(document: Document) -> str:
    return _line(document.title or shorten(document.text))


def _day(document: Document) -> dt.date:
    """Return the day of publication (UTC), that of first sight where it is unknown."""
    return (document.published or document.first_seen).astimezone(dt.UTC).date()


def _key(document: Document) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", document.id)


def _line(text: str) -> str:
    return " ".join(without_control_characters(text).split())


def _tex(text: str) -> str:
    return _line(text).translate(_TEX).strip()


def _bibtex_author(name: str) -> str:
    """Return a name as an author; one that BibTeX would take apart stands in braces, whole."""
    whole = _tex(name)
    return f"{{{whole}}}" if "," in whole or re.search(r"\band\b", whole, re.IGNORECASE) else whole


def _address(document: Document) -> str:
    """Return the article's address without credentials, its braces and white space encoded; empty where it has none."""
    try:
        checked = without_credentials(check_address(document.canonical_url or document.url or ""))
    except ValueError:
        return ""
    return quote(checked, safe=":/?#[]@!$&'()*+,;=%-._~")
