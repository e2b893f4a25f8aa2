"""Look at outboxes and feeds: what they name is known, what they say can be read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec
import sqlalchemy as sa

from pipeline.faults import Fault
from pipeline.feed_records import FeedState
from pipeline.records import from_json
from pipeline.store.audit.reading import stream
from pipeline.store.rows import PENDING
from pipeline.store.schema.articles import items
from pipeline.store.schema.feeds import feeds
from pipeline.store.schema.outbox import regrouped, withdrawn


def check_outboxes(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:
    """Yield rows of the outboxes that name an unknown article, or would remove the document of one that is shown."""
    for table in (withdrawn, regrouped):
        unknown = ~sa.exists().where(items.c.id == table.c.id)
        for row in stream(connection, sa.select(table.c.id).where(unknown)):
            yield Fault(key=f"{table.name} {row.id}", what=f"{table.name} names article {row.id}, which isn't known")
    # whoever lets an article through again has its document written after it was removed
    c = items.c
    shown = [c.state == PENDING, c.stage.is_(None), sa.or_(c.embargoed.is_(None), c.embargoed <= now)]
    for row in stream(connection, sa.select(c.id).join(withdrawn, withdrawn.c.id == c.id).where(*shown)):
        what = f"{row.id} is through, and its document is to be removed"
        yield Fault(key=f"withdrawn {row.id} shown", what=what)


def check_feeds(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:  # noqa: ARG001
    """Yield feeds whose state can't be read, or is another feed's."""
    for row in stream(connection, sa.select(feeds.c.url, feeds.c.source, feeds.c.state)):
        try:
            state = from_json(row.state, FeedState)
        except msgspec.DecodeError as error:
            yield Fault(key=row.url, what=f"what is known of {row.url} can't be read: {error}")
            continue
        if state.url != row.url:
            yield Fault(key=row.url, what=f"what is known of {row.url} is what was learnt of {state.url}")
