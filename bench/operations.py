"""Measure what it costs to send operations to Elasticsearch, as a share of what the articles themselves cost.

    python -m bench.operations --url http://127.0.0.1:9200 [--articles 3000] [--article-ms 133] [--store URL]

Makes a ledger with articles that have passed all stages (seven outcomes each, as a run leaves them) and their feeds'
polls, sends all of it to indices of its own, and prints the CPU time of this process for each outcome and for a million
of them: reading, building documents, sending them and noting how far that is. ``--article-ms`` is what an article costs
the pipeline (docs/scale.md, ``make bench``). What Elasticsearch itself takes is not in it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import tempfile
import time
from pathlib import Path

import msgspec
from elasticsearch import Elasticsearch

from pipeline.context import Context, utc_now
from pipeline.records import Entry, Outcome, Reason, Stage
from pipeline.settings import IndexSettings, OperationsSettings, Settings, Source, load_environment
from pipeline.store import NewArticle
from pipeline.telemetry.sampling import keep_sample
from pipeline.telemetry.sending import open_sender

_SOURCES = 50
_AT_ONCE = 500
_MILLION = 1_000_000
_PATIENCE_SECONDS = 600.0  # with an Elasticsearch that other programs keep busy: only our own CPU time counts


def fill(context: Context, articles: int) -> int:
    """Fill the ledger; return how many outcomes it has."""
    ledger, now, count = context.store.ledger, utc_now(), 0
    for first in range(0, articles, _AT_ONCE):
        with context.store.write() as connection:
            numbers = range(first, min(first + _AT_ONCE, articles))
            new = [_article(number, now - dt.timedelta(seconds=20)) for number in numbers]
            count += len(ledger.insert_articles(connection, new, now))
            for stage in list(Stage)[1:]:
                for number in numbers:
                    failed = stage is Stage.FETCH and number % 20 == 0
                    outcome, reason = (Outcome.RETRY, Reason.TIMEOUT) if failed else (Outcome.DONE, None)
                    detail = "no answer within 30 seconds" if failed else None
                    ledger.log_outcome(connection, new[number - first].id, stage, outcome, reason, detail, now)
                    count += 1
            for number in range(_SOURCES):
                feed = f"https://www.outlet{number}.example/feed"
                ledger.log_outcome(connection, feed, Stage.POLL, Outcome.DROPPED, Reason.NOT_MODIFIED, None, now)
                count += 1
    return count


def _article(number: int, seen: dt.datetime) -> NewArticle:
    source = f"Outlet {number % _SOURCES}"
    url = f"https://www.outlet{number % _SOURCES}.example/news/2026/11/30/an-article-about-something-{number}"
    entry = Entry(id=f"{number:020x}", url=url, source=source, first_seen=seen, title="An article about something")
    return NewArticle.from_entry(entry)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="of an Elasticsearch")
    parser.add_argument("--articles", type=int, default=3000)
    parser.add_argument("--article-ms", type=float, default=133.0, help="CPU of the pipeline, an article")
    parser.add_argument("--store", help="an empty database; default: SQLite")
    wanted = parser.parse_args()
    prefix = f"bench-{os.getpid()}"
    sources = tuple(Source(name=f"Outlet {number}") for number in range(_SOURCES))
    with tempfile.TemporaryDirectory(prefix="newswire-bench-") as folder:
        environ = {"NEWSWIRE_HOME": folder, "NEWSWIRE_OPERATIONS_URL": wanted.url}
        environment = load_environment(environ | ({"NEWSWIRE_STORE_URL": wanted.store} if wanted.store else {}))
        settings = Settings(
            operations=OperationsSettings(prefix=prefix), index=IndexSettings(timeout_seconds=_PATIENCE_SECONDS)
        )
        with Context(settings, sources, environment, config=Path("config")) as context:
            outcomes = fill(context, wanted.articles)
            sender = open_sender(context)
            assert sender is not None
            sender.send(pages=1)  # what is loaded and made once is no outcome's
            left = outcomes - 2000
            began, spent = time.perf_counter(), time.process_time()
            sent = sender.send()
            cpu, wall = time.process_time() - spent, time.perf_counter() - began
            context.clock = lambda: utc_now() + dt.timedelta(minutes=2)
            spent = time.process_time()
            keep_sample(context)
            sender.send()
            minute = time.process_time() - spent
            sender.close()
    with Elasticsearch(wanted.url) as client:
        for name in client.indices.get(index=f"{prefix}-*"):
            client.indices.delete(index=name)
        for family in ("outcomes", "runs", "sources"):
            client.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}-{family}")
    assert sent is not None
    assert sent.outcomes == left, msgspec.structs.asdict(sent)
    each = cpu / sent.outcomes
    pipeline = wanted.article_ms / 1000 / (outcomes / wanted.articles)
    print(
        f"{sent.outcomes:,} outcomes in {wall:.1f} s: {1e6 * each:.0f} µs of CPU each; a minute's states {minute:.3f} s"
    )
    print(f"a million: {each * _MILLION:.0f} s of CPU, a day's states {1440 * minute:.0f} s")
    print(
        f"the pipeline takes {1000 * pipeline:.1f} ms for an outcome: operations are {each / pipeline:.2%} of its CPU,"
    )
    day = each * _MILLION + 1440 * minute
    print(f"with states {day / (pipeline * _MILLION):.2%}")


if __name__ == "__main__":
    main()
