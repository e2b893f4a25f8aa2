"""Show a replay: what was asked, what would differ, and how far it has come."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.context import Context
from pipeline.records import Record, from_json
from pipeline.replay.difference import ArticleDifference, FieldDifference
from pipeline.store import Replay, ReplayCounts, ReplayState, Selection

SHOWN = 50  # articles; nobody reads more before deciding


class ShownDifference(Record, frozen=True, kw_only=True):
    """How an article would differ, and whether it has been sent back."""

    article: ArticleDifference
    state: str


class ReplayView(Record, frozen=True, kw_only=True):
    """A replay for people."""

    n: int
    at: dt.datetime
    by: str | None
    what: str  # in words
    state: ReplayState
    total: int
    counts: ReplayCounts
    articles: tuple[ShownDifference, ...]  # the first that would differ, in order of arrival
    waiting: int
    sent: int
    overtaken: int
    decided_by: str | None
    ended: dt.datetime | None


def view_replay(context: Context, replay: Replay) -> ReplayView:
    """Return what is to be shown of a replay; of articles that may not be shown, no word."""
    with context.store.read() as connection:
        rows = context.store.replays.list_articles(connection, replay.n, SHOWN)
        states = context.store.replays.count_by_state(connection, replay.n)
        hidden = context.store.ledger.find_hidden(connection, [row.id for row in rows], context.clock())
    shown = [(row, from_json(row.difference, ArticleDifference)) for row in rows]
    return ReplayView(
        n=replay.n,
        at=replay.at,
        by=replay.by,
        what=f"{replay.stage} again over {describe_selection(replay.selection)}",
        state=replay.state,
        total=replay.total,
        counts=replay.counts,
        articles=tuple(
            ShownDifference(article=_without_words(article) if row.id in hidden else article, state=row.state)
            for row, article in shown
        ),
        waiting=states["waiting"],
        sent=states["sent"],
        overtaken=states["overtaken"],
        decided_by=replay.decided_by,
        ended=replay.ended,
    )


def describe_selection(selection: Selection) -> str:
    """Return in words which articles are meant."""
    if selection.is_everything:
        return "everything"
    named = f"{len(selection.ids)} named articles" if selection.ids else "articles"
    parts = [
        f"of {' and '.join(selection.sources)}" if selection.sources else "",
        f"first seen from {selection.since:%Y-%m-%d %H:%M} UTC on" if selection.since else "",
        f"first seen before {selection.until:%Y-%m-%d %H:%M} UTC" if selection.until else "",
        f"made by version {selection.made_by}" if selection.made_by else "",
        f"given up as {selection.reason}" if selection.reason else "",
    ]
    return ", ".join(part for part in (named, *parts) if part)


def summarise(replay: Replay) -> str:
    """Return in one line what a replay would change, or has changed."""
    counts = replay.counts
    if replay.state is ReplayState.PLANNED:
        return f"{counts.compared} of {replay.total} articles compared so far"
    fields = ", ".join(f"{name} {count}" for name, count in sorted(counts.fields.items(), key=lambda f: (-f[1], f[0])))
    line = f"{counts.changed} of {counts.compared} articles would read otherwise" + (f": {fields}" if fields else "")
    if counts.agreed is not None:
        line += f"; {counts.agreed} became what was expected, {counts.differed} did not"
    return line


def _without_words(article: ArticleDifference) -> ArticleDifference:
    fields = tuple(FieldDifference(field=field.field) for field in article.fields)
    return msgspec.structs.replace(article, fields=fields)
