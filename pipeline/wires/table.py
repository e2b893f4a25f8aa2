"""How does an article stand in a table? A column for each field of the document, in the words of the index."""

from __future__ import annotations

import datetime as dt
import typing
from typing import Any

from pipeline.records import Document, to_json

_PLAIN = {str: "text", int: "number", float: "share", bool: "flag", dt.datetime: "time"}


def _kind(annotation: Any) -> str:
    """Return what a column holds: a plain value, several texts, or JSON for what has parts."""
    options = [one for one in typing.get_args(annotation) or (annotation,) if one is not type(None)]
    if typing.get_origin(annotation) is tuple:
        return "texts" if options[0] is str else "json"
    (only,) = options if len(options) == 1 else (object,)
    if isinstance(only, type) and issubclass(only, str):  # also an enumeration of strings
        return "text"
    return _PLAIN.get(only, "json")


# column → kind; docs/fields.md says what each holds
COLUMNS = {name: _kind(annotation) for name, annotation in typing.get_type_hints(Document).items()}


def row(document: Document) -> dict[str, Any]:
    """Return the article's row."""
    return {name: _cell(getattr(document, name), kind) for name, kind in COLUMNS.items()}


def _cell(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "json":
        return to_json(value).decode()
    return list(value) if kind == "texts" else str(value) if kind == "text" else value
