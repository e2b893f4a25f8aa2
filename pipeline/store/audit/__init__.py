"""Look for what doesn't agree within the ledger. Nothing is changed.

Each check reads in one transaction that sees one state of the ledger, row by row: its memory doesn't grow with the
ledger but for a few bytes an article. A check that finds something is repeated by its caller: what is on its way isn't
a fault.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from pipeline.faults import Fault
from pipeline.store.audit import articles, copies, entities, history, leases, outboxes, stories
from pipeline.store.audit.reading import hash_text
from pipeline.store.audit.standings import (
    DocumentStanding,
    Shown,
    iter_blobs,
    iter_document_standings,
    list_unwanted_blobs,
)

__all__ = [
    "LEDGER_CHECKS",
    "DocumentStanding",
    "LedgerCheck",
    "Shown",
    "hash_text",
    "iter_blobs",
    "iter_document_standings",
    "list_unwanted_blobs",
]

LedgerCheck = Callable[[sa.Connection, dt.datetime], Iterator[Fault]]

# name → the check
LEDGER_CHECKS: dict[str, LedgerCheck] = {
    "standing": articles.check_standings,
    "records": articles.check_records,
    "rows": articles.check_strays,
    "outcomes": history.check_outcomes,
    "leases": leases.check_leases,
    "addresses": articles.check_addresses,
    "feeds": outboxes.check_feeds,
    "outbox": outboxes.check_outboxes,
    "copies": copies.check_groups,
    "sketches": copies.check_sketches,
    "stories": stories.check_stories,
    "story memory": stories.check_memory,
    "entities": entities.check_entities,
}
