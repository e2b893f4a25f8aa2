"""Define newswire copies and corrections: who copied whom, what copies have wrong, and how groups are put right."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence

import click

from pipeline.cli.copy_text import describe_copy
from pipeline.cli.decisions import print_undone
from pipeline.cli.options import decision_options
from pipeline.cli.output import print_note, print_table, terminal_width
from pipeline.cli.param_types import TimeParam
from pipeline.context import open_context
from pipeline.decisions import DecisionAuthor, Subject
from pipeline.dedupe import CopyVerdict
from pipeline.dedupe.sketch import MIN_WORDS
from pipeline.dedupe.verdict import MIN_SHARE_TAKEN
from pipeline.diff_text import cut_side_by_side
from pipeline.editorial.copies import CopyGroupMember, load_copy_group, merge_groups, split_group
from pipeline.editorial.corrections import Correction, find_corrections
from pipeline.editorial.lookup import find_article
from pipeline.reconcile.copy_groups import compare_articles
from pipeline.records import Copy, Precision, to_json
from pipeline.store import DROPPED, QUARANTINED, REMOVED, WITHDRAWN, CopyPin

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
    WITHDRAWN: "it was withdrawn; newswire explain tells by whom",
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
    summary = shown.summary
    if summary is None:
        print_note(_NO_GROUP.get(item.state, "dedupe has not decided on it yet"))
        return
    agency = f", {summary.agency} copy" if summary.agency else ""
    click.echo(f"group {shown.group}: {len(shown.members)} articles, earliest {summary.earliest}{agency}")
    rough = {member.id for member in shown.members if member.precision not in {Precision.INSTANT, None}}
    rows = [
        (
            "primary" if member.id == summary.primary else "",
            member.id,
            member.source,
            _published(member),
            describe_copy(copy, exact=rough.isdisjoint({member.id, copy.copy_of})),
            member.title or "",
        )
        for member, copy in zip(shown.members, shown.copies, strict=True)
    ]
    print_table(("", "id", "source", "published", "copy", "title"), rows)
    _print_pins(shown.decisions, "this group")


def _published(member: CopyGroupMember) -> str:
    if member.published:
        return f"{member.published:%Y-%m-%d %H:%M}"
    return (member.published_local or "").replace("T", " ")


@copies_command.command("compare")
@click.argument("addresses_or_ids", nargs=2, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare_command(addresses_or_ids: tuple[str, str], as_json: bool) -> None:
    """Say what two articles share, and why one is taken for a copy of the other, or isn't."""
    with open_context() as context:
        pair = [find_article(context, name) for name in addresses_or_ids]
        comparison = compare_articles(context, *pair)
        with context.store.read() as connection:
            copies = context.store.ledger.latest(connection, [comparison.earlier, comparison.later], Copy)
            pins = context.store.decisions.list_copy_pins(connection, [article.seq for article in pair])
    if as_json:
        click.echo(to_json(comparison))
        return
    earlier, later, settings = comparison.earlier, comparison.later, context.settings.dedupe
    parts = f"{comparison.new:.0%} stands in {earlier}, and of that {comparison.old:.0%} in {later}"
    click.echo(f"of {later}, the later one, {parts}")
    click.echo(
        f"of the beginnings {comparison.beginnings:.0%} is the same; {comparison.terms} fingerprints lead to both"
    )
    limits = {"window": f"{settings.window_days:g}", "least": f"{settings.threshold:.0%}"}
    click.echo(_WHY[comparison.verdict].format(**limits))
    for name in (earlier, later):
        click.echo(f"decided: {name} {describe_copy(copies[name]) if name in copies else 'not yet'}")
    _print_pins(pins)


@copies_command.command("merge")
@click.argument("addresses_or_ids", nargs=-1, required=True)
@decision_options
def merge_command(addresses_or_ids: tuple[str, ...], author: DecisionAuthor) -> None:
    """Make one copy group of the groups that these articles are in; it stays so when dedupe is done again."""
    with open_context() as context:
        decision = merge_groups(context, [find_article(context, name) for name in addresses_or_ids], author)
    click.echo(f"one group now: {decision.group}; the next run writes their documents again (decision {decision.n})")


@copies_command.command("split")
@click.argument("addresses_or_ids", nargs=-1, required=True)
@decision_options
def split_command(addresses_or_ids: tuple[str, ...], author: DecisionAuthor) -> None:
    """Take these articles out of their copy group, into one of their own; it stays so when dedupe is done again."""
    with open_context() as context:
        decision = split_group(context, [find_article(context, name) for name in addresses_or_ids], author)
    groups = f"{decision.group} and {decision.taken}"
    click.echo(f"two groups now: {groups}; the next run writes their documents again (decision {decision.n})")


@copies_command.command("undo")
@click.argument("number", type=int)
@decision_options
def undo_command(number: int, author: DecisionAuthor) -> None:
    """Take a merge or split back (its NUMBER: newswire copies show): articles go where they were before."""
    print_undone(number, author, Subject.COPIES)


@click.command("corrections")
@click.option("--since", type=TimeParam(), help="Read at this time or later.  [default: a week ago]")
@click.option("--all", "show_all", is_flag=True, help="Also what no copy has wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def corrections_command(since: dt.datetime | None, show_all: bool, as_json: bool) -> None:
    """List the copies that still say what was corrected or withdrawn in the article that they share a text with."""
    with open_context() as context:
        corrections = list(find_corrections(context, since, include_uncopied=show_all))
    if as_json:
        click.echo(to_json(corrections))
        return
    width = max(20, (terminal_width() - 60) // 2) if sys.stdout.isatty() else None
    notices = [correction for correction in corrections if correction.candidates is not None]
    corrections = [correction for correction in corrections if correction.candidates is None]
    rows = [
        (
            f"{correction.at:%Y-%m-%d %H:%M}",
            correction.article.source or "",
            *cut_side_by_side(*_change(correction), width),
            copy.source if copy else "no copy",
            (copy.url or copy.id) if copy else "",
        )
        for correction in corrections
        for copy in correction.copies or (None,)
    ]
    if rows:
        print_table(("read", "source", "said", "says now", "still said by", "at"), rows)
    for notice in notices:
        _print_notice(notice)
    count = sum(len(correction.copies) for correction in corrections)
    print_note(f"{len(corrections)} corrections, {count} copies still as before")


def _change(correction: Correction) -> tuple[str, str]:
    """Return what an article said, and what it says now."""
    if correction.withdrawn is None:
        return correction.old or "the whole text", correction.new or "taken out"
    return correction.article.title or correction.article.id, f"withdrawn by {correction.withdrawn}"


def _print_notice(notice: Correction) -> None:
    """Print a notice that nobody has carried out, and which article it may mean."""
    what = notice.article.title or "without a headline"
    click.echo(f"open: notice {notice.article.id} of {notice.article.source}, {notice.at:%Y-%m-%d %H:%M}: {what}")
    for candidate in notice.candidates or ():
        named = candidate.title or "without a headline"
        click.echo(f"  may mean {candidate.id} of {candidate.source}: {named} {candidate.url or ''}".rstrip())
    click.echo(f"  newswire withdraw ARTICLE --notice {notice.article.id} carries it out, --dismiss sets it aside")


def _print_pins(pins: Sequence[CopyPin], group: str | None = None) -> None:
    """Print what editors decided; ``group`` is how the group is called that all of it is about."""
    for pin in pins:
        author, note = pin.made_by or "somebody", f": {pin.reason}" if pin.reason else ""
        target = group or f"group {pin.copy_group}"
        click.echo(f"  decision {pin.n}  {pin.at:%Y-%m-%d %H:%M}  {author}: {pin.id} belongs to {target}{note}")
