"""Decide who wrote an article: its persons, split and cleaned; apart, the agency and the bureau.

The first source that names a person decides; no name is joined from two sources.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pipeline import gazetteer
from pipeline.extract import jsonld
from pipeline.extract.agencies import agency_of, agency_pattern, credited_agency
from pipeline.extract.article_head import head_blocks, headline_keys
from pipeline.extract.blocks import Block
from pipeline.extract.byline_parts import is_short_form, spell_out, split_byline, turn_around
from pipeline.extract.config import ExtractConfig, Phrases, config_in
from pipeline.extract.page_signals import PageSignals
from pipeline.extract.text_repair import repair_text
from pipeline.text import fold

_META = (
    "author", "parsely-author", "article:author", "og:article:author", "og:author", "dc.creator", "dcterms.creator",
    "sailthru.author", "cxenseparse:author", "byl", "creator", "authors", "article:author_name", "article.author",
)  # fmt: skip
_BRACKETS = re.compile(r"[(\[]([^()\[\]]{1,200})[)\]]")
_WITH = re.compile(r"^(?:with|mit|avec|con|com)\s+", re.IGNORECASE)
_FROM_LOCATION = re.compile(r"\s(in|aus|à|en|från|fra|da)\s([A-ZÀ-Þ][\w' -]*)$")  # "Jo Doe in London"
_INITIAL = re.compile(r"(?:^|[\s.])[^\W\d_]\.$|\b(?:Jr|Sr)\.$")
_IN_LOCATION = re.compile(r"\s(?:in|at|à|a|en)\s[A-ZÀ-Þ].*$")  # "Associated Press in Valencia"
_MAX_WORDS = 5  # of a person's name; longer parts are descriptions ("professor at the University of …")
_BYLINE_LINES = 6  # lines above the text: kicker, headline, standfirst, times
MAX_BYLINE_WORDS = 12  # three names with their conjunction, and a desk or bureau
_NAME_WORD = re.compile(r"[^\W\d_a-zà-öø-ÿ][^\W\d_]+(?:-[^\W\d_]+)?")
_NAME_WORDS = range(2, 5)  # of a name that signs a text at its end
_PARTICLES = frozenset(
    "de der den van von zu zum da do dos das del della di du la le el al bin ibn ter ten af av y e".split()
)
_NOT_NAMES = frozenset(
    "from with by von mit de avec par con por di da door met av af med".split()
)  # "From Reuters, Geneva"
_REPORTS = frozenset({"報導", "报道", "報道", "綜合"})  # "reports", after a place as often as after a name
_PICTURES = re.compile(r"(?:photo|foto|bild|grafik|grafika|illustration|video|zdj|фото|写真)\w*\s*:", re.IGNORECASE)
_INITIALS = re.compile(r"[^\W\d_]|(?:[^\W\d_]\.-?){1,3}|[B-DF-HJ-NP-TV-XZ]{2}")  # "A", "J.R.", "JK"; not "JO"
_MC_CAPITALS = re.compile(r"\b(?:Mc|Mac)(?=[A-Z])")
_MC = re.compile(r"(?<=\bMc)[a-z]")
_SIGNED = re.compile(r"^\s*[-–—(]+\s*|\s*\)\s*$")
_FULL_NAME = 2  # words; three beside a role may be a role of two words ("Jo Doe Political Correspondent")
_CJK_NAME = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{2,8}(?:[ 　][\u3400-\u9fff]{1,4})?|[\uac00-\ud7af]{2,4}")
_HAN_PHRASE = re.compile(r"[\u3400-\u9fff]{4,}")  # longer than a name: it needs nothing between itself and one
_BRACKETED_END = re.compile(r"[（(【［]([^（）()【】［］]{3,40})[）)】］]$")
_JAPANESE_NAME = re.compile(
    r"[\u3400-\u9fff々]{1,3}[ 　]?(?:[\u3400-\u9fff々]{1,3}|[\u3040-\u309f]{2,4}|[\u30a0-\u30ff]{2,4})(?<=.{3})"
)
_GEORGIAN = re.compile(r"[\u10d0-\u10ff]")
_MAX_CODE = 9  # characters: reporters sign short pieces with codes in small letters ("dmk", "srf/hosb")
_MAX_NAME = 60  # characters


class Authorship(NamedTuple):
    """Who wrote an article, and for whom."""

    persons: tuple[str, ...] = ()
    agency: str | None = None
    bureau: str | None = None


def choose_authors(
    signals: PageSignals,
    config: ExtractConfig,
    sites: frozenset[str],
    feed: Iterable[str] = (),
    blocks: Sequence[Block] = (),
) -> Authorship:
    """Return the authorship of a page: the first source that names a person.

    The order: JSON-LD (which names each person apart, and companies as such), meta elements (which often join them),
    marked bylines (which carry roles), the visible lines between the headline and the text, the feed.
    Initials and codes ("A. Ruiz", "aru") give way to the full name that another source states. Agencies and bureaus are
    taken from all sources up to the one that names a person. A person whom the page itself
    calls its editor isn't believed to be the author where a byline names somebody else.

    Args:
        signals: what the page says of itself.
        config: the lists of phrases and agencies.
        sites: folded names of the outlet itself, which aren't persons.
        feed: the authors that the feed names.
        blocks: the page's blocks.
    """
    people = jsonld.list_people(signals.article, signals.jsonld)
    companies = clean_names([name for name, company in people if company], config, sites)
    agency, bureau = companies.agency, companies.bureau
    marked = _signed_or_all(signals.bylines, config)
    data = [[name for name, company in people if not company], *(signals.meta.get(name, []) for name in _META)]
    groups = [[_spoken(name, config) for name in names] for names in data]
    editors = [group for group in groups if group and _are_editors(group, marked, blocks, config)]
    groups = [group for group in groups if group not in editors]
    visible = [marked, _visible_byline(signals, blocks, config)]
    spoken = config_in(config, signals.language)
    all_persons = [
        *(clean_names(group, config, sites) for group in groups),
        *(clean_names(group, spoken, sites) for group in visible),
        *(clean_names(group, config, sites) for group in (list(feed), *editors)),
    ]
    known = [name for authorship in all_persons for name in authorship.persons]
    fallback: tuple[str, ...] = ()
    for authorship in all_persons:
        agency, bureau = agency or authorship.agency, bureau or authorship.bureau
        persons = tuple(dict.fromkeys(spell_out(name, known) for name in authorship.persons))
        if any(not is_short_form(name) for name in persons):
            return Authorship(persons, agency, bureau)
        fallback = fallback or persons
    return Authorship(fallback, agency, bureau)


def _spoken(names: str, config: ExtractConfig) -> str:
    """Return names that data give surname first ("Ruiz, Ana; Lind, Bo") in the order in which they are spoken."""
    words = _words(config.phrases)
    turned = []
    for name in names.split(";"):
        behind = name.rpartition(",")[2].strip()
        person = _is_person(behind, words, frozenset()) and not agency_of(behind, config.agencies)
        turned.append(turn_around(name.strip()) if person else name)
    return ";".join(turned)


def _signed_or_all(texts: Sequence[str], config: ExtractConfig) -> list[str]:
    """Return those of ``texts`` that say "By …", all where none does: the others may be logos or dates."""
    by = _words(config.phrases).by
    return [text for text in texts if by.match(text) and by.sub("", text, count=1).strip()] or list(texts)


def _are_editors(names: Sequence[str], marked: Sequence[str], blocks: Sequence[Block], config: ExtractConfig) -> bool:
    """Tell whether the page says "Editor: …" of all ``names`` and its byline names others."""
    shown = {fold(text) for text in marked}
    if not shown or any(fold(name) in text for name in names for text in shown):
        return False
    label = _words(config.phrases).editor
    editors = {fold(label.sub("", block.text, count=1)) for block in blocks if label.match(block.text)}
    return all(fold(name) in editors for name in names)


def _visible_byline(signals: PageSignals, blocks: Sequence[Block], config: ExtractConfig) -> list[str]:
    """Return the visible byline: a line between headline and text that says "By …" or links to a page about an author.

    Where there is none, the one line of the page that is labelled so ("Author: …") is it.
    """
    words = _words(config.phrases)
    head = [block.text for block in head_blocks(blocks, headline_keys(signals))]
    signed = [text for text in head if len(text.split()) <= MAX_BYLINE_WORDS and words.by.match(text)]
    if signed:
        return signed[:1]  # the next one may belong to a picture or to a first paragraph of one's own
    if linked := [text for text in signals.author_links if any(text in line for line in head)]:
        return linked
    labelled = {block.text for block in blocks if len(block.text) <= _MAX_NAME and words.label.match(block.text)}
    return list(labelled) if len(labelled) == 1 else []


def clean_names(names: Iterable[str], config: ExtractConfig, sites: frozenset[str] = frozenset()) -> Authorship:
    """Return the persons in ``names``, without repetitions and in order, the first agency and the first bureau.

    ``sites`` are folded names of the outlet itself: they aren't persons.
    """
    persons: dict[str, str] = {}
    agency = bureau = None
    words = _words(config.phrases)
    for name in names:
        plain, persons_above = words.by.sub("", repair_text(name), count=1), len(persons)
        for inside in _BRACKETS.findall(plain):
            agency = agency or credited_agency(_WITH.sub("", inside), config.agencies)
        for part in _parts(plain, words, config):
            if credited := credited_agency(_IN_LOCATION.sub("", part), config.agencies):
                agency = agency or credited
                continue
            credited, person = _split_agency(part, config)
            agency = agency or credited
            if words.bureau.search(person):
                bureau = bureau if len(persons) > persons_above and words.role.fullmatch(person) else bureau or part
            elif "www." not in plain and _is_person(person := _bare_name(person, words), words, sites):
                persons.setdefault(fold(person), _normal_case(person))  # "www.": "The Courier (www.courier.example)"
    named = [person for person in persons.values() if len(persons) == 1 or not _is_city(person)]
    return Authorship(tuple(named), agency, bureau)


def _is_city(part: str) -> bool:
    """Tell whether a single word is the name of a city, which beside a name is no author: "Ana Ruiz, Bristol"."""
    return " " not in part and not part[:1].islower() and part.casefold() in gazetteer.load_city_names()


def _normal_case(name: str) -> str:
    """Return a name without its capitals where it is written in them: JO VAN DER DOE, O'BRIEN, JK MCROE."""
    if not _MC_CAPITALS.sub("", name).isupper() or " " not in name:
        return name
    return " ".join(map(_normal_case_word, name.split()))


def _normal_case_word(word: str) -> str:
    if _INITIALS.fullmatch(word):
        return word
    return word.lower() if word.lower() in _PARTICLES else _MC.sub(_upper, word.title())


def _upper(match: re.Match[str]) -> str:
    return match[0].upper()


def _parts(plain: str, words: _Words, config: ExtractConfig) -> Iterator[str]:
    """Yield the parts of a byline between commas, conjunctions and marks."""
    whole = credited_agency(plain, config.agencies)
    for raw_part in [plain] if whole else split_byline(plain, config.phrases):
        if _PICTURES.match(raw_part):
            continue
        part = words.by.sub("", raw_part, count=1).strip(" ,:-–—*\"'【】「」")
        pieces = re.split(r"\s*/\s*", part)
        agencies = any(agency_of(piece, config.agencies) for piece in pieces)
        yield from pieces if len(pieces) > 1 and agencies and not credited_agency(part, config.agencies) else [part]


def _split_agency(part: str, config: ExtractConfig) -> tuple[str | None, str]:
    """Return the agency that stands right before or after a name, and the name ("JO DOE Associated Press")."""
    agency = agency_pattern(config.agencies)
    match = re.match(rf"(?P<agency>{agency})\s+(?P<name>.+)|(?P<name2>.+)\s(?P<agency2>{agency})$", part)
    if not match:
        return None, part
    return agency_of(match["agency"] or match["agency2"], config.agencies), match["name"] or match["name2"]


def _bare_name(part: str, words: _Words) -> str:
    """Return a name without its role, the location it reports from and a last full stop."""
    part = _without_role(part, words)
    location = _FROM_LOCATION.search(part)
    named = location is not None and (location[1] != "da" or fold(location[2]) in words.cities)  # Jo Doe da Silva
    if location and named and len(part[: location.start()].split()) >= _FULL_NAME:
        part = part[: location.start()]
    return part if _INITIAL.search(part) else part.rstrip(".")


def find_text_byline(lines: Sequence[str], config: ExtractConfig, sites: frozenset[str]) -> Authorship:
    """Return the authorship that the text itself states: "By …" in its first lines, or who signs it at its end."""
    for line in lines[:_BYLINE_LINES]:
        if authorship := parse_byline(line, config, sites):
            return authorship
    if signed := _japanese_signature(lines[-1] if lines else "", config.phrases):
        return clean_names(signed, config, sites)
    last = _SIGNED.sub("", lines[-1]).strip() if lines else ""  # — Ana Ruiz; (Ana Ruiz)
    if len(last) <= _MAX_NAME and len(last.split()) in _NAME_WORDS and all(map(_NAME_WORD.fullmatch, last.split())):
        return clean_names([last], config, sites)
    return Authorship()


def _japanese_signature(line: str, phrases: Phrases) -> list[str]:
    """Return the names in the brackets that end a Japanese text: （山田太郎、佐藤花子）; [] where others stand there.

    They begin with common surnames, so that notes of editors ("titles omitted") aren't taken for names.
    """
    match = _BRACKETED_END.search(line)
    names = re.split(r"[、，・]", match[1]) if match else []
    surnames = tuple(phrases.japanese_surnames)
    signed = all(_JAPANESE_NAME.fullmatch(name) and name.startswith(surnames) for name in names)
    return names if signed else []


def parse_byline(line: str, config: ExtractConfig, sites: frozenset[str] = frozenset()) -> Authorship | None:
    """Return the authorship that a line states by itself: "By Jo Doe"; None where the line is no byline."""
    if len(line.split()) > MAX_BYLINE_WORDS or line.endswith(".") or not _words(config.phrases).by.match(line):
        return None
    authorship = clean_names([line], config, sites)
    return authorship if authorship.persons or authorship.agency else None


class _Words(NamedTuple):
    by: re.Pattern[str]
    role: re.Pattern[str]
    bureau: re.Pattern[str]
    label: re.Pattern[str]
    editor: re.Pattern[str]
    cities: frozenset[str]
    accounts: frozenset[str]
    joins: frozenset[str]


@functools.lru_cache(maxsize=8)
def _words(phrases: Phrases) -> _Words:
    def any_of(words: Iterable[str]) -> str:
        return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or r"(?!)"

    by, beats = any_of(phrases.by), rf"(?:(?:{any_of(phrases.beats)})\s+)*"
    return _Words(
        # at the start; or, with a capital, after what stands before it ("Economy desk By Jane Doe")
        by=re.compile(
            rf"^{_text_kinds(any_of(phrases.text_kinds), any_of(phrases.other_labels), any_of(phrases.joins))}"
            rf"|^(?:(?:{by})(?:\s*[:：/]\s*|\s+|$)|(?:{any_of(phrases.by_labels)})(?:\s*[:：/／|｜＝・՝]\s*|\s+[–—-]\s+)"
            rf"|(?:{any_of(phrase for phrase in phrases.by if _HAN_PHRASE.fullmatch(phrase))})"
            r"|[\u3400-\u9fff]{1,6}[社报報网網台](?:记者|記者)[\s:：]+)"
            r"|^.*\s(?:By|Von|Por|Par)\s+(?=[A-ZÀ-Þ])"
        ),
        # names are written together with roles in scripts without spaces
        role=re.compile(
            rf"(?<!\w){beats}(?:{any_of(phrases.roles)})(?!\w)|{any_of(phrases.joined_roles)}", re.IGNORECASE
        ),
        bureau=re.compile(rf"(?<!\w)(?:{any_of(phrases.bureaus)})(?!\w)", re.IGNORECASE),
        label=re.compile(rf"(?:{any_of(phrases.labelled)})\s*:?\s+(?:{_NAME_WORD.pattern}\s?){{2,4}}$"),
        editor=re.compile(rf"(?:{any_of(phrases.editors)})\s*:\s*"),
        cities=frozenset(fold(city) for city in phrases.cities),
        accounts=frozenset(fold(account) for account in phrases.accounts),
        joins=frozenset(fold(join) for join in phrases.joins),
    )


def _text_kinds(kinds: str, pictures: str, joins: str) -> str:
    """Return a pattern for what a text is called before its author: "Guest post by", "Special for the Herald by"."""
    return (
        rf"(?i:(?:(?:an?|eine?|une?|una|uma?|en|ett)\s+)?(?:{kinds})(?:(?:\s*[,&/+]\s*|\s+(?:{joins})\s+|\s+)(?:{kinds}|{pictures}))*)"
        r"(?:\s+(?:for|to|para|pour|für|per)\s+(?:the\s+)?[A-Z]\S+(?:\s[A-Z]\S+){0,2})?"
        r"\s+(?:by|von|par|por|door|av|af|BY|VON|PAR|POR|de|di)\s+(?=[A-ZÀ-Þ])"
    )


def _without_role(part: str, words: _Words) -> str:
    """Return the name in ``part`` without a role right before or after it, where just a name is left."""
    role = words.role.search(part)
    if not role or role[0] in _REPORTS:
        return part
    for name in (part[: role.start()].strip(" -–:"), part[role.end() :].strip(" -–:")):
        name_words = [word for word in name.split() if word not in _PARTICLES]
        is_name = len(name_words) == _FULL_NAME and all(map(_NAME_WORD.fullmatch, name_words))
        if is_name or _CJK_NAME.fullmatch(name):
            return name
    return part


def _is_lower(text: str) -> bool:
    """Tell whether ``text`` has small letters alone; Georgian has no others in use."""
    return text.islower() and not _GEORGIAN.search(text)


def _is_person(part: str, words: _Words, sites: frozenset[str]) -> bool:
    if fold(part) in words.cities | words.accounts | words.joins | _NOT_NAMES or part.lower().startswith("the "):
        return False
    spoken = [word for word in part.split() if word not in _PARTICLES]
    if sum(map(_is_lower, spoken)) > 1 or len(spoken) > _MAX_WORDS:  # "experts on the bridge"
        return False
    if not part or len(part) > _MAX_NAME or any(char.isdigit() for char in part):
        return False
    folded = fold(part)
    squeezed = re.sub(r"\W+", "", folded)
    if not squeezed or any(squeezed == re.sub(r"\W+", "", site) for site in sites):
        return False
    if (
        re.search(r"\.(?:com|net|org|de|co|info|[a-z]{2})$", folded)
        or "_" in part
        or ":" in part
        or "：" in part
        or (_is_lower(part) and len(part) > _MAX_CODE)
    ):
        return False
    return not words.role.search(part) and (part[0].isalpha() or not part[0].isascii())
