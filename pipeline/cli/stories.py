"""Define newswire stories: which stories there are, what they are made of, and what is changed of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import click

from pipeline.cli.options import decision_options
from pipeline.cli.output import print_note, print_table
from pipeline.cli.param_types import MOST, MOST_DAYS, TimeParam
from pipeline.cluster import StoryFacts
from pipeline.context import open_context
from pipeline.decisions import DecisionAuthor, StoryDecision, Subject
from pipeline.editorial import stories, story_repair
from pipeline.editorial.decision_text import describe_decision
from pipeline.editorial.lookup import find_article
from pipeline.editorial.undo import undo_decision
from pipeline.errors import UsageError
from pipeline.records import Document, to_json, to_plain
from pipeline.stages.index import build_documents
from pipeline.text import shorten

_SHOWN = 100  # articles of a story that are shown


@click.group("stories")
def stories_command() -> None:
    """See and change what belongs to one story. Editors' decisions stand, and can be taken back.

    A story is named by an id that it has or had, or by the id or address of one of its articles.
    """


@stories_command.command("list")
@click.option("--since", type=TimeParam(), help="With an article of this time or later.")
@click.option("--largest", is_flag=True, help="The largest first, not the latest.")
@click.option("--limit", type=click.IntRange(1, MOST), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(since: dt.datetime | None, largest: bool, limit: int, as_json: bool) -> None:
    """List stories."""
    with open_context() as context, context.store.read() as connection:
        listings = context.store.story_catalog.list_stories(connection, limit=limit, since=since, largest=largest)
    if as_json:
        click.echo(to_json(listings))
        return
    rows = [
        (story.facts.id, story.size, story.groups, _span(story.facts), story.facts.title or "") for story in listings
    ]
    print_table(("story", "articles", "texts", "span", "title"), rows)


@stories_command.command("show")
@click.argument("story")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_command(story: str, as_json: bool) -> None:
    """Show a story (by an id that it has or had, or by an article): its articles, and what was changed of it."""
    with open_context() as context:
        present = stories.resolve_story(context, story)
        with context.store.read() as connection:
            facts = context.store.story_catalog.load_facts(connection, [present])[present]
            items = context.store.ledger.list_story_articles(connection, present)
        shown = build_documents(context, items[-_SHOWN:])
        with context.store.read() as connection:
            changes = context.store.decisions.list_story_decisions(connection, present)
    if as_json:
        click.echo(to_json({**to_plain(facts), "size": len(items), "articles": shown, "changes": changes}))
        return
    click.secho(facts.title or present, bold=True)
    click.echo(f"{present}  {len(items)} {'article' if len(items) == 1 else 'articles'}, {_span(facts)}")
    if facts.names:
        click.echo(f"  {', '.join(facts.names)}")
    if facts.aliases:
        click.echo(f"  ids that lead here: {', '.join(facts.aliases)}")
    _articles(shown)
    for change in changes:
        click.echo(f"  decision {describe_decision(change)}")


def _articles(shown: Sequence[Document]) -> None:
    for document in shown:
        copy = f", copy of {document.copy_of}" if document.copy_of else ""
        when = document.published or document.first_seen
        title = document.title or shorten(document.text)
        click.echo(f"  {document.id}  {when:%Y-%m-%d %H:%M}  {document.source}: {title}{copy}")


def _span(facts: StoryFacts) -> str:
    if facts.first is None or facts.last is None:
        return ""
    first, last = f"{facts.first:%Y-%m-%d %H:%M}", f"{facts.last:%Y-%m-%d %H:%M}"
    return last if first == last else f"{first} to {last}"


@stories_command.command("merge")
@click.argument("story")
@click.argument("others", nargs=-1, required=True)
@decision_options
def merge_command(story: str, others: tuple[str, ...], author: DecisionAuthor) -> None:
    """Make the stories OTHERS part of STORY; their ids lead there from then on."""
    with open_context() as context:
        for absorbed in others:
            decision = stories.merge_stories(context, story, absorbed, author)
    click.echo(f"one story now: {decision.story}; the next run writes its documents again")


@stories_command.command("split")
@click.argument("story")
@click.argument("articles", nargs=-1, required=True)
@decision_options
def split_command(story: str, articles: tuple[str, ...], author: DecisionAuthor) -> None:
    """Take ARTICLES (ids or addresses), with their copies, out of STORY, as a story of their own."""
    with open_context() as context:
        ids = [find_article(context, name).id for name in articles]
        decision = stories.split_story(context, story, ids, author)
    names = f"{decision.story} and {decision.counterpart}"
    click.echo(f"two stories now: {names}; the next run writes their documents again")


@stories_command.command("rename")
@click.argument("story")
@click.argument("title", required=False)
@click.option("--automatic", is_flag=True, help="Let the articles choose the title again.")
@decision_options
def rename_command(story: str, title: str | None, automatic: bool, author: DecisionAuthor) -> None:
    """Give STORY a TITLE that stays.

    \f
    Raises:
        UsageError: Neither a title nor --automatic were named, or both.
    """
    if automatic == (title is not None):
        raise UsageError("say a title, or --automatic")
    with open_context() as context:
        decision = stories.rename_story(context, story, None if automatic else title, author)
    click.echo(f"{decision.story} is called otherwise now; the next run writes its documents again")


@stories_command.command("undo")
@click.argument("change", type=int)
@decision_options
def undo_command(change: int, author: DecisionAuthor) -> None:
    """Take a CHANGE back (its number: newswire stories show); what repair did is not done again then."""
    with open_context() as context:
        decision = undo_decision(context, change, author, Subject.STORIES)
    if isinstance(decision, StoryDecision):
        click.echo(f"{decision.kind} of {decision.story} is taken back; the next run writes the documents again")


@stories_command.command("repair")
@click.option("--days", type=click.FloatRange(0, MOST_DAYS, min_open=True), help="[default: cluster.repair_days]")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def repair_command(days: float | None, dry_run: bool) -> None:
    """Merge and split the stories of the last days as if all their articles had come at once."""
    with open_context() as context:
        done = story_repair.repair_stories(context, days=days or context.settings.cluster.repair_days, dry_run=dry_run)
    for change in done.changes:
        click.echo(change)
    would = "would be " if dry_run else ""
    print_note(f"{done.stories} stories looked at, {done.merged} {would}merged, {done.split} {would}split")
