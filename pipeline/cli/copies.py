"""newswire copies, corrections: who copied whom, what they still have wrong, and how an editor puts groups right."""

from __future__ import annotations

import datetime as dt

import click

from pipeline.cli.deciding import deciding
from pipeline.cli.output import columns, table
from pipeline.cli.output import note as say
from pipeline.cli.provenance import of_copy
from pipeline.cli.times import Time
from pipeline.dedupe import Verdict
from pipeline.dedupe.judging import TAKEN
from pipeline.dedupe.sketch import MIN_WORDS
from pipeline.records import Copy, Stage, to_json
from pipeline.stages import open_context
from pipeline.stages.articles import find
from pipeline.stages.copies import show
from pipeline.stages.corrections import corrections
from pipeline.stages.groups import compare
from pipeline.stages.rulings import merge, split

_WHY = {
    Verdict.COPY: "a copy, were it decided now; it may be more like another article, or an editor may have decided",
    Verdict.TOO_SHORT: f"no copy: one has fewer than {MIN_WORDS} words, and equal notices need not be copies",
    Verdict.TOO_FAR_APART: "not compared: more than {window} days lie between them (dedupe.window_days)",
    Verdict.NOT_LOOKED_UP: "not compared: neither the whole, nor the beginning, nor one of the paragraphs led to it",
    Verdict.TOO_LITTLE: "no copy: less than {least} of either stands in the other (dedupe.threshold)",
    Verdict.ONLY_A_PART: f"no copy: less than {TAKEN:.0%} of the later one was taken over",
    Verdict.OTHER_FACTS: "no copy: one form with other names and figures in its gaps, as forecasts and results are",
    Verdict.OTHER_BEGINNING: "no copy: they begin otherwise and share passages, as articles with one statement do",
}


@click.group("copies")
def copies_command() -> None:
    """Show the copies of an article; merge and split groups of copies."""


@copies_command.command("show")
@click.argument("address_or_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_command(address_or_id: str, as_json: bool) -> None:
    """Show an article's copy group: who is primary, what each took and how much later."""
    with open_context() as context:
        shown = show(context, find(context, address_or_id).copy_group)
    if as_json:
        click.echo(to_json(shown))
        return
    lead = shown.lead
    if lead is None:
        say("dedupe has not decided on it yet")
        return
    agency = f", {lead.agency} copy" if lead.agency else ""
    click.echo(f"group {shown.group}: {len(shown.members)} articles, earliest {lead.earliest}{agency}")
    rows = [
        (
            "primary" if one.id == lead.primary else "",
            one.id,
            one.source,
            f"{one.published or one.first_seen:%Y-%m-%d %H:%M}",
            of_copy(copy),
            one.title or "",
        )
        for one, copy in zip(shown.members, shown.copies, strict=True)
    ]
    table(("", "id", "source", "published", "copy", "title"), rows)
    for one in shown.decisions:
        why = f": {one.reason}" if one.reason else ""
        click.echo(f"  {one.at:%Y-%m-%d %H:%M}  {one.made_by}: {one.id} belongs to this group{why}")


@copies_command.command("compare")
@click.argument("addresses_or_ids", nargs=2, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare_command(addresses_or_ids: tuple[str, str], as_json: bool) -> None:
    """Say what two articles share, and why one is taken for a copy of the other, or isn't."""
    with open_context() as context:
        found = compare(context, *(find(context, name) for name in addresses_or_ids))
        made = context.store.ledger.of([found.earlier, found.later], Stage.DEDUPE, Copy)
    if as_json:
        click.echo(to_json(found))
        return
    settings = context.settings.dedupe
    parts = f"{found.new:.0%} stands in {found.earlier}, and of that {found.old:.0%} in {found.later}"
    click.echo(f"of {found.later}, the later one, {parts}")
    click.echo(f"of the beginnings {found.beginnings:.0%} is the same; {found.terms} fingerprints lead to both")
    click.echo(_WHY[found.verdict].format(window=f"{settings.window_days:g}", least=f"{settings.threshold:.0%}"))
    for name in (found.earlier, found.later):
        click.echo(f"decided: {name} {of_copy(made[name]) if name in made else 'not yet'}")


@copies_command.command("merge")
@click.argument("addresses_or_ids", nargs=-1, required=True)
@deciding
def merge_command(addresses_or_ids: tuple[str, ...], by: str, note: str | None) -> None:
    """Make one copy group of the groups that these articles are in; it stays so when dedupe is done again."""
    with open_context() as context:
        group = merge(context, [find(context, name) for name in addresses_or_ids], by, note)
    click.echo(f"one group now: {group}; the next run writes their documents again")


@copies_command.command("split")
@click.argument("addresses_or_ids", nargs=-1, required=True)
@deciding
def split_command(addresses_or_ids: tuple[str, ...], by: str, note: str | None) -> None:
    """Take these articles out of their copy group, into one of their own; it stays so when dedupe is done again."""
    with open_context() as context:
        left, taken = split(context, [find(context, name) for name in addresses_or_ids], by, note)
    click.echo(f"two groups now: {left} and {taken}; the next run writes their documents again")


@click.command("corrections")
@click.option("--since", type=Time(), help="Read at this time or later.  [default: a week ago]")
@click.option("--all", "show_all", is_flag=True, help="Also what no copy has wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def corrections_command(since: dt.datetime | None, show_all: bool, as_json: bool) -> None:
    """List the copies that still say what was corrected or withdrawn in the article that they share a text with."""
    with open_context() as context:
        found = list(corrections(context, since, all_of_them=show_all))
    if as_json:
        click.echo(to_json(found))
        return
    width = max(20, (columns() - 60) // 2)
    rows = [
        (
            f"{one.at:%Y-%m-%d %H:%M}",
            one.article.source or "",
            _short(one.old or "the whole text", width),
            _short(one.new or "taken out", width),
            copy.source if copy else "no copy",
            (copy.url or copy.id) if copy else "",
        )
        for one in found
        for copy in one.copies or (None,)
    ]
    if rows:
        table(("read", "source", "said", "says now", "still said by", "at"), rows)
    say(f"{len(found)} corrections, {sum(len(one.copies) for one in found)} copies still as before")


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
