"""Measure how long a backup and a restore take, and how large a backup is.

    python bench/backup.py [--known 50000] [--pages 5000] [--store URL] [--into URL]

A ledger is filled with ``--known`` articles that have been through all stages, as bench/growth.py fills it, and an
archive with ``--pages`` pages of some 20 kB each, packed. Then a backup is made, a second one (nothing is new but the
tables), and the first ledger's rows are restored into ``--into``. What is at --store and --into is wiped.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from growth import NOW, OUTLETS, empty_database, fill_ledger

from pipeline.backup import make_backup, restore_backup
from pipeline.records import Page
from pipeline.settings import Environment, Settings, Source, config_folder
from pipeline.stages import Context

T = TypeVar("T")
PAGE_BYTES = 20_000  # random, so that they stay as large when they are packed


def timed(what: str, work: Callable[[], T]) -> T:
    """Do something; print how long it took."""
    begun = time.monotonic()
    made = work()
    print(f"{what}: {time.monotonic() - begun:.1f} s", flush=True)
    return made


def places(folder: Path, store: str | None) -> Environment:
    return Environment(
        home=folder,
        store_url=store or f"sqlite:///{folder}/ledger.db",
        index_url=f"sqlite:///{folder}/index.db",
        archive_url=str(folder / "archive"),
    )


def fill_archive(context: Context, count: int) -> None:
    """Archive pages for the first articles of the ledger."""
    draw = random.Random(1)
    pages = [
        Page(
            id=f"page{n}",
            url=None,
            final_url=None,
            blob=context.archive.put(draw.randbytes(PAGE_BYTES)),
            size=PAGE_BYTES,
            fetched=NOW,
        )
        for n in range(count)
    ]
    with context.store.write() as connection:
        context.store.ledger.save_records(connection, [(page.id, 1, page) for page in pages], NOW)


def main() -> None:
    """Fill, back up twice, restore."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--known", type=int, default=50_000)
    parser.add_argument("--pages", type=int, default=5_000)
    parser.add_argument("--store", help="of the ledger that is copied; else a SQLite file")
    parser.add_argument("--into", help="of the ledger that it is restored into; else a SQLite file")
    wanted = parser.parse_args()
    for url in filter(None, (wanted.store, wanted.into)):
        empty_database(url)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before, after = places(folder / "before", wanted.store), places(folder / "after", wanted.into)
        sources = [Source(name=f"Outlet {n}") for n in range(OUTLETS)]
        clock = itertools.count()
        with Context(
            Settings(),
            sources,
            before,
            config=config_folder(),
            clock=lambda: NOW.replace(microsecond=next(clock) % 1_000_000),
        ) as context:
            fill_ledger(context.store, wanted.known)
            fill_archive(context, wanted.pages)
            target = str(folder / "backups")
            made = timed("backup", lambda: make_backup(context, target, keep=7, tell=print))
            print(f"{made.rows:,} rows, {made.pages:,} pages of {made.new_bytes / 1e6:.0f} MB")
            context.clock = lambda: NOW.replace(second=NOW.second + 1)
            timed("second backup", lambda: make_backup(context, target, keep=7, tell=print))
        tables = folder / "backups" / "backups" / made.name / "ledger"
        size = sum(path.stat().st_size for path in tables.iterdir())
        print(f"tables: {size / 1e6:.1f} MB, {size / wanted.known:,.0f} bytes an article")
        nothing = lambda *_: None  # noqa: E731
        timed("restore", lambda: restore_backup(after, target, name=made.name, check_index=nothing, tell=nothing))


if __name__ == "__main__":
    main()
