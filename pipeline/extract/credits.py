"""Which agency supplied it? Datelines and credits, cut off the text into fields."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

from pipeline.extract import datelines
from pipeline.extract.agencies import credited_agency
from pipeline.extract.config import ExtractConfig, Phrases
from pipeline.extract.datelines import first_agency
from pipeline.extract.main_text import TextLine

_FIRST = 3  # lines: a standfirst or a sub-heading may stand before the line with the dateline
_LAST = 4  # lines: a correction or a bio may follow the sign-off
_MAX_CREDIT = 400  # characters: a sign-off that names five reporters and their places
_MAX_OWNER = 15  # words of a line that names whose text it is
_MARKS = " \t-–—•·*_→>»|"
_SOURCE = re.compile(
    r"^\W*(?:source|sources|quelle|quellen|fuente|fonte|kilde|källa|lähde|bron|źródło|zdroj|kaynak|sumber|источник)\s*:",
    re.IGNORECASE,
)
_OWNER = re.compile(r"^\W*(?:©|\(c\)|copyright\b)\s*(?:\d{4})?", re.IGNORECASE)
# A credit behind the last sentence: in brackets, behind a dash, or in capitals (AFP or REUTERS).
_LAST_WORDS = re.compile(
    r"\s*[(\[]([^()\[\]]{2,40})[)\]]\.?$|(?<=[.!?…\"”»])\s*[-–—]{1,2}\s*([\w /-]{2,30})$"
    r"|(?<=[.!?…\"”»])\s+([A-Z][A-Z /,-]{1,30})$"
)
_LETTERS = re.compile(r"[^\W_]")  # "___" and "* * *" part what is gone from the text
_CODE = re.compile(r"(?<=\w)/[a-z]{1,4}(?=\W*$)|^\W*[a-z]{1,4}/(?=\w)")  # of the editor: "SDA/jok"


class WireCredits(NamedTuple):
    """The text without wire forms, and what they said."""

    lines: list[TextLine]
    dateline: str | None = None
    agency: str | None = None
    sign_offs: tuple[str, ...] = ()  # sign-offs: lines that credit agencies, colleagues and editors


def split_credits(lines: list[TextLine], known: ExtractConfig) -> WireCredits:
    """Return ``lines`` without dateline and agency credits, and these.

    Only what stands where such forms stand is cut: "told AP" within the text stays.
    """
    made = list(lines)
    place = agency = None
    for number in [n for n, line in enumerate(made[:_FIRST]) if not line.heading]:
        line = made[number]
        if head := datelines.parse_dateline(line.text, known):
            place, agency = head.location, head.agency
            made[number] = line._replace(text=head.rest)
            break
    made, tail, gone = _tail(made, known)
    return WireCredits([line for line in made if _LETTERS.search(line.text)], place, agency or tail, gone)


@functools.lru_cache(maxsize=4)
def _credit_line(phrases: Phrases) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in phrases.credits) or r"(?!)", re.IGNORECASE)


def _tail(lines: list[TextLine], known: ExtractConfig) -> tuple[list[TextLine], str | None, tuple[str, ...]]:
    """Cut sign-offs in the last lines and a credit at the end of the last one; return the agency and what was cut."""
    agency = None
    kept: list[TextLine] = []
    gone: list[str] = []
    for number, line in enumerate(lines):
        if number > 0 and number >= len(lines) - _LAST:
            whole = _SOURCE.sub("", line.text)
            own = credited_agency(whole, known.agencies) or credited_agency(_CODE.sub("", whole), known.agencies)
            if own or _is_credit(line.text, known):
                agency = agency or own or first_agency(line.text, known)
                gone.append(line.text)
                continue
        kept.append(line)
    if kept:
        end = _LAST_WORDS.search(kept[-1].text)
        if end and (own := credited_agency(next(filter(None, end.groups())), known.agencies)):
            agency = agency or own
            kept[-1] = kept[-1]._replace(text=kept[-1].text[: end.start()].rstrip())
    return kept, agency, tuple(gone)


def _is_credit(text: str, known: ExtractConfig) -> bool:
    plain = text.lstrip(_MARKS)
    forms = _credit_line(known.phrases)
    bare = plain.strip(" ()[]（）.")
    return len(text) <= _MAX_CREDIT and bool(forms.match(plain) or forms.match(bare))


def find_owner(texts: Iterable[str], known: ExtractConfig) -> str | None:
    """Return the agency whose text it is, as lines at its end say ("© 2031 AFP", "Source: Xinhua")."""
    for text in texts:
        if len(text.split()) <= _MAX_OWNER and (_OWNER.match(text) or _SOURCE.match(text)):
            agency = first_agency(text, known)
            if agency:
                return agency
    return None


def last_line_texts(lines: list[TextLine]) -> set[str]:
    """Return the texts of the last lines, where sign-offs stand."""
    return {line.text for line in lines[-_LAST:]}
