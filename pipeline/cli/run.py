"""Define newswire run, which runs the stages without Airflow."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection

import click

from pipeline.cli.output import print_json, print_note, print_table
from pipeline.cli.param_types import MOST
from pipeline.context import Context, open_context
from pipeline.errors import UsageError
from pipeline.records import Outcome, Stage
from pipeline.report import Report
from pipeline.settings import find_unread_settings, is_installed_config
from pipeline.stages import count_waiting
from pipeline.stream import Stream, StreamOptions, StreamResult
from pipeline.stream.supervisor import describe_fault
from pipeline.telemetry.sending import send_rest
from pipeline.telemetry.tracing import send_rest_of_traces

_SENDING_SECONDS = 10.0  # that the end of a run takes at most about, to send what it did


@click.command("run")
@click.option("--once", is_flag=True, help="End when nothing that is due is left to do (the default).")
@click.option("--follow", is_flag=True, help="Go on until told to end: what arrives is searchable seconds later.")
@click.option(
    "--every",
    type=click.FloatRange(0.1, MOST),
    metavar="SECONDS",
    help="As --follow; say this often what was done.",
)
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only this source; may be repeated.")
@click.option("--stage", "stages", multiple=True, type=click.Choice([s.value for s in Stage]), help="Only this stage.")
@click.option("--limit", type=click.IntRange(1, MOST), help="At most this many items a stage.")
@click.option("--now", is_flag=True, help="Poll feeds although they aren't due.")
@click.option("--dry-run", is_flag=True, help="Say what waits, do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON lines.")
def run_command(  # noqa: PLR0917  (click gives options as arguments)
    once: bool,
    follow: bool,
    every: float | None,
    sources: tuple[str, ...],
    stages: tuple[str, ...],
    limit: int | None,
    now: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run the stages, all at once: poll, fetch, extract, dedupe, enrich, cluster, index.

    \f
    Raises:
        UsageError: --once and --follow or --every contradict each other.
        Exit: An article failed, or the run was ended before it was through.
    """
    follows = follow or every is not None
    if once and follows:
        raise UsageError(f"--once and {'--follow' if follow else '--every'} contradict each other")
    wanted = frozenset(Stage(s) for s in stages) or frozenset(Stage)
    with open_context() as context:
        if not context.sources:
            unread = find_unread_settings()
            first = "newswire init, then " if is_installed_config(context.config) else ""
            print_note(f"no sources are named yet: {unread or f'{first}newswire feeds add ADDRESS'}")
        if now and not dry_run:
            with context.store.write() as connection:
                context.store.feeds.make_due(connection, context.clock(), sources)
        if dry_run:
            _print_waiting(context, wanted, sources, as_json=as_json)
            return
        command = "run --follow" if follows else "run"
        options = StreamOptions(
            stages=wanted, sources=sources, limit=limit, follows=follows, every=every, command=command
        )
        result = Stream(context, options, print_note).run()
        if not result.is_stuck:
            send_rest(context, _SENDING_SECONDS, print_note)
            send_rest_of_traces(context, _SENDING_SECONDS, print_note)
        print_result(result, follows=follows, as_json=as_json)


def _print_waiting(context: Context, stages: Collection[Stage], sources: tuple[str, ...], *, as_json: bool) -> None:
    rows = [(stage, count_waiting(context, stage, sources=sources)) for stage in Stage if stage in stages]
    if not as_json:
        print_table(("stage", "waiting"), rows)
        return
    for stage, waiting in rows:
        print_json({"stage": stage, "waiting": waiting})


def print_result(result: StreamResult, *, follows: bool, as_json: bool) -> None:
    """Print what came of a run, and end as it did.

    Raises:
        Exit: An article failed in a run that ends by itself, or it was ended before it was through.
        Exception: What ended a stage before its time.
    """
    print_reports(result.reports, as_json=as_json)
    if result.is_stuck:
        print_note("newswire: what could not be ended in time is left behind; the next run does it again")
        sys.stdout.flush()
        os._exit(_exit_code(result, follows=follows))  # a thread that is stuck would keep the program
    if result.faults and result.signal is None:
        *others, last = result.faults
        for fault in others:
            print_note(f"newswire: {describe_fault(fault)}")
        raise last
    for fault in result.faults:
        print_note(f"newswire: {describe_fault(fault)}")
    if code := _exit_code(result, follows=follows):
        raise click.exceptions.Exit(code)


def _exit_code(result: StreamResult, *, follows: bool) -> int:
    """Return 0 for a run that was to be ended so, 128 + the signal's number for one that wasn't through."""
    if follows:
        return 0
    if result.signal is not None:
        return 128 + result.signal
    return 1 if any(report.failed for report in result.reports) else 0


def print_reports(reports: list[Report], *, as_json: bool = False) -> None:
    """Print the counts of a run: a table by stage, or JSON lines."""
    if as_json:
        for report in reports:
            print_json(report.to_plain())
        return
    rows = []
    for report in reports:
        reasons = {
            outcome: ", ".join(f"{n} {reason}" for reason, n in report.counts_by_reason(outcome).items())
            for outcome in (Outcome.DROPPED, Outcome.RETRY, Outcome.QUARANTINED)
        }
        plain = report.to_plain()
        rows.append((report.stage, report.taken, plain["done"], *reasons.values(), plain["seconds"]))
    print_table(("stage", "in", "done", "dropped", "to retry", "quarantined", "seconds"), rows)
