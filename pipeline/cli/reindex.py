"""Define newswire reindex: a new generation of the index beside the one that searches see, and in its place."""

from __future__ import annotations

import click

from pipeline import reindex
from pipeline.cli.output import Progress, print_note
from pipeline.context import open_context
from pipeline.records import to_json
from pipeline.reindex import IndexBuild


@click.command("reindex")
@click.option("--drop-old", is_flag=True, help="Only remove what searches don't see.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def reindex_command(drop_old: bool, as_json: bool) -> None:
    """Build the index anew from the ledger, beside the one that is searched; verify it, and search it from then on.

    Stages and searches go on meanwhile. One that was cut off goes on where it was. The former index is kept until
    newswire reindex --drop-old, which also removes one that was cut off.
    """
    with open_context() as context:
        if drop_old:
            dropped = reindex.drop_former(context)
            line = f"generation {', '.join(map(str, dropped))} dropped" if dropped else "there is none to drop"
            click.echo(to_json({"dropped": dropped}) if as_json else line)
            return
        begun = reindex.load_build(context)
        progress = Progress("articles")
        read = begun.read if begun else 0

        def show(now: IndexBuild) -> None:
            nonlocal read
            progress.add(max(0, now.read - read))
            read = now.read

        built = reindex.build(context, report=show)
        progress.end()
        print_note(f"{reindex.describe_build(built)}; verifying")
        reindex.require_nothing_wrong(reindex.verify(context))
        reindex.switch(context)
        count = context.index.count()
        kept = [one.number for one in context.index.list_generations() if not one.is_current]
    if as_json:
        click.echo(to_json({"indexed": count, "generation": built.generation, "kept": kept}))
        return
    click.echo(f"{count} documents indexed, verified, and searched from now on (generation {built.generation})")
    if kept:
        click.echo(f"generation {', '.join(map(str, kept))} is kept: newswire reindex --drop-old removes it")
