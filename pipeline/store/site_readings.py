"""Keep what extract read of the latest pages of each site, by the article's seq.

A reading is used once, after its article was sent back to be cleaned again; whoever reads the page anew replaces it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.store.schema.articles import items
from pipeline.store.schema.sites import site_readings
from pipeline.store.statements import among, rows_as, upsert_columns


class StoredReading(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of an article's page, and what tells it from other readings."""

    seq: int
    key: bytes
    data: bytes


class SiteReadings:
    """The readings of a ledger."""

    def list_wanted(self, connection: sa.Connection, seqs: Collection[int]) -> dict[int, StoredReading]:
        """Return seq → the reading of each of these articles that is to be cleaned again."""
        columns = [site_readings.c[name] for name in StoredReading.__struct_fields__]
        chosen = sa.select(*columns).where(among(connection, site_readings.c.seq, seqs), site_readings.c.wanted)
        return {reading.seq: reading for reading in rows_as(StoredReading, connection.execute(chosen))}

    def save(self, connection: sa.Connection, readings: Sequence[StoredReading]) -> None:
        """Keep readings; each replaces what was kept of its article."""
        columns: dict[str, list[object]] = {
            name: [getattr(reading, name) for reading in readings] for name in StoredReading.__struct_fields__
        }
        upsert_columns(connection, site_readings, {**columns, "wanted": [False] * len(readings)})

    def mark_used(self, connection: sa.Connection, seqs: Collection[int]) -> None:
        """Note that these articles have been cleaned again."""
        if seqs:
            which = site_readings.update().where(among(connection, site_readings.c.seq, seqs))
            connection.execute(which.values(wanted=False))


def mark_wanted(connection: sa.Connection, ids: Collection[str]) -> None:
    """Note that these articles are to be cleaned again by what is kept of them."""
    if not ids:
        return
    seqs = sa.select(items.c.seq).where(among(connection, items.c.id, ids))
    connection.execute(site_readings.update().where(site_readings.c.seq.in_(seqs)).values(wanted=True))


def delete_readings(connection: sa.Connection, seqs: Collection[int]) -> None:
    """Forget what was read of these articles."""
    connection.execute(sa.delete(site_readings).where(among(connection, site_readings.c.seq, seqs)))
