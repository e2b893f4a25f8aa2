"""Define newswire run, which runs the stages without Airflow."""

from __future__ import annotations

import time

import click

from pipeline import maintenance
from pipeline.cli.output import print_note, print_table
from pipeline.context import Context, open_context
from pipeline.errors import SearchIndexError, UsageError
from pipeline.records import Outcome, Stage
from pipeline.report import Report
from pipeline.settings import find_unread_settings, is_installed_config
from pipeline.stages import count_waiting, run_all


@click.command("run")
@click.option("--once", is_flag=True, help="Run the stages once, then end (the default).")
@click.option("--every", type=click.FloatRange(min=0.1), metavar="SECONDS", help="Run again and again, this often.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only this source; may be repeated.")
@click.option("--stage", "stages", multiple=True, type=click.Choice([s.value for s in Stage]), help="Only this stage.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many items a stage.")
@click.option("--now", is_flag=True, help="Poll feeds although they aren't due.")
@click.option("--dry-run", is_flag=True, help="Say what waits, do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON lines.")
def run_command(  # noqa: PLR0917  (click gives options as arguments)
    once: bool,
    every: float | None,
    sources: tuple[str, ...],
    stages: tuple[str, ...],
    limit: int | None,
    now: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run the stages: poll, fetch, extract, dedupe, enrich, cluster, index.

    \f
    Raises:
        UsageError: --once and --every contradict each other.
        Exit: An article failed.
    """
    if once and every:
        raise UsageError("--once and --every contradict each other")
    wanted = [Stage(s) for s in stages] or list(Stage)
    with open_context() as context:
        if not context.sources:
            unread = find_unread_settings()
            first = "newswire init, then " if is_installed_config(context.config) else ""
            print_note(f"no sources are named yet: {unread or f'{first}newswire feeds add ADDRESS'}")
        if now and not dry_run:
            with context.store.write() as connection:
                context.store.feeds.make_due(connection, context.clock(), sources)
        if dry_run:
            rows = [(stage, count_waiting(context, stage, sources=sources)) for stage in Stage if stage in wanted]
            print_table(("stage", "waiting"), rows)
        elif every:
            _forever(context, wanted, sources, limit, every)
        else:
            reports = run_all(context, wanted, sources=sources, limit=limit)
            print_reports(reports, as_json=as_json)
            if any(report.failed for report in reports):
                raise click.exceptions.Exit(1)


def _forever(context: Context, stages: list[Stage], sources: tuple[str, ...], limit: int | None, every: float) -> None:
    """Run the stages every so many seconds until interrupted; an index that is away delays only the last stage."""
    print_note(f"running every {every:g} s; end it with Ctrl-C")
    while True:
        started = time.monotonic()
        try:
            for report in run_all(context, stages, sources=sources, limit=limit):
                if report.taken:
                    print_note(_line(report))
            if not sources and set(stages) == set(Stage) and (done := maintenance.run_daily(context)):
                print_note(f"daily: {done}")
        except SearchIndexError as error:
            print_note(f"newswire: {error}; the next round catches up")
        time.sleep(max(0.0, every - (time.monotonic() - started)))


def _line(report: Report) -> str:
    plain = report.to_plain()
    return f"{report.stage}: {plain['in']} in, {plain['done']} done, {report.failed} failed"


def print_reports(reports: list[Report], *, as_json: bool = False) -> None:
    """Print the counts of a run: a table by stage, or JSON lines."""
    from pipeline.records import to_json

    if as_json:
        for report in reports:
            click.echo(to_json(report.to_plain()))
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
