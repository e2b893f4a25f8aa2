"""Complete a search line that is being written: fields by their names, then values of names and sources."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from fastapi import Query as Parameter

from pipeline.index import Index
from pipeline.index.query_language import FIELD_NAMES

SearchLine = Annotated[str, Parameter(max_length=2000)]
_LAST_WORDS = re.compile(r"(?:(\w+):)?\"?([^\s\":()]+(?: [^\s\":()]+)?)$")


class LineCompletion(msgspec.Struct, frozen=True, kw_only=True):
    """What may stand in place of the end of a line: ``line`` is to be written; a field's name alone has no value."""

    field: str
    value: str | None
    count: int | None
    line: str


def describe_completions(index: Index, line: str, size: int) -> tuple[LineCompletion, ...]:
    """Return what may stand in place of the end of a line, each with the field, the value and what is to be written."""
    match = _LAST_WORDS.search(line)
    if match is None:
        return ()
    field, beginning = match.groups()
    last = beginning.rpartition(" ")[2]
    fields = [] if field else sorted(name for name in FIELD_NAMES if name.startswith(last.lower()))
    values = index.complete(beginning, size) or index.complete(last, size)  # a name of two words, else of one
    values = tuple(each for each in values if field is None or each.field == field)
    named = [LineCompletion(field=name, value=None, count=None, line=f"{name}:") for name in fields]
    counted = [
        LineCompletion(field=each.field, value=each.value, count=each.count, line=f'{each.field}:"{each.value}"')
        for each in values
    ]
    return (*named, *counted)[:size]
