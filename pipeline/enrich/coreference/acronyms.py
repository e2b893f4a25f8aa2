"""Which acronyms does a text define? "Long Form (LF)"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.enrich.knowledge.tokens import fold_word, name_key
from pipeline.records import EntityType

# Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text" (2003): at most
# min(n + 5, 2 n) words are looked at for an acronym of n letters.
_DEFINITION = re.compile(r"\(\s?(?:the |known as |or )?[\"“']?([^\W_][^\s()\"”]{1,9})[\"”']?\s?[);,]")


# An acronym of something that is no name: "new energy vehicles (NEVs)"; so many characters before it may define it.
_SHORT = re.compile(r"\((?P<short>[A-Z][A-Za-z]{1,6})\)")
_BEFORE = 120
_PARTS = re.compile(r"[^\s-]+")
_SMALL = frozenset("of the and for in on".split())


def common_noun_acronyms(text: str) -> frozenset[str]:
    """Return the acronyms, also with the s of the plural, whose long form a text writes small."""
    found: set[str] = set()
    for match in _SHORT.finditer(text):
        letters = match["short"].removesuffix("s")
        words = _PARTS.findall(text, max(0, match.start() - _BEFORE), match.start())
        for size in range(len(letters), min(len(words), 2 * len(letters)) + 1):
            part = words[-size:]
            initials = {"".join(w[0] for w in part), "".join(w[0] for w in part if w not in _SMALL)}
            if part[0] not in _SMALL and letters.lower() in initials:
                found |= {letters, f"{letters}s"}
                break
    return frozenset(found)


def defined_acronyms(text: str, spans: Iterable[tuple[int, int, EntityType]]) -> dict[str, str]:
    """Return acronym → long form for each "Long Form (LF)" whose long form is one of the names that were found."""
    ends = {end: text[start:end] for start, end, kind in spans if kind in {EntityType.ORG, EntityType.PLACE}}
    found: dict[str, str] = {}
    for match in _DEFINITION.finditer(text):
        short = match[1].rstrip(".,")
        before = len(text[max(0, match.start() - 3) : match.start()].rstrip())
        end = max(0, match.start() - 3) + before
        long = ends.get(end) or ends.get(end - 1)
        if long and sum(c.isupper() for c in short) > 1 and abbreviates(short, long):
            found.setdefault(name_key(short), long)
    return found


def abbreviates(short: str, long: str) -> bool:
    """Tell whether each letter of ``short`` stands in ``long`` in order, the first at the start of its first word.

    One word may stand before ("US Department of Energy (DOE)"); with more, what is abbreviated is another name at the
    end of it.
    """
    letters = [c for c in fold_word(short.rstrip("s") if short[-1:] == "s" else short) if c.isalnum()]
    text = fold_word(long)
    words = len(long.split())
    if not letters or words > min(len(letters) + 5, 2 * len(letters) + 1) or words == 1:
        return False
    at = len(text)
    for n in range(len(letters) - 1, -1, -1):
        at -= 1
        while at >= 0 and not (text[at] == letters[n] and (n > 0 or at == 0 or not text[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return False
    return len(text[:at].split()) <= 1
