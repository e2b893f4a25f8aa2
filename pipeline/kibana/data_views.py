"""Define Kibana's data views: which index each shows, what its fields are called, how values look, what is computed.

That of the articles follows from ``pipeline.index.fields``: each field has its meaning as its description. Links lead
to newswire's own pages. Runtime fields are computed when a search asks for them; nothing of them lies in the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from pipeline.index.fields import FIELDS, Field
from pipeline.kibana.saved_object import Reference, SavedObject, embed_json
from pipeline.web.code_names import list_code_names

# what Kibana takes as a field's description (``MAX_DATA_VIEW_FIELD_DESCRIPTION_LENGTH`` of data_views/common)
LONGEST_DESCRIPTION = 300
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class RuntimeField(msgspec.Struct, frozen=True, kw_only=True):
    """A field that is computed for each document that a search looks at."""

    name: str
    type: str  # Elasticsearch's, of runtime fields: double, long, keyword
    script: str  # Painless
    meaning: str


class DataView(msgspec.Struct, frozen=True, kw_only=True):
    """A data view: an index or several, under one id."""

    id: str
    pattern: str  # which indices it shows
    name: str
    time_field: str
    types: Mapping[str, str]  # field → Elasticsearch's type, runtime fields included
    labels: Mapping[str, str] = {}
    descriptions: Mapping[str, str] = {}
    formats: Mapping[str, Mapping[str, Any]] = {}
    runtime: tuple[RuntimeField, ...] = ()


ARTICLE_RUNTIME = (
    RuntimeField(
        name="latency",
        type="double",
        script=(
            "if (doc['published'].size() > 0 && doc['first_seen'].size() > 0 "
            "&& doc['published_precision'].size() > 0 && doc['published_precision'].value == 'instant') "
            "{ emit((doc['first_seen'].value.toInstant().toEpochMilli() "
            "- doc['published'].value.toInstant().toEpochMilli()) / 60000.0) }"
        ),
        meaning="minutes from publication until newswire saw it; only where the instant of publication is stated",
    ),
    RuntimeField(
        name="hour",
        type="long",
        script="if (doc['seen_at'].size() > 0) { emit(doc['seen_at'].value.getHour()) }",
        meaning="the hour of the day (UTC) of publication, else of first sight",
    ),
    RuntimeField(
        name="weekday",
        type="long",
        script="if (doc['seen_at'].size() > 0) { emit(doc['seen_at'].value.getDayOfWeekEnum().getValue()) }",
        meaning="the day of the week (UTC) of publication, else of first sight; 1 is Monday",
    ),
)

# Field of an article → how its values look; links and names of codes are added where they are known.
_PERCENT = {"id": "percent", "params": {"pattern": "0%"}}
MINUTES = {
    "id": "duration",
    "params": {
        "inputFormat": "minutes",
        "outputFormat": "humanizePrecise",
        "outputPrecision": 0,
        "showSuffix": True,
        "useShortSuffix": True,
    },
}
SECONDS = {**MINUTES, "params": {**MINUTES["params"], "inputFormat": "seconds", "outputPrecision": 1}}  # type: ignore[dict-item]
PLAIN_NUMBER = {"id": "number", "params": {"pattern": "0"}}
_OUTWARD = {"id": "url", "params": {"labelTemplate": "{{value}}", "type": "a", "urlTemplate": "{{rawValue}}"}}
_LABELS = {"seen_at": "published or first seen"}
_MEANINGS = {"seen_at": "when it was published, else when newswire saw it first: the time that Kibana goes by"}


def article_view(alias: str, pages_url: str) -> DataView:
    """Return the data view of the articles.

    Args:
        alias: the name under which Elasticsearch has them.
        pages_url: where readers reach newswire's pages, without a slash at its end.
    """
    return DataView(
        id="newswire-articles",
        pattern=alias,
        name="newswire articles",
        time_field="seen_at",
        types={**article_types(), **{field.name: field.type for field in ARTICLE_RUNTIME}},
        labels=_LABELS,
        descriptions={
            **{field.name: describe_field(field) for field in FIELDS},
            **_MEANINGS,
            **{field.name: field.meaning for field in ARTICLE_RUNTIME},
        },
        formats=_article_formats(pages_url),
        runtime=ARTICLE_RUNTIME,
    )


def article_types() -> dict[str, str]:
    """Return the fields of an article in Elasticsearch with their types, also parts of objects and `raw` texts."""
    types: dict[str, str] = {"seen_at": "date"}
    for field in FIELDS:
        if field.type == "object":
            types |= {f"{field.name}.{part}": kind for part, kind in field.parts}
        else:
            types[field.name] = field.type
        if field.whole:
            types[f"{field.name}.raw"] = "keyword"
    return types


def describe_field(field: Field) -> str:
    """Return a field's meaning as plain text, short enough for Kibana."""
    text = field.meaning.replace("`", "").replace("[", "").replace("](copies.md)", "")
    several = "; several" if field.several else ""
    return shorten(f"{text}{several}")


def shorten(text: str) -> str:
    """Return a description, cut between words where it is too long for Kibana."""
    if len(text) <= LONGEST_DESCRIPTION:
        return text
    return f"{text[: LONGEST_DESCRIPTION - 2].rsplit(' ', 1)[0]} …"


def page_link(pages_url: str, path: str) -> dict[str, Any]:
    """Return the format of a field whose value stands in the path of one of newswire's pages."""
    return {
        "id": "url",
        "params": {"labelTemplate": "{{value}}", "type": "a", "urlTemplate": f"{pages_url}/{path}/{{{{value}}}}"},
    }


def name_codes(names: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the format of a field whose values are codes; one without a name stays as it is."""
    return {
        "id": "static_lookup",
        "params": {"lookupEntries": [{"key": code, "value": name} for code, name in names]},
    }


def _article_formats(pages_url: str) -> dict[str, Mapping[str, Any]]:
    article, story = page_link(pages_url, "articles"), page_link(pages_url, "stories")
    countries = name_codes(list_code_names("country"))
    weekdays = name_codes((str(number), name) for number, name in enumerate(_WEEKDAYS, 1))
    return {
        **dict.fromkeys(("id", "copy_of", "copy_group", "copy_primary", "copy_earliest"), article),
        **dict.fromkeys(("story", "story_aliases"), story),
        **dict.fromkeys(("url", "canonical_url", "image"), _OUTWARD),
        **dict.fromkeys(("copy_score", "copied_share", "own_share"), _PERCENT),
        **dict.fromkeys(("copy_behind", "latency"), MINUTES),
        **dict.fromkeys(("source_country", "countries"), countries),
        "language": name_codes(list_code_names("language")),
        "hour": PLAIN_NUMBER,
        "weekday": weekdays,
        "revision": PLAIN_NUMBER,
    }


def view_object(view: DataView) -> SavedObject:
    """Return a data view as Kibana keeps it."""
    names = sorted({*view.labels, *view.descriptions})
    attributes = {
        name: {
            **({"customLabel": view.labels[name]} if name in view.labels else {}),
            **({"customDescription": view.descriptions[name]} if name in view.descriptions else {}),
        }
        for name in names
    }
    runtime = {field.name: {"type": field.type, "script": {"source": field.script}} for field in view.runtime}
    return SavedObject(
        type="index-pattern",
        id=view.id,
        attributes={
            "title": view.pattern,
            "name": view.name,
            "timeFieldName": view.time_field,
            "allowNoIndex": True,  # that there is nothing yet is no fault
            "fields": "[]",
            "fieldAttrs": embed_json(attributes),
            "fieldFormatMap": embed_json(view.formats),
            "runtimeFieldMap": embed_json(runtime),
            "sourceFilters": "[]",
            "typeMeta": "{}",
        },
    )


def view_reference(view: DataView, name: str) -> Reference:
    """Return that an object shows ``view``, under a name that depends on the type of the object."""
    return Reference(name, "index-pattern", view.id)
