"""How does the main job run? The seven stages in order, each over all that waits for it."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable, Sequence
from typing import Any

from pipeline.context import Context, open_context
from pipeline.errors import UsageError
from pipeline.records import Stage
from pipeline.report import Report
from pipeline.workers import preload

__all__ = ["Context", "Report", "open_context", "run_all", "run_one", "run_stage"]

_log = logging.getLogger(__name__)

# a worker that has to import trafilatura first takes two seconds to start
preload("pipeline.feeds", "pipeline.extract.preload")


def run_one(context: Context, stage: Stage, *, sources: Sequence[str] = (), limit: int | None = None) -> Report:
    """Run one stage over what waits for it (at most ``limit`` items, of ``sources``); return the counts.

    Raises NewswireError where the whole stage can't work; what it had claimed is given back.
    """
    check_sources(context, sources)
    # a stage's module is imported when it runs: extract and enrich load heavy libraries
    module = importlib.import_module(f"pipeline.stages.{stage}")
    if stage is Stage.POLL:
        report: Report = module.run_poll(context, sources=sources, limit=limit)
        return report.stop_clock()
    runner = importlib.import_module("pipeline.stages.runner")
    made: Report = runner.run_handler(
        getattr(module, f"{stage.capitalize()}Handler")(context), sources=sources, limit=limit
    )
    return made.stop_clock()


def run_all(
    context: Context, stages: Iterable[Stage] = tuple(Stage), *, sources: Sequence[str] = (), limit: int | None = None
) -> list[Report]:
    """Run ``stages`` in their order, once each; return their reports."""
    wanted = set(stages)
    return [run_one(context, stage, sources=sources, limit=limit) for stage in Stage if stage in wanted]


def run_stage(
    stage: str, *, sources: Sequence[str] = (), limit: int | None = None, dry_run: bool = False
) -> dict[str, Any]:
    """Run one stage with the settings that files and environment name: what an Airflow task calls.

    Returns the counts as plain values; with ``dry_run`` only how many items wait. Raises NewswireError.
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
    """Return how many items (for poll: feeds) wait for ``stage`` now."""
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
    """Refuse names that no source has; raises UsageError."""
    unknown = set(sources) - set(context.sources)
    if unknown:
        with context.store.read() as connection:
            unknown -= set(context.store.ledger.list_sources(connection))
    if unknown:
        raise UsageError(f"no source is called {min(unknown)!r}; config/feeds.toml names the sources")
