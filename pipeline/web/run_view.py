"""Read runs for those who watch them: what each did, what was slow, and what became of its articles."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.context import Context
from pipeline.figures import RunCounts, RunRecord, RunState, describe_run, judge_run
from pipeline.records import Article, Outcome, Stage
from pipeline.runs import count_run
from pipeline.store import REMOVED, WITHDRAWN, RunArticle, RunHost

ARTICLES = 50  # on a page
_SLOWEST = 10  # hosts that are shown


class RunLine(msgspec.Struct, frozen=True, kw_only=True):
    """A run on a line: how it is with it, since when, and what it did so far."""

    id: str
    command: str
    started_by: str | None
    began: dt.datetime
    ended: dt.datetime | None
    seconds: float  # that it took, or has taken so far
    state: RunState
    summary: str
    counts: RunCounts


class ArticleLine(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a run; ``title`` is None where it has none yet, or may not be told."""

    title: str | None
    outcome: RunArticle


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """A run as a whole: why it failed, should it have, its slowest hosts, and a page of its articles."""

    run: RunLine
    faults: tuple[str, ...]
    slowest: tuple[RunHost, ...]
    articles: tuple[ArticleLine, ...]
    stage: Stage | None
    outcome: Outcome | None
    page: int
    has_more: bool  # whether there is a next page


def list_runs(context: Context, limit: int) -> list[RunLine]:
    """Return the runs that began last, the latest first."""
    with context.store.read() as connection:
        runs = context.store.runs.list_latest(connection, limit)
        counted = {run.n: run.counts or count_run(context, connection, run.n) for run in runs}
    now = context.clock()
    return [_line(run, counted[run.n], now) for run in runs]


def load_run(
    context: Context, run_id: str, *, stage: Stage | None = None, outcome: Outcome | None = None, page: int = 1
) -> RunView | None:
    """Return a run, None where there is none; of its articles those with an outcome of this stage, or of this kind."""
    store, now = context.store, context.clock()
    with store.read() as connection:
        run = store.runs.find(connection, run_id)
        if run is None:
            return None
        counts = run.counts or count_run(context, connection, run.n)
        slowest = store.runs.list_slowest_hosts(connection, run, _SLOWEST)
        shown = store.runs.list_articles(
            connection, run.n, stage=stage, outcome=outcome, limit=ARTICLES + 1, offset=(page - 1) * ARTICLES
        )
        told = [article.id for article in shown if _may_be_told(article, now)]
        titles = {name: text.title for name, text in store.ledger.latest(connection, told, Article).items()}
    return RunView(
        run=_line(run, counts, now),
        faults=judge_run(counts),
        slowest=tuple(slowest),
        articles=tuple(ArticleLine(title=titles.get(each.id), outcome=each) for each in shown[:ARTICLES]),
        stage=stage,
        outcome=outcome,
        page=page,
        has_more=len(shown) > ARTICLES,
    )


def _line(run: RunRecord, counts: RunCounts, now: dt.datetime) -> RunLine:
    return RunLine(
        id=run.id,
        command=run.command,
        started_by=run.started_by,
        began=run.began,
        ended=run.ended,
        seconds=max(0.0, ((run.ended or now) - run.began).total_seconds()),
        state=run.state,
        summary=describe_run(counts),
        counts=counts,
    )


def _may_be_told(article: RunArticle, now: dt.datetime) -> bool:
    """Tell whether readers may be told what an article says: it wasn't taken back, and no embargo holds it."""
    is_held = article.embargoed is not None and article.embargoed > now
    return article.state not in {None, WITHDRAWN, REMOVED} and not is_held
