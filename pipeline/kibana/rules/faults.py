"""Say what is wrong with a saved object, and hold all objects of a file. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pipeline.errors import UsageError
from pipeline.kibana.kql import parse_kql

Json = Mapping[str, Any]


class ObjectFault(NamedTuple):
    """A fault of a saved object: which object, what, and the file of Kibana's that says so."""

    object: str
    detail: str
    source: str

    def __str__(self) -> str:
        return f"{self.object}: {self.detail} ({self.source})"


class ObjectFile(NamedTuple):
    """All objects of a file, by type and id, and the fields of the data views' indices."""

    objects: Mapping[tuple[str, str], Json]
    types: Mapping[str, Mapping[str, str]]

    def view_types(self, view_id: str) -> dict[str, str]:
        """Return the fields of a data view with their types, those that are computed as well."""
        view = self.objects.get(("index-pattern", view_id))
        runtime = parse_embedded(view["attributes"].get("runtimeFieldMap", "{}")) if view else {}
        computed = {
            name: field.get("type", "") for name, field in (runtime or {}).items() if isinstance(field, Mapping)
        }
        return {**self.types.get(view_id, {}), **computed}


def parse_embedded(text: str) -> Any:
    """Return JSON that stands in an attribute as text, None where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def reference_id(line: Json, name: str, kind: str) -> str | None:
    """Return the id of what an object refers to under a name, None where there is no such reference."""
    for reference in line["references"]:
        if reference["name"] == name and reference["type"] == kind:
            return str(reference["id"])
    return None


def kql_faults(name: str, query: Any, types: Mapping[str, str]) -> Iterator[ObjectFault]:
    """Yield what is wrong with a query: its language, its line, a field that isn't there."""
    source = "src/platform/packages/shared/kbn-es-query/src/kuery/grammar/grammar.peggy"
    if not isinstance(query, Mapping) or query.get("language") != "kuery" or not isinstance(query.get("query"), str):
        yield ObjectFault(name, f"{query!r} is no query in KQL", source)
        return
    try:
        parse_kql(query["query"], types)
    except UsageError as error:
        yield ObjectFault(name, str(error), source)
