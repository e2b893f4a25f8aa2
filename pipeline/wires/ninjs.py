"""Read and write ninjs, IPTC's News in JSON: versions 1, 2 and 3 are read, 2.1 is written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pipeline.errors import ItemError
from pipeline.records import Document, Entity, EntityType, Outcome, Reason
from pipeline.wires.markup import is_markup, markup_paragraphs, parse_html, text_of, text_paragraphs
from pipeline.wires.model import (
    CANCELED,
    WITHHELD,
    ItemLink,
    Paragraph,
    Picture,
    WireItem,
    last_part,
    one_line,
    publication_status,
    unique_texts,
)
from pipeline.wires.topics import find_section

SCHEMA = "http://www.iptc.org/std/ninjs/ninjs-schema_2.1.json"
_TYPES = frozenset({"text", "composite"})
_TEXT_KEYS = frozenset({"bodies", "body_text", "body_xhtml", "body_html", "headlines", "headline"})
_PREDECESSORS = ("evolvedfrom", "rewrite_of", "derivedfrom")  # the first is IPTC's word and Superdesk's
_MAIN_ROLES = frozenset({None, "main", "text"})
_WRITERS = frozenset({None, "writer", "author", "reporter", "correspondent"})
_LISTS = {
    EntityType.PERSON: "people",
    EntityType.ORG: "organisations",
    EntityType.PLACE: "places",
    EntityType.GROUP: "subjects",
    EntityType.EVENT: "events",
}

# reading ----------------------------------------------------------------------------------------------------------


def parse_ninjs(data: bytes) -> WireItem:
    """Return the article of a ninjs object.

    Raises:
        ItemError: BAD_RECORD where it is no JSON object, NOT_HTML where it is no ninjs, NO_TEXT where it is one of
            pictures, say.
    """
    try:
        plain = msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, f"not a JSON object: {error}") from error
    item = {key.lower(): value for key, value in plain.items()}  # version 3 writes versionCreated
    if not is_ninjs(item):
        raise ItemError(Outcome.DROPPED, Reason.NOT_HTML, "JSON, but not ninjs: it has no uri (or guid) and no text")
    if item.get("type") not in {None, *_TYPES}:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, f"a ninjs object of type {item['type']!r}")
    uri, subjects = _name(item) or "", _objects(item.get("subject") or item.get("subjects"))
    version = item.get("version")
    return WireItem(
        paragraphs=_body(item),
        name=uri,
        version=str(version) if isinstance(version, int) else _text(item, "version"),
        providers=_providers(item),
        links=tuple(ItemLink(relation, name) for relation in _PREDECESSORS if (name := _text(item, relation))),
        signals=_signals(item),
        note=_text(item, "ednote"),
        url=uri if uri.startswith(("http://", "https://")) else None,
        title=_unmarked(_value(item, "headline", "headlines") or _text(item, "title")),
        standfirst=_unmarked(_value(item, "description_text", "descriptions") or _text(item, "description_html")),
        bylines=unique_texts([_text(item, "byline") or _text(item, "by")]) or _author_names(item),
        credit=_first_name(item.get("infosource") or item.get("infosources"))
        or _text(item, "source")
        or _text(item, "copyrightholder"),
        published=_text(item, "firstcreated") or _text(item, "contentcreated") or _text(item, "versioncreated"),
        modified=_text(item, "versioncreated"),
        language=_text(item, "language"),
        dateline=_text(item, "located"),
        section=find_section(
            (_text(subject, "code") or _text(subject, "uri"), _text(subject, "name")) for subject in subjects
        )
        or _first_name(item.get("genre") or item.get("genres")),
        tags=unique_texts([_text(subject, "name") for subject in subjects]),
        pictures=_pictures(item),
        rights=_text(item, "usageterms") or _text(item, "copyrightnotice"),
        status=publication_status(_text(item, "pubstatus")),
        embargoed=_text(item, "embargoed") or _text(item, "embargo"),
    )


def is_ninjs(item: Mapping[str, Any]) -> bool:
    """Tell whether an object of a JSON line is ninjs and no line of ours: it names its text as ninjs does.

    One that only withdraws an item has no text.
    """
    lower = {key.lower(): value for key, value in item.items()}
    is_withdrawn = publication_status(_text(lower, "pubstatus")) in {CANCELED, WITHHELD}
    return _name(lower) is not None and (is_withdrawn or bool(lower.keys() & _TEXT_KEYS))


def _name(item: Mapping[str, Any]) -> str | None:
    """Return the item's identifier, which Superdesk calls guid and gives no web address."""
    return _text(item, "uri") or _text(item, "guid")


def _providers(item: Mapping[str, Any]) -> tuple[str, ...]:
    sources = _objects(item.get("infosource") or item.get("infosources"))
    names = [_text(source, key) for source in sources for key in ("name", "uri", "code", "qcode", "literal")]
    return unique_texts([_text(item, "source"), _text(item, "provider"), *names, _text(item, "copyrightholder")])


def _signals(item: Mapping[str, Any]) -> tuple[str, ...]:
    signals = _objects(item.get("signal") or item.get("signals"))
    codes = [_text(signal, "code") or _text(signal, "qcode") or _text(signal, "uri") for signal in signals]
    return tuple(last_part(code) for code in codes if code)


def _author_names(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of Superdesk's authors, without those who only edited."""
    authors = [author for author in _objects(item.get("authors")) if _text(author, "role") in _WRITERS]
    return unique_texts([_text(author, "name") for author in authors])


def _unmarked(text: str | None) -> str | None:
    """Return a headline without the markup that Superdesk leaves in it."""
    if text is None or not re.search(r"</?[a-z]+\d?\b[^<>]*>|&[a-z]+;|&#\d+;", text, re.IGNORECASE):
        return text
    return text_of(parse_html(text)) or text


def _body(item: Mapping[str, Any]) -> tuple[Paragraph, ...]:
    marked = [value for key, value in item.items() if re.fullmatch("body_x?html", key) and isinstance(value, str)]
    texts = [value for value in (item.get("body_text"),) if isinstance(value, str)]
    bodies = _objects(item.get("bodies"))
    for body in sorted(bodies, key=lambda body: _text(body, "role") not in _MAIN_ROLES):
        lower: dict[str, Any] = {key.lower(): value for key, value in body.items()}  # version 3 writes contentType
        kind, value = _text(lower, "contenttype") or "", lower.get("value")
        if isinstance(value, str):
            (marked if "html" in kind or is_markup(value) else texts).append(value)
    for value in marked:
        if paragraphs := markup_paragraphs(value):
            return paragraphs
    return text_paragraphs(texts[0]) if texts else ()


def _pictures(item: Mapping[str, Any]) -> tuple[Picture, ...]:
    associations = item.get("associations")
    objects = _objects(list(associations.values()) if isinstance(associations, dict) else associations)
    pictures = []
    for associated in objects:
        if associated.get("type") not in {"picture", "graphic"}:
            continue
        lower = {key.lower(): value for key, value in associated.items()}
        renditions = lower.get("renditions")
        hrefs = _objects(list(renditions.values()) if isinstance(renditions, dict) else renditions)
        address = next((href for rendition in hrefs if (href := _text(rendition, "href"))), None)
        caption = _value(lower, "description_text", "descriptions")
        pictures.append(Picture(address, caption, _text(lower, "byline") or _text(lower, "by")))
    return tuple(picture for picture in pictures if picture.address or picture.caption)


def _value(item: Mapping[str, Any], old: str, new: str) -> str | None:
    """Return a text that version 1 has under ``old`` and later ones in the list ``new``, the one called main first."""
    entries = _objects(item.get(new))
    main = [entry for entry in entries if _text(entry, "role") in {*_MAIN_ROLES, "summary"}]
    return _text(item, old) or next((text for entry in [*main, *entries] if (text := _text(entry, "value"))), None)


def _text(item: Mapping[str, Any], key: str) -> str | None:
    value = item.get(key)
    return one_line(value) if isinstance(value, str) else None


def _objects(value: object) -> list[dict[str, Any]]:
    values: list[Any] = value if isinstance(value, list) else []
    return [item for item in values if isinstance(item, dict)]


def _first_name(value: object) -> str | None:
    return next((name for item in _objects(value) if (name := _text(item, "name"))), None)


# writing ------------------------------------------------------------------------------------------------------------


def to_ninjs(document: Document) -> dict[str, Any]:
    """Return the ninjs 2.1 object of an article, without empty fields."""
    published, text = document.published, document.text
    fields: dict[str, Any] = {
        "uri": document.canonical_url or document.url or f"urn:newswire:{document.id}",
        "standard": {"name": "ninjs", "version": "2.1", "schema": SCHEMA},
        "type": "text",
        "representationtype": "full",
        "version": str(document.revision),
        "pubstatus": "usable",
        "firstcreated": published.isoformat() if published else None,
        "versioncreated": (document.modified or published or document.first_seen).isoformat(),
        "language": document.language,
        "headlines": _value_list("main", document.title),
        "descriptions": _value_list("summary", document.standfirst),
        "bodies": [
            {
                "role": "main",
                "contenttype": "text/plain",
                "charcount": len(text),
                "wordcount": document.word_count,
                "value": text,
            }
        ],
        "by": ", ".join(document.authors) or document.bureau,
        "located": document.dateline,
        "copyrightholder": document.source if document.url else None,
        "infosources": [{"name": document.agency}] if document.agency else None,
        "genres": [{"name": document.section}] if document.section else None,
        "renditions": [{"name": "image", "href": document.image}] if document.image else None,
        "altids": [{"role": "newswire", "value": document.id}, {"role": "story", "value": document.story}],
    }
    concepts = _concepts(document.entities)
    concepts["subjects"] = [{"name": tag} for tag in document.tags] + concepts["subjects"]
    return {key: value for key, value in {**fields, **concepts}.items() if value}


def _value_list(role: str, value: str | None) -> list[dict[str, str]]:
    return [{"role": role, "contenttype": "text/plain", "value": value}] if value else []


def _concepts(entities: Sequence[Entity]) -> dict[str, list[dict[str, Any]]]:
    """Return ninjs' lists of persons, organisations, places, subjects and events."""
    lists: dict[str, list[dict[str, Any]]] = {key: [] for key in _LISTS.values()}
    for entity in entities:
        concept: dict[str, Any] = {"name": entity.name, "rel": "mentions", "literal": entity.id}
        if entity.location and entity.type is EntityType.PLACE:
            point = [entity.location.lon, entity.location.lat]
            concept["geojson"] = {"type": "Point", "coordinates": point}
        lists[_LISTS[entity.type]].append(concept)
    return lists
