"""Print when each article of the environment's ledger was through with each stage, as JSON lines.

    python bench/ledger_times.py [--since SECONDS]

A line has ``url``, ``first_seen``, ``waits_for`` (a stage or null), ``state`` and ``stages``: for each stage the time
of its first attempt that wasn't to be repeated, the outcome of the last, and how many there were. Times are seconds
since 1970. Works with every checkout whose interpreter runs it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from typing import Any

import sqlalchemy as sa

from pipeline.context import open_context

_ARTICLES = "SELECT id, url, first_seen, stage, state FROM items ORDER BY seq"
_OUTCOMES = "SELECT id, stage, at, outcome, reason FROM outcomes WHERE outcome <> 'retry' ORDER BY n"


def seconds_of(value: Any) -> float:
    """Return a time of the ledger in seconds since 1970; SQLite has them as text in UTC."""
    time = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return (time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp()


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--since", type=float, default=0.0, metavar="SECONDS", help="leave out what was seen before")
    since = parser.parse_args().since
    with open_context() as context, context.store.read() as connection:
        articles = {
            row.id: {"url": row.url, "first_seen": seconds_of(row.first_seen), "waits_for": row.stage,
                     "state": row.state, "stages": {}}
            for row in connection.execute(sa.text(_ARTICLES))
        }  # fmt: skip
        for row in connection.execute(sa.text(_OUTCOMES)):
            if row.id in articles:
                outcome = row.outcome if row.reason is None else f"{row.outcome}: {row.reason}"
                attempts = articles[row.id]["stages"].setdefault(row.stage, [seconds_of(row.at), outcome, 0])
                attempts[1:] = [outcome, attempts[2] + 1]
    for article in articles.values():
        if article["first_seen"] >= since:
            print(json.dumps(article))


if __name__ == "__main__":
    main()
