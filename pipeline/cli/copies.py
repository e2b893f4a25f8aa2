"""newswire copies, corrections: who copied whom, what they still have wrong, and how an editor puts groups right."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence

import click

from pipeline.cli.deciding import deciding
from pipeline.cli.edits import side_by_side
from pipeline.cli.ledger import find
from pipeline.cli.output import columns, table
from pipeline.cli.output import note as say
from pipeline.cli.provenance import of_copy
from pipeline.cli.times import Time
from pipeline.dedupe import Verdict
from pipeline.dedupe.judging import TAKEN
from pipeline.dedupe.sketch import MIN_WORDS
from pipeline.documents import published
from pipeline.records import Article, Copy, Entry, Precision, Stage, to_json
from pipeline.stages import open_context
from pipeline.stages.corrections import corrections
from pipeline.stages.groups import compare, leads
from pipeline.stages.rulings import merge, split
from pipeline.store import copies
from pipeline.store.lines import DROPPED, QUARANTINED, REMOVED, Pinned

_WHY = {
    Verdict.COPY: "a copy, were it decided now and by the texts alone; it may be more like another article",
    Verdict.TOO_SHORT: f"no copy: one has fewer than {MIN_WORDS} words, and equal notices need not be copies",
    Verdict.TOO_FAR_APART: "not compared: more than {window} days lie between them (dedupe.window_days)",
    Verdict.NOT_LOOKED_UP: "not compared: neither the whole, nor the beginning, nor one of the paragraphs led to it",
    Verdict.TOO_LITTLE: "no copy: less than {least} of either stands in the other (dedupe.threshold)",
    Verdict.ONLY_A_PART: f"no copy: less than {TAKEN:.0%} of the later one was taken over",
    Verdict.OTHER_BEGINNING: "no copy: they begin otherwise and share passages, as articles with one statement do",
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
        item = find(context, address_or_id)
        group = item.copy_group
        with context.store.database.read() as connection:
            members = copies.members(connection, [group] if group else []).get(group or "", [])
            decided = copies.pins(connection, [one.seq for one in members])
        ids = [one.id for one in members]
        made = context.store.ledger.of(ids, Stage.DEDUPE, Copy)
        articles = context.store.ledger.of(ids, Stage.EXTRACT, Article)
        entries = context.store.ledger.of(ids, Stage.POLL, Entry)
        lead = next((one for one, _ in leads(context, [group] if group else []).values()), None)
    if as_json:
        click.echo(to_json({"group": group, "lead": lead, "copies": list(made.values()), "decisions": decided}))
        return
    if lead is None:
        say(_NO_GROUP.get(item.state, "dedupe has not decided on it yet"))
        return
    agency = f", {lead.agency} copy" if lead.agency else ""
    click.echo(f"group {group}: {len(members)} articles, earliest {lead.earliest}{agency}")
    stated = {name: published(entries.get(name), articles[name]) for name in ids}
    rough = {name for name, (_, precision) in stated.items() if precision not in {Precision.INSTANT, None}}
    rows = [
        (
            "primary" if one.id == lead.primary else "",
            one.id,
            one.source,
            _when(stated[one.id][0], articles[one.id].published_local),
            of_copy(made[one.id], exact=rough.isdisjoint({one.id, made[one.id].copy_of})),
            articles[one.id].title or "",
        )
        for one in members
    ]
    table(("", "id", "source", "published", "copy", "title"), rows)
    _tell(decided, "this group")


@copies_command.command("compare")
@click.argument("addresses_or_ids", nargs=2, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare_command(addresses_or_ids: tuple[str, str], as_json: bool) -> None:
    """Say what two articles share, and why one is taken for a copy of the other, or isn't."""
    with open_context() as context:
        pair = sorted((find(context, name) for name in addresses_or_ids), key=lambda item: item.seq)
        found = compare(context, *pair)
        made = context.store.ledger.of([item.id for item in pair], Stage.DEDUPE, Copy)
        with context.store.database.read() as connection:
            decided = copies.pins(connection, [item.seq for item in pair])
    if as_json:
        click.echo(to_json(found))
        return
    (old, new), days = pair, context.settings.dedupe.window_days
    parts = f"{found.new:.0%} stands in {old.id}, and of that {found.old:.0%} in {new.id}"
    click.echo(f"of {new.id}, the later one, {parts}")
    click.echo(f"of the beginnings {found.beginnings:.0%} is the same; {found.terms} fingerprints lead to both")
    click.echo(_WHY[found.verdict].format(window=f"{days:g}", least=f"{context.settings.dedupe.threshold:.0%}"))
    for item in pair:
        click.echo(f"decided: {item.id} {of_copy(made[item.id]) if item.id in made else 'not yet'}")
    _tell(decided)


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
        since = since or context.clock() - dt.timedelta(days=7)
        found = [one for one in corrections(context, since) if one.copies or show_all]
    if as_json:
        click.echo(to_json(found))
        return
    width = max(20, (columns() - 60) // 2) if sys.stdout.isatty() else None
    rows = [
        (
            f"{one.at:%Y-%m-%d %H:%M}",
            one.article.source or "",
            *side_by_side(one.old or "the whole text", one.new or "taken out", width),
            copy.source if copy else "no copy",
            (copy.url or copy.id) if copy else "",
        )
        for one in found
        for copy in one.copies or (None,)
    ]
    if rows:
        table(("read", "source", "said", "says now", "still said by", "at"), rows)
    say(f"{len(found)} corrections, {sum(len(one.copies) for one in found)} copies still as before")


def _tell(decided: Sequence[Pinned], group: str | None = None) -> None:
    """Print what editors decided; ``group`` is how the group is called that they are all about."""
    for one in decided:
        why = f": {one.reason}" if one.reason else ""
        where = group or f"group {one.copy_group}"
        click.echo(f"  {one.at:%Y-%m-%d %H:%M}  {one.made_by}: {one.id} belongs to {where}{why}")


def _when(instant: dt.datetime | None, local: str | None) -> str:
    """Return when an article says that it was published, no more exactly than it does."""
    return f"{instant:%Y-%m-%d %H:%M}" if instant else (local or "").replace("T", " ")
