"""What isn't a name in an English text, though a network takes it for one or for a part of one?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.enrich.lexicon import Lexicon
from pipeline.enrich.spans import Span
from pipeline.enrich.tokens import fold_word
from pipeline.records import EntityType

# Web and mail addresses, with or without their scheme, and names of accounts.
_ADDRESS = re.compile(
    r"\bhttps?://\S+|\bwww\.\S+|(?<!\S)@\w+|\b[\w.+-]{1,64}@[\w.-]+"
    r"|\b(?:[\w-]{1,63}\.){1,4}(?:com|org|net|gov|edu|info|int|(?:co|com|org|ac|gov)\.[a-z]{2})\b(?:/\S*)?",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S+\s*")
# What belongs to the name that it is joined to: "al-Qaeda", "Marvel Foods, Inc.", "Ann Lee, Jr.".
_ARTICLE = re.compile(r"(?<![\w-])(?:[ae]l|a[dnrstz]|ash|ul)[-‑]$", re.IGNORECASE)
_LONGEST_ARTICLE = 4
_LEGAL = re.compile(r"(?:,?[ ](?:Inc|Ltd|LLC|Corp|plc|PLC)\b)?(?:(?<=[ ]Inc|[ ]Ltd)\.|(?<=[ ]Corp)\.)?")
_LEAD = re.compile(r"(?:[^\w]+|(?:of|and|for|in|at|on|to|by|with)\s+)+")
_SMALL_END = re.compile(r"(?:\s+(?:of|and|for|the|in|at|on|to|by|with))+$")
_JUNIOR = re.compile(r"(?:,?[ ](?:Jr|Sr)\b)?(?:(?<=[ ][JS]r)\.)?")


def addresses(text: str) -> list[tuple[int, int]]:
    """Return where web and mail addresses stand, whose words name nobody."""
    return [match.span() for match in _ADDRESS.finditer(text)]


def trimmed(text: str, spans: Sequence[Span], lexicon: Lexicon) -> Iterator[Span]:
    """Yield the names, in order, whole and without titles; no such that are but a title, small words or a currency."""
    last = 0
    for span in spans:
        start, end = _start(text, span, lexicon), _end(text, span)
        words = text[start:end].split()
        small = all(fold_word(word) in lexicon.stop for word in words) and not text[start:end].isupper()
        if start >= last and end - start > 1 and not small and not text.startswith("$", end):
            yield Span(start, end, span.type)
            last = end


def _start(text: str, span: Span, lexicon: Lexicon) -> int:
    """Return where a name starts behind its titles, with the article that a hyphen joins to it."""
    lead = _LEAD.match(text, span.start, span.end)
    start = lead.end() if lead else span.start
    while span.type is EntityType.PERSON and (word := _WORD.match(text, start, span.end)):
        if fold_word(word.group().rstrip()) not in lexicon.titles:
            break
        start = word.end()
    article = _ARTICLE.search(text, max(0, start - _LONGEST_ARTICLE), start)
    return article.start() if article and span.type is not EntityType.GROUP else start


def _end(text: str, span: Span) -> int:
    """Return where a name ends, with its legal form or what tells the son from the father, not with small words."""
    kept = _SMALL_END.sub("", text[span.start : span.end])
    if kept and len(kept) < span.end - span.start:
        return span.start + len(kept)
    more = {EntityType.ORG: _LEGAL, EntityType.PERSON: _JUNIOR}.get(span.type)
    found = more.match(text, span.end) if more else None
    return found.end() if found else span.end
