"""Cut datelines and agency credits off a text, into fields of their own.

Only what stands where such credits stand is cut: "told AP" within the text stays.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

from pipeline.extract.agencies import credited_agency, first_agency
from pipeline.extract.blocks import TextLine
from pipeline.extract.config import ExtractConfig, Phrases
from pipeline.extract.datelines import parse_dateline

_FIRST_LINES = 3  # a standfirst or a sub-heading may stand before the line with the dateline
_LAST_LINES = 4  # a correction or a bio may follow the sign-off
_MAX_CREDIT = 400  # characters: a sign-off that names five reporters and their places
_MAX_OWNER = 15  # words of a line that names whose text it is
_MARKS = " \t-–—•·*_→>»|"
_SOURCE = re.compile(
    r"^\W*(?:source|sources|quelle|quellen|fuente|fonte|kilde|källa|lähde|bron|źródło|zdroj|kaynak|sumber|источник)\s*:",
    re.IGNORECASE,
)
_OWNER = re.compile(r"^\W*(?:©|\(c\)|copyright\b)\s*(?:\d{4})?", re.IGNORECASE)
# A credit behind the last sentence: in brackets, behind a dash, or in capitals (AFP or REUTERS).
_CREDIT_AT_END = re.compile(
    r"\s*[(\[]([^()\[\]]{2,40})[)\]]\.?$|(?<=[.!?…\"”»])\s*[-–—]{1,2}\s*([\w /-]{2,30})$"
    r"|(?<=[.!?…\"”»])\s+([A-Z][A-Z /,-]{1,30})$"
)
_LETTERS = re.compile(r"[^\W_]")  # "___" and "* * *" part the text from what was cut
_EDITOR_CODE = re.compile(r"(?<=\w)/[a-z]{1,4}(?=\W*$)|^\W*[a-z]{1,4}/(?=\w)")  # "SDA/jok"


class WireCredits(NamedTuple):
    """The text without dateline and credits, and what these say."""

    lines: list[TextLine]
    dateline: str | None = None
    agency: str | None = None
    sign_offs: tuple[str, ...] = ()  # lines that credit agencies, colleagues and editors


def split_credits(lines: list[TextLine], config: ExtractConfig) -> WireCredits:
    """Return ``lines`` without dateline and agency credits, and these."""
    text_lines = list(lines)
    location = agency = None
    for number in [n for n, line in enumerate(text_lines[:_FIRST_LINES]) if not line.heading]:
        line = text_lines[number]
        if dateline := parse_dateline(line.text, config):
            location, agency = dateline.location, dateline.agency
            text_lines[number] = line._replace(text=dateline.text)
            break
    text_lines, sign_off_agency, sign_offs = _split_sign_offs(text_lines, config)
    with_letters = [line for line in text_lines if _LETTERS.search(line.text)]
    return WireCredits(with_letters, location, agency or sign_off_agency, sign_offs)


@functools.lru_cache(maxsize=4)
def _credit_line(phrases: Phrases) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{credit})" for credit in phrases.credits) or r"(?!)", re.IGNORECASE)


def _split_sign_offs(
    lines: list[TextLine], config: ExtractConfig
) -> tuple[list[TextLine], str | None, tuple[str, ...]]:
    """Cut sign-offs in the last lines and a credit at the end of the last one; return the agency and what was cut."""
    agency = None
    text_lines: list[TextLine] = []
    sign_offs: list[str] = []
    for number, line in enumerate(lines):
        if number > 0 and number >= len(lines) - _LAST_LINES:
            credit = _SOURCE.sub("", line.text)
            credited = credited_agency(credit, config.agencies) or credited_agency(
                _EDITOR_CODE.sub("", credit), config.agencies
            )
            if credited or _is_credit(line.text, config):
                agency = agency or credited or first_agency(line.text, config.agencies)
                sign_offs.append(line.text)
                continue
        text_lines.append(line)
    if text_lines:
        last = text_lines[-1]
        match = _CREDIT_AT_END.search(last.text)
        if match and (credited := credited_agency(next(filter(None, match.groups())), config.agencies)):
            agency = agency or credited
            text_lines[-1] = last._replace(text=last.text[: match.start()].rstrip())
    return text_lines, agency, tuple(sign_offs)


def _is_credit(text: str, config: ExtractConfig) -> bool:
    plain = text.lstrip(_MARKS)
    forms = _credit_line(config.phrases)
    bare = plain.strip(" ()[]（）.")
    return len(text) <= _MAX_CREDIT and bool(forms.match(plain) or forms.match(bare))


def find_owner(texts: Iterable[str], config: ExtractConfig) -> str | None:
    """Return the agency whose text it is, as lines at its end say ("© 2031 AFP", "Source: Xinhua")."""
    for text in texts:
        if len(text.split()) <= _MAX_OWNER and (_OWNER.match(text) or _SOURCE.match(text)):
            agency = first_agency(text, config.agencies)
            if agency:
                return agency
    return None


def last_line_texts(lines: list[TextLine]) -> set[str]:
    """Return the texts of the last lines, where sign-offs stand."""
    return {line.text for line in lines[-_LAST_LINES:]}
