"""Find the acronyms that a text defines: "Long Form (LF)".

What a text writes in small letters ("new energy vehicles (NEVs)") defines an acronym that is no name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.enrich.knowledge.tokens import fold_word, name_key
from pipeline.records import EntityType

# Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text" (2003): at most
# min(n + 5, 2 n) words are looked at for an acronym of n letters, here one more.
_DEFINITION = re.compile(r"\(\s?(?:the |known as |or )?[\"“']?([^\W_][^\s()\"”]{1,9})[\"”']?\s?[);,]")
# An acronym of something that is no name: "new energy vehicles (NEVs)".
_SHORT = re.compile(r"\((?P<short>[A-Z][A-Za-z]{1,6})\)")
# The long form stands within so many characters before the acronym.
_MAX_DISTANCE = 120
_PARTS = re.compile(r"[^\s-]+")
_SMALL = frozenset("of the and for in on".split())


def common_noun_acronyms(text: str) -> frozenset[str]:
    """Return the acronyms, also with a plural s, whose long form a text writes in small letters."""
    acronyms: set[str] = set()
    for match in _SHORT.finditer(text):
        letters = match["short"].removesuffix("s")
        words = _PARTS.findall(text, max(0, match.start() - _MAX_DISTANCE), match.start())
        for size in range(len(letters), min(len(words), 2 * len(letters)) + 1):
            part = words[-size:]
            initials = {"".join(w[0] for w in part), "".join(w[0] for w in part if w not in _SMALL)}
            if part[0] not in _SMALL and letters.lower() in initials:
                acronyms |= {letters, f"{letters}s"}
                break
    return frozenset(acronyms)


def defined_acronyms(text: str, spans: Iterable[tuple[int, int, EntityType]]) -> dict[str, str]:
    """Return acronym → long form for each "Long Form (LF)" whose long form is one of the names ``spans``."""
    types = {EntityType.ORG, EntityType.PLACE}
    by_end = {end: text[start:end] for start, end, entity_type in spans if entity_type in types}
    definitions: dict[str, str] = {}
    for match in _DEFINITION.finditer(text):
        short = match[1].rstrip(".,")
        gap_start = max(0, match.start() - 3)
        end = gap_start + len(text[gap_start : match.start()].rstrip())
        long = by_end.get(end) or by_end.get(end - 1)
        if long and sum(c.isupper() for c in short) > 1 and abbreviates(short, long):
            definitions.setdefault(name_key(short), long)
    return definitions


def abbreviates(short: str, long: str) -> bool:
    """Tell whether each letter of ``short`` stands in ``long`` in order, the first at the start of its first word.

    One word may precede what is abbreviated ("US Department of Energy (DOE)"); with more, the acronym belongs to
    another name at the end of ``long``.
    """
    letters = [c for c in fold_word(short.rstrip("s") if short[-1:] == "s" else short) if c.isalnum()]
    text = fold_word(long)
    words = len(long.split())
    if not letters or words > min(len(letters) + 5, 2 * len(letters) + 1) or words == 1:
        return False
    at = len(text)
    for index in range(len(letters) - 1, -1, -1):
        at -= 1
        while at >= 0 and not (text[at] == letters[index] and (index > 0 or at == 0 or not text[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return False
    return len(text[:at].split()) <= 1
