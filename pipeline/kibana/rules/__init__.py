"""Hold saved objects to Kibana's own rules, without a Kibana.

Each rule names the file of Kibana's public sources that it comes from (as of November 2026, near 9.4; paths from the
root of its repository). What they can't tell is whether a Kibana draws what is right: that was not run here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.kibana.rules.dashboards import dashboard_faults
from pipeline.kibana.rules.faults import Json, ObjectFault, ObjectFile, parse_embedded
from pipeline.kibana.rules.lens import lens_faults
from pipeline.kibana.rules.schemas import ATTRIBUTES, SCHEMA_SOURCES, SavedLine, convert_strictly
from pipeline.kibana.rules.views import map_faults, search_faults, text_faults, view_faults

_IMPORT = "src/core/packages/saved-objects/import-export-server-internal/src/import/lib"
_MIGRATOR = "src/core/packages/saved-objects/migration-server-internal/src/document_migrator/document_migrator.ts"

# type → the highest version of its schema that 8.19, the oldest Kibana that this is for, knows
_HIGHEST: Mapping[str, tuple[int, ...]] = {
    "index-pattern": (8, 0, 0),
    "lens": (8, 9, 0),
    "map": (8, 4, 0),
    "search": (10, 5, 0),
    "visualization": (8, 5, 0),
    "dashboard": (10, 3, 0),
}
_CHECKS = {
    "dashboard": dashboard_faults,
    "index-pattern": view_faults,
    "lens": lens_faults,
    "map": map_faults,
    "search": search_faults,
    "visualization": text_faults,
}


def find_faults(text: str, types: Mapping[str, Mapping[str, str]]) -> list[ObjectFault]:
    """Return what Kibana would refuse or could not draw, of a file of saved objects; nothing where all is well.

    Args:
        text: the file: a saved object a line.
        types: id of a data view → the fields of its index with their types in Elasticsearch.
    """
    lines, faults = [], []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            value = json.loads(line)
        except ValueError as error:
            source = "src/core/packages/saved-objects/server-internal/src/routes/utils.ts"
            faults.append(ObjectFault(f"line {number}", f"is no JSON: {error}", source))
            continue
        lines.append(value)
    return [*faults, *_line_faults(lines, types)]


def _line_faults(lines: Sequence[Any], types: Mapping[str, Mapping[str, str]]) -> list[ObjectFault]:
    faults, sound = [], []
    for number, line in enumerate(lines, 1):
        if fault := convert_strictly(line, SavedLine):
            faults.append(ObjectFault(f"object {number}", fault, f"{_IMPORT}/collect_saved_objects.ts"))
        else:
            sound.append(line)
    counts = Counter((line["type"], line["id"]) for line in sound)
    for (kind, name), count in counts.items():
        if count > 1:
            faults.append(ObjectFault(f"{kind} {name}", "is there twice", f"{_IMPORT}/get_non_unique_entries.ts"))
    file = ObjectFile({(line["type"], line["id"]): line for line in sound}, types)
    for line in sound:
        before = len(faults)
        faults += _envelope_faults(line, file)
        if len(faults) == before:  # what stands in an object that isn't one can't be judged
            faults += _CHECKS[line["type"]](line, file)
    return faults


def _envelope_faults(line: Json, file: ObjectFile) -> Iterator[ObjectFault]:
    """Yield what is wrong with an object before its meaning: type, version, attributes, references."""
    kind = line["type"]
    name = f"{kind} {line['id']}"
    if kind not in _HIGHEST:
        yield ObjectFault(name, f"{kind!r} is no type that is imported here", f"{_IMPORT}/collect_saved_objects.ts")
        return
    yield from _version_faults(name, line)
    if not line["managed"]:
        yield ObjectFault(name, "is not managed: an update could not replace it", f"{_IMPORT}/create_saved_objects.ts")
    names = [reference["name"] for reference in line["references"]]
    if len(set(names)) < len(names):
        yield ObjectFault(name, "has two references of one name", f"{_IMPORT}/validate_references.ts")
    for reference in line["references"]:
        if (reference["type"], reference["id"]) not in file.objects:
            missing = f"refers to {reference['type']} {reference['id']!r}, which is not in the file"
            yield ObjectFault(name, missing, f"{_IMPORT}/validate_references.ts")
    if fault := convert_strictly(line["attributes"], ATTRIBUTES[kind]):
        yield ObjectFault(name, f"attributes: {fault}", SCHEMA_SOURCES[kind])
        return
    for path, value in _embedded(line["attributes"]):
        if parse_embedded(value) is None:
            yield ObjectFault(name, f"{path}: holds no JSON", SCHEMA_SOURCES[kind])


def _version_faults(name: str, line: Json) -> Iterator[ObjectFault]:
    version = line["typeMigrationVersion"]
    parts = version.split(".")
    if not all(part.isdigit() for part in parts) or len(parts) != 3:  # noqa: PLR2004 - major, minor, patch
        yield ObjectFault(name, f"typeMigrationVersion {version!r} is no version", _MIGRATOR)
    elif tuple(map(int, parts)) > _HIGHEST[line["type"]]:
        yield ObjectFault(name, f"belongs to a more recent version of Kibana than 8.19 ({version})", _MIGRATOR)
    if line["coreMigrationVersion"] != "8.8.0":
        yield ObjectFault(name, f"coreMigrationVersion {line['coreMigrationVersion']!r} is not 8.8.0", _MIGRATOR)


def _embedded(attributes: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the attributes that hold JSON as text, with their paths."""
    for key, value in attributes.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, str) and (
            key.endswith(("JSON", "State", "Map", "Attrs")) or key in {"fields", "typeMeta"}
        ):
            yield here, value
        elif isinstance(value, dict) and key != "state":
            yield from _embedded(value, here)
