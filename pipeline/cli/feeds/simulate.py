"""Define newswire feeds simulate: replay polling rules against traces of arrivals."""

from __future__ import annotations

import click
import msgspec

from pipeline.cli.output import Failures, json_line_writer, print_table, read_json_objects


@click.command("simulate")
@click.argument("file", required=False)
@click.option(
    "--days", type=click.IntRange(min=2), default=28, show_default=True, help="Length of the invented traces."
)
@click.option("--feeds", type=click.IntRange(min=1), default=3, show_default=True, help="Invented feeds of each kind.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another one invents other traces.")
@click.option("--traces", "only_traces", is_flag=True, help="Print the traces instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def simulate_command(file: str | None, days: int, feeds: int, seed: int, only_traces: bool, as_json: bool) -> None:
    """Replay when feeds published against the schedule and other rules; no network, no ledger.

    FILE holds traces as JSON lines (as --traces prints them); without it they are invented. The first half is for
    learning, the second one counts. Ours is shown with the interval at which it asks as often as the rule before it.
    """
    from pipeline.simulation.replay import RuleResult, compare_rules
    from pipeline.simulation.traces import Trace, invent_traces

    replayed = invent_traces(days, feeds, seed)
    if file:
        failures = Failures()
        replayed = [msgspec.convert(line, Trace) for line in read_json_objects(file, failures)]
        failures.exit()
    if only_traces:
        with json_line_writer(None) as emit:
            for trace in replayed:
                emit(trace)
        return
    end = max((trace.arrivals[-1] for trace in replayed if trace.arrivals), default=0.0) if file else 24.0 * days
    head = ("rule", "kind", "requests", "articles", "median min", "p95 min", "mean min", "missed")
    results: list[RuleResult] = []
    compare_rules(replayed, since=end / 2, until=end, report=results.extend)
    if as_json:
        with json_line_writer(None) as emit:
            for row in results:
                emit(row)
        return
    never = "never"
    print_table(
        head,
        [
            (
                row.rule,
                row.kind,
                row.requests,
                row.articles,
                *((never if value is None and row.articles else value) for value in (row.median, row.p95, row.mean)),
                row.missed,
            )
            for row in results
        ],
    )
