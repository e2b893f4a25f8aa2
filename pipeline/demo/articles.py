"""Read the articles of the demo newsroom from the folder ``newsroom``, which an editor may change.

``outlets.toml`` names the outlets and their feeds; ``articles/OUTLET/NAME.toml`` is one article, and
``NAME.2.toml`` the same article as it reads from edition 2 on. Paragraphs stand apart by a blank line, and ``## ``
marks a sub-heading. An article with ``of`` prints the text of the article named there: a line ``{1}`` or ``{2-4}``
stands for those paragraphs (what follows on the line ends the last of them), ``replace`` lists the words changed in
them, and the outlet's spelling is applied.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from string import Template

from pipeline import settings
from pipeline.errors import SettingsError
from pipeline.records import Record
from pipeline.settings_sections import Section

FOLDER = Path(__file__).parent / "newsroom"

_REFERENCE = re.compile(r"\{(\d+)(?:-(\d+))?\}(.*)")


class Feed(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A feed address of an outlet."""

    path: str
    format: str  # rss, atom, rdf, json, sitemap; html answers with a page instead
    content: str = "summary"  # full: the whole text as well; none: neither of them
    tracking: str = ""  # is appended to each address
    sections: tuple[str, ...] = ()  # empty: all
    damaged: bool = False  # with a Latin-1 byte in it, and its end cut off


class Outlet(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A publisher of the newsroom and how its pages look."""

    key: str
    name: str
    country: str
    language: str
    time_zone: str
    feeds: tuple[Feed, ...]
    agency: bool = False
    spelling: str = "uk"
    quotes: str = "straight"
    address: str  # path of an article: $section $name $year $month $day $number
    date_format: str
    by: str = "By"
    last: str = "and"  # stands before the last of several authors
    paragraph: str = "<p>$text</p>"
    subheading: str = "<h2>$text</h2>"
    related: str = '<li><a href="$url">$title</a></li>'


class Draft(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An article as its file describes it. Without a text it stands in the feeds alone."""

    title: str
    published: dt.datetime
    section: str
    text: str = ""
    updated: dt.datetime | None = None
    standfirst: str = ""
    authors: tuple[str, ...] = ()
    byline: str = ""  # where it doesn't follow from the authors
    dateline: str = ""
    tags: tuple[str, ...] = ()
    caption: str = ""
    credit: str = ""
    of: str = ""  # "outlet/name" of the article whose text it prints
    replace: tuple[tuple[str, str], ...] = ()
    story: str = ""  # the same word for articles on the same event; copies have their original's
    shares: tuple[str, ...] = ()  # articles with which it shares a passage without being their copy
    path: str = ""  # where it doesn't follow from the outlet's pattern
    moved_from: str = ""  # the path that feeds name, where it answers with a redirect
    declared_charset: str = "utf-8"  # what header and page say; the bytes are UTF-8
    status: int = 200  # with which its address answers; with any other one there is no page
    dated: bool = True  # whether page and feed say when it was published
    paywalled: bool = False  # whether the page says that it isn't free to read


class Piece(Record, frozen=True, kw_only=True):
    """An article as an outlet prints it. ``key`` is "outlet/name"; ``original`` the key of the text's first print."""

    key: str
    outlet: Outlet
    draft: Draft
    paragraphs: tuple[str, ...]
    original: str
    story: str
    path: str

    @property
    def feed_path(self) -> str:
        """Return the path that feeds name."""
        return self.draft.moved_from or self.path

    @property
    def picture_path(self) -> str:
        """Return the path of its picture, where it has one."""
        return f"/media/{self.key.partition('/')[2]}.svg"


class _Outlets(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    outlet: tuple[Outlet, ...]


class _Spelling(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    us: dict[str, str]


@functools.cache
def load_outlets() -> tuple[Outlet, ...]:
    """Return the outlets in the order of ``outlets.toml``."""
    return settings.read_toml(FOLDER / "outlets.toml", _Outlets).outlet


@functools.cache
def load_pieces(edition: int = 1) -> tuple[Piece, ...]:
    """Return all articles as of ``edition``, by outlet, newest first.

    Raises:
        SettingsError: A file can't be used; the error names it.
    """
    drafts = _drafts(edition)
    spelling = settings.read_toml(FOLDER / "spelling.toml", _Spelling).us
    return tuple(
        piece
        for outlet in load_outlets()
        for piece in sorted(
            (_piece(key, outlet, drafts, spelling) for key in drafts if key.startswith(f"{outlet.key}/")),
            key=lambda piece: piece.draft.published,
            reverse=True,
        )
    )


def _drafts(edition: int) -> dict[str, Draft]:
    """Return every article's text as of ``edition`` by its key: that of the latest file up to then."""
    files: dict[str, tuple[int, Path]] = {}
    for file in sorted((FOLDER / "articles").glob("*/*.toml")):
        name, _, since = file.stem.partition(".")
        key, candidate = f"{file.parent.name}/{name}", (int(since or 1), file)
        if candidate[0] <= edition:
            files[key] = max(candidate, files.get(key, candidate))
    return {key: settings.read_toml(file, Draft) for key, (_, file) in files.items()}


def _piece(key: str, outlet: Outlet, drafts: Mapping[str, Draft], spelling: Mapping[str, str]) -> Piece:
    draft = drafts[key]
    original = _original(key, drafts)
    paragraphs = _print(key, drafts)
    if draft.of and outlet.spelling == "us":
        paragraphs = [_respell(paragraph, spelling) for paragraph in paragraphs]
    if paragraphs and draft.dateline:
        paragraphs[0] = f"{draft.dateline} {paragraphs[0]}"
    if outlet.quotes == "curly":
        paragraphs = [curl_quotes(paragraph) for paragraph in paragraphs]
    return Piece(
        key=key,
        outlet=outlet,
        draft=draft,
        paragraphs=tuple(paragraphs),
        original=original,
        story=drafts[original].story or draft.story or original,
        path=draft.path or _path(key, outlet, draft),
    )


def _original(key: str, drafts: Mapping[str, Draft]) -> str:
    """Return the key of the article that an article's text comes from; raise SettingsError where it is missing."""
    origin = drafts[key].of
    if not origin:
        return key
    if origin not in drafts:
        raise SettingsError(f"demo article {key}: there is no article {origin!r}, which it says it is of")
    return _original(origin, drafts)


def _print(key: str, drafts: Mapping[str, Draft]) -> list[str]:
    """Return the paragraphs of an article, those taken from its original with the declared changes.

    Raises:
        SettingsError: A paragraph or a replaced word is not there.
    """
    draft = drafts[key]
    source = _print(draft.of, drafts) if draft.of else []
    printed: list[str] = []
    for paragraph in _blocks(draft.text):
        reference = _REFERENCE.fullmatch(paragraph)
        if not reference:
            printed.append(paragraph)
            continue
        first, last = int(reference[1]), int(reference[2] or reference[1])
        if not 1 <= first <= last <= len(source):
            raise SettingsError(f"demo article {key}: {draft.of!r} has no paragraphs {paragraph}")
        printed += [_replace(text, draft) for text in source[first - 1 : last]]
        printed[-1] += reference[3]
    text = "\n".join(printed)
    for _, new in draft.replace:
        if new not in text:
            raise SettingsError(f"demo article {key}: {new!r} replaces nothing")
    return printed


def _blocks(text: str) -> list[str]:
    return [" ".join(block.split()) for block in text.split("\n\n") if block.strip()]


def _replace(paragraph: str, draft: Draft) -> str:
    for old, new in draft.replace:
        paragraph = paragraph.replace(old, new)
    return paragraph


def _respell(paragraph: str, spelling: Mapping[str, str]) -> str:
    for old, new in spelling.items():
        for british, american in ((old, new), (old.capitalize(), new.capitalize())):
            paragraph = re.sub(rf"\b{british}\b", american, paragraph)
    return paragraph


def curl_quotes(text: str) -> str:
    """Return ``text`` with typographic quotation marks and apostrophes."""
    text = re.sub(r"(?<![^\s(\[—–‘“])\"", "“", text).replace('"', "”")
    return re.sub(r"(?<![^\s(\[—–“])'", "‘", text).replace("'", "’")


def _path(key: str, outlet: Outlet, draft: Draft) -> str:
    name = key.partition("/")[2]
    day = draft.published
    number = zlib.crc32(key.encode()) % 900_000 + 100_000  # six digits, as content systems number their stories
    return Template(outlet.address).substitute(
        section=draft.section.lower().replace(" ", "-"),
        name=name,
        year=f"{day:%Y}",
        month=f"{day:%m}",
        day=f"{day:%d}",
        number=number,
    )
