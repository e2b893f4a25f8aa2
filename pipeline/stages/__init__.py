"""Run the seven stages in order, each over all that waits for it.

``HANDLERS`` names each stage's handler. Its module is imported when the stage runs: extract and enrich load heavy
libraries.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pipeline.context import Context, open_context
from pipeline.errors import RunFailedError, UsageError
from pipeline.figures import describe_run, judge_run
from pipeline.records import Stage
from pipeline.report import Report
from pipeline.runs import begin_run, end_run
from pipeline.stages.coordination import SoloCoordinator
from pipeline.stages.products import StageProducts
from pipeline.stages.runner import StageHandler, run_handler
from pipeline.store import StageResult
from pipeline.telemetry.sampling import keep_sample
from pipeline.telemetry.sending import send_rest
from pipeline.telemetry.tracing import send_rest_of_traces
from pipeline.worker_count import share_workers
from pipeline.workers import preload

__all__ = [
    "HANDLERS",
    "Context",
    "Report",
    "close_run",
    "open_context",
    "preload_workers",
    "run_all",
    "run_one",
    "run_stage",
]

_log = logging.getLogger(__name__)


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


# Of every stage but poll and fetch, which go by host: see host_loop
HANDLERS: dict[Stage, Callable[[], type[StageHandler]]] = {
    Stage.EXTRACT: _extract,
    Stage.DEDUPE: _dedupe,
    Stage.ENRICH: _enrich,
    Stage.CLUSTER: _cluster,
    Stage.INDEX: _index,
}


# Where another run follows soon, a slow host's turn isn't waited for longer than this, in total.
_PATIENCE_SECONDS = 5.0
# That the end of a run takes at most about, to send what it did; the next run sends the rest.
_SENDING_SECONDS = 30.0


def run_one(
    context: Context,
    stage: Stage,
    *,
    sources: Sequence[str] = (),
    limit: int | None = None,
    seconds: float | None = None,
    insists: bool = False,
    on_saved: Callable[[Sequence[StageResult]], None] = lambda _: None,
) -> Report:
    """Run one stage over what waits for it; return the counts.

    Args:
        context: of the run.
        stage: its verb.
        sources: whose feeds and articles are taken; none means all.
        limit: how many articles (for poll: feeds) are taken at most.
        seconds: for how long more is taken on; requests that are under way then get the time of one request.
        insists: whether it is an error that another worker is at an ordered stage while articles wait for it.
        on_saved: gets the results of each transaction of a stage behind fetch when it has been saved.

    Raises NewswireError where the whole stage can't work; what it had claimed is given back.
    """
    check_sources(context, sources)
    preload_workers([stage])
    if stage in {Stage.POLL, Stage.FETCH}:
        return asyncio.run(_run_loop(context, stage, sources, limit, seconds)).stop_clock()
    handler = HANDLERS[stage]()(context)
    return run_handler(
        handler, sources=sources, limit=limit, seconds=seconds, insists=insists, on_saved=on_saved
    ).stop_clock()


# What the workers of a stage import: one that has to import trafilatura first takes two seconds to start.
_WORKERS_MODULES = {
    Stage.POLL: "pipeline.feeds",
    Stage.EXTRACT: "pipeline.extract.preload",
    Stage.ENRICH: "pipeline.enrich.preload",
}


def preload_workers(stages: Iterable[Stage] = tuple(Stage)) -> None:
    """Let the workers of these stages share what they load; has an effect before the first of this process only."""
    chosen = set(stages)
    preload(*(module for stage, module in _WORKERS_MODULES.items() if stage in chosen))


async def _run_loop(
    context: Context, stage: Stage, sources: Sequence[str], limit: int | None, seconds: float | None
) -> Report:
    """Run the loop of poll or fetch until nothing is due, or for so many seconds.

    Hosts that are slow keep it half a lease at most.
    """
    from pipeline.stages.fetch import FetchLoop
    from pipeline.stages.host_loop import HostBudget
    from pipeline.stages.network import open_network
    from pipeline.stages.poll import PollLoop

    coordinator, settings = SoloCoordinator(), context.settings
    patience = settings.run.lease_seconds / 2 if seconds is None else _PATIENCE_SECONDS
    one_request = (settings.poll if stage is Stage.POLL else settings.fetch).timeout_seconds
    budget = None if seconds is None else HostBudget(seconds, one_request)
    async with open_network(context, coordinator) as network:
        loop: PollLoop | FetchLoop
        if stage is Stage.POLL:
            loop = PollLoop(
                context, network, sources=sources, limit=limit, patience=patience, budget=budget, whole_rounds=True
            )
        else:
            loop = FetchLoop(context, network, sources=sources, limit=limit, patience=patience, budget=budget)
        await loop.run(coordinator)
    return loop.report


def run_all(
    context: Context, stages: Iterable[Stage] = tuple(Stage), *, sources: Sequence[str] = (), limit: int | None = None
) -> list[Report]:
    """Run ``stages`` in their order, once each; return their reports."""
    chosen = set(stages)
    preload_workers(chosen)
    return [run_one(context, stage, sources=sources, limit=limit) for stage in Stage if stage in chosen]


def run_stage(
    stage: str,
    *,
    sources: Sequence[str] = (),
    limit: int | None = None,
    dry_run: bool = False,
    seconds: float | None = None,
    run_id: str | None = None,
    started_by: str | None = None,
) -> dict[str, Any]:
    """Run one stage, given by its name, with the settings of files and environment: what an Airflow task calls.

    Others may be at the same stage at the same time: whatever is claimed is one's alone.

    Args:
        stage: its verb.
        sources: whose feeds and articles are taken; none means all.
        limit: how many articles (for poll: feeds) are taken at most.
        dry_run: whether they are only counted.
        seconds: for how long more is taken on; the rest waits for the next run.
        run_id: the run that the work belongs to, in the form ``DAG/RUN``; None where it belongs to none.
        started_by: the person who started that run, where that is known.

    Return the counts as plain values, with what the stage ``brought``; with ``dry_run`` only how many articles (for
    poll: feeds) wait.

    Raises:
        UsageError: No stage, or no source, has this name.
        BusyError: Another worker is at an ordered stage, and stays there.
        NewswireError: The settings can't be used, or the whole stage can't work.
    """
    try:
        verb = Stage(stage)
    except ValueError as error:
        raise UsageError(f"no stage is called {stage!r}; the stages are {', '.join(Stage)}") from error
    with open_context() as context:
        if dry_run:
            return {"stage": str(verb), "waiting": count_waiting(context, verb, sources=sources)}
        if run_id:
            begin_run(context, run_id, command=f"airflow: {run_id.partition('/')[0]}", started_by=started_by)
        context.settings, products = share_workers(context.settings), StageProducts(verb)
        report = run_one(
            context, verb, sources=sources, limit=limit, seconds=seconds, insists=True, on_saved=products.add
        )
    counts = {**report.to_plain(), "brought": products.to_plain()}
    _log.info("%s: %s", stage, counts)
    return counts


def close_run(run_id: str) -> dict[str, Any]:
    """End a run whose stages ``run_stage`` ran, and judge it: what the last task of a run calls.

    Return what the run did: ``summary``, a line, and for each stage ``taken`` and ``done``; nothing for a dry run.

    Raises:
        RunFailedError: Whatever the run tried failed.
        NewswireError: The settings, or the ledger, can't be used.
    """
    with open_context() as context:
        run = end_run(context, run_id)
        if run is None or run.counts is None:
            return {}
        keep_sample(context)
        send_rest(context, _SENDING_SECONDS)
        send_rest_of_traces(context, _SENDING_SECONDS)
    if faults := judge_run(run.counts):
        raise RunFailedError("; ".join(faults))
    stages = {name: {"taken": of.taken_total, "done": of.done_total} for name, of in run.counts.stages.items()}
    return {"summary": describe_run(run.counts), "stages": stages}


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
