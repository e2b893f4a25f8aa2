"""Define newswire status, explain, retry, redo, reindex, expire and takedown, which read and change the ledger."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Sequence

import click

from pipeline import maintenance
from pipeline.cli.copy_text import describe_copy
from pipeline.cli.decision_text import describe_decision
from pipeline.cli.diff_text import describe_edits
from pipeline.cli.output import print_note, print_table
from pipeline.cli.param_types import TimeParam
from pipeline.cluster import StoryFacts
from pipeline.context import open_context
from pipeline.decisions import StoryDecision
from pipeline.editorial.explain import ArticleVersion, Explanation, explain_name
from pipeline.editorial.lookup import find_article
from pipeline.editorial.takedown import take_down
from pipeline.errors import UsageError
from pipeline.records import Article, Copy, Placed, Placement, Record, Stage, to_json, to_plain
from pipeline.stages import run_one
from pipeline.store import ArticleRow, Selection

_WHY = {
    Placed.OPENED: "it opened one: no known story was like it",
    Placed.JOINED: "it is like it",
    Placed.COPY: "its copies are in it",
    Placed.KEPT: "it was in it before",
}


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status_command(as_json: bool) -> None:
    """Show how many articles stand where, and which feeds fail."""
    with open_context() as context, context.store.read() as connection:
        standings = context.store.admin.count_by_stage(connection)
        feeds = context.store.feeds.list_states(connection)
        hubs = context.store.subscriptions.list_subscriptions(connection)
        broken = context.store.admin.list_failures(connection, limit=20)
        alarms = context.store.site_alarms.list_alarms(connection)
    if as_json:
        plain = {
            "articles": to_plain(standings),
            "hubs": [
                {"feed": h.feed, "hub": h.hub, "state": h.state, "until": h.until, "error": h.error} for h in hubs
            ],
            "feeds": {"all": len(feeds), "failing": [f.url for f in feeds if f.failures]},
            "alarms": to_plain(alarms),
            "quarantined": to_plain(broken),
        }
        click.echo(to_json(plain))
        return
    rows = [
        (s.stage or "through", s.state, s.count, f"{s.oldest:%Y-%m-%d %H:%M}") for s in standings
    ]  # "through" stands for: has passed all stages
    print_table(("waits for", "state", "articles", "first seen since"), rows)
    if hubs:
        states = collections.Counter(hub.state for hub in hubs)
        click.echo(f"\n{len(hubs)} feeds name a hub: " + ", ".join(f"{n} {state}" for state, n in states.items()))
        for hub in hubs:
            if hub.error:
                click.echo(f"  {hub.hub} for {hub.feed}: {hub.error}")
    failing = [f for f in feeds if f.failures]
    click.echo(f"\n{len(feeds)} feeds, {len(failing)} failing")
    for feed in failing:
        click.echo(f"  {feed.source}: {feed.url}: {feed.error} ({feed.failures} times)")
    for name, alarm in alarms.items():
        click.echo(f"\nthe pages of {name} have changed: {alarm.detail}")
        for when, samples in (("before", alarm.before), ("after", alarm.after)):
            for sample in samples:
                click.echo(f"  {when:6} {sample.id}  {sample.describe()}")
        click.echo(f"  held back until they are as before, or: newswire retry --quarantined --source '{name}'")
    for failure in broken:
        where = failure.url or failure.id
        click.echo(f"  quarantined at {failure.stage}: {where}: {failure.reason}: {failure.detail}")


@click.command("explain")
@click.argument("address_or_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON with all records.")
def explain_command(address_or_id: str, as_json: bool) -> None:
    """Tell the whole history of an article (or a feed): why it is, or isn't, in the index.

    \f
    Raises:
        UsageError: Nothing is known of it.
    """
    with open_context() as context:
        explanation = explain_name(context, address_or_id)
    if explanation is None:
        raise UsageError(f"{address_or_id}: nothing is known of it: no feed has named it and nobody imported it")
    if as_json:
        click.echo(to_json(explanation))
        return
    row = explanation.item
    if row:
        click.echo(f"{row.id}  {row.url or 'without an address'}")
        state = _describe_state(row, explanation.versions)
        click.echo(f"source {row.source}, first seen {row.first_seen:%Y-%m-%d %H:%M:%S}, {state}")
    for event in explanation.history:
        why = ": ".join(part for part in (event.reason, event.detail) if part)
        click.echo(f"  {event.at:%Y-%m-%d %H:%M:%S}  {event.stage:8} {event.outcome:11} {why}".rstrip())
    _print_versions(explanation)
    article = explanation.records.get(Stage.EXTRACT)
    for cut in article.cut if isinstance(article, Article) else ():
        click.echo(f"  cut ({cut.rule}): {cut.text}")
    copy = explanation.records.get(Stage.DEDUPE)
    if isinstance(copy, Copy) and (group := explanation.group):
        agency = f", {group.agency} copy" if group.agency else ""
        click.echo(f"  copy: {describe_copy(copy)}; primary {group.primary}, earliest {group.earliest}{agency}")
    if explanation.story:
        _print_story(explanation.story, explanation.records.get(Stage.CLUSTER), explanation.changes)


def _print_versions(explanation: Explanation) -> None:
    """Print what an article said when, and when its page is looked at again."""
    for version in explanation.versions:
        change = f"  {version.change.summary()}" if version.change else ""
        click.echo(
            f"  version {version.version}, {version.at:%Y-%m-%d %H:%M:%S}: {version.title or 'without a title'}{change}"
        )
        for passage in describe_edits(version.change) if version.change else ():
            click.echo(f"    {passage}")
    if explanation.visit and explanation.visit.gone:
        click.echo(f"  gone from the publisher's site since {explanation.visit.gone:%Y-%m-%d %H:%M:%S}")
    if explanation.visit and explanation.visit.due:
        click.echo(f"  looked at again from {explanation.visit.due:%Y-%m-%d %H:%M:%S} on")


def _print_story(story: StoryFacts, placement: Record | None, changes: Sequence[StoryDecision]) -> None:
    """Print in which story an article is, and why."""
    why = ""
    if isinstance(placement, Placement) and placement.how:
        alike = f", {placement.score} alike" if placement.score is not None else ""
        why = f" ({_WHY[placement.how]}{alike})"
    click.echo(f"  story: {story.id}{why}: {story.title or 'without a title'}")
    for change in changes:
        click.echo(f"    decision {describe_decision(change)}")


def _describe_state(row: ArticleRow, versions: Sequence[ArticleVersion]) -> str:
    """Return which version an article has and what it waits for."""
    if versions and versions[-1].version < row.version and row.state == "pending":
        return f"version {versions[-1].version}, and its page is looked at again: waits for {row.stage}"
    version = f"version {row.version}"
    if row.state != "pending":
        return f"{version}, {row.state}" + (f" at {row.stage}" if row.stage else "")
    if row.stage is None:
        return f"{version}, in the index (revision {row.indexed})"
    return f"{version}, waits for {row.stage}"


@click.command("retry")
@click.argument("addresses_or_ids", nargs=-1)
@click.option("--quarantined", is_flag=True, help="All that are quarantined.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only of this source.")
def retry_command(addresses_or_ids: tuple[str, ...], quarantined: bool, sources: tuple[str, ...]) -> None:
    """Let articles that failed be tried again by the next run.

    \f
    Raises:
        UsageError: Neither articles nor --quarantined were named, or both.
    """
    if bool(addresses_or_ids) == quarantined:
        raise UsageError("name articles by address or id, or say --quarantined")
    with open_context() as context:
        ids = tuple(find_article(context, name).id for name in addresses_or_ids)
        with context.store.write() as connection:
            selection = Selection(ids=ids, sources=sources)
            count = context.store.admin.retry_articles(connection, selection, context.clock())
    click.echo(f"{count} will be tried again by the next run")


@click.command("redo")
@click.argument("stage", type=click.Choice([s.value for s in Stage if s is not Stage.POLL]))
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only of this source.")
@click.option("--since", type=TimeParam(), help="First seen at this time or later.")
@click.option("--until", type=TimeParam(), help="First seen before this time.")
@click.option("--dry-run", is_flag=True, help="Only say how many.")
def redo_command(
    stage: str, sources: tuple[str, ...], since: dt.datetime | None, until: dt.datetime | None, dry_run: bool
) -> None:
    """Send articles back to STAGE; the next run does it and the later ones again."""
    which = Selection(sources=sources, since=since, until=until)
    with open_context() as context, context.store.write() as connection:
        count = context.store.admin.redo_stage(connection, Stage(stage), which, context.clock(), dry_run=dry_run)
    click.echo(f"{count} would go back to {stage}" if dry_run else f"{count} go back to {stage} with the next run")


@click.command("reindex")
def reindex_command() -> None:
    """Empty the index and fill it again from the ledger."""
    with open_context() as context:
        context.index.wipe()
        report = run_one(context, Stage.INDEX)
    click.echo(f"{report.to_plain()['done']} documents indexed")


@click.command("expire")
@click.option(
    "--history-days",
    type=click.FloatRange(min=1),
    default=maintenance.HISTORY_DAYS,
    show_default=True,
    help="Of history.",
)
def expire_command(history_days: float) -> None:
    """Forget sketches and stories outside the windows of dedupe and cluster, and old history; articles stay."""
    with open_context() as context:
        count = maintenance.expire_memories(context, history_days)
    print_note(f"{count} lines of history forgotten")


@click.command("takedown")
@click.argument("address_or_id")
def takedown_command(address_or_id: str) -> None:
    """Remove an article from index, ledger and archive for good; it doesn't come back."""
    with open_context() as context:
        row = find_article(context, address_or_id)
        take_down(context, row)
    print_note(f"{row.url or row.id}: taken down")
