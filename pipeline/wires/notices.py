"""Recognise notices by which an agency takes back an item under an identifier of the notice's own.

Pure. Which phrases begin such a notice is a list in config/agencies.toml.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from pipeline.text import fold
from pipeline.wires.model import ItemLink, WireItem

_TAKES_BACK = re.compile(r"kill|cancel|withdraw|withheld|withhold|retract|recall|takedown|delet")
_NAMES_IT = _TAKES_BACK.pattern + r"|replace|revis|previous|evolved|derived|rewrite|correct|update"
_TOKEN = re.compile(r"[^\s<>\"'“”„«»()\[\]{}|]{4,300}")
_QUOTED = re.compile(r"[\"“”„«‹「『]([^\"“”„«»‹›「」『』]{8,300})[\"“”»›」』]")
_MOST_TOKENS = 1000
_LEAST_TITLE = 10  # characters: shorter ones are names of columns
_LEAST_WORDS = 4  # of a headline that is found inside of a sentence
_SEPARATOR = r"[\s:：;,.!/|*#()\[\]–—―-]"


class NoticePhrases(msgspec.Struct, frozen=True, kw_only=True):
    """How notices begin: ``phrases`` in any source, ``words`` alone in agencies' and in formats of the trade."""

    phrases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class WithdrawalNotice(msgspec.Struct, frozen=True, kw_only=True):
    """What a notice takes back, as far as it says."""

    title: str | None = None  # the notice's own
    links: tuple[str, ...] = ()  # items that it names as what it takes back
    names: tuple[str, ...] = ()  # anything in its text that may be an item's identifier or address
    headline: str | None = None  # folded: what stands behind the phrase in its own headline
    text: str = ""  # folded, for headlines that it names

    def names_title(self, title: str | None) -> bool:
        """Tell whether the notice names an article by its headline."""
        folded = fold(title or "")
        if len(folded) < _LEAST_TITLE:
            return False
        if self.headline == folded or f"\n{folded}\n" in f"\n{self.text}\n":
            return True
        inside = rf"(?<!\w){re.escape(folded)}(?!\w)"
        return len(folded.split()) >= _LEAST_WORDS and re.search(inside, self.text) is not None


def find_notice(
    title: str | None,
    text: str,
    phrases: NoticePhrases,
    *,
    is_agency: bool,
    links: Sequence[ItemLink] = (),
    signals: Iterable[str] = (),
    note: str | None = None,
) -> WithdrawalNotice | None:
    """Return what an item takes back, None where it is no notice of that kind.

    Args:
        title: its headline.
        text: its text, a paragraph a line.
        phrases: how such notices begin.
        is_agency: whether it came in a format of the trade, or from an agency.
        links: the items that it names in its metadata.
        signals: what its metadata tell editors to do.
        note: its note to editors.
    """
    pattern = _pattern(phrases.phrases, phrases.words if is_agency else ())
    lines = [line for line in (title, note, *text.split("\n", 1)[:1]) if line]
    match = next((found for line in lines if (found := pattern.match(line))), None)
    is_told = any(_TAKES_BACK.search(word) for word in (*signals, *(link.relation for link in links)))
    if match is None and not is_told:
        return None
    behind = match.string[match.end() :] if match and match.string == title else (title or "" if not match else "")
    whole = "\n".join(filter(None, [title, note, text]))
    quoted = "\n".join(fold(quote[1]) for quote in _QUOTED.finditer(whole))
    folded = "\n".join(fold(line) for line in whole.split("\n"))
    return WithdrawalNotice(
        title=title,
        links=tuple(dict.fromkeys(link.name for link in links if re.search(_NAMES_IT, link.relation))),
        names=tuple(dict.fromkeys(_names(whole))),
        headline=fold(behind.strip(" :：;,./|*#()[]–—―-")) or None,
        text=f"{folded}\n{quoted}",
    )


def find_item_notice(item: WireItem, phrases: NoticePhrases) -> WithdrawalNotice | None:
    """Return what an item in a format of the trade takes back, None where it is no notice."""
    text = "\n".join(paragraph.text for paragraph in item.paragraphs)
    return find_notice(
        item.title, text, phrases, is_agency=True, links=item.links, signals=item.signals, note=item.note
    )


def _names(text: str) -> Iterator[str]:
    """Yield what may be identifiers in a text: all words without the punctuation around them."""
    for number, match in enumerate(_TOKEN.finditer(text)):
        if number >= _MOST_TOKENS:
            return
        yield match[0].rstrip(".,;:!?…")


@functools.lru_cache(maxsize=8)
def _pattern(phrases: tuple[str, ...], words: tuple[str, ...]) -> re.Pattern[str]:
    """Return what matches a line that begins as a notice does; case counts.

    Behind a phrase no word goes on; behind a word alone stands a colon or a dash, a closing bracket, or nothing.
    """
    ways = []
    if phrases:
        ways.append(rf"(?:{_either(phrases)})(?:(?<=\W)|(?!\w)){_SEPARATOR}*")
    if words:
        ways.append(rf"(?:{_either(words)})(?:\s*$|\s*[:：)\]】*]{_SEPARATOR}*|\s+[–—―-]{_SEPARATOR}*)")
    return re.compile(rf"{_SEPARATOR}*(?:{'|'.join(ways)})" if ways else r"(?!)")


def _either(texts: tuple[str, ...]) -> str:
    return "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))


def is_address(name: str) -> bool:
    """Tell whether a name is a web address."""
    return urlsplit(name).scheme.lower() in {"http", "https"} if "://" in name else False
