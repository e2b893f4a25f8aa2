"""What else changes when an article joins or leaves a copy group? Who is primary, and how the others relate to it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

import msgspec
import sqlalchemy as sa

from pipeline import dedupe
from pipeline.context import Context
from pipeline.count_min import CountMinSketch
from pipeline.dedupe import (
    Arrival,
    Comparison,
    GroupSummary,
    PrimaryCandidate,
    correct_implausible_dates,
    latest_instant,
    relate_copy,
    summarise_group,
)
from pipeline.documents import publication_time
from pipeline.errors import UsageError
from pipeline.extract.agencies import agency_of
from pipeline.records import Article, Copy, Entry, Precision
from pipeline.store import ArticleRow, GroupMember

# Copies that one batch relates anew because what they were taken from says something else now: a second's work
MOST_RELATED = 1000


class GroupDecision(msgspec.Struct, frozen=True, kw_only=True):
    """An article, the group that it was in so far, and what is decided of it now."""

    item: ArticleRow
    arrival: Arrival
    copy: Copy
    credit: str | None  # the news agency that its text credits


class GroupChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written: records of dedupe by article, and the articles whose documents say something else now."""

    copies: dict[str, Copy]
    touched: set[str]

    def save(self, connection: sa.Connection, context: Context) -> None:
        """Write them."""
        ledger = context.store.ledger
        ledger.replace_latest(connection, Copy, self.copies, context.clock())
        ledger.bump_revision(connection, ids=self.touched)


def summarise_groups(context: Context, groups: Iterable[str]) -> Mapping[str, tuple[GroupSummary, int]]:
    """Return what is said of each group, and how many articles it has."""
    with context.store.read() as connection:
        found = context.store.copy_groups.list_members(connection, groups)
    return {group: (summarise_group(_members(context, members)), len(members)) for group, members in found.items()}


def compare_articles(context: Context, one: ArticleRow, other: ArticleRow) -> Comparison:
    """Return what two articles share, and what would follow, were the later one decided now.

    Raises UsageError where one of them has no text yet, and where both are the same.
    """
    if one.id == other.id:
        raise UsageError(f"{one.url or one.id}: both are this article; name two")
    with context.store.read() as connection:
        articles = context.store.ledger.latest(connection, [one.id, other.id], Article)
    earlier, later = sorted((one, other), key=lambda item: item.seq)
    for item in (earlier, later):
        if item.id not in articles:
            raise UsageError(f"{item.url or item.id}: has no text that could be compared")
    settings = context.settings.dedupe
    frequencies, gap = context.store.sketch_index(settings).frequencies, later.first_seen - earlier.first_seen
    return dedupe.compare_texts(articles[later.id], articles[earlier.id], gap, frequencies, settings)


def reconcile_groups(
    context: Context, frequencies: CountMinSketch, decided: Sequence[GroupDecision], groups: Iterable[str] = ()
) -> GroupChanges:
    """Return what follows from ``decided``, and is to be mended in ``groups``.

    Of each group one article is primary and copies nothing; each other one copies a member of the group. So a former
    primary becomes a copy of the new one, and so does what lost the article that it was taken from. What was taken from
    an article that has another text now is compared with that text.
    """
    repaired = set(groups)
    batch = {one.item.id: one for one in decided}
    affected = repaired | {g for one in decided for g in (one.copy.group, one.item.copy_group) if g}
    with context.store.read() as connection:
        before = context.store.copy_groups.list_members(connection, affected)
    now: dict[str, list[GroupMember]] = defaultdict(list)
    for known in chain.from_iterable(before.values()):
        if known.id not in batch:
            now[known.copy_group].append(known)
    for one in decided:
        now[one.copy.group].append(_grouped(one))
    settling = _GroupReconciler(context, frequencies, batch)
    for group, members in now.items():
        settling.group(before.get(group, []), members, repaired=group in repaired)
    return settling.changes


class _GroupReconciler:
    """What follows from a batch, group by group."""

    def __init__(self, context: Context, frequencies: CountMinSketch, batch: Mapping[str, GroupDecision]) -> None:
        self.changes = GroupChanges(copies={}, touched=set())
        self._context = context
        self._frequencies = frequencies
        self._batch = batch
        self._left = MOST_RELATED

    def group(self, before: Sequence[GroupMember], now: Sequence[GroupMember], *, repaired: bool) -> None:
        """Note what changes in a group that had the members ``before`` and has ``now``."""
        ids, were = {one.id for one in now}, {one.id for one in before}
        members, earlier = _members(self._context, now), _members(self._context, before)
        top, was = summarise_group(members), summarise_group(earlier) if earlier else None
        times = {one.id: int(one.published.timestamp()) for one in members}
        redated = any(times.get(one.id) not in {None, int(one.published.timestamp())} for one in earlier)
        if was != top or repaired:
            self.changes.touched.update(ids)
        elif ids != were:
            self.changes.touched.add(top.primary)
        copied = {one: self._batch[one].copy for one in ids & self._batch.keys()}
        renewed = {one for one in copied if self._batch[one].item.version > 1 and one in were}
        if repaired or (was and was.primary != top.primary) or were - ids or renewed or redated:
            with self._context.store.read() as connection:
                copied |= self._context.store.ledger.latest(connection, ids - self._batch.keys(), Copy)
        made = self._again({one.id: one for one in now}, copied, top.primary, renewed)
        for one, copy in copied.items():
            new = made.get(one, copy)
            if one == top.primary and copy.copy_of is not None:
                new = Copy(id=one, group=copy.group)
            if new.copy_of:
                new = msgspec.structs.replace(new, behind=round((times[one] - times[new.copy_of]) / 60))
            if new != copy:
                self.changes.copies[one] = new
                if one not in self._batch:
                    self.changes.touched.add(one)

    def _again(
        self, rows: Mapping[str, GroupMember], copied: Mapping[str, Copy], primary: str, renewed: Collection[str]
    ) -> dict[str, Copy]:
        """Return what relates otherwise: what lost its origin to the primary, what has a renewed one to that."""
        origins = {}
        for one in sorted(copied.keys() - {primary}, key=lambda name: rows[name].seq):
            origin = copied[one].copy_of
            if origin is None or origin not in rows:
                origins[one] = primary
            elif origin in renewed and one not in self._batch and self._left:
                origins[one] = origin
                self._left -= 1
        missing = {*origins, *origins.values()} - self._batch.keys()
        with self._context.store.read() as connection:
            articles = self._context.store.ledger.latest(connection, missing, Article)
        arrivals = {
            one: grouped_arrival(rows[one], articles[one]) if one in articles else self._batch[one].arrival
            for one in {*origins, *origins.values()}
        }
        return {
            one: relate_copy(arrivals[one], arrivals[origin], rows[one].copy_group, self._frequencies)
            for one, origin in origins.items()
        }


def _members(context: Context, group: Sequence[GroupMember]) -> list[PrimaryCandidate]:
    members = [
        PrimaryCandidate(
            id=one.id,
            seq=one.seq,
            published=one.published or one.first_seen,
            first_seen=one.first_seen,
            agency=context.agency_of(one.source),
            credit=one.credit,
        )
        for one in group
    ]
    return correct_implausible_dates(members, dt.timedelta(days=context.settings.dedupe.window_days))


def _grouped(one: GroupDecision) -> GroupMember:
    item = one.item
    return GroupMember(
        id=item.id,
        seq=item.seq,
        source=item.source,
        first_seen=item.first_seen,
        copy_group=one.copy.group,
        published=one.arrival.published,
        credit=one.credit,
    )


def grouped_arrival(row: GroupMember, article: Article) -> Arrival:
    """Return an article of a group as it arrived, with the time that is believed of it."""
    dated = msgspec.structs.replace(
        article, published=row.published, published_precision=Precision.INSTANT, source=row.source
    )
    return Arrival(seq=row.seq, first_seen=row.first_seen, article=dated)


def dated_arrivals(context: Context, rows: Sequence[ArticleRow]) -> list[Arrival]:
    """Return the articles of ``rows`` that have a text, each with the time that its page, else its feed, states.

    A day, or a time of no known zone, counts as the last moment that it can mean. So an article that states a time of
    the same day isn't put behind it.
    """
    ids = [row.id for row in rows]
    with context.store.read() as connection:
        articles = context.store.ledger.latest(connection, ids, Article)
        entries = context.store.ledger.latest(connection, ids, Entry)
    arrivals = []
    for row in rows:
        if (article := articles.get(row.id)) is None:
            continue
        published, precision = publication_time(entries.get(row.id), article)
        if published is None and article.published_local:
            published, precision = latest_instant(article.published_local, precision), Precision.INSTANT
        # the ledger's name of the source: an article may name itself otherwise
        dated = msgspec.structs.replace(article, published=published, published_precision=precision, source=row.source)
        arrivals.append(Arrival(seq=row.seq, first_seen=row.first_seen, article=dated))
    return arrivals


def canonical_credit(context: Context, article: Article) -> str | None:
    """Return the news agency that an article credits, by its name in config/agencies.toml where it is there."""
    return (agency_of(article.agency, context.agencies) or article.agency) if article.agency else None
