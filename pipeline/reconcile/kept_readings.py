"""Clean an article again by what was read of its page before, where that still holds: no second parse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from pipeline.context import Context
from pipeline.extract import Extraction, RawPage
from pipeline.extract.readings import pack_reading, reading_key, unpack_reading
from pipeline.store import ArticleRow, StoredReading


class KeptReadings:
    """What is kept in the ledger of the pages that a batch of extract has, and what is to be kept.

    ``extractor`` is the key of what reads pages (``pipeline.extract.readings.extractor_key``).
    """

    def __init__(self, context: Context, extractor: bytes) -> None:
        self._context = context
        self._extractor = extractor
        self._recalled: dict[int, Extraction] = {}

    def recall(self, inputs: Mapping[ArticleRow, tuple[str, RawPage]]) -> dict[str, Extraction]:
        """Return article id → what was read of its page, of those that were sent back to be cleaned again.

        Args:
            inputs: article → the archive's name of its page, and its input without the bytes. Where that differs from
                what was read before, there is nothing to recall.
        """
        with self._context.store.read() as connection:
            seqs = [row.seq for row in inputs]
            stored = self._context.store.site_readings.list_wanted(connection, seqs) if seqs else {}
        recalled = {}
        for row, (blob, raw) in inputs.items():
            reading = stored.get(row.seq)
            if reading is None or reading.key != reading_key(raw, blob, self._extractor):
                continue
            if extraction := unpack_reading(reading.data):
                recalled[row.id] = self._recalled[row.seq] = extraction
        return recalled

    def save(self, connection: sa.Connection, readings: Sequence[tuple[ArticleRow, str, RawPage, Extraction]]) -> None:
        """Keep what was read of pages: of each article the archive's name of its page, its input and its reading."""
        used = [row.seq for row, _, _, extraction in readings if self._recalled.pop(row.seq, None) is extraction]
        fresh = [
            StoredReading(seq=row.seq, key=reading_key(raw, blob, self._extractor), data=data)
            for row, blob, raw, extraction in readings
            if row.seq not in used and (data := pack_reading(extraction))
        ]
        self._context.store.site_readings.save(connection, fresh)
        self._context.store.site_readings.mark_used(connection, used)
