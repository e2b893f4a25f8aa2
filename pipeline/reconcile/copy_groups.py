"""Keep copy groups consistent when articles join and leave them: one primary, of which the others are copies.

Records of dedupe and documents follow from who is in a group now, whatever it was before.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.count_min import CountMinSketch
from pipeline.dedupe import (
    Comparison,
    DatedArticle,
    GroupSummary,
    PrimaryCandidate,
    compare_texts,
    correct_implausible_dates,
    latest_instant,
    relate_copy,
    summarise_group,
)
from pipeline.documents import publication_time
from pipeline.errors import UsageError
from pipeline.extract.agencies import agency_of
from pipeline.records import Article, Copy, CopyKind, Entry, Precision
from pipeline.store import ArticleRow, GroupMember

# Copies that one batch compares again because their original has another text now: a second's work
MAX_RECOMPARED = 1000


class GroupDecision(msgspec.Struct, frozen=True, kw_only=True):
    """An article with the group that it was in so far (``article``), and what is decided of it now."""

    article: ArticleRow
    dated: DatedArticle
    copy: Copy
    credit: str | None  # the news agency that its text credits


class GroupChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written: records of dedupe by article, and the articles whose documents change."""

    copies: dict[str, Copy]
    touched: set[str]

    def save(self, connection: sa.Connection, context: Context) -> None:
        """Write the records, and have the documents indexed again."""
        ledger = context.store.ledger
        ledger.replace_latest(connection, Copy, self.copies, context.clock())
        if self.touched:
            ledger.bump_revision(connection, ids=self.touched)


def summarise_groups(context: Context, groups: Iterable[str]) -> Mapping[str, tuple[GroupSummary, int]]:
    """Return group → its summary and the number of its articles."""
    with context.store.read() as connection:
        members = context.store.copy_groups.list_members(connection, groups)
    return {group: (summarise_group(_candidates(context, rows)), len(rows)) for group, rows in members.items()}


def compare_articles(context: Context, first: ArticleRow, second: ArticleRow) -> Comparison:
    """Return what two articles share, and what would follow, were the later one decided now.

    Raises:
        UsageError: One of them has no text yet, or both are the same.
    """
    if first.id == second.id:
        raise UsageError(f"{first.url or first.id}: both are this article; name two")
    with context.store.read() as connection:
        articles = context.store.ledger.latest(connection, [first.id, second.id], Article)
    earlier, later = sorted((first, second), key=lambda row: row.seq)
    for row in (earlier, later):
        if row.id not in articles:
            raise UsageError(f"{row.url or row.id}: has no text that could be compared")
    settings = context.settings.dedupe
    frequencies, gap = context.store.sketch_index(settings).frequencies, later.first_seen - earlier.first_seen
    return compare_texts(articles[later.id], articles[earlier.id], gap, frequencies, settings)


def reconcile_groups(
    context: Context,
    frequencies: CountMinSketch,
    decisions: Sequence[GroupDecision],
    groups: Iterable[str] = (),
    *,
    max_recompared: int = MAX_RECOMPARED,
) -> GroupChanges:
    """Return the record changes that these group decisions, and the repair of ``groups``, require.

    Of each group one article is primary and copies nothing; each other one copies a member of the group. So a former
    primary becomes a copy of the new one, and so does a copy whose original left the group. A copy whose original has
    another text now is compared with that text, and one that was published after an article which joins only now, with
    that article: so what copied what doesn't depend on how long a host took. One whose original stated a date that the
    group disproves is compared with all that was published before it. So many copies are compared at most; of the
    others the record stays.
    """
    repaired = set(groups)
    batch = {decision.article.id: decision for decision in decisions}
    affected = repaired | {
        group for decision in decisions for group in (decision.copy.group, decision.article.copy_group) if group
    }
    with context.store.read() as connection:
        former = context.store.copy_groups.list_members(connection, affected)
    present: dict[str, list[GroupMember]] = defaultdict(list)
    for member in chain.from_iterable(former.values()):
        if member.id not in batch:
            present[member.copy_group].append(member)
    for decision in decisions:
        present[decision.copy.group].append(_as_member(decision))
    reconciler = _GroupReconciler(context, frequencies, batch, max_recompared)
    for group, members in present.items():
        reconciler.reconcile(former.get(group, []), members, repaired=group in repaired)
    return reconciler.changes


class _GroupReconciler:
    """Collects what follows from a batch, group by group."""

    def __init__(
        self,
        context: Context,
        frequencies: CountMinSketch,
        batch: Mapping[str, GroupDecision],
        max_recompared: int,
    ) -> None:
        self.changes = GroupChanges(copies={}, touched=set())
        self._context = context
        self._frequencies = frequencies
        self._batch = batch
        self._recomparisons_left = max_recompared

    def reconcile(self, former: Sequence[GroupMember], present: Sequence[GroupMember], *, repaired: bool) -> None:
        """Note what changes in a group with these ``former`` and ``present`` members."""
        ids, former_ids = {member.id for member in present}, {member.id for member in former}
        candidates, former_candidates = _candidates(self._context, present), _candidates(self._context, former)
        summary = summarise_group(candidates)
        former_summary = summarise_group(former_candidates) if former_candidates else None
        if former_summary != summary or repaired:
            self.changes.touched.update(ids)
        elif ids != former_ids:
            self.changes.touched.add(summary.primary)
        copies = {article_id: self._batch[article_id].copy for article_id in ids & self._batch.keys()}
        rewritten = {i for i in copies if self._batch[i].article.version > 1 and i in former_ids}
        times = {member.id: int(member.published.timestamp()) for member in candidates}
        redated = any(
            times.get(member.id) not in {None, int(member.published.timestamp())} for member in former_candidates
        )
        new_primary = former_summary is not None and former_summary.primary != summary.primary
        earlier = find_earlier_newcomers(candidates, ids - former_ids, self._batch.keys() | {summary.primary})
        if repaired or new_primary or former_ids - ids or rewritten or redated or earlier:
            with self._context.store.read() as connection:
                copies |= self._context.store.ledger.latest(connection, ids - self._batch.keys(), Copy)
        by_id = {member.id: member for member in present}
        related = self._relate(by_id, copies, summary.primary, rewritten)
        order = {candidate.id: (candidate.published, candidate.seq) for candidate in candidates}
        misdated = {
            i for i, (published, _) in order.items() if published != (by_id[i].published or by_id[i].first_seen)
        }
        earlier |= find_misled_copies(copies | related, misdated - {summary.primary}, order)
        related |= self._prefer_earlier(by_id, copies | related, earlier, order)
        for article_id, copy in copies.items():
            new = related.get(article_id, copy)
            if article_id == summary.primary and copy.copy_of is not None:
                new = Copy(id=article_id, group=copy.group)
            if new.copy_of:
                new = msgspec.structs.replace(new, behind=round((times[article_id] - times[new.copy_of]) / 60))
            if new != copy:
                self.changes.copies[article_id] = new
                if article_id not in self._batch:
                    self.changes.touched.add(article_id)

    def _relate(
        self, members: Mapping[str, GroupMember], copies: Mapping[str, Copy], primary: str, rewritten: Collection[str]
    ) -> dict[str, Copy]:
        """Return the new records of copies whose original left (they copy the primary) or was rewritten."""
        originals = {}
        for article_id in sorted(copies.keys() - {primary}, key=lambda i: members[i].seq):
            original = copies[article_id].copy_of
            if original is None or original not in members:
                originals[article_id] = primary
            elif original in rewritten and article_id not in self._batch and self._recomparisons_left:
                originals[article_id] = original
                self._recomparisons_left -= 1
        dated = self._date_members(members, {*originals, *originals.values()})
        return {
            i: relate_copy(dated[i], dated[original], members[i].copy_group, self._frequencies)
            for i, original in originals.items()
        }

    def _prefer_earlier(
        self,
        members: Mapping[str, GroupMember],
        copies: Mapping[str, Copy],
        earlier: Mapping[str, Sequence[str]],
        order: Mapping[str, tuple[dt.datetime, int]],
    ) -> dict[str, Copy]:
        """Return the new records of copies that were rather taken from another article than so far seemed.

        ``earlier`` holds, by copy, the articles that it is compared with; ``order`` the order of publication.
        """
        pairs = [(i, original) for i in earlier for original in earlier[i] if i in copies and i != original]
        pairs = pairs[: self._recomparisons_left]
        self._recomparisons_left -= len(pairs)
        dated = self._date_members(members, set(chain.from_iterable(pairs)))
        preferred: dict[str, Copy] = {}
        for i, original in pairs:
            current = preferred.get(i, copies[i])
            other = relate_copy(dated[i], dated[original], members[i].copy_group, self._frequencies)
            if current.copy_of in order and is_nearer(other, current, order):
                preferred[i] = other
        return preferred

    def _date_members(self, members: Mapping[str, GroupMember], ids: Collection[str]) -> dict[str, DatedArticle]:
        """Return the articles ``ids`` of a group, with their times of publication."""
        if not ids:
            return {}
        with self._context.store.read() as connection:
            articles = self._context.store.ledger.latest(connection, ids - self._batch.keys(), Article)
        return {i: date_member(members[i], articles[i]) if i in articles else self._batch[i].dated for i in ids}


def find_earlier_newcomers(
    candidates: Sequence[PrimaryCandidate], newcomers: Collection[str], settled: Collection[str]
) -> dict[str, list[str]]:
    """Return for each member of a group the ``newcomers`` that were published before it, earliest first: pure.

    ``settled`` are members of which it need not be known. Members without such a newcomer are left out.
    """
    by_time = sorted(candidates, key=lambda candidate: (candidate.published, candidate.seq))
    earlier: dict[str, list[str]] = {}
    present: list[str] = []
    for candidate in by_time:
        if candidate.id in newcomers:
            present.append(candidate.id)
        elif present and candidate.id not in settled:
            earlier[candidate.id] = list(present)
    return earlier


def find_misled_copies(
    copies: Mapping[str, Copy], misdated: Collection[str], order: Mapping[str, tuple[dt.datetime, int]]
) -> dict[str, list[str]]:
    """Return for each copy of a ``misdated`` article what else was published before the copy, earliest first: pure.

    Such an original was preferred for a date that the group disproves; ``order`` is by what the group believes.
    """
    by_time = sorted(order, key=order.__getitem__)
    return {
        i: [other for other in by_time if order[other] < order[i] and other != copy.copy_of]
        for i, copy in copies.items()
        if copy.copy_of in misdated
    }


def is_nearer(other: Copy, current: Copy, order: Mapping[str, tuple[dt.datetime, int]]) -> bool:
    """Tell whether an article was rather taken from the original of ``other`` than from that of ``current``: pure.

    The same rule as where all are there at once: from which most of it was taken, among equals (to 2 %) the earliest;
    but an article of its own outlet comes first, the latest of those.
    """
    if current.copy_of is None or other.copy_of is None:
        return False
    is_earlier = order[other.copy_of] < order[current.copy_of]
    revisions = other.kind is CopyKind.REVISION, current.kind is CopyKind.REVISION
    if any(revisions):
        return revisions == (True, False) or (all(revisions) and not is_earlier)
    shares = round((other.taken or 0.0) * 50), round((current.taken or 0.0) * 50)
    return shares[0] > shares[1] or (shares[0] == shares[1] and is_earlier)


def _candidates(context: Context, members: Sequence[GroupMember]) -> list[PrimaryCandidate]:
    """Return the members of a group as candidates for its primary, with dates that can be believed."""
    candidates = [
        PrimaryCandidate(
            id=member.id,
            seq=member.seq,
            published=member.published or member.first_seen,
            first_seen=member.first_seen,
            agency=context.agency_of(member.source),
            credit=member.credit,
        )
        for member in members
    ]
    return correct_implausible_dates(candidates, dt.timedelta(days=context.settings.dedupe.window_days))


def _as_member(decision: GroupDecision) -> GroupMember:
    row = decision.article
    return GroupMember(
        id=row.id,
        seq=row.seq,
        source=row.source,
        first_seen=row.first_seen,
        copy_group=decision.copy.group,
        published=decision.dated.published,
        credit=decision.credit,
    )


def date_member(row: GroupMember, article: Article) -> DatedArticle:
    """Return an article of a group with the time of publication that the group believes."""
    with_time = msgspec.structs.replace(
        article, published=row.published, published_precision=Precision.INSTANT, source=row.source
    )
    return DatedArticle(seq=row.seq, first_seen=row.first_seen, article=with_time)


def date_articles(context: Context, rows: Sequence[ArticleRow]) -> list[DatedArticle]:
    """Return the articles of ``rows`` that have a text, each with the time that its page, else its feed, states.

    A day, or a time of no known zone, counts as the last moment that it can mean. So an article that states a time of
    the same day isn't put behind it.
    """
    ids = [row.id for row in rows]
    with context.store.read() as connection:
        articles = context.store.ledger.latest(connection, ids, Article)
        entries = context.store.ledger.latest(connection, ids, Entry)
    dated_articles = []
    for row in rows:
        if (article := articles.get(row.id)) is None:
            continue
        published, precision = publication_time(entries.get(row.id), article)
        if published is None and article.published_local:
            published, precision = latest_instant(article.published_local, precision), Precision.INSTANT
        # the ledger's name of the source: an article may name itself otherwise
        with_time = msgspec.structs.replace(
            article, published=published, published_precision=precision, source=row.source
        )
        dated_articles.append(DatedArticle(seq=row.seq, first_seen=row.first_seen, article=with_time))
    return dated_articles


def canonical_credit(context: Context, article: Article) -> str | None:
    """Return the news agency that an article credits, by its name in config/agencies.toml where it is there."""
    return (agency_of(article.agency, context.agencies) or article.agency) if article.agency else None
