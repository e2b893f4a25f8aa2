"""Tell how an article would differ by a replay: pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from pipeline.diff_text import Passage, list_passages
from pipeline.records import Entity, Mention, Record, StageRecord, to_json
from pipeline.stages.rehearsal import Rehearsal, Standing

GIVEN_UP = "given up"  # the field that says whether an article has a document at all
_LONGEST = 4000  # characters of what was taken out or put in; beyond it only that it differs


class FieldDifference(Record, frozen=True, kw_only=True):
    """How a field would differ: the lines or values that would go, and those that would come."""

    field: str
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def passages(self) -> list[Passage]:
        """Return where the two differ, for people."""
        return list_passages(self.removed, self.added)


class ArticleDifference(Record, frozen=True, kw_only=True):
    """How an article would differ."""

    id: str
    url: str | None
    source: str
    fields: tuple[FieldDifference, ...]
    reason: str | None = None  # what the stage would say of it, where it would not simply pass

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the fields that would differ."""
        return tuple(difference.field for difference in self.fields)


def compare_standings(rehearsal: Rehearsal) -> ArticleDifference | None:
    """Return how an article would differ after a replay, None where it would stay as it is."""
    before, after = rehearsal.before, rehearsal.after
    fields = list(compare_records(before.record, after.record))
    if before.is_given_up != after.is_given_up:
        fields.insert(0, _difference(GIVEN_UP, _as_lines(before.is_given_up), _as_lines(after.is_given_up)))
    if not fields:
        return None
    row = rehearsal.article
    why = ": ".join(part for part in (rehearsal.reason, rehearsal.detail) if part)
    return ArticleDifference(id=row.id, url=row.url, source=row.source, fields=tuple(fields), reason=why or None)


def compare_records(old: StageRecord | None, new: StageRecord | None) -> list[FieldDifference]:
    """Return the fields in which two records of one stage differ, in their order; ``None``: there is no record."""
    known = new or old
    names = [name for name in known.__struct_fields__ if name != "id"] if known else []
    pairs = ((name, getattr(old, name, None), getattr(new, name, None)) for name in names)
    return [_difference(name, _as_lines(was), _as_lines(will)) for name, was, will in pairs if was != will]


def hash_standing(standing: Standing) -> str:
    """Return what tells a standing from others."""
    return hashlib.sha256(to_json(standing)).hexdigest()[:32]


def _difference(name: str, was: Sequence[str], will: Sequence[str]) -> FieldDifference:
    removed, added = Counter(was) - Counter(will), Counter(will) - Counter(was)
    if not removed and not added:  # only their order differs
        return FieldDifference(field=name, removed=_shorten(was), added=_shorten(will))
    return FieldDifference(field=name, removed=_shorten(removed.elements()), added=_shorten(added.elements()))


def _shorten(lines: Iterable[str]) -> tuple[str, ...]:
    kept: list[str] = []
    room = _LONGEST
    for line in lines:
        if room <= 0:
            return (*kept, "…")
        kept.append(line if len(line) <= room else f"{line[:room]}…")
        room -= len(line)
    return tuple(kept)


def _as_lines(value: object) -> list[str]:
    """Return a field's value as lines for people; nothing where it is unknown."""
    match value:
        case None | "":
            lines = []
        case str():
            lines = value.splitlines()
        case bool():
            lines = ["yes" if value else "no"]
        case tuple():
            lines = [line for element in value for line in _as_lines(element)]
        case Mention():
            lines = [f"{value.name} ({value.type})"]
        case Entity():
            lines = [f"{value.name} ({value.type}, {value.count})"]
        case msgspec.Struct():
            lines = [", ".join(str(v) for v in msgspec.to_builtins(value).values() if v is not None)]
        case _:
            lines = [str(msgspec.to_builtins(value))]
    return lines
