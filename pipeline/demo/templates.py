"""Load the templates of the demo newsroom, and fill them with an article's values.

Templates are ``string.Template`` texts. A line whose placeholder has no value is left out, so that each line is an
optional element. Values are escaped for HTML and XML; those whose names end in ``_json`` are JSON.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import functools
import html
import json
import zlib
from collections.abc import Mapping, Sequence
from string import Template
from zoneinfo import ZoneInfo

from pipeline.demo.articles import FOLDER, Outlet, Piece, curl_quotes

_SUMMARY_WORDS = 45  # about what a feed's teaser holds
_OPENING = 2  # paragraphs before the first box that stands within a text


@functools.cache
def read_template(name: str) -> str:
    """Return the template file ``name``."""
    return (FOLDER / "templates" / name).read_text(encoding="utf-8")


def fill_template(template: str, values: Mapping[str, str]) -> str:
    """Return ``template`` with ``values``, without lines whose placeholder has an empty value."""
    lines = [line for line in template.splitlines() if all(values[name] for name in Template(line).get_identifiers())]
    return Template("\n".join(lines) + "\n").substitute(values)


def outlet_values(outlet: Outlet, base: str) -> dict[str, str]:
    """Return the values of an outlet; ``base`` is its address without a path."""
    return {"name": html.escape(outlet.name), "language": outlet.language, "base": base, "home": base + "/"}


def piece_values(piece: Piece, base: str, related: Sequence[Piece] = ()) -> dict[str, str]:
    """Return the values of an article, with links to ``related`` articles of its outlet."""
    outlet, draft = piece.outlet, piece.draft
    title, standfirst = _style(outlet, draft.title), _style(outlet, draft.standfirst)
    authors = list(draft.authors)
    author_line = f" {outlet.last} ".join([", ".join(authors[:-1]), authors[-1]] if authors[1:] else authors)
    credited = {"caption": _style(outlet, draft.caption), "credit": draft.credit}
    shown = {
        "title": title,
        "standfirst": standfirst,
        "summary": standfirst or summarise_piece(piece),
        "authors": author_line,
        "byline": draft.byline or (f"{outlet.by} {author_line}" if author_line else ""),
        "section": draft.section,
        "tags": ", ".join(draft.tags),
        "image": base + piece.picture_path if draft.caption else "",
        "url": base + piece.path,
        "listed": base + piece.feed_path,
        "charset": draft.declared_charset,
        "number": str(zlib.crc32(piece.key.encode())),
        **credited,
    }
    marked = {
        "content": "\n".join(render_paragraphs(piece, piece.paragraphs)),
        "opening": "\n".join(render_paragraphs(piece, piece.paragraphs[:_OPENING])),
        "rest": "\n".join(render_paragraphs(piece, piece.paragraphs[_OPENING:])),
        "related": "\n".join(_related(neighbour, base) for neighbour in related),
    }
    as_json = {
        "title_json": title,
        "summary_json": shown["summary"],
        "names_json": authors or [outlet.name],
        "persons_json": [{"@type": "Person", "name": name} for name in authors],
        "tags_json": list(draft.tags),
        "free_json": not draft.paywalled,
        "premium_json": draft.paywalled,
        "body_json": "\n\n".join(piece.paragraphs),
    }
    return {
        **outlet_values(outlet, base),
        **{key: html.escape(value) for key, value in shown.items()},
        **marked,
        **{key: json.dumps(value, ensure_ascii=False).replace("</", "<\\/") for key, value in as_json.items()},
        **_times("published", draft.published if draft.dated else None, outlet),
        **_times("updated", draft.updated, outlet),
        **_times("changed", draft.updated or draft.published if draft.dated else None, outlet),
    }


def summarise_piece(piece: Piece) -> str:
    """Return the beginning of an article's text, cut as feeds cut it."""
    words = " ".join(piece.paragraphs[:1]).split()
    return " ".join(words[:_SUMMARY_WORDS]) + (" …" if words[_SUMMARY_WORDS:] else "")


def render_paragraphs(piece: Piece, texts: Sequence[str]) -> list[str]:
    """Return paragraphs in the outlet's own markup."""
    rendered = []
    for text in texts:
        kind = piece.outlet.subheading if text.startswith("## ") else piece.outlet.paragraph
        rendered.append(Template(kind).substitute(text=html.escape(text.removeprefix("## "), quote=False)))
    return rendered


def _related(piece: Piece, base: str) -> str:
    title = html.escape(_style(piece.outlet, piece.draft.title))
    return Template(piece.outlet.related).substitute(url=base + piece.path, title=title)


def _style(outlet: Outlet, text: str) -> str:
    return curl_quotes(text) if outlet.quotes == "curly" else text


def _times(name: str, time: dt.datetime | None, outlet: Outlet) -> dict[str, str]:
    """Return ``time`` in the forms that feeds and pages write: ``name``_utc, _zoned, _local, _day, _rfc, _shown."""
    forms = ("utc", "zoned", "local", "day", "rfc", "shown")
    if time is None:
        return {f"{name}_{form}": "" for form in forms}
    local = time.astimezone(ZoneInfo(outlet.time_zone))
    written = (
        f"{time.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        local.isoformat(timespec="seconds"),
        f"{local:%Y-%m-%dT%H:%M:%S}",
        f"{local:%Y-%m-%d}",
        email.utils.format_datetime(local),
        f"{local.strftime(outlet.date_format)}",
    )
    return {f"{name}_{form}": value for form, value in zip(forms, written, strict=True)}
