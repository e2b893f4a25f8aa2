"""Look at articles: where they stand, their records, and the addresses that lead to them."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Iterator

import numpy as np
import sqlalchemy as sa

from pipeline.faults import Fault
from pipeline.records import Article, Copy, Entry, Names, Page, Placement, Stage, StageRecord
from pipeline.store.audit.reading import hash_text, stream
from pipeline.store.rows import DROPPED, PENDING, QUARANTINED, REMOVED, WITHDRAWN
from pipeline.store.schema.articles import addresses, items, records, visits
from pipeline.store.schema.copies import copy_sketches
from pipeline.store.schema.decisions import decision_moves
from pipeline.store.schema.entities import entity_articles
from pipeline.store.schema.sites import site_pages
from pipeline.store.schema.wires import wire_items, withdrawal_notices
from pipeline.store.statements import among
from pipeline.urls import article_id, optional_address_key

_STATES = (PENDING, DROPPED, QUARANTINED, WITHDRAWN, REMOVED)
_AT_ONCE = 2000  # articles whose addresses are looked up together

# What an article that waits for a stage has from those before it. One that was imported has no page, or no entry.
_NEEDED: dict[Stage | None, tuple[type[StageRecord], ...]] = {
    Stage.FETCH: (Entry,),
    Stage.EXTRACT: (Page,),
    Stage.DEDUPE: (Article,),
    Stage.ENRICH: (Article, Copy),
    Stage.CLUSTER: (Article, Copy, Names),
    Stage.INDEX: (Article, Copy, Names, Placement),
    None: (Article, Copy, Names, Placement),
}


def check_standings(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:  # noqa: ARG001
    """Yield articles that are in no state, or in one that doesn't fit the stage at which they are."""
    c = items.c
    known_stage = c.stage.in_([stage.value for stage in Stage if stage is not Stage.POLL])
    faults = {
        "is in the state {0.state!r}, which is none": c.state.notin_(_STATES),
        "waits for {0.stage!r}, which is no stage that takes articles": sa.and_(
            c.stage.isnot(None), sa.not_(known_stage)
        ),
        "is {0.state}, at no stage": sa.and_(c.state.in_([DROPPED, QUARANTINED]), c.stage.is_(None)),
        "is {0.state}, and waits for {0.stage}": sa.and_(c.state.in_([WITHDRAWN, REMOVED]), c.stage.isnot(None)),
        "is of version {0.version}": c.version < 1,
        "is through, but for revision {0.revision} of its document, of which the index has {0.indexed}": sa.and_(
            c.state == PENDING, c.stage.is_(None), c.revision != c.indexed
        ),
        "is {0.state}, and in the copy group {0.copy_group} and the story {0.story}": sa.and_(
            c.state.in_([WITHDRAWN, REMOVED]), sa.or_(c.copy_group.isnot(None), c.story.isnot(None))
        ),
    }
    for what, condition in faults.items():
        for row in stream(connection, sa.select(items).where(condition)):
            yield Fault(key=f"{row.id} {what}", what=f"{row.id} {what.format(row)}")


def check_records(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:  # noqa: ARG001
    """Yield articles that lack what a stage that they have passed made of them, or have what none can have made yet."""
    c = items.c
    for stage, kinds in _NEEDED.items():
        waits = [c.state == PENDING, c.stage == stage if stage else c.stage.is_(None)]
        for kind in kinds:
            is_present = records.c.version <= c.version if kind is Entry else records.c.version == c.version
            has = sa.exists().where(records.c.id == c.id, records.c.stage == kind.stage, is_present)
            for row in stream(connection, sa.select(c.id, c.version).where(*waits, ~has)):
                where = f"waits for {stage}" if stage else "is through"
                what = f"{row.id} {where}, without what {kind.stage} makes of its version {row.version}"
                yield Fault(key=f"{row.id} {kind.stage}", what=what)
    # a look at a page that found nothing new leaves a page, or an entry, of one version more
    looked = records.c.stage.in_([Stage.FETCH.value, Stage.POLL.value])
    newest = sa.case((looked, c.version + 1), else_=c.version)
    later = sa.select(records.c.id, records.c.stage, records.c.version, c.version.label("present"))
    later = later.join(items, c.id == records.c.id).where(records.c.version > newest)
    for row in stream(connection, later):
        what = f"{row.id} is of version {row.present}, and has what {row.stage} makes of version {row.version}"
        yield Fault(key=f"{row.id} {row.stage} {row.version}", what=what)
    left = sa.select(records.c.id, records.c.stage).join(items, c.id == records.c.id).where(c.state == REMOVED)
    for row in stream(connection, left):
        yield Fault(
            key=f"{row.id} {row.stage}", what=f"{row.id} was taken down, and what {row.stage} made of it is left"
        )


def check_strays(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:  # noqa: ARG001
    """Yield rows that belong to an article that the ledger doesn't know."""
    by_id = (records, visits, wire_items, withdrawal_notices)
    by_seq = (copy_sketches, entity_articles, site_pages, decision_moves)
    for table in by_id:
        stray = sa.select(table.c.id).distinct().where(~sa.exists().where(items.c.id == table.c.id))
        for (name,) in stream(connection, stray):
            yield Fault(key=f"{table.name} {name}", what=f"{table.name} has rows of article {name}, which isn't known")
    for table in by_seq:
        stray = sa.select(table.c.seq).distinct().where(~sa.exists().where(items.c.seq == table.c.seq))
        for (seq,) in stream(connection, stray):
            what = f"{table.name} has rows of the article of number {seq}, which isn't known"
            yield Fault(key=f"{table.name} {seq}", what=what)


def check_addresses(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:  # noqa: ARG001
    """Yield addresses that lead to no article, articles that no address leads to, and those that have the same one."""
    c = addresses.c
    for row in stream(connection, sa.select(c.key, c.id).where(~sa.exists().where(items.c.id == c.id))):
        yield Fault(key=row.key, what=f"{row.key} leads to article {row.id}, which isn't known")
    hashes, seqs = array("Q"), array("q")
    last = 0
    while rows := _page_of_articles(connection, last):
        last = rows[-1].seq
        keys = {row.seq: key for row in rows if (key := optional_address_key(row.url))}
        listed = set(connection.scalars(sa.select(c.key).where(among(connection, c.key, keys.values()))))
        for row in rows:
            key = keys.get(row.seq)
            # one that moved to another address may have lost that to another article
            if key and key not in listed and article_id(row.url) == row.id:
                yield Fault(key=row.id, what=f"{row.id} has the address {key}, which leads to no article")
        hashes.extend(hash_text(key) for key in keys.values())
        seqs.extend(keys)
    yield from _same_addresses(connection, hashes, seqs)


def _page_of_articles(connection: sa.Connection, after: int) -> list[sa.Row[tuple[int, str, str]]]:
    """Return the next articles that have an address and weren't given up, in order of arrival."""
    c = items.c
    listed = sa.select(c.seq, c.id, c.url).where(c.seq > after, c.url.isnot(None), c.state == PENDING)
    return list(connection.execute(listed.order_by(c.seq).limit(_AT_ONCE)))


def _same_addresses(connection: sa.Connection, hashes: array[int], seqs: array[int]) -> Iterator[Fault]:
    """Yield the articles whose addresses have the same hash and are the same."""
    values, order = np.frombuffer(hashes, dtype=np.uint64), None
    if len(values):
        order = np.argsort(values, kind="stable")
        is_repeated = np.flatnonzero(values[order][1:] == values[order][:-1])
        numbers = np.frombuffer(seqs, dtype=np.int64)[order]
        for at in is_repeated.tolist():
            pair = [int(numbers[at]), int(numbers[at + 1])]
            c = items.c
            rows = connection.execute(sa.select(c.id, c.url).where(c.seq.in_(pair)).order_by(c.seq)).all()
            if optional_address_key(rows[0].url) == optional_address_key(rows[1].url):
                what = f"{rows[1].id} has the address of {rows[0].id}: {rows[1].url}"
                yield Fault(key=rows[1].id, what=what)
