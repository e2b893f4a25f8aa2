"""Who wrote the article? Persons, split and cleaned; the agency and the bureau apart."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.extract import ld
from pipeline.extract.agencies import credited
from pipeline.extract.evidence import Evidence
from pipeline.extract.known import Known, Phrases
from pipeline.extract.mend import mend
from pipeline.text import fold

_META = (
    "author", "parsely-author", "article:author", "og:article:author", "og:author", "dc.creator", "dcterms.creator",
    "sailthru.author", "cxenseparse:author", "byl", "creator", "authors", "article:author_name", "article.author",
)  # fmt: skip
_SPLIT = re.compile(
    r"\s+(?:and|und|et|y|og|och|en|e|i|ja|ve|и|та)\s+|\s*(?:&|;|\||、|，|·|•|\n)\s*|\s*,\s*|(?<=\w)\s*/\s*(?=[A-ZÀ-Þ])"
)
_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|@\w+|\([^()]{0,200}\)|\[[^\[\]]{0,200}\]|<[^<>]{0,200}>")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]{1,200})[)\]]")
_IN_PLACE = re.compile(r"\s(?:in|at|à|a|en)\s[A-ZÀ-Þ].*$")  # "Associated Press in Valencia"
_MAX_WORDS = 5  # of a person's name; longer parts are descriptions ("professor at the University of …")
_TOP = 6  # lines above the text: kicker, headline, standfirst, times
_BYLINE_WORDS = 12  # three names with their conjunction, and a desk
_NAME_WORD = re.compile(r"[^\W\d_a-zà-öø-ÿ][^\W\d_]+(?:-[^\W\d_]+)?")
_NAME_WORDS = range(2, 5)  # of a name that signs a text at its end
_CODE = 9  # characters: reporters sign short pieces with codes in small letters ("dmk", "srf/hosb")
_MAX_NAME = 60  # characters


class Makers(NamedTuple):
    """Who made the article."""

    persons: tuple[str, ...] = ()
    agency: str | None = None
    bureau: str | None = None


def choose(page: Evidence, known: Known, sites: frozenset[str], feed: Iterable[str] = ()) -> Makers:
    """Return the makers of a page: the first source that names a person, in the order JSON-LD, meta, byline, feed.

    JSON-LD names each person apart, and companies as such; meta elements often join them; bylines carry roles.
    Agencies and bureaus are taken from all that is read until a person is found.
    """
    said = ld.people(page.article, page.ld)
    companies = clean([name for name, company in said if company], known, sites)
    agency, bureau = companies.agency, companies.bureau
    groups = [[name for name, company in said if not company], *(page.meta.get(name, []) for name in _META)]
    for group in [*groups, page.bylines, list(feed)]:
        made = clean(group, known, sites)
        agency, bureau = agency or made.agency, bureau or made.bureau
        if made.persons:
            return Makers(made.persons, agency, bureau)
    return Makers((), agency, bureau)


def clean(names: Iterable[str], known: Known, sites: frozenset[str] = frozenset()) -> Makers:
    """Return the persons in ``names``, each once and in order, the first agency and the first bureau.

    ``sites`` are folded names of the outlet itself: they aren't persons.
    """
    persons: dict[str, str] = {}
    agency = bureau = None
    words = _words(known.phrases)
    for name in names:
        plain = words.by.sub("", mend(name), count=1)
        for inside in _BRACKETS.findall(plain):
            agency = agency or credited(inside, known.agencies)
        whole = credited(plain, known.agencies)
        for given in [plain] if whole else _SPLIT.split(_NOISE.sub(" ; ", plain)):
            part = words.by.sub("", given.strip(), count=1).strip(" .,:-–—*\"'")
            if found := credited(_IN_PLACE.sub("", part), known.agencies):
                agency = agency or found
            elif words.bureau.search(part):
                bureau = bureau or part
            elif "www." not in plain and _is_person(part, words, sites):  # "The Courier (www.courier.example)"
                persons.setdefault(fold(part), part)
    return Makers(tuple(persons.values()), agency, bureau)


def in_text(lines: Sequence[str], known: Known, sites: frozenset[str]) -> Makers:
    """Return whom a byline in the text itself names: "By …" above it, or a name alone as its last line."""
    words = _words(known.phrases)
    for line in lines[:_TOP]:
        if len(line.split()) <= _BYLINE_WORDS and words.by.match(line) and not line.endswith("."):
            made = clean([line], known, sites)
            if made.persons or made.agency:
                return made
    last = lines[-1] if lines else ""
    if len(last) <= _MAX_NAME and len(last.split()) in _NAME_WORDS and all(map(_NAME_WORD.fullmatch, last.split())):
        return clean([last], known, sites)
    return Makers()


class _Words(NamedTuple):
    by: re.Pattern[str]
    role: re.Pattern[str]
    bureau: re.Pattern[str]


@functools.lru_cache(maxsize=8)
def _words(phrases: Phrases) -> _Words:
    def any_of(words: Iterable[str]) -> str:
        return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or r"(?!)"

    by = any_of(phrases.by)
    return _Words(
        # at the start; or, with a capital, after what stands before it ("Economy desk By Jane Doe")
        by=re.compile(rf"^(?:{by})(?:\s*:\s*|\s+|$)|^.*\s(?:By|Von|Por|Par)\s+(?=[A-ZÀ-Þ])"),
        role=re.compile(rf"(?<!\w)(?:{any_of(phrases.roles)})(?!\w)", re.IGNORECASE),
        bureau=re.compile(rf"(?<!\w)(?:{any_of(phrases.bureaus)})(?!\w)", re.IGNORECASE),
    )


def _is_person(part: str, words: _Words, sites: frozenset[str]) -> bool:
    if not part or len(part) > _MAX_NAME or len(part.split()) > _MAX_WORDS or any(char.isdigit() for char in part):
        return False
    own = fold(part)
    squeezed = re.sub(r"\W+", "", own)
    if not squeezed or any(squeezed == re.sub(r"\W+", "", site) for site in sites):
        return False
    if re.search(r"\.(?:com|net|org|de|co|info|[a-z]{2})$", own):
        return False
    if part.islower() and len(part) > _CODE:
        return False
    return not words.role.search(part) and (part[0].isalpha() or not part[0].isascii())
