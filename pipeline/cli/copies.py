"""newswire copies, corrections: who copied whom, what they still have wrong, and how an editor puts groups right."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence

import click

from pipeline.cli.copy_text import describe_copy
from pipeline.cli.diff_text import cut_side_by_side
from pipeline.cli.options import decision_options
from pipeline.cli.output import print_note as say
from pipeline.cli.output import print_table, terminal_width
from pipeline.cli.param_types import TimeParam
from pipeline.context import open_context
from pipeline.dedupe import CopyVerdict
from pipeline.dedupe.sketch import MIN_WORDS
from pipeline.dedupe.verdict import MIN_SHARE_TAKEN
from pipeline.editorial.copies import merge_groups, split_group
from pipeline.editorial.copy_view import load_copy_group
from pipeline.editorial.corrections import find_corrections
from pipeline.editorial.lookup import find_article
from pipeline.reconcile.copy_groups import compare_articles
from pipeline.records import Copy, Precision, to_json
from pipeline.store import DROPPED, QUARANTINED, REMOVED, CopyPin

_WHY = {
    CopyVerdict.COPY: "a copy, were it decided now and by the texts alone; it may be more like another article",
    CopyVerdict.TOO_SHORT: f"no copy: one has fewer than {MIN_WORDS} words, and equal notices need not be copies",
    CopyVerdict.TOO_FAR_APART: "not compared: more than {window} days lie between them (dedupe.window_days)",
    CopyVerdict.NOT_LOOKED_UP: "not compared: neither the whole, nor the beginning, nor one of the paragraphs "
    "led to it",
    CopyVerdict.TOO_LITTLE: "no copy: less than {least} of either stands in the other (dedupe.threshold)",
    CopyVerdict.ONLY_A_PART: f"no copy: less than {MIN_SHARE_TAKEN:.0%} of the later one was taken over",
    CopyVerdict.OTHER_FACTS: "no copy: one form with other names and figures in its gaps, as forecasts and results are",
    CopyVerdict.OTHER_BEGINNING: "no copy: they begin otherwise and share passages, as articles with one statement do",
}

_NO_GROUP = {
    REMOVED: "it was taken down: nothing of it is kept",
    DROPPED: "it has no text in the index; newswire explain tells why",
    QUARANTINED: "it waits for somebody to look at it; newswire explain tells why",
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
        item = find_article(context, address_or_id)
        shown = load_copy_group(context, item.copy_group)
    if as_json:
        click.echo(to_json(shown))
        return
    lead = shown.lead
    if lead is None:
        say(_NO_GROUP.get(item.state, "dedupe has not decided on it yet"))
        return
    agency = f", {lead.agency} copy" if lead.agency else ""
    click.echo(f"group {shown.group}: {len(shown.members)} articles, earliest {lead.earliest}{agency}")
    rough = {one.id for one in shown.members if one.precision not in {Precision.INSTANT, None}}
    rows = [
        (
            "primary" if one.id == lead.primary else "",
            one.id,
            one.source,
            f"{one.published:%Y-%m-%d %H:%M}" if one.published else (one.published_local or "").replace("T", " "),
            describe_copy(copy, exact=rough.isdisjoint({one.id, copy.copy_of})),
            one.title or "",
        )
        for one, copy in zip(shown.members, shown.copies, strict=True)
    ]
    print_table(("", "id", "source", "published", "copy", "title"), rows)
    _tell(shown.decisions, "this group")


@copies_command.command("compare")
@click.argument("addresses_or_ids", nargs=2, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare_command(addresses_or_ids: tuple[str, str], as_json: bool) -> None:
    """Say what two articles share, and why one is taken for a copy of the other, or isn't."""
    with open_context() as context:
        pair = [find_article(context, name) for name in addresses_or_ids]
        found = compare_articles(context, *pair)
        with context.store.read() as connection:
            made = context.store.ledger.latest(connection, [found.earlier, found.later], Copy)
            decided = context.store.copy_groups.list_pins(connection, [item.seq for item in pair])
    if as_json:
        click.echo(to_json(found))
        return
    settings = context.settings.dedupe
    parts = f"{found.new:.0%} stands in {found.earlier}, and of that {found.old:.0%} in {found.later}"
    click.echo(f"of {found.later}, the later one, {parts}")
    click.echo(f"of the beginnings {found.beginnings:.0%} is the same; {found.terms} fingerprints lead to both")
    click.echo(_WHY[found.verdict].format(window=f"{settings.window_days:g}", least=f"{settings.threshold:.0%}"))
    for name in (found.earlier, found.later):
        click.echo(f"decided: {name} {describe_copy(made[name]) if name in made else 'not yet'}")
    _tell(decided)


@copies_command.command("merge")
@click.argument("addresses_or_ids", nargs=-1, required=True)
@decision_options
def merge_command(addresses_or_ids: tuple[str, ...], by: str, note: str | None) -> None:
    """Make one copy group of the groups that these articles are in; it stays so when dedupe is done again."""
    with open_context() as context:
        group = merge_groups(context, [find_article(context, name) for name in addresses_or_ids], by, note)
    click.echo(f"one group now: {group}; the next run writes their documents again")


@copies_command.command("split")
@click.argument("addresses_or_ids", nargs=-1, required=True)
@decision_options
def split_command(addresses_or_ids: tuple[str, ...], by: str, note: str | None) -> None:
    """Take these articles out of their copy group, into one of their own; it stays so when dedupe is done again."""
    with open_context() as context:
        left, taken = split_group(context, [find_article(context, name) for name in addresses_or_ids], by, note)
    click.echo(f"two groups now: {left} and {taken}; the next run writes their documents again")


@click.command("corrections")
@click.option("--since", type=TimeParam(), help="Read at this time or later.  [default: a week ago]")
@click.option("--all", "show_all", is_flag=True, help="Also what no copy has wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def corrections_command(since: dt.datetime | None, show_all: bool, as_json: bool) -> None:
    """List the copies that still say what was corrected or withdrawn in the article that they share a text with."""
    with open_context() as context:
        found = list(find_corrections(context, since, all_of_them=show_all))
    if as_json:
        click.echo(to_json(found))
        return
    width = max(20, (terminal_width() - 60) // 2) if sys.stdout.isatty() else None
    rows = [
        (
            f"{one.at:%Y-%m-%d %H:%M}",
            one.article.source or "",
            *cut_side_by_side(one.old or "the whole text", one.new or "taken out", width),
            copy.source if copy else "no copy",
            (copy.url or copy.id) if copy else "",
        )
        for one in found
        for copy in one.copies or (None,)
    ]
    if rows:
        print_table(("read", "source", "said", "says now", "still said by", "at"), rows)
    say(f"{len(found)} corrections, {sum(len(one.copies) for one in found)} copies still as before")


def _tell(decided: Sequence[CopyPin], group: str | None = None) -> None:
    """Print what editors decided; ``group`` is how the group is called that they are all about."""
    for one in decided:
        why = f": {one.reason}" if one.reason else ""
        where = group or f"group {one.copy_group}"
        click.echo(f"  {one.at:%Y-%m-%d %H:%M}  {one.made_by}: {one.id} belongs to {where}{why}")
