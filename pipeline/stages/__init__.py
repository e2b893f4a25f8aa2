"""Run the seven stages in order, each over all that waits for it.

``HANDLERS`` names each stage's handler. Its module is imported when the stage runs: extract and enrich load heavy
libraries.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pipeline.context import Context, open_context
from pipeline.errors import UsageError
from pipeline.records import Stage
from pipeline.report import Report
from pipeline.stages.runner import StageHandler, run_handler
from pipeline.workers import preload

__all__ = ["HANDLERS", "Context", "Report", "open_context", "run_all", "run_one", "run_stage"]

_log = logging.getLogger(__name__)


def _fetch() -> type[StageHandler]:
    from pipeline.stages.fetch import FetchHandler

    return FetchHandler


def _extract() -> type[StageHandler]:
    from pipeline.stages.extract import ExtractHandler

    return ExtractHandler


def _dedupe() -> type[StageHandler]:
    from pipeline.stages.dedupe import DedupeHandler

    return DedupeHandler


def _enrich() -> type[StageHandler]:
    from pipeline.stages.enrich import EnrichHandler

    return EnrichHandler


def _cluster() -> type[StageHandler]:
    from pipeline.stages.cluster import ClusterHandler

    return ClusterHandler


def _index() -> type[StageHandler]:
    from pipeline.stages.index import IndexHandler

    return IndexHandler


# Of every stage but poll, which takes feeds and not articles
HANDLERS: dict[Stage, Callable[[], type[StageHandler]]] = {
    Stage.FETCH: _fetch,
    Stage.EXTRACT: _extract,
    Stage.DEDUPE: _dedupe,
    Stage.ENRICH: _enrich,
    Stage.CLUSTER: _cluster,
    Stage.INDEX: _index,
}


def run_one(context: Context, stage: Stage, *, sources: Sequence[str] = (), limit: int | None = None) -> Report:
    """Run one stage over what waits for it (at most ``limit`` articles or feeds, of ``sources``); return the counts.

    Raises NewswireError where the whole stage can't work; what it had claimed is given back.
    """
    check_sources(context, sources)
    # a worker that has to import trafilatura first takes two seconds to start
    preload("pipeline.feeds", "pipeline.extract.preload")
    if stage is Stage.POLL:
        from pipeline.stages.poll import run_poll

        return run_poll(context, sources=sources, limit=limit).stop_clock()
    handler = HANDLERS[stage]()(context)
    return run_handler(handler, sources=sources, limit=limit).stop_clock()


def run_all(
    context: Context, stages: Iterable[Stage] = tuple(Stage), *, sources: Sequence[str] = (), limit: int | None = None
) -> list[Report]:
    """Run ``stages`` in their order, once each; return their reports."""
    chosen = set(stages)
    return [run_one(context, stage, sources=sources, limit=limit) for stage in Stage if stage in chosen]


def run_stage(
    stage: str, *, sources: Sequence[str] = (), limit: int | None = None, dry_run: bool = False
) -> dict[str, Any]:
    """Run one stage, given by its name, with the settings of files and environment: what an Airflow task calls.

    Return the counts as plain values; with ``dry_run`` only how many articles (for poll: feeds) wait.

    Raises:
        UsageError: No stage has this name.
        NewswireError: The settings can't be used, or the whole stage can't work.
    """
    try:
        verb = Stage(stage)
    except ValueError as error:
        raise UsageError(f"no stage is called {stage!r}; the stages are {', '.join(Stage)}") from error
    with open_context() as context:
        if dry_run:
            return {"stage": str(verb), "waiting": count_waiting(context, verb, sources=sources)}
        counts = run_one(context, verb, sources=sources, limit=limit).to_plain()
    _log.info("%s: %s", stage, counts)
    return counts


def count_waiting(context: Context, stage: Stage, *, sources: Sequence[str] = ()) -> int:
    """Return how many articles (for poll: feeds) wait for ``stage`` now."""
    check_sources(context, sources)
    now = context.clock()
    if stage is Stage.POLL:
        context.store.feeds.sync_feeds(list(context.sources.values()), now)
        with context.store.read() as connection:
            return sum(
                state.due <= now and (not sources or state.source in sources)
                for state in context.store.feeds.list_states(connection)
            )
    with context.store.read() as connection:
        return context.store.ledger.count_waiting(connection, stage, now, sources)


def check_sources(context: Context, sources: Sequence[str]) -> None:
    """Refuse names that no source has.

    Raises:
        UsageError: A name is neither in config/feeds.toml nor in the ledger.
    """
    unknown = set(sources) - set(context.sources)
    if unknown:
        with context.store.read() as connection:
            unknown -= set(context.store.ledger.list_sources(connection))
    if unknown:
        raise UsageError(f"no source is called {min(unknown)!r}; config/feeds.toml names the sources")
