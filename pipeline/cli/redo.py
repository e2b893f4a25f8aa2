"""Define newswire redo: a stage is done again, at once or after a look at what would differ."""

from __future__ import annotations

import datetime as dt
import getpass
import sys

import click

from pipeline.cli.output import print_note
from pipeline.cli.param_types import TimeParam
from pipeline.cli.replays import print_replay
from pipeline.context import Context, open_context
from pipeline.editorial.lookup import find_article
from pipeline.errors import UsageError
from pipeline.records import Reason, Stage, to_json
from pipeline.replay.dry_run import compare_replay
from pipeline.replay.plan import REPLAYED_STAGES, plan_replay
from pipeline.stages import check_sources
from pipeline.store import Selection


@click.command("redo")
@click.argument("stage", type=click.Choice([s.value for s in Stage if s is not Stage.POLL]))
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only of this source.")
@click.option("--since", type=TimeParam(), help="First seen at this time or later.")
@click.option("--until", type=TimeParam(), help="First seen before this time.")
@click.option("--version", "made_by", metavar="VERSION", help="Only what this version of the stage has made.")
@click.option("--reason", type=click.Choice(list(Reason)), metavar="REASON", help="Only what STAGE gave up for this.")
@click.option("--address", "addresses", multiple=True, metavar="URL|ID", help="Only this article.")
@click.option("--dry-run", is_flag=True, help="Only show what would differ; newswire replays goes on with it.")
@click.option("--yes", is_flag=True, help="Don't ask, also where no option says which articles.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def redo_command(  # noqa: PLR0917 - click calls it by name
    stage: str,
    sources: tuple[str, ...],
    since: dt.datetime | None,
    until: dt.datetime | None,
    made_by: str | None,
    reason: Reason | None,
    addresses: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Send articles back to STAGE; the next run does it and the later ones again.

    \f
    Raises:
        UsageError: A source or an article is unknown, or everything was meant and nobody was there to be asked.
    """
    with open_context() as context:
        check_sources(context, sources)
        which = Selection(
            ids=tuple(dict.fromkeys(find_article(context, address).id for address in addresses)),
            sources=sources,
            since=since,
            until=until,
            made_by=made_by,
            reason=Reason(reason) if reason else None,
        )
        if dry_run and Stage(stage) in REPLAYED_STAGES:
            _show_difference(context, Stage(stage), which, as_json=as_json)
            return
        count = _redo(context, Stage(stage), which, dry_run=True)
        if not dry_run:
            if which.is_everything and not yes:
                _ask(stage, count)
            count = _redo(context, Stage(stage), which, dry_run=False)
    line = f"{count} would go back to {stage}" if dry_run else f"{count} go back to {stage} with the next run"
    click.echo(to_json({"stage": stage, "sent_back": count, "dry_run": dry_run}) if as_json else line)


def _redo(context: Context, stage: Stage, which: Selection, *, dry_run: bool) -> int:
    with context.store.write() as connection:
        return context.store.admin.redo_stage(connection, stage, which, context.clock(), dry_run=dry_run)


def _ask(stage: str, count: int) -> None:
    """Make sure that everything is meant."""
    question = f"all {count} articles go back to {stage}"
    if not sys.stdin.isatty():
        raise UsageError(f"{question}: say --yes if that is meant, else --source, --since or another choice")
    click.confirm(f"{question}. Is that meant?", abort=True, err=True)


def _show_difference(context: Context, stage: Stage, which: Selection, *, as_json: bool) -> None:
    replay = plan_replay(context, stage, which, getpass.getuser())
    print_note(f"replay {replay.n}: {replay.total} articles are compared")
    replay = compare_replay(context, replay.n)
    print_replay(context, replay, as_json=as_json)
    if replay.counts.changed:
        print_note(f"newswire replays apply {replay.n} carries it out, newswire replays reject {replay.n} lets it be")
