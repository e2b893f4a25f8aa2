"""Define newswire replays: what dry runs of newswire redo have shown, and what becomes of them."""

from __future__ import annotations

import getpass

import click

from pipeline.cli.output import plain_text, print_note, print_table
from pipeline.context import Context, open_context
from pipeline.records import Stage, to_json
from pipeline.replay import batches
from pipeline.replay.dry_run import compare_replay
from pipeline.replay.plan import get_replay
from pipeline.replay.view import ReplayView, describe_selection, summarise, view_replay
from pipeline.stages import run_one
from pipeline.store import Replay

_PASSAGES = 10  # of a field; nobody reads more in a terminal, and --json has all
_number = click.argument("number", type=click.IntRange(1))
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("replays")
def replays_command() -> None:
    """Show what dry runs of redo have shown; apply, pause or reject them."""


@replays_command.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@_json
def list_command(limit: int, as_json: bool) -> None:
    """List the latest replays."""
    with open_context(read_only=True) as context, context.store.read() as connection:
        latest = context.store.replays.list_latest(connection, limit)
    if as_json:
        click.echo(to_json(latest))
        return
    rows = [
        (r.n, f"{r.at:%Y-%m-%d %H:%M}", r.stage, r.state, r.total, r.counts.changed, describe_selection(r.selection))
        for r in latest
    ]
    print_table(("replay", "at", "stage", "state", "articles", "differ", "over"), rows)


@replays_command.command("show")
@_number
@_json
def show_command(number: int, as_json: bool) -> None:
    """Show what would differ by a replay, and how far it has come."""
    with open_context(read_only=True) as context:
        print_replay(context, get_replay(context, number), as_json=as_json)


@replays_command.command("compare")
@_number
@_json
def compare_command(number: int, as_json: bool) -> None:
    """Go on with a dry run that was cut off, and show what would differ."""
    with open_context() as context:
        print_replay(context, compare_replay(context, number), as_json=as_json)


@replays_command.command("apply")
@_number
def apply_command(number: int) -> None:
    """Carry a replay out, in batches, up to the index; one that was cut off or paused goes on."""
    with open_context() as context:
        replay = batches.approve_replay(context, number, getpass.getuser())
        for batch in range(batches.count_batches(replay)):
            report = batches.run_batch(context, number, batch)
            print_note(f"batch {batch + 1} of {batches.count_batches(replay)}: {report.sent} sent, {report.left} wait")
        run_one(context, Stage.INDEX)
        replay = batches.close_replay(context, number)
        click.echo(f"replay {number} is {replay.state}: {summarise(replay)}")


@replays_command.command("pause")
@_number
def pause_command(number: int) -> None:
    """Let a replay rest before its next batch, until it is applied again."""
    with open_context() as context:
        batches.pause_replay(context, number)
    click.echo(f"replay {number} rests before its next batch; newswire replays apply {number} goes on with it")


@replays_command.command("reject")
@_number
def reject_command(number: int) -> None:
    """Let a replay be: nothing changes by it."""
    with open_context() as context:
        batches.reject_replay(context, number, getpass.getuser())
    click.echo(f"replay {number} is rejected")


def print_replay(context: Context, replay: Replay, *, as_json: bool) -> None:
    """Print what would differ by a replay."""
    view = view_replay(context, replay)
    if as_json:
        click.echo(to_json(view))
        return
    by = f", asked for by {view.by}" if view.by else ""
    click.echo(plain_text(f"replay {view.n}, {view.state}: {view.what}{by}"))
    click.echo(summarise(replay))
    for outcome, count in sorted(view.counts.outcomes.items()):
        click.echo(plain_text(f"  {count} {outcome}"))
    _print_articles(view)
    if view.sent or view.overtaken:
        click.echo(f"{view.sent} sent back, {view.waiting} wait, {view.overtaken} changed before their turn came")


def _print_articles(view: ReplayView) -> None:
    for shown in view.articles:
        article = shown.article
        click.echo(plain_text(f"{article.id}  {article.url or 'without an address'}  {article.reason or ''}".rstrip()))
        for field in article.fields:
            passages = field.passages()
            for passage in passages[:_PASSAGES]:
                click.echo(plain_text(f"  {field.field}: {passage}"))
            if not passages:
                click.echo(f"  {field.field}")
            elif len(passages) > _PASSAGES:
                click.echo(f"  {field.field}: and in {len(passages) - _PASSAGES} more places; --json tells all of it")
    if (left_out := view.counts.changed - len(view.articles)) > 0:
        click.echo(f"and {left_out} more articles")
