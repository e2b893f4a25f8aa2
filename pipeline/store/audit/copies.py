"""Look at copy groups and at what dedupe remembers: one primary each, members that agree, sketches of members alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec
import sqlalchemy as sa

from pipeline.dedupe.sketch import Sketch
from pipeline.faults import Fault
from pipeline.records import Copy, Stage, from_json
from pipeline.store.audit.postings import check_postings, stream_postings
from pipeline.store.audit.reading import stream
from pipeline.store.posting_tables import COPIES, tables_with_postings
from pipeline.store.rows import PENDING
from pipeline.store.schema.articles import items, records
from pipeline.store.schema.copies import copy_sketches
from pipeline.store.schema.outbox import losses
from pipeline.store.stage_records import join_latest

_decode_sketch = msgspec.msgpack.Decoder(Sketch).decode


def check_groups(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:  # noqa: ARG001
    """Yield copy groups without a primary or with several, copies of no member, and records of another group.

    A group that has lost an article, and that dedupe has yet to settle, isn't looked at.
    """
    c = items.c
    unsettled = sa.select(losses.c.name).where(losses.c.stage == Stage.DEDUPE)
    members = sa.select(c.copy_group, c.id, records.c.data)
    members = members.select_from(items.outerjoin(records, join_latest(Stage.DEDUPE)))
    members = members.where(c.copy_group.isnot(None), c.copy_group.notin_(unsettled)).order_by(c.copy_group, c.seq)
    group, copies = None, dict[str, Copy | None]()
    for row in stream(connection, members):
        if row.copy_group != group:
            yield from _faults_of_group(group, copies)
            group, copies = row.copy_group, {}
        copies[row.id] = from_json(row.data, Copy) if row.data else None
    yield from _faults_of_group(group, copies)


def _faults_of_group(group: str | None, copies: dict[str, Copy | None]) -> Iterator[Fault]:
    """Yield what is wrong of one group, by its members' records."""
    if group is None:
        return
    primaries = [name for name, copy in copies.items() if copy is not None and copy.copy_of is None]
    if len(primaries) != 1:
        who = ", ".join(primaries) or "none"
        yield Fault(key=f"group {group}", what=f"copy group {group} of {len(copies)} articles has as primary: {who}")
    for name, copy in copies.items():
        if copy is None:
            yield Fault(
                key=f"{name} record", what=f"{name} is in the copy group {group}, and dedupe made nothing of it"
            )
        elif copy.group != group:
            what = f"{name} is in the copy group {group}, and its record says {copy.group}"
            yield Fault(key=f"{name} group", what=what)
        elif copy.copy_of is not None and copy.copy_of not in copies:
            what = f"{name} copies {copy.copy_of}, which is not in its copy group {group}"
            yield Fault(key=f"{name} original", what=what)


def check_sketches(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:  # noqa: ARG001
    """Yield sketches of articles that may not be copied, or of another group, and postings that lead nowhere."""
    c, s = items.c, copy_sketches.c
    unsettled = sa.select(losses.c.name).where(losses.c.stage == Stage.DEDUPE)
    sketched = sa.select(c.id, c.state, c.copy_group, s.data).join(copy_sketches, s.seq == c.seq)
    for row in stream(connection, sketched.where(sa.or_(c.copy_group.is_(None), c.copy_group.notin_(unsettled)))):
        try:
            sketch = _decode_sketch(row.data)
        except msgspec.DecodeError as error:
            yield Fault(key=f"sketch {row.id}", what=f"the sketch of {row.id} can't be read: {error}")
            continue
        if row.state != PENDING and row.copy_group is None:
            yield Fault(key=f"sketch {row.id}", what=f"{row.id} is {row.state}, and its sketch is still remembered")
        elif row.copy_group != sketch.group or sketch.id != row.id:
            what = f"{row.id} is in the copy group {row.copy_group}; its sketch is {sketch.id}'s, in {sketch.group}"
            yield Fault(key=f"sketch {row.id}", what=what)
    postings = stream_postings(connection, tables_with_postings(connection, COPIES))
    yield from check_postings(connection, copy_sketches, postings, exact=True)
