"""Trim, split and drop names that a network finds in an English text.

What comes out is in order, without overlaps, and each span is one whole name.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from pipeline.enrich.knowledge.lexicon import Lexicon
from pipeline.enrich.knowledge.tokens import fold_word
from pipeline.enrich.recogniser import Span
from pipeline.records import EntityType

# Web and mail addresses, with or without their scheme, and names of accounts.
_ADDRESS = re.compile(
    r"\bhttps?://\S+|\bwww\.\S+|(?<!\S)@\w+|\b[\w.+-]{1,64}@[\w.-]+"
    r"|\b(?:[\w-]{1,63}\.){1,4}(?:com|org|net|gov|edu|info|int|(?:co|com|org|ac|gov)\.[a-z]{2})\b(?:/\S*)?",
    re.IGNORECASE,
)
# A part that each of them has, so that most texts are searched once and quickly.
_PART_OF_ADDRESS = re.compile(r"@|://|www\.|\.(?:com|org|net|gov|edu|info|int|co|ac)\b", re.IGNORECASE)
_WORD = re.compile(r"\S+\s*")
# An article that a hyphen joins to the name: "al-Qaeda".
_ARTICLE = re.compile(r"(?<![\w-])(?:[ae]l|a[dnrstz]|ash|ul)[-‑]$", re.IGNORECASE)
_DEFINED = re.compile(r"\s*\((?P<short>[^()]*)\)?$")
_OWNED = re.compile(r"(?P<owner>[^'’]+)['’]s?\s+(?=[A-Z])")
# Behind a dateline's place: "WASHINGTON - Congress".
_DASH = re.compile(r"\s[-‐‑–—]\s+")
_BOTH = re.compile(r"[,;]\s|\s(?:and|or)\s")
# Words between two places, "Bamako for Gao"; not those that stand inside names of places.
_BETWEEN = re.compile(
    r"\s(?:(?!(?:of|the|de|la|del|le|les|el|al|du|da|do|di|am|im|an|der|sur|upon|on|in|by|y|e)\s)[a-z]+\s)+(?=[A-Z])"
)
_NOUN = re.compile(r"(?:\s+[a-z]+)+$")
# Given names, the nickname, and the first letter of the surname: "Rohan “Bama” Davey".
_NICKNAME = re.compile(
    r"[A-Z][\w.]*(?: [A-Z][\w.]*){0,2} "
    r"(?:\"[A-Z][\w ]{1,20}\"|“[A-Z][\w ]{1,20}”|['‘][A-Z]\w{1,20}['’]) (?P<last>[A-Z])"
)
# A text of fewer characters may be a message or comment, often written without capitals; its first characters show how
# it is written; this share of its sentences may begin with a small letter ("iPhones sell well").
_LONG, _SAMPLE, _CARELESS = 500, 5000, 0.1
_SENTENCE = re.compile(r"(?:^|[.!?]\s|\n)[\s\"'“”‘’(\[]*([^\W\d_])")
_SMALL_I = re.compile(r"(?<![\w.'’-])i(?![\w.'’-])")
_LONGEST_ARTICLE = 4
_LEGAL = re.compile(r"(?:,?[ ](?:Inc|Ltd|LLC|Corp|plc|PLC)\b)?(?:(?<=[ ]Inc|[ ]Ltd)\.|(?<=[ ]Corp)\.)?")
_LEAD = re.compile(r"(?:[^\w]+|(?:of|and|for|in|at|on|to|by|with|mainland|occupied)\s+|[a-z]+,\s+|(?<=['’])s\s+)+")
# An office with "of": "the governor of Georgia" names a place.
_OFFICE = re.compile(r"[a-z]\s+of\s+$")
_SMALL_END = re.compile(r"(?:\s+(?:of|and|for|the|in|at|on|to|by|with))+$")
# Sums of money ("Sh380 million"), times of zones, eras, Roman numbers, party and state of a member of congress
# ("D-N.M.").
_NO_NAME = re.compile(
    r"(?:[A-Z][a-z]{1,2}|K[Ss]h|RM|US|NZ|AU|HK|CA)\d[\d.,]*|GMT|UTC|B\.?C\.?(?:E\.?)?|[CEP][SD]T|BST|IST|[IVX]{2,5}|[DRI]-[A-Z][\w.-]*"
)
_ROAD = re.compile(r"[ABEM]\d{1,4}")
# A word before a name that says where its bearer sits or whose it is: "Britain-based Observatory".
_BASED = re.compile(r"[^\W\d_][\w.’']*[-‑](?:based|born|backed|led|run|linked|owned|controlled|held|listed|bound)\s+")
_GENERAL = re.compile(r"\w+[-‑]General", re.IGNORECASE)
# A legal form ends a firm's name: "Rostera Inc. of Austin".
_SEAT = re.compile(r"(?<=\s)(?:Inc|Corp|Ltd|LLC|plc|PLC|GmbH|AG)\b\.?(?P<seat>,?\s+(?:of|in)\s.*)$")
# Laws and treaties are no organisations; their type is EVENT, in the word lists too.
_DOCUMENTS = frozenset("agreement treaty accord accords pact protocol convention act bill constitution".split())
# The second syllable of a Korean or Chinese given name: "Kim Jong-un"; not "Ann Lee-led".
_SYLLABLE = re.compile(r"[-‑](?!(?:led|run|born|era|like|held|free|type)\b)[a-z]{1,5}(?![\w-])")
_JUNIOR = re.compile(r"(?:,?[ ](?:Jr|Sr)\b)?(?:(?<=[ ][JS]r)\.)?")


def join_nicknames(text: str, spans: Sequence[Span]) -> list[Span]:
    """Join the parts of people's names over the nickname between them: "Rohan “Bama” Davey"."""
    joined: list[Span] = []
    waiting = deque(spans)
    while waiting:
        span = waiting.popleft()
        if span.type is EntityType.PERSON and (nick := _NICKNAME.match(text, span.start)):
            surname_start = nick.start("last")
            last = next((s for s in waiting if s.end > surname_start), span)
            if span.end <= surname_start and last.start <= surname_start and last.type is EntityType.PERSON:
                span = span._replace(end=last.end)
                while waiting and waiting[0].start < span.end:
                    waiting.popleft()
        joined.append(span)
    return joined


def find_addresses(text: str) -> list[tuple[int, int]]:
    """Return where web and mail addresses stand (start, end): their words are no names."""
    if not _PART_OF_ADDRESS.search(text):
        return []
    return [match.span() for match in _ADDRESS.finditer(text)]


def trim_names(
    text: str,
    spans: Sequence[Span],
    lexicon: Lexicon,
    sole_type: Callable[[str], EntityType | None] = lambda _name: None,
    is_toponym: Callable[[str], bool] = lambda _name: False,
) -> Iterator[Span]:
    """Yield the names, in order, whole and without titles; mere titles, small words and sums of money are left out.

    Args:
        text: the text that the spans belong to.
        spans: names that the network finds, in order.
        lexicon: word lists.
        sole_type: gives the only type that is known under a name; a name that has one is a name, whatever it looks
            like.
        is_toponym: tells whether any place has the name.
    """
    last, careful = 0, _is_careful(text)
    for span in (
        part for whole_span in spans for part in _split_span(text, whole_span, sole_type, is_toponym, lexicon)
    ):
        start, end, entity_type = _name_start(text, span, lexicon), _name_end(text, span, lexicon, sole_type), span.type
        if (
            entity_type is EntityType.PERSON
            and _OFFICE.search(text[span.start : start])
            and is_toponym(text[start:end])
        ):
            entity_type = EntityType.PLACE
        if entity_type is EntityType.ORG and _is_document(text[start:end]):
            entity_type = EntityType.EVENT
        is_named = sole_type(text[start:end]) or _is_name(text[start:end], entity_type, lexicon, careful=careful)
        if start >= last and end - start > 1 and is_named and not text.startswith("$", end):
            yield Span(start, end, entity_type)
            last = end


def _is_document(name: str) -> bool:
    """Tell whether a name of several words is that of a law or treaty: "Paris Agreement", "Treaty of Waitangi"."""
    words = [fold_word(word) for word in name.split()]
    return len(words) > 1 and (words[-1] in _DOCUMENTS or (words[0] in _DOCUMENTS and words[1] in {"of", "on"}))


def _split_span(
    text: str,
    span: Span,
    sole_type: Callable[[str], EntityType | None],
    is_toponym: Callable[[str], bool],
    lexicon: Lexicon,
) -> Iterator[Span]:
    """Yield the names that were taken for one: "Harbour Watch (HW", "Gary, Ind.", "Kenya's Ministry of Health"."""
    while (parted := _split_point(text[span.start : span.end], span.type, sole_type, is_toponym, lexicon)) is not None:
        cut, next_start, entity_type = parted
        yield Span(span.start, span.start + cut, entity_type)
        span = span._replace(start=span.start + next_start)
    yield span


def _split_point(
    name: str,
    entity_type: EntityType,
    sole_type: Callable[[str], EntityType | None],
    is_toponym: Callable[[str], bool],
    lexicon: Lexicon,
) -> tuple[int, int, EntityType] | None:
    """Return where the first of several names ends, where the next starts, and the first one's type; None for one name.

    Both are characters of ``name``.
    """
    if (short := _DEFINED.search(name)) and short.start() > 0 and (short["short"].isupper() or name[-1] != ")"):
        return short.start(), short.start("short"), entity_type
    if (dash := _DASH.search(name)) and dash.start() > 0:
        return dash.start(), dash.end(), EntityType.PLACE if is_toponym(name[: dash.start()]) else entity_type
    if entity_type is EntityType.PLACE:
        return _split_places(name, is_toponym)
    if entity_type is EntityType.PERSON and (first := _WORD.match(name)) and (second := _WORD.match(name, first.end())):
        titled = sole_type(first[0].strip()) is EntityType.GROUP and fold_word(second[0].rstrip()) in lexicon.titles
        return (len(first[0].rstrip()), first.end(), EntityType.GROUP) if titled else None
    if entity_type is EntityType.ORG and (owned := _OWNED.match(name)) and not sole_type(name):
        owner = sole_type(owned["owner"]) is EntityType.PLACE
        return (owned.end("owner"), owned.end(), EntityType.PLACE) if owner else None
    return None


def _split_places(name: str, is_toponym: Callable[[str], bool]) -> tuple[int, int, EntityType] | None:
    """Return the same as ``_split_point`` for a place."""
    if (two := _BETWEEN.search(name)) and is_toponym(name[: two.start()]):
        return two.start(), two.end(), EntityType.PLACE
    if (two := _BOTH.search(name)) and two.start() > 0 and not is_toponym(name):
        comma = two[0][0] in ",;"
        if comma or (is_toponym(name[: two.start()]) and is_toponym(name[two.end() :])):
            return two.start(), two.end(), EntityType.PLACE
    return None


def _is_careful(text: str) -> bool:
    """Tell whether a text has capitals where English has them, as edited texts do."""
    starts = _SENTENCE.findall(text[:_SAMPLE])
    small = sum(letter.islower() for letter in starts)
    return len(text) >= _LONG and small <= _CARELESS * len(starts) and not _SMALL_I.search(text[:_SAMPLE])


def _is_name(name: str, entity_type: EntityType, lexicon: Lexicon, *, careful: bool) -> bool:
    """Tell whether words may be a name; ``careful`` texts write all names but peoples and parties with a capital."""
    words = [fold_word(word) for word in name.split()]
    if not name.isupper() and all(word in lexicon.stop for word in words):
        return False
    titles = words[-1] in lexicon.titles and all(w in lexicon.titles or w in lexicon.title_parts for w in words)
    if titles and (len(words) > 1 or entity_type is EntityType.ORG):
        return False
    if _NO_NAME.fullmatch(name) or (entity_type is not EntityType.PLACE and _ROAD.fullmatch(name)):
        return False
    return (
        not careful
        or entity_type is EntityType.GROUP
        or any(c.isupper() or (c.isalpha() and not c.islower()) for c in name)
    )


def _name_start(text: str, span: Span, lexicon: Lexicon) -> int:
    """Return where a name starts: behind its titles, with the article that a hyphen joins to it."""
    lead = _LEAD.match(text, span.start, span.end)
    start = lead.end() if lead else span.start
    if based := _BASED.match(text, start, span.end):
        start = based.end()
    while span.type is EntityType.PERSON and (word := _WORD.match(text, start, span.end)):
        if fold_word(word.group().rstrip()) not in lexicon.titles:
            break
        start = word.end()
    if lead := _LEAD.match(text, start, span.end):
        start = lead.end()
    article = _ARTICLE.search(text, max(0, start - _LONGEST_ARTICLE), start)
    return article.start() if article and span.type is not EntityType.GROUP else start


def _without_office(name: str, lexicon: Lexicon, sole_type: Callable[[str], EntityType | None]) -> str:
    """Return an organisation's name without the office that a person has in it: "National Assembly Speaker"."""
    words = name.split()
    size = len(words)
    while size > 1 and (_GENERAL.fullmatch(words[size - 1]) or fold_word(words[size - 1]) in lexicon.titles):
        size -= 1
    shortened = " ".join(words[:size])
    last = fold_word(shortened.rpartition(" ")[2])
    is_organisation = shortened.isupper() or last in lexicon.org_tails or sole_type(shortened) is EntityType.ORG
    return shortened if is_organisation and name.startswith(shortened) else name


def _without_noun(name: str, lexicon: Lexicon) -> str:
    """Return a place's name without what stands in it: "Lima" for "Lima opera"; "Opera village" is a name as it is."""
    noun = _NOUN.search(name)
    if not noun or noun[0].split()[-1] in lexicon.place_tails or name.islower():
        return name
    return name[: noun.start()]


def _name_end(text: str, span: Span, lexicon: Lexicon, sole_type: Callable[[str], EntityType | None]) -> int:
    """Return where a name ends: behind its legal form, "Jr." or second syllable, before small words."""
    name = _SMALL_END.sub("", text[span.start : span.end])
    if name.count(")") > name.count("("):
        name = name.removesuffix(")")
    if span.type is EntityType.ORG and (seat := _SEAT.search(name)):
        name = name[: seat.start("seat")]
    if span.type is EntityType.ORG and not sole_type(name):
        name = _without_office(name, lexicon, sole_type)
    noun = _NOUN.search(name) if span.type is EntityType.ORG and not sole_type(name) else None
    if noun and sole_type(name[: noun.start()]) is EntityType.ORG:
        name = name[: noun.start()]  # "the United Nations food" of "the United Nations food agency"
    if span.type is EntityType.PLACE and not sole_type(name):
        name = _without_noun(name, lexicon)
    if name and len(name) < span.end - span.start:
        return span.start + len(name)
    suffix_pattern = {EntityType.ORG: _LEGAL, EntityType.PERSON: _JUNIOR}.get(span.type)
    if (
        span.type is EntityType.PERSON
        and " " in name
        and (syllable := _SYLLABLE.match(text, span.end - name.endswith("-")))
    ):
        return syllable.end()
    suffix = suffix_pattern.match(text, span.end) if suffix_pattern else None
    return suffix.end() if suffix else span.end
