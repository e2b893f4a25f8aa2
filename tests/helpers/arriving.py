"""A ledger into which articles arrive that were extracted already, and what becomes of them."""

from __future__ import annotations

import datetime as dt

from pipeline.reconcile.revisits import record_visits
from pipeline.records import Article, Entry, Outcome, Page, Precision, Reason, Stage
from pipeline.revisit_policy import VisitOutcome
from pipeline.settings import Source
from pipeline.stages import Context, run_all
from pipeline.store import NewArticle, StageResult
from tests.helpers.copies import AT

HOUR = dt.timedelta(hours=1)
NOW = AT + 24 * HOUR
STAGES = [Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER, Stage.INDEX]
SOURCES = (Source(name="Daily"), Source(name="Evening"), Source(name="Coastwire", agency=True))


def arrive(context, name, text, *, source="Daily", seen=0.0, published=None, day=None, agency=None):
    """Let an article arrive; ``seen`` and ``published`` in hours, ``day`` where that is all that it says."""
    url = f"https://{source.lower()}.example/{name}"
    entry = Entry(id=name, url=url, source=source, first_seen=AT + seen * HOUR)
    article = Article(
        id=name,
        url=url,
        text=text,
        source=source,
        published=None if published is None else AT + published * HOUR,
        published_local=day,
        published_precision=Precision.DAY if day else Precision.INSTANT,
        agency=agency,
    )
    records = (entry, article)
    new = NewArticle(id=name, source=source, first_seen=entry.first_seen, url=url, records=records, stage=Stage.DEDUPE)
    with context.store.write() as connection:
        context.store.ledger.insert_articles(connection, [new], NOW)


def change(context, name, text):
    """Let an article be read again: with another text, or (None) not found any more."""
    ledger = context.store.ledger
    with context.store.write() as connection:
        row = ledger.find_article(connection, name)
        ledger.start_version(connection, row, Stage.FETCH, NOW)
    page = Page(id=name, url=row.url, final_url=row.url, blob="none", size=1, fetched=NOW)
    if text is None:
        finish(context, Stage.FETCH, outcome=Outcome.DROPPED, reason=Reason.GONE)
        with context.store.write() as connection:
            record_visits(context, connection, [(row, VisitOutcome.GONE)])
        return
    finish(context, Stage.FETCH, outcome=Outcome.DONE, record=page)
    article = Article(id=name, url=row.url, source=row.source, text=text)
    finish(context, Stage.EXTRACT, outcome=Outcome.DONE, record=article)


def look(context, name, **result):
    """Let an article's page be looked at, with this result."""
    ledger = context.store.ledger
    with context.store.write() as connection:
        ledger.start_version(connection, ledger.find_article(connection, name), Stage.FETCH, NOW)
    finish(context, Stage.FETCH, **result)


def finish(context, stage, **result):
    ledger = context.store.ledger
    with context.store.write() as connection:
        (row,) = ledger.claim(connection, stage, NOW, limit=1, seconds=60)
        ledger.finish(connection, stage, [StageResult(article=row, **result)], NOW, max_attempts=3)


def through(context: Context):
    """Run the stages; return id → document."""
    run_all(context, STAGES)
    return {name: context.index.get(name) for name, _ in context.index.revisions()}
