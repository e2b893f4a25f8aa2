"""Define newswire entities: who and what is named, and what editors decide on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from pipeline.cli.decisions import exit_for_unreadable
from pipeline.cli.options import decision_options
from pipeline.cli.output import json_line_writer, print_table
from pipeline.cli.param_types import MOST
from pipeline.context import Context, open_context
from pipeline.decisions import Decision, DecisionAuthor, Subject
from pipeline.editorial import entities
from pipeline.editorial.decision_text import describe_decision
from pipeline.editorial.decisions import list_decisions
from pipeline.editorial.undo import undo_decision
from pipeline.records import EntityType, Stage, to_json


@click.group("entities")
def entities_command() -> None:
    """List who and what is named; merge, split, rename and hide entities."""


@entities_command.command("list")
@click.argument("text", default="")
@click.option("--type", "kind", type=click.Choice([k.value for k in EntityType], case_sensitive=False))
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True, help="At most this many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def list_command(text: str, kind: str | None, limit: int, as_json: bool) -> None:
    """Show the entities whose name or other name holds TEXT, those in most articles first."""
    with open_context() as context:
        listed = entities.list_entities(context, text, EntityType(kind.upper()) if kind else None, limit)
    if as_json:
        with json_line_writer(None) as emit:
            for entity in listed:
                emit(entity)
        return
    rows = [(e.id, e.name, e.country, e.articles, f"{e.last_seen:%Y-%m-%d}") for e in listed]
    print_table(("entity", "name", "country", "articles", "last seen"), rows)


@entities_command.command("show")
@click.argument("entity")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_command(entity: str, as_json: bool) -> None:
    """Show how an entity is written, in which articles, and what was decided on it."""
    with open_context() as context:
        view = entities.load_entity(context, entity)
    if as_json:
        click.echo(to_json(view))
        return
    row = view.entity
    click.echo(f"{row.id}  {row.name}" + (f", {row.country}" if row.country else ""))
    if view.became != row.id:
        click.echo(f"now {view.became}" if view.became else "hidden")
    click.echo(f"{row.articles} articles, from {row.first_seen:%Y-%m-%d} to {row.last_seen:%Y-%m-%d}")
    for form in view.written:
        click.echo(f"  {form.surface}  ({form.how}, {form.articles} articles)")
    _print_decisions(view.decisions)
    click.echo("latest articles: " + " ".join(view.articles))


@entities_command.command("decisions")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def decisions_command(as_json: bool) -> None:
    """Show all decisions, undone ones too, in order."""
    with open_context() as context:
        decisions, unreadable = list_decisions(context, Subject.ENTITIES)
    if as_json:
        with json_line_writer(None) as emit:
            for decision in decisions:
                emit(decision)
    else:
        _print_decisions(decisions)
    exit_for_unreadable(unreadable)


@entities_command.command("merge")
@click.argument("entity")
@click.argument("into")
@decision_options
def merge_command(entity: str, into: str, author: DecisionAuthor) -> None:
    """Let ENTITY be INTO from now on, and in all articles so far."""
    _decide(lambda context: entities.merge_entities(context, entity, into, author))


@entities_command.command("split")
@click.argument("entity")
@click.argument("surfaces", nargs=-1, required=True)
@click.option("--as", "name", required=True, metavar="NAME", help="The name of the other entity.")
@decision_options
def split_command(entity: str, surfaces: tuple[str, ...], name: str, author: DecisionAuthor) -> None:
    """Let the mentions of ENTITY that are written as one of SURFACES be another entity."""
    _decide(lambda context: entities.split_entity(context, entity, surfaces, author, name=name))


@entities_command.command("rename")
@click.argument("entity")
@click.argument("name")
@decision_options
def rename_command(entity: str, name: str, author: DecisionAuthor) -> None:
    """Show ENTITY under another NAME."""
    _decide(lambda context: entities.rename_entity(context, entity, name, author))


@entities_command.command("hide")
@click.argument("entity")
@decision_options
def hide_command(entity: str, author: DecisionAuthor) -> None:
    """Leave ENTITY out of all documents."""
    _decide(lambda context: entities.hide_entity(context, entity, author))


@entities_command.command("undo")
@click.argument("number", type=int)
@decision_options
def undo_command(number: int, author: DecisionAuthor) -> None:
    """Let the decision with this NUMBER hold no more."""
    _decide(lambda context: undo_decision(context, number, author, Subject.ENTITIES))


def _decide(decide: Callable[[Context], Decision]) -> None:
    with open_context() as context:
        decision = decide(context)
        with context.store.read() as connection:
            waiting = context.store.ledger.count_waiting(connection, Stage.INDEX, context.clock())
    _print_decisions([decision])
    click.echo(f"{waiting} documents are written anew by the next run")


def _print_decisions(decisions: Sequence[Decision]) -> None:
    for decision in decisions:
        click.echo(f"  {describe_decision(decision)}")
