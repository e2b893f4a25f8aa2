"""Who wrote the article? Persons, split and cleaned; the agency and the bureau apart."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pipeline.extract import jsonld
from pipeline.extract.agencies import agency_of, agency_pattern, credited_agency
from pipeline.extract.blocks import Block, letter_key
from pipeline.extract.config import ExtractConfig, Phrases
from pipeline.extract.page_signals import PageSignals
from pipeline.extract.text_repair import repair_text
from pipeline.text import fold

_META = (
    "author", "parsely-author", "article:author", "og:article:author", "og:author", "dc.creator", "dcterms.creator",
    "sailthru.author", "cxenseparse:author", "byl", "creator", "authors", "article:author_name", "article.author",
)  # fmt: skip
_SPLIT = re.compile(
    r"\s+(?:and|und|et|y|og|och|en|e|i|ja|ve|и|та|with|mit|avec|AND|UND|ET|Y|OG|OCH)\s+|\s*(?:&|;|\||、|，|／|·|•|\n)\s*|\s*,\s*|(?<=\w)\s*/\s*(?=[A-ZÀ-Þ])"
)
_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|@\w+|\([^()]{0,200}\)|\[[^\[\]]{0,200}\]|<[^<>]{0,200}>")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]{1,200})[)\]]")
_WITH = re.compile(r"^(?:with|mit|avec|con|com)\s+", re.IGNORECASE)
_FROM_PLACE = re.compile(r"\s(?:in|aus|à|en|från|fra|da)\s[A-ZÀ-Þ][\w' -]*$")  # "Jo Doe in London"
_INITIAL = re.compile(r"(?:^|[\s.])[^\W\d_]\.$|\b(?:Jr|Sr)\.$")
_IN_PLACE = re.compile(r"\s(?:in|at|à|a|en)\s[A-ZÀ-Þ].*$")  # "Associated Press in Valencia"
_MAX_WORDS = 5  # of a person's name; longer parts are descriptions ("professor at the University of …")
_TOP = 6  # lines above the text: kicker, headline, standfirst, times
_BYLINE_WORDS = 12  # three names with their conjunction, and a desk
_NAME_WORD = re.compile(r"[^\W\d_a-zà-öø-ÿ][^\W\d_]+(?:-[^\W\d_]+)?")
_NAME_WORDS = range(2, 5)  # of a name that signs a text at its end
_PARTICLES = frozenset(
    "de der den van von zu zum da do dos das del della di du la le el al bin ibn ter ten af av y e".split()
)
_LONE = frozenset("from with by von mit de avec par con por di da door met av af med".split())  # "From Reuters, Geneva"
_REPORTS = frozenset({"報導", "报道", "報道", "綜合"})  # "reports", after a place as often as after a name
_PICTURES = re.compile(r"(?:photo|foto|bild|grafik|grafika|illustration|video|zdj|фото|写真)\w*\s*:", re.IGNORECASE)
_INITIALS = re.compile(r"[^\W\d_]|(?:[^\W\d_]\.-?){1,3}|[B-DF-HJ-NP-TV-XZ]{2}")  # "A", "J.R.", "JK"; not "JO"
_MC = re.compile(r"(?<=\bMc)[a-z]")
_FULL_NAME = 2  # words; three beside a role may be a role of two words ("Jo Doe Political Correspondent")
_CJK_NAME = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{2,8}(?:[ 　][\u3400-\u9fff]{1,4})?|[\uac00-\ud7af]{2,4}")
_CODE = 9  # characters: reporters sign short pieces with codes in small letters ("dmk", "srf/hosb")
_MAX_NAME = 60  # characters
_HEADINGS = frozenset({"h1", "h2"})
_MAX_HEAD = 14  # blocks between headline and text: standfirst, byline, role, times, caption, buttons for sharing
_MIN_HEAD = 3  # blocks after the headline that may be long: a standfirst, a caption
_PARAGRAPH = 80  # characters


class Authorship(NamedTuple):
    """Who made the article."""

    persons: tuple[str, ...] = ()
    agency: str | None = None
    bureau: str | None = None


def choose_authors(
    page: PageSignals,
    known: ExtractConfig,
    sites: frozenset[str],
    feed: Iterable[str] = (),
    blocks: Sequence[Block] = (),
) -> Authorship:
    """Return the makers of a page: the first source that names a person.

    The order: JSON-LD (which names each person apart, and companies as such), meta elements (which often join them),
    marked bylines (which carry roles), the visible lines between the headline and the text, the feed.
    Agencies and bureaus are taken from all that is read until a person is found. Whom the page itself calls its editor
    isn't believed to be the author where a byline names somebody else.
    """
    said = jsonld.list_people(page.article, page.jsonld)
    companies = clean_names([name for name, company in said if company], known, sites)
    agency, bureau = companies.agency, companies.bureau
    marked = _signed(page.bylines, known)
    groups = [[name for name, company in said if not company], *(page.meta.get(name, []) for name in _META)]
    edited = [group for group in groups if group and _edited(group, marked, blocks, known)]
    groups = [group for group in groups if group not in edited]
    for group in [*groups, marked, _by_line(page, blocks, known), list(feed), *edited]:
        made = clean_names(group, known, sites)
        agency, bureau = agency or made.agency, bureau or made.bureau
        if made.persons:
            return Authorship(made.persons, agency, bureau)
    return Authorship((), agency, bureau)


def _signed(texts: Sequence[str], known: ExtractConfig) -> list[str]:
    """Return those of ``texts`` that say "By …", all where none does: the others may be logos or dates."""
    by = _words(known.phrases).by
    return [text for text in texts if by.match(text) and by.sub("", text, count=1).strip()] or list(texts)


def _edited(names: Sequence[str], marked: Sequence[str], blocks: Sequence[Block], known: ExtractConfig) -> bool:
    """Whether the page says "Editor: …" of all ``names`` and its byline names others."""
    shown = {fold(text) for text in marked}
    if not shown or any(fold(name) in text for name in names for text in shown):
        return False
    label = _words(known.phrases).editor
    said = {fold(label.sub("", block.text, count=1)) for block in blocks if label.match(block.text)}
    return all(fold(name) in said for name in names)


def _by_line(page: PageSignals, blocks: Sequence[Block], known: ExtractConfig) -> list[str]:
    """Return the visible byline: a line between headline and text that says "By …" or links to a page about an author.

    Where there is none, the one line of the page that is labelled so ("Author: …") is it.
    """
    words = _words(known.phrases)
    shown = [one for one in page.headings if not one.is_breadcrumb]
    head = [
        block.text
        for block in _head(
            blocks, {letter_key(one.text) for one in shown if one.is_h1} or {letter_key(one.text) for one in shown}
        )
    ]
    signed = [text for text in head if len(text.split()) <= _BYLINE_WORDS and words.by.match(text)]
    if signed:
        return signed[:1]  # the next one may belong to a picture or to a first paragraph of one's own
    if linked := [text for text in page.author_links if any(text in line for line in head)]:
        return linked
    labelled = {block.text for block in blocks if len(block.text) <= _MAX_NAME and words.label.match(block.text)}
    return list(labelled) if len(labelled) == 1 else []


def _head(blocks: Sequence[Block], headlines: set[str]) -> list[Block]:
    """Return the blocks between the headline, known by its letters, and the first paragraph."""
    starts = [place for place, block in enumerate(blocks) if block.tag in _HEADINGS and block.key in headlines]
    if not starts:
        return []
    made: list[Block] = []
    for block in blocks[starts[0] + 1 : starts[0] + 1 + _MAX_HEAD]:
        if len(block.text) >= _PARAGRAPH and made and block.tag == "p" and len(made) >= _MIN_HEAD:
            break
        made.append(block)
    return made


def clean_names(names: Iterable[str], known: ExtractConfig, sites: frozenset[str] = frozenset()) -> Authorship:
    """Return the persons in ``names``, each once and in order, the first agency and the first bureau.

    ``sites`` are folded names of the outlet itself: they aren't persons.
    """
    persons: dict[str, str] = {}
    agency = bureau = None
    words = _words(known.phrases)
    for name in names:
        plain, before = words.by.sub("", repair_text(name), count=1), len(persons)
        for inside in _BRACKETS.findall(plain):
            agency = agency or credited_agency(_WITH.sub("", inside), known.agencies)
        for part in _parts(plain, words, known):
            if found := credited_agency(_IN_PLACE.sub("", part), known.agencies):
                agency = agency or found
                continue
            found, rest = _without_agency(part, known)
            agency = agency or found
            if words.bureau.search(rest):
                bureau = bureau if len(persons) > before and words.role.fullmatch(rest) else bureau or part
            elif "www." not in plain and _is_person(rest := _bare(rest, words), words, sites):
                persons.setdefault(fold(rest), _cased(rest))  # "www.": "The Courier (www.courier.example)"
    return Authorship(tuple(persons.values()), agency, bureau)


def _cased(name: str) -> str:
    """Return a name that is written in capitals as others write it: JO VAN DER DOE, O'BRIEN, JK MCROE."""
    if not name.isupper() or " " not in name:
        return name
    made = [
        word
        if _INITIALS.fullmatch(word)
        else word.lower()
        if word.lower() in _PARTICLES
        else _MC.sub(_upper, word.title())
        for word in name.split()
    ]
    return " ".join(made)


def _upper(match: re.Match[str]) -> str:
    return match[0].upper()


def _parts(plain: str, words: _Words, known: ExtractConfig) -> Iterator[str]:
    """Yield what stands between commas, conjunctions and marks in a byline."""
    whole = credited_agency(plain, known.agencies)
    for given in [plain] if whole else _SPLIT.split(_NOISE.sub(" ; ", plain)):
        if _PICTURES.match(given.strip()):
            continue
        part = words.by.sub("", given.strip(), count=1).strip(" ,:-–—*\"'【】「」")
        pieces = re.split(r"\s*/\s*", part)
        agencies = any(agency_of(piece, known.agencies) for piece in pieces)
        yield from pieces if len(pieces) > 1 and agencies and not credited_agency(part, known.agencies) else [part]


def _without_agency(part: str, known: ExtractConfig) -> tuple[str | None, str]:
    """Return the agency that stands right before or after a name, and the rest ("JO DOE Associated Press")."""
    agency = agency_pattern(known.agencies)
    found = re.match(rf"(?P<agency>{agency})\s+(?P<rest>.+)|(?P<rest2>.+)\s(?P<agency2>{agency})$", part)
    if not found:
        return None, part
    name = agency_of(found["agency"] or found["agency2"], known.agencies)
    return name, found["rest"] or found["rest2"]


def _bare(part: str, words: _Words) -> str:
    """Return a name without its role, the place where it was written and a last full stop."""
    part = _without_role(part, words)
    place = _FROM_PLACE.search(part)
    if place and len(part[: place.start()].split()) >= _FULL_NAME:
        part = part[: place.start()]
    return part if _INITIAL.search(part) else part.rstrip(".")


def find_signature(lines: Sequence[str], known: ExtractConfig, sites: frozenset[str]) -> Authorship:
    """Return whom a byline in the text itself names: "By …" above it, or a name alone as its last line."""
    for line in lines[:_TOP]:
        if made := parse_byline(line, known, sites):
            return made
    last = lines[-1] if lines else ""
    if len(last) <= _MAX_NAME and len(last.split()) in _NAME_WORDS and all(map(_NAME_WORD.fullmatch, last.split())):
        return clean_names([last], known, sites)
    return Authorship()


def parse_byline(line: str, known: ExtractConfig, sites: frozenset[str] = frozenset()) -> Authorship | None:
    """Return whom a line of its own names: "By Jo Doe"; None where it is none."""
    if len(line.split()) > _BYLINE_WORDS or line.endswith(".") or not _words(known.phrases).by.match(line):
        return None
    made = clean_names([line], known, sites)
    return made if made.persons or made.agency else None


class _Words(NamedTuple):
    by: re.Pattern[str]
    role: re.Pattern[str]
    bureau: re.Pattern[str]
    label: re.Pattern[str]
    editor: re.Pattern[str]
    cities: frozenset[str]


@functools.lru_cache(maxsize=8)
def _words(phrases: Phrases) -> _Words:
    def any_of(words: Iterable[str]) -> str:
        return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or r"(?!)"

    by, beats = any_of(phrases.by), rf"(?:(?:{any_of(phrases.beats)})\s+)*"
    return _Words(
        # at the start; or, with a capital, after what stands before it ("Economy desk By Jane Doe")
        by=re.compile(rf"^(?:{by})(?:\s*:\s*|\s+|$)|^.*\s(?:By|Von|Por|Par)\s+(?=[A-ZÀ-Þ])"),
        # names are written together with roles in scripts without spaces
        role=re.compile(
            rf"(?<!\w){beats}(?:{any_of(phrases.roles)})(?!\w)|{any_of(phrases.joined_roles)}", re.IGNORECASE
        ),
        bureau=re.compile(rf"(?<!\w)(?:{any_of(phrases.bureaus)})(?!\w)", re.IGNORECASE),
        label=re.compile(rf"(?:{any_of(phrases.labelled)})\s*:?\s+(?:{_NAME_WORD.pattern}\s?){{2,4}}$"),
        editor=re.compile(rf"(?:{any_of(phrases.editors)})\s*:\s*"),
        cities=frozenset(fold(city) for city in phrases.cities),
    )


def _without_role(part: str, words: _Words) -> str:
    """Return the name in ``part`` without a role right before or after it, where just a name is left."""
    found = words.role.search(part)
    if not found or found[0] in _REPORTS:
        return part
    for rest in (part[: found.start()].strip(" -–:"), part[found.end() :].strip(" -–:")):
        name = [word for word in rest.split() if word not in _PARTICLES]
        if (len(name) == _FULL_NAME and all(map(_NAME_WORD.fullmatch, name))) or _CJK_NAME.fullmatch(rest):
            return rest
    return part


def _is_person(part: str, words: _Words, sites: frozenset[str]) -> bool:
    if fold(part) in words.cities or fold(part) in _LONE or part.lower().startswith("the "):
        return False
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
