"""Define newswire audit, which compares ledger, archive and index and changes nothing."""

from __future__ import annotations

import click

from pipeline.audit import CHECK_NAMES, Depth, run_audit
from pipeline.cli.output import plain_text, print_json
from pipeline.cli.param_types import MOST
from pipeline.context import open_context
from pipeline.records import to_plain

_DEPTHS = click.Choice([depth.value for depth in Depth])


@click.command("audit")
@click.option("--check", "names", multiple=True, type=click.Choice(CHECK_NAMES), help="Only this; may be repeated.")
@click.option("--archive", type=_DEPTHS, default="sample", show_default=True, help="How many pages to read.")
@click.option("--documents", type=_DEPTHS, default="sample", show_default=True, help="How many documents to compare.")
@click.option("--examples", type=click.IntRange(0, MOST), default=5, show_default=True, help="Faults to name a check.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line for each check.")
def audit_command(names: tuple[str, ...], archive: str, documents: str, examples: int, as_json: bool) -> None:
    """Compare ledger, archive and index: say what doesn't agree, and what mends it. Changes nothing.

    \f
    Raises:
        Exit: Something doesn't agree.
    """
    faults = 0
    with open_context(read_only=True) as context:
        results = run_audit(
            context,
            names or CHECK_NAMES,
            archive=Depth(archive),
            documents=Depth(documents),
            examples=examples,
        )
        for result in results:
            faults += result.faults
            if as_json:
                print_json(to_plain(result))
                continue
            count = f"{'at least ' if result.at_least else ''}{result.faults} faults" if result.faults else "agrees"
            click.echo(f"{result.name}: {count}: {result.promise}")
            for example in result.examples:
                click.echo(f"  {plain_text(example)}")
            if result.remedy:
                click.echo(f"  to mend it: {result.remedy}")
    if faults:
        raise click.exceptions.Exit(1)
