"""Hold one of Kibana's saved objects, and write it as a line of the file that its import reads. Pure.

Each type stays at the oldest version of its schema that Kibana 8.19 and all of 9 still upgrade: an object of an older
version is upgraded, one of a version above Kibana's own is refused (``document_migrator.ts``). Ids are fixed, so that a
later version of newswire replaces its own objects, and so that links to them last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

# type → the version of its schema that these objects are written in (Kibana's ``saved_objects`` folder of each plugin)
TYPE_VERSIONS: Mapping[str, str] = {
    "index-pattern": "8.0.0",
    "lens": "8.9.0",
    "map": "8.4.0",
    "search": "8.0.0",
    "visualization": "8.5.0",
    "dashboard": "8.9.0",
}
CORE_VERSION = "8.8.0"


class Reference(NamedTuple):
    """That an object uses another one, under a name that its attributes mention."""

    name: str
    type: str
    id: str


class SavedObject(msgspec.Struct, frozen=True, kw_only=True):
    """A saved object; ``title`` is among the attributes."""

    type: str
    id: str
    attributes: Mapping[str, Any]
    references: tuple[Reference, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Return type and id, by which Kibana tells objects apart."""
        return self.type, self.id


def embed_json(value: Any) -> str:
    """Return JSON as attributes such as ``panelsJSON`` hold it: a text, the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def write_lines(objects: Iterable[SavedObject]) -> str:
    """Return objects as NDJSON, a line each: managed, so that people change copies of them and updates replace them."""
    return "".join(f"{embed_json(plain_object(item))}\n" for item in objects)


def plain_object(item: SavedObject) -> dict[str, Any]:
    """Return an object as a line of the file holds it."""
    return {
        "type": item.type,
        "id": item.id,
        "attributes": dict(item.attributes),
        "references": [reference._asdict() for reference in item.references],
        "managed": True,
        "coreMigrationVersion": CORE_VERSION,
        "typeMigrationVersion": TYPE_VERSIONS[item.type],
    }
