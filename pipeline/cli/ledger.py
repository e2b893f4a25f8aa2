"""Define newswire status, explain, retry and expire, which read and change the ledger."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Mapping, Sequence

import click

from pipeline import maintenance, reindex
from pipeline.alert_records import Alert, AlertPhase
from pipeline.cli.copy_text import describe_copy
from pipeline.cli.output import plain_text, print_note, print_table
from pipeline.cli.param_types import MOST_DAYS
from pipeline.cluster import StoryFacts
from pipeline.context import open_context
from pipeline.decisions import StoryDecision
from pipeline.diff_text import describe_edits
from pipeline.editorial.decision_text import describe_decision
from pipeline.editorial.explain import ArticleVersion, Explanation, explain_name
from pipeline.editorial.lookup import find_article
from pipeline.errors import UsageError
from pipeline.figures import Overview
from pipeline.figures.summary import summarise_running
from pipeline.figures.text import describe_programs
from pipeline.reconcile.withdrawals import list_open_notices
from pipeline.records import NO_END, Article, Copy, Placed, Placement, Record, Stage, to_json, to_plain
from pipeline.store import ArticleRow, EmbargoCount, OutcomeRow, Selection, StoredNotice, Subscription
from pipeline.telemetry.standing import describe_standing, read_standing

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_WHY = {
    Placed.OPENED: "it opened one: no known story was like it",
    Placed.JOINED: "it is like it",
    Placed.RETOLD: "it tells the same in another language",
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
        held = context.store.ledger.count_held(connection, context.clock())
        notices = list_open_notices(context, connection)
        now = context.clock()
        overview = Overview(at=now, programs=tuple(context.store.programs.list_programs(connection, now)))
        build = reindex.load_build(context)
        open_alerts = context.store.alerts.list_alerts(connection, [AlertPhase.OPEN])
        operations = read_standing(context, connection)
    if as_json:
        plain = {
            "articles": to_plain(standings),
            "index_build": to_plain(build) if build else None,
            "programs": summarise_running(overview),
            "hubs": [
                {"feed": h.feed, "hub": h.hub, "state": h.state, "until": h.until, "error": h.error} for h in hubs
            ],
            "feeds": {"all": len(feeds), "failing": [f.url for f in feeds if f.failures]},
            "alerts": [alert.condition.what for alert in open_alerts],
            "operations": to_plain(operations) if operations else None,
            "alarms": to_plain(alarms),
            "embargoed": to_plain(held),
            "open_notices": [notice.id for notice in notices],
            "quarantined": to_plain(broken),
        }
        click.echo(to_json(plain))
        return
    rows = [
        (s.stage or "through", s.state, s.count, f"{s.oldest:%Y-%m-%d %H:%M}") for s in standings
    ]  # "through" stands for: has passed all stages
    print_table(("waits for", "state", "articles", "first seen since"), rows)
    _print_build(build)
    _print_running(overview)
    _print_alerts(open_alerts)
    _print_held(held, notices)
    if operations:
        click.echo(f"\n{plain_text(describe_standing(operations, now))}")
    _print_hubs(hubs)
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


def _print_hubs(hubs: Sequence[Subscription]) -> None:
    """Print how the subscriptions of feeds stand that name a hub."""
    if hubs:
        states = collections.Counter(hub.state for hub in hubs)
        click.echo(f"\n{len(hubs)} feeds name a hub: " + ", ".join(f"{n} {state}" for state, n in states.items()))
        for hub in hubs:
            if hub.error:
                click.echo(f"  {hub.hub} for {hub.feed}: {hub.error}")


def _print_build(build: reindex.IndexBuild | None) -> None:
    """Print how far a generation of the index is, where one is being built."""
    if build:
        click.echo(f"\n{reindex.describe_build(build)}: newswire reindex goes on with it, --drop-old gives it up")


def _print_running(overview: Overview) -> None:
    """Print how the programs fare that run, where any ran in the last day."""
    if overview.programs:
        click.echo(f"\n{plain_text(describe_programs(overview))}")


def _print_alerts(open_alerts: Sequence[Alert]) -> None:
    """Print what is wrong, as it was seen at the last look."""
    if open_alerts:
        plural = "" if len(open_alerts) == 1 else "s"
        click.echo(f"\n{len(open_alerts)} alert{plural}: newswire alerts says what to do")
        for alert in open_alerts:
            click.echo(f"  {plain_text(alert.condition.what)}")


def _print_held(held: EmbargoCount, notices: Sequence[StoredNotice]) -> None:
    """Print what is held back by embargoes, and how many notices wait for an editor."""
    if held.count:
        click.echo(f"\n{_describe_held(held)}")
    if notices:
        click.echo(f"\n{len(notices)} notices take back an article that an editor must name: newswire corrections")


def _describe_held(held: EmbargoCount) -> str:
    """Return how many articles are embargoed, and when the next of them is not any more."""
    parts = [f"{held.count} held back by an embargo"]
    if held.next:
        parts.append(f"the next until {held.next:%Y-%m-%d %H:%M} UTC")
    if held.without_end:
        parts.append(f"{held.without_end} until their senders say more")
    return ", ".join(parts)


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
    if explanation.duplicate:
        _print_head(explanation.duplicate, [], explanation.asked)
        _print_history(explanation.duplicate_history)
        click.echo("its address leads to this article:")
    if explanation.item:
        _print_head(explanation.item, explanation.versions, explanation.asked)
    _print_history(explanation.history)
    for decision in explanation.withdrawals:
        click.echo(f"  decision {describe_decision(decision)}")
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


def _print_head(row: ArticleRow, versions: Sequence[ArticleVersion], asked: dt.datetime) -> None:
    """Print which article it is, and where it stands."""
    click.echo(f"{row.id}  {row.url or 'without an address'}")
    state = _describe_state(row, versions) + _describe_embargo(row, asked)
    click.echo(f"source {row.source}, first seen {row.first_seen:%Y-%m-%d %H:%M:%S}, {state}")


def _print_history(history: Sequence[OutcomeRow]) -> None:
    """Print the outcomes of all attempts."""
    for event in history:
        why = ": ".join(part for part in (event.reason, event.detail) if part)
        click.echo(f"  {event.at:%Y-%m-%d %H:%M:%S}  {event.stage:8} {event.outcome:11} {why}".rstrip())


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


def _describe_embargo(row: ArticleRow, now: dt.datetime) -> str:
    """Return until when an article is held back, with a comma before it; nothing where it isn't."""
    if row.embargoed is None or row.embargoed <= now or row.state != "pending":
        return ""
    if row.embargoed == NO_END:
        return ", held back by an embargo until its sender says more"
    return f", held back by an embargo until {row.embargoed:%Y-%m-%d %H:%M} UTC"


@click.command("retry")
@click.argument("addresses_or_ids", nargs=-1)
@click.option("--quarantined", is_flag=True, help="All that are quarantined.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only of this source.")
@_json
def retry_command(
    addresses_or_ids: tuple[str, ...], quarantined: bool, sources: tuple[str, ...], as_json: bool
) -> None:
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
    _print_count({"retried": count}, f"{count} will be tried again by the next run", as_json=as_json)


def _print_count(plain: Mapping[str, object], line: str, *, as_json: bool) -> None:
    click.echo(to_json(plain) if as_json else line)


@click.command("expire")
@click.option(
    "--history-days",
    type=click.FloatRange(1, MOST_DAYS),
    default=maintenance.HISTORY_DAYS,
    show_default=True,
    help="Of history.",
)
@click.option("--pages", is_flag=True, help="Also remove pages from the archive that no article refers to.")
def expire_command(history_days: float, pages: bool) -> None:
    """Forget sketches and stories outside the windows of dedupe and cluster, and old history; articles stay."""
    with open_context() as context:
        count = maintenance.expire_memories(context, history_days)
        print_note(f"{count} lines of history forgotten")
        if pages:
            print_note(f"{maintenance.remove_stray_pages(context)} pages of no article removed from the archive")
