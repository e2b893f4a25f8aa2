"""Define newswire decisions and undo: the log of all that editors decided, and how it is taken back."""

from __future__ import annotations

from collections.abc import Sequence

import click

from pipeline.cli.options import decision_options
from pipeline.cli.output import Failures, json_line_writer
from pipeline.cli.param_types import MOST
from pipeline.context import open_context
from pipeline.decisions import DecisionAuthor, Subject
from pipeline.editorial.decision_text import describe_decision, describe_effect
from pipeline.editorial.decisions import decision_to_plain, list_decisions
from pipeline.editorial.undo import undo_decision
from pipeline.store import UnreadableDecision


@click.command("decisions")
@click.option("--subject", type=click.Choice([s.value for s in Subject]), help="Only those on this subject.")
@click.option("--limit", type=click.IntRange(1, MOST), default=100, show_default=True, help="The latest so many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def decisions_command(subject: str | None, limit: int, as_json: bool) -> None:
    """List what editors decided on copies, stories and entities, undone decisions too; and what repair changed."""
    with open_context() as context:
        decisions, unreadable = list_decisions(context, Subject(subject) if subject else None, limit)
    if as_json:
        with json_line_writer(None) as emit:
            for decision in decisions:
                emit(decision_to_plain(decision))
    else:
        for decision in decisions:
            click.echo(describe_decision(decision))
    exit_for_unreadable(unreadable)


@click.command("undo")
@click.argument("number", type=int)
@decision_options
def undo_command(number: int, author: DecisionAuthor) -> None:
    """Take back the decision with this NUMBER, on whatever it is (newswire decisions lists them)."""
    print_undone(number, author)


def exit_for_unreadable(rows: Sequence[UnreadableDecision]) -> None:
    """Name the rows of the log that can't be read, and end the command with exit code 1 if there are any."""
    failures = Failures()
    for row in rows:
        failures.add(f"decision {row.n}", f"can't be read, it is left as it stands: {row.fault}")
    failures.exit()


def print_undone(number: int, author: DecisionAuthor, subject: Subject | None = None) -> None:
    """Take a decision back, and say what was decided."""
    with open_context() as context:
        decision = undo_decision(context, number, author, subject)
    effect = describe_effect(decision)
    click.echo(f"decision {decision.numbers} is taken back ({effect}); the next run writes the documents again")
