"""What isn't a name in an English text, though a network takes it for one or for a part of one?"""

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
# What each of them holds, so that most texts are searched once and quickly.
_PART_OF_ADDRESS = re.compile(r"@|://|www\.|\.(?:com|org|net|gov|edu|info|int|co|ac)\b", re.IGNORECASE)
_WORD = re.compile(r"\S+\s*")
# What belongs to the name that it is joined to: "al-Qaeda", "Marvel Foods, Inc.", "Ann Lee, Jr.".
_ARTICLE = re.compile(r"(?<![\w-])(?:[ae]l|a[dnrstz]|ash|ul)[-‑]$", re.IGNORECASE)
_DEFINED = re.compile(r"\s*\((?P<short>[^()]*)\)?$")
_OWNED = re.compile(r"(?P<owner>[^'’]+)['’]s?\s+(?=[A-Z])")
# Behind the place where a report is from: "WASHINGTON - Congress".
_DASH = re.compile(r"\s[-‐‑–—]\s+")
_BOTH = re.compile(r"[,;]\s|\s(?:and|or)\s")
# Two places and what is said of them, "Bamako for Gao", not words that names of places hold.
_BETWEEN = re.compile(
    r"\s(?:(?!(?:of|the|de|la|del|le|les|el|al|du|da|do|di|am|im|an|der|sur|upon|on|in|by|y|e)\s)[a-z]+\s)+(?=[A-Z])"
)
_NOUN = re.compile(r"(?:\s+[a-z]+)+$")
# Given names, the nickname, and where the surname begins: "Rohan “Bama” Davey".
_NICKNAME = re.compile(
    r"[A-Z][\w.]*(?: [A-Z][\w.]*){0,2} "
    r"(?:\"[A-Z][\w ]{1,20}\"|“[A-Z][\w ]{1,20}”|['‘][A-Z]\w{1,20}['’]) (?P<last>[A-Z])"
)
# Messages and comments are shorter than this, and often without capitals; so much of a text shows how it is written,
# and as many of its sentences may begin with a small letter ("iPhones sell well").
_LONG, _SAMPLE, _CARELESS = 500, 5000, 0.1
_SENTENCE = re.compile(r"(?:^|[.!?]\s|\n)[\s\"'“”‘’(\[]*([^\W\d_])")
_SMALL_I = re.compile(r"(?<![\w.'’-])i(?![\w.'’-])")
_LONGEST_ARTICLE = 4
_LEGAL = re.compile(r"(?:,?[ ](?:Inc|Ltd|LLC|Corp|plc|PLC)\b)?(?:(?<=[ ]Inc|[ ]Ltd)\.|(?<=[ ]Corp)\.)?")
_LEAD = re.compile(r"(?:[^\w]+|(?:of|and|for|in|at|on|to|by|with|mainland|occupied)\s+|[a-z]+,\s+|(?<=['’])s\s+)+")
# Whose title it is: "the governor of Georgia" names a place.
_OFFICE = re.compile(r"[a-z]\s+of\s+$")
_SMALL_END = re.compile(r"(?:\s+(?:of|and|for|the|in|at|on|to|by|with))+$")
# Sums of money ("Sh380 million"), times of zones, eras, Roman numbers, party and state of a member of congress
# ("D-N.M.").
_NO_NAME = re.compile(
    r"(?:[A-Z][a-z]{1,2}|K[Ss]h|RM|US|NZ|AU|HK|CA)\d[\d.,]*|GMT|UTC|B\.?C\.?(?:E\.?)?|[CEP][SD]T|BST|IST|[IVX]{2,5}|[DRI]-[A-Z][\w.-]*"
)
_ROAD = re.compile(r"[ABEM]\d{1,4}")
# What stands before a name and tells where its bearer sits or whose it is: "Britain-based Observatory".
_BASED = re.compile(r"[^\W\d_][\w.’']*[-‑](?:based|born|backed|led|run|linked|owned|controlled|held|listed|bound)\s+")
_GENERAL = re.compile(r"\w+[-‑]General", re.IGNORECASE)
# A legal form ends a firm's name: "Rostera Inc. of Austin".
_SEAT = re.compile(r"(?<=\s)(?:Inc|Corp|Ltd|LLC|plc|PLC|GmbH|AG)\b\.?(?P<seat>,?\s+(?:of|in)\s.*)$")
# They are no organisations; of our types EVENT is theirs, in the word lists too.
_DOCUMENTS = frozenset("agreement treaty accord accords pact protocol convention act bill constitution".split())
# The second syllable of a Korean or Chinese given name: "Kim Jong-un"; not "Ann Lee-led".
_SYLLABLE = re.compile(r"[-‑](?!(?:led|run|born|era|like|held|free|type)\b)[a-z]{1,5}(?![\w-])")
_JUNIOR = re.compile(r"(?:,?[ ](?:Jr|Sr)\b)?(?:(?<=[ ][JS]r)\.)?")


def join_nicknames(text: str, spans: Sequence[Span]) -> list[Span]:
    """Return the names with a person's parts joined over the nickname between them: "Rohan “Bama” Davey"."""
    made: list[Span] = []
    rest = deque(spans)
    while rest:
        one = rest.popleft()
        if one.type is EntityType.PERSON and (nick := _NICKNAME.match(text, one.start)):
            at = nick.start("last")
            last = next((s for s in rest if s.end > at), one)
            if one.end <= at and last.start <= at and last.type is EntityType.PERSON:
                one = one._replace(end=last.end)
                while rest and rest[0].start < one.end:
                    rest.popleft()
        made.append(one)
    return made


def find_addresses(text: str) -> list[tuple[int, int]]:
    """Return where web and mail addresses stand, whose words name nobody."""
    if not _PART_OF_ADDRESS.search(text):
        return []
    return [match.span() for match in _ADDRESS.finditer(text)]


def trim_names(
    text: str,
    spans: Sequence[Span],
    lexicon: Lexicon,
    known: Callable[[str], EntityType | None] = lambda _name: None,
    is_place: Callable[[str], bool] = lambda _name: False,
) -> Iterator[Span]:
    """Yield the names, in order, whole and without titles; no such that are but a title, small words or a sum.

    ``known`` returns the type of what alone is called so: such a name is one, whatever it looks like. ``is_place``
    tells whether any place is called so.
    """
    last, careful = 0, _is_careful(text)
    for span in (part for one in spans for part in _parts(text, one, known, is_place, lexicon)):
        start, end, kind = _start(text, span, lexicon), _end(text, span, lexicon, known), span.type
        if kind is EntityType.PERSON and _OFFICE.search(text[span.start : start]) and is_place(text[start:end]):
            kind = EntityType.PLACE
        if kind is EntityType.ORG and _is_document(text[start:end]):
            kind = EntityType.EVENT
        named = known(text[start:end]) or _is_name(text[start:end], kind, lexicon, careful=careful)
        if start >= last and end - start > 1 and named and not text.startswith("$", end):
            yield Span(start, end, kind)
            last = end


def _is_document(name: str) -> bool:
    """Tell whether a name of several words is a law's or a treaty's: "Paris Agreement", "Treaty of Waitangi"."""
    words = [fold_word(word) for word in name.split()]
    return len(words) > 1 and (words[-1] in _DOCUMENTS or (words[0] in _DOCUMENTS and words[1] in {"of", "on"}))


def _parts(
    text: str, span: Span, known: Callable[[str], EntityType | None], is_place: Callable[[str], bool], lexicon: Lexicon
) -> Iterator[Span]:
    """Yield the names that were taken for one: "Harbour Watch (HW", "Gary, Ind.", "Kenya's Ministry of Health"."""
    while (parted := _parted(text[span.start : span.end], span.type, known, is_place, lexicon)) is not None:
        cut, then, kind = parted
        yield Span(span.start, span.start + cut, kind)
        span = span._replace(start=span.start + then)
    yield span


def _parted(
    name: str,
    kind: EntityType,
    known: Callable[[str], EntityType | None],
    is_place: Callable[[str], bool],
    lexicon: Lexicon,
) -> tuple[int, int, EntityType] | None:
    """Return where the first of several names ends, where the others start, and its type; None where it is one."""
    if (short := _DEFINED.search(name)) and short.start() > 0 and (short["short"].isupper() or name[-1] != ")"):
        return short.start(), short.start("short"), kind
    if (dash := _DASH.search(name)) and dash.start() > 0:
        return dash.start(), dash.end(), EntityType.PLACE if is_place(name[: dash.start()]) else kind
    if kind is EntityType.PLACE:
        return _two_places(name, is_place)
    if kind is EntityType.PERSON and (first := _WORD.match(name)) and (second := _WORD.match(name, first.end())):
        titled = known(first[0].strip()) is EntityType.GROUP and fold_word(second[0].rstrip()) in lexicon.titles
        return (len(first[0].rstrip()), first.end(), EntityType.GROUP) if titled else None
    if kind is EntityType.ORG and (owned := _OWNED.match(name)) and not known(name):
        owner = known(owned["owner"]) is EntityType.PLACE
        return (owned.end("owner"), owned.end(), EntityType.PLACE) if owner else None
    return None


def _two_places(name: str, is_place: Callable[[str], bool]) -> tuple[int, int, EntityType] | None:
    """Return the same for a place."""
    if (two := _BETWEEN.search(name)) and is_place(name[: two.start()]):
        return two.start(), two.end(), EntityType.PLACE
    if (two := _BOTH.search(name)) and two.start() > 0 and not is_place(name):
        comma = two[0][0] in ",;"
        if comma or (is_place(name[: two.start()]) and is_place(name[two.end() :])):
            return two.start(), two.end(), EntityType.PLACE
    return None


def _is_careful(text: str) -> bool:
    """Tell whether a text is written with capitals where English has them, as all that is edited is."""
    starts = _SENTENCE.findall(text[:_SAMPLE])
    small = sum(letter.islower() for letter in starts)
    return len(text) >= _LONG and small <= _CARELESS * len(starts) and not _SMALL_I.search(text[:_SAMPLE])


def _is_name(name: str, kind: EntityType, lexicon: Lexicon, *, careful: bool) -> bool:
    """Tell whether words may be a name: careful English writes all but peoples and parties with a capital."""
    words = [fold_word(word) for word in name.split()]
    if not name.isupper() and all(word in lexicon.stop for word in words):
        return False
    titles = words[-1] in lexicon.titles and all(w in lexicon.titles or w in lexicon.title_parts for w in words)
    if titles and (len(words) > 1 or kind is EntityType.ORG):
        return False
    if _NO_NAME.fullmatch(name) or (kind is not EntityType.PLACE and _ROAD.fullmatch(name)):
        return False
    return (
        not careful or kind is EntityType.GROUP or any(c.isupper() or (c.isalpha() and not c.islower()) for c in name)
    )


def _start(text: str, span: Span, lexicon: Lexicon) -> int:
    """Return where a name starts behind its titles, with the article that a hyphen joins to it."""
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


def _without_office(name: str, lexicon: Lexicon, known: Callable[[str], EntityType | None]) -> str:
    """Return an organisation's name without the office that somebody has in it: "National Assembly Speaker"."""
    words = name.split()
    size = len(words)
    while size > 1 and (_GENERAL.fullmatch(words[size - 1]) or fold_word(words[size - 1]) in lexicon.titles):
        size -= 1
    rest = " ".join(words[:size])
    last = fold_word(rest.rpartition(" ")[2])
    named = rest.isupper() or last in lexicon.org_tails or known(rest) is EntityType.ORG
    return rest if named and name.startswith(rest) else name


def _without_noun(name: str, lexicon: Lexicon) -> str:
    """Return a place's name without what is there: "Opera village" is one of its own, "Lima opera" is in Lima."""
    noun = _NOUN.search(name)
    if not noun or noun[0].split()[-1] in lexicon.place_tails or name.islower():
        return name
    return name[: noun.start()]


def _end(text: str, span: Span, lexicon: Lexicon, known: Callable[[str], EntityType | None]) -> int:
    """Return where a name ends, with its legal form or what tells the son from the father, not with small words."""
    kept = _SMALL_END.sub("", text[span.start : span.end])
    if kept.count(")") > kept.count("("):
        kept = kept.removesuffix(")")
    if span.type is EntityType.ORG and (seat := _SEAT.search(kept)):
        kept = kept[: seat.start("seat")]
    if span.type is EntityType.ORG and not known(kept):
        kept = _without_office(kept, lexicon, known)
    noun = _NOUN.search(kept) if span.type is EntityType.ORG and not known(kept) else None
    if noun and known(kept[: noun.start()]) is EntityType.ORG:
        kept = kept[: noun.start()]  # "the United Nations food" of "the United Nations food agency"
    if span.type is EntityType.PLACE and not known(kept):
        kept = _without_noun(kept, lexicon)
    if kept and len(kept) < span.end - span.start:
        return span.start + len(kept)
    more = {EntityType.ORG: _LEGAL, EntityType.PERSON: _JUNIOR}.get(span.type)
    if (
        span.type is EntityType.PERSON
        and " " in kept
        and (syllable := _SYLLABLE.match(text, span.end - kept.endswith("-")))
    ):
        return syllable.end()
    found = more.match(text, span.end) if more else None
    return found.end() if found else span.end
