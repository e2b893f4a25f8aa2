"""Look at stories: each has articles and a summary, whose titles are theirs; what cluster remembers is of stories."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import islice

import msgspec
import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from pipeline.cluster import StorySummary
from pipeline.cluster.assignment import decode_story
from pipeline.faults import Fault
from pipeline.records import Stage
from pipeline.store.audit.postings import check_postings
from pipeline.store.audit.reading import stream
from pipeline.store.rows import PENDING
from pipeline.store.schema.articles import items
from pipeline.store.schema.outbox import losses, regrouped
from pipeline.store.schema.stories import stories, story_aliases, story_cards, story_groups, story_postings
from pipeline.store.statements import among
from pipeline.store.story_postings import unpack_seqs

_decode_summary = msgspec.msgpack.Decoder(StorySummary).decode
_LISTS_AT_ONCE = 50_000
_UNSETTLED = sa.select(losses.c.name).where(losses.c.stage == Stage.CLUSTER)


def check_stories(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:  # noqa: ARG001
    """Yield stories without articles, articles in unknown stories, and summaries that count others than the members.

    A story that has lost an article, and that cluster has yet to settle, isn't looked at.
    """
    c, card, alias = items.c, story_cards.c, story_aliases.c
    unknown = ~sa.exists().where(card.id == c.story)
    lost = sa.select(c.id, c.story).where(c.story.isnot(None), unknown, c.story.notin_(_UNSETTLED))
    for row in stream(connection, lost):
        yield Fault(key=f"{row.id} story", what=f"{row.id} is in the story {row.story}, of which nothing is known")
    yield from _wrong_summaries(connection)
    for row in stream(
        connection, sa.select(alias.alias, alias.story).where(~sa.exists().where(card.id == alias.story))
    ):
        what = f"the former story {row.alias} leads to {row.story}, of which nothing is known"
        yield Fault(key=f"alias {row.alias}", what=what)
    both = sa.select(alias.alias, alias.story).where(sa.exists().where(card.id == alias.alias))
    for row in stream(connection, both):
        what = f"{row.alias} is a story, and leads to the story {row.story}"
        yield Fault(key=f"alias {row.alias} both", what=what)


def _wrong_summaries(connection: sa.Connection) -> Iterator[Fault]:
    """Yield stories whose summaries don't fit their articles."""
    c, card = items.c, story_cards.c
    counted = sa.select(card.id, card.data, sa.func.count(c.id).label("size"))
    counted = counted.select_from(story_cards.outerjoin(items, c.story == card.id))
    counted = counted.where(card.id.notin_(_UNSETTLED)).group_by(card.id, card.data)
    for row in stream(connection, counted):
        try:
            summary = _decode_summary(row.data)
        except msgspec.DecodeError as error:
            yield Fault(key=f"story {row.id}", what=f"the summary of story {row.id} can't be read: {error}")
            continue
        if not row.size:
            yield Fault(key=f"story {row.id}", what=f"story {row.id} has no article")
            continue
        voters = {title.article for title in summary.titles}
        query = sa.select(c.id).where(among(connection, c.id, voters), c.story == row.id)
        if strangers := voters - set(connection.scalars(query)):
            what = f"story {row.id} has titles of articles that are not in it: {', '.join(sorted(strangers))}"
            yield Fault(key=f"story {row.id} titles", what=what)


def check_memory(connection: sa.Connection, now: dt.datetime) -> Iterator[Fault]:  # noqa: ARG001
    """Yield centroids of no story, copy groups that are remembered in another story, and postings that lead nowhere."""
    card = story_cards.c
    for row in stream(
        connection, sa.select(stories.c.seq, stories.c.data, card.id).outerjoin(story_cards, card.seq == stories.c.seq)
    ):
        try:
            story = decode_story(row.data)
        except msgspec.DecodeError as error:
            yield Fault(key=f"centroid {row.seq}", what=f"the centroid under {row.seq} can't be read: {error}")
            continue
        if row.id != story.id:
            what = f"cluster remembers story {story.id} under {row.seq}, where {row.id or 'no story'} should be"
            yield Fault(key=f"centroid {row.seq}", what=what)
    yield from _wrong_groups(connection)
    yield from check_postings(connection, stories, _stream_postings(connection), exact=False)


def _stream_postings(connection: sa.Connection) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the numbers of the stories to which postings lead, those of many terms at a time."""
    rows = stream(connection, sa.select(story_postings.c.postings))
    while part := [row.postings for row in islice(rows, _LISTS_AT_ONCE)]:
        yield unpack_seqs(b"".join(part))


def _wrong_groups(connection: sa.Connection) -> Iterator[Fault]:
    """Yield articles whose copy group cluster remembers in another story than theirs."""
    c, group, alias = items.c, story_groups.c, story_aliases.c
    present = sa.func.coalesce(alias.story, group.story)
    joined = items.join(story_groups, group.copy_group == c.copy_group).outerjoin(
        story_aliases, alias.alias == group.story
    )
    placed = [c.state == PENDING, sa.or_(c.stage.is_(None), c.stage == Stage.INDEX)]
    waits = sa.exists().where(regrouped.c.id == c.id)
    other = sa.select(c.id, c.copy_group, c.story, present.label("present")).select_from(joined)
    for row in stream(connection, other.where(*placed, c.story != present, ~waits, c.story.notin_(_UNSETTLED))):
        what = f"{row.id} is in the story {row.story}, and its copy group {row.copy_group} in {row.present}"
        yield Fault(key=f"{row.id} group's story", what=what)
