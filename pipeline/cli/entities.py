"""newswire entities: who and what is named, and what editors decide on it."""

from __future__ import annotations

from collections.abc import Callable

import click

from pipeline.cli.options import decision_options
from pipeline.cli.output import json_line_writer, print_table
from pipeline.context import Context, open_context
from pipeline.editorial import entities
from pipeline.feed_records import EntityDecision
from pipeline.records import EntityType, Stage, to_json


@click.group("entities")
def entities_command() -> None:
    """List who and what is named; merge, split, rename and hide entities."""


@entities_command.command("list")
@click.argument("text", default="")
@click.option("--type", "kind", type=click.Choice([k.value for k in EntityType], case_sensitive=False))
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most this many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def list_command(text: str, kind: str | None, limit: int, as_json: bool) -> None:
    """Show the entities whose name or other name holds TEXT, those in most articles first."""
    with open_context() as context:
        found = entities.list_entities(context, text, EntityType(kind.upper()) if kind else None, limit)
    if as_json:
        with json_line_writer(None) as emit:
            for one in found:
                emit(one)
        return
    rows = [(one.id, one.name, one.country, one.articles, f"{one.last_seen:%Y-%m-%d}") for one in found]
    print_table(("entity", "name", "country", "articles", "last seen"), rows)


@entities_command.command("show")
@click.argument("entity")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_command(entity: str, as_json: bool) -> None:
    """Show how an entity is written, in which articles, and what was decided on it."""
    with open_context() as context:
        shown = entities.load_entity(context, entity)
    if as_json:
        click.echo(to_json(shown))
        return
    one = shown.entity
    click.echo(f"{one.id}  {one.name}" + (f", {one.country}" if one.country else ""))
    if shown.became != one.id:
        click.echo(f"now {shown.became}" if shown.became else "hidden")
    click.echo(f"{one.articles} articles, from {one.first_seen:%Y-%m-%d} to {one.last_seen:%Y-%m-%d}")
    for form in shown.written:
        click.echo(f"  {form.surface}  ({form.how}, {form.articles} articles)")
    _show_decisions(shown.decisions)
    click.echo("latest articles: " + " ".join(shown.articles))


@entities_command.command("decisions")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def decisions_command(as_json: bool) -> None:
    """Show all decisions, undone ones too, in order."""
    with open_context() as context, context.store.read() as connection:
        made = context.store.entities.list_decisions(connection)
    if as_json:
        with json_line_writer(None) as emit:
            for one in made:
                emit(one)
        return
    _show_decisions(made)


@entities_command.command("merge")
@click.argument("entity")
@click.argument("into")
@decision_options
def merge_command(entity: str, into: str, by: str, note: str | None) -> None:
    """Let ENTITY be INTO from now on, and in all articles so far."""
    _decide(lambda context: entities.merge_entities(context, entity, into, by=by, note=note))


@entities_command.command("split")
@click.argument("entity")
@click.argument("surfaces", nargs=-1, required=True)
@click.option("--as", "name", required=True, metavar="NAME", help="The name of the other entity.")
@decision_options
def split_command(entity: str, surfaces: tuple[str, ...], name: str, by: str, note: str | None) -> None:
    """Let the mentions of ENTITY that are written as one of SURFACES be another entity."""
    _decide(lambda context: entities.split_entity(context, entity, surfaces, name=name, by=by, note=note))


@entities_command.command("rename")
@click.argument("entity")
@click.argument("name")
@decision_options
def rename_command(entity: str, name: str, by: str, note: str | None) -> None:
    """Show ENTITY under another NAME."""
    _decide(lambda context: entities.rename_entity(context, entity, name, by=by, note=note))


@entities_command.command("hide")
@click.argument("entity")
@decision_options
def hide_command(entity: str, by: str, note: str | None) -> None:
    """Leave ENTITY out of all documents."""
    _decide(lambda context: entities.hide_entity(context, entity, by=by, note=note))


@entities_command.command("undo")
@click.argument("number", type=int)
def undo_command(number: int) -> None:
    """Let the decision with this NUMBER hold no more."""
    _decide(lambda context: entities.undo_decision(context, number))


def _decide(make: Callable[[Context], EntityDecision]) -> None:
    with open_context() as context:
        decision = make(context)
        with context.store.read() as connection:
            waiting = context.store.ledger.count_waiting(connection, Stage.INDEX, context.clock())
    _show_decisions([decision])
    click.echo(f"{waiting} documents are written anew by the next run")


def _show_decisions(decisions: list[EntityDecision]) -> None:
    for one in decisions:
        click.echo(f"  {one.n}  {one.at:%Y-%m-%d %H:%M}  {describe_decision(one)}")


def describe_decision(one: EntityDecision) -> str:
    """Return a decision in words."""
    what = {
        "merge": f"{one.entity} is {one.target}",
        "split": f"{', '.join(one.surfaces)} of {one.entity} is {one.target}",
        "rename": f"{one.entity} is called {one.name}",
        "hide": f"{one.entity} is hidden",
    }[one.kind]
    who = f", by {one.by}" if one.by else ""
    why = f": {one.note}" if one.note else ""
    return f"{what}{who}{why}" + (f" (undone {one.undone:%Y-%m-%d %H:%M})" if one.undone else "")
