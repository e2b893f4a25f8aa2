"""Define newswire changes, which writes what became of documents, for another program to follow."""

from __future__ import annotations

import time

import click

from pipeline.cli.output import open_output, print_note
from pipeline.context import open_context
from pipeline.records import to_json

_LOOK_SECONDS = 1.0  # between two looks for changes


@click.command("changes")
@click.option("--since", "cursor", metavar="CURSOR", help="Only what came behind the change with this cursor.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("--without-documents", is_flag=True, help="Say what changed, not how it reads now.")
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def changes_command(cursor: str | None, follow: bool, without_documents: bool, output: str | None) -> None:
    """Write what became of documents, in the order of the ledger: a JSON line for each change, with its cursor."""
    from pipeline.change_feed import ChangeReader

    with open_context() as context, open_output(output) as file:
        reader = ChangeReader(context, with_documents=not without_documents)
        place = reader.place(cursor)
        count = 0
        while True:
            batch, place = reader.read_batch(place)
            for entry in batch.changes:
                file.write(to_json(entry) + b"\n")
            count += len(batch.changes)
            if not batch.more:
                file.flush()
                if not follow:
                    break
                while not reader.has_news(place):
                    time.sleep(_LOOK_SECONDS)
    print_note(f"{count} changes; go on with --since {batch.cursor}")
