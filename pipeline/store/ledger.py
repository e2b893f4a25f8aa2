"""Keep where each article stands, and what the stages made of it.

An article waits for one stage at a time. A worker claims articles under a lease, works without holding any transaction,
and finishes them: record, outcome and the step to the next stage are saved in one transaction, or none of them.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pipeline.errors import StoreError
from pipeline.records import NO_END, Article, Entry, Outcome, Page, Reason, Stage, StageRecord
from pipeline.store import article_state, entity_memory, outcome_log, sketch_index
from pipeline.store.article_addresses import ArticleAddresses, keys_of_name
from pipeline.store.changes import append_indexed
from pipeline.store.locks import get_holder, release_lock
from pipeline.store.outbox import GroupsToSettle, PendingRemovals
from pipeline.store.rows import PENDING, REMOVED, ArticleRow, EmbargoCount, NewArticle, OutcomeRow, StageResult
from pipeline.store.schema.articles import addresses, items, records
from pipeline.store.schema.wires import wire_items
from pipeline.store.stage_records import StageRecords
from pipeline.store.statements import among, columns_of, rows_as
from pipeline.store.wakeups import announce
from pipeline.urls import optional_address_key

_COLUMNS = columns_of(items, ArticleRow)


class Ledger(ArticleAddresses, StageRecords):
    """The articles of a database, on behalf of ``owner``, who holds the leases."""

    def __init__(self, owner: str, pending_removals: PendingRemovals, groups_to_settle: GroupsToSettle) -> None:
        self._owner = owner
        self._pending_removals = pending_removals
        self._groups_to_settle = groups_to_settle
        self.run: int | None = None  # the number of the run that outcomes are noted for

    # arriving --------------------------------------------------------------------------------------------------------

    def insert_articles(
        self, connection: sa.Connection, articles: Sequence[NewArticle], now: dt.datetime, detail: str | None = None
    ) -> list[str]:
        """Insert those articles that are new, in order; return their ids. Known ones stay as they are.

        ``detail`` goes into the history of each; it says how an article came that no feed brought.
        """
        present = self.find_ids_by_url(connection, [article.url for article in articles])
        by_key: dict[str, NewArticle] = {}
        for article in articles:
            key = optional_address_key(article.url) or f"id:{article.id}"
            if key not in present:
                by_key.setdefault(key, article)
        # what another transaction has added since is known by now
        new = self.add_new_marks(connection, [(key, article.id) for key, article in by_key.items()])
        inserted = [article for key, article in by_key.items() if key in new]
        article_state.insert(connection, inserted, now)
        versioned = [(article.id, 1, record) for article in inserted for record in article.records]
        self.save_records(connection, versioned, now)
        ids = [article.id for article in inserted]
        arrived = [
            OutcomeRow(id=article_id, stage=Stage.POLL, at=now, outcome=Outcome.DONE, reason=None, detail=detail)
            for article_id in ids
        ]
        outcome_log.append_outcomes(connection, arrived, self.run)
        announce(connection, {article.stage for article in inserted})
        return ids

    def update_entry(self, connection: sa.Connection, article: ArticleRow, entry: Entry, now: dt.datetime) -> None:
        """Save what a feed says of a known article now."""
        self.replace_record(connection, article, entry, now)
        article_state.set_url(connection, article.id, entry.url)

    def start_version(
        self,
        connection: sa.Connection,
        article: ArticleRow,
        stage: Stage,
        now: dt.datetime,
        record: StageRecord | None = None,
        due: dt.datetime | None = None,
    ) -> None:
        """Send an article back to ``stage`` as its next version; ``record`` is what the stage before made of that.

        It waits there until ``due``, which is ``now`` unless given.

        One that hasn't passed all stages yet stays at its version. Who claimed it since ``article`` was read changes
        nothing.
        """
        is_through = article.stage in {None, Stage.INDEX} and article.state == PENDING
        version = article.version + 1 if is_through else article.version
        if not article_state.send_back(connection, [items.c.id == article.id], stage, due or now, version=version):
            return  # it was taken down meanwhile
        if record is not None:
            self.save_records(connection, [(article.id, version, record)], now)
        if isinstance(record, Article):
            article_state.set_embargo(connection, article.id, record.embargoed)
            self._hold(connection, [article] if is_held(record, now) else [], now)
        detail = f"{outcome_log.CHANGED}version {version}"
        self.log_outcome(connection, article.id, Stage.POLL, Outcome.DONE, None, detail, now)

    def log_outcome(
        self,
        connection: sa.Connection,
        key: str,
        stage: Stage,
        outcome: Outcome,
        reason: Reason | None,
        detail: str | None,
        now: dt.datetime,
    ) -> None:
        """Append one outcome to the history of an article (or, by its address, of a feed)."""
        row = OutcomeRow(id=key, stage=stage, at=now, outcome=outcome, reason=reason, detail=detail)
        outcome_log.append_outcomes(connection, [row], self.run)

    # working ---------------------------------------------------------------------------------------------------------

    def claim(
        self,
        connection: sa.Connection,
        stage: Stage,
        now: dt.datetime,
        *,
        limit: int,
        seconds: float,
        sources: Sequence[str] = (),
        only_new: bool = False,
    ) -> list[ArticleRow]:
        """Lease up to ``limit`` articles that wait for ``stage``, in order of arrival, for ``seconds``.

        With ``only_new`` those alone that the index hasn't yet. Pages that wait for fetch are claimed by host: see
        ``claim_pages``.
        """
        conditions = [*article_state.waits_for(stage, now, sources), article_state.is_unleased(now)]
        conditions += [article_state.is_new_to_index()] if only_new else []
        waiting = sa.select(items.c.seq).where(*conditions).order_by(items.c.seq).limit(limit)
        if connection.dialect.name != "sqlite":
            waiting = waiting.with_for_update(skip_locked=True)
        # materialised: PostgreSQL would be free to look for what waits once for each row
        chosen = sa.select(waiting.cte("waiting").prefix_with("MATERIALIZED", dialect="postgresql").c.seq)
        until = now + dt.timedelta(seconds=seconds)
        claimed = rows_as(ArticleRow, article_state.lease(connection, chosen, self._owner, until, _COLUMNS))
        return sorted(claimed, key=lambda article: article.seq)

    def claim_again(
        self,
        connection: sa.Connection,
        stage: Stage,
        articles: Sequence[ArticleRow],
        now: dt.datetime,
        *,
        seconds: float,
    ) -> list[ArticleRow]:
        """Lease these articles as if each had just come back to ``stage``, whoever has them; return them in order."""
        chosen = among(connection, items.c.seq, [article.seq for article in articles])
        article_state.send_back(connection, [chosen], stage, now)
        until = now + dt.timedelta(seconds=seconds)
        leased = article_state.lease(connection, sa.select(items.c.seq).where(chosen), self._owner, until, _COLUMNS)
        return sorted(rows_as(ArticleRow, leased), key=lambda article: article.seq)

    def claim_pages(
        self,
        connection: sa.Connection,
        turns: Mapping[str, int],
        now: dt.datetime,
        *,
        seconds: float,
        sources: Sequence[str] = (),
    ) -> dict[str, list[ArticleRow]]:
        """Lease pages of the hosts in ``turns`` (host → how many at most) for ``seconds``; return them by host.

        The hosts are leased to us. Of each host pages that were never read come first, then those that are looked at
        again; of either the newest by first sight.
        """
        claimed: dict[str, list[ArticleRow]] = {}
        is_ready = [article_state.WAITS_FOR_FETCH, items.c.due <= now, article_state.is_unleased(now)]
        is_ready += [items.c.source.in_(sources)] if sources else []
        for host, limit in turns.items():
            pages = self._newest_pages(connection, [*is_ready, items.c.host == host, items.c.version == 1], limit)
            if len(pages) < limit:
                again = [*is_ready, items.c.host == host, items.c.version > 1]
                pages += self._newest_pages(connection, again, limit - len(pages))
            claimed[host] = pages
        numbers = [article.seq for pages in claimed.values() for article in pages]
        chosen = sa.select(items.c.seq).where(among(connection, items.c.seq, numbers))
        article_state.lease(connection, chosen, self._owner, now + dt.timedelta(seconds=seconds), _COLUMNS)
        return claimed

    def has_pages(self, connection: sa.Connection, now: dt.datetime, sources: Sequence[str] = ()) -> bool:
        """Tell whether a page (of ``sources``) waits for fetch that nobody has."""
        waits = [article_state.WAITS_FOR_FETCH, items.c.due <= now, article_state.is_unleased(now)]
        waits += [items.c.source.in_(sources)] if sources else []
        return connection.execute(sa.select(items.c.seq).where(*waits).limit(1)).first() is not None

    def _newest_pages(
        self, connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]], limit: int
    ) -> list[ArticleRow]:
        newest = sa.select(*_COLUMNS).where(*conditions).limit(limit)
        newest = newest.order_by(items.c.first_seen.desc(), items.c.seq.desc())
        if connection.dialect.name != "sqlite":
            newest = newest.with_for_update(skip_locked=True)
        return rows_as(ArticleRow, connection.execute(newest))

    def finish(
        self,
        connection: sa.Connection,
        stage: Stage,
        results: Sequence[StageResult],
        now: dt.datetime,
        *,
        max_attempts: int,
    ) -> list[StageResult]:
        """Save what an attempt made of claimed articles, each with exactly one outcome; return what was saved.

        Articles whose lease has passed to another worker meanwhile are left to that worker.
        """
        leased = self.still_leased(connection, results)
        saved = [_limit_attempts(result, max_attempts) for result in leased]
        done = [
            (result.article.id, result.article.version, result.record)
            for result in saved
            if result.outcome is Outcome.DONE and result.record is not None
        ]
        self.save_records(connection, done, now)
        outcome_log.append_outcomes(connection, [_outcome_row(stage, result, now) for result in saved], self.run)
        standing = self._find_standing_versions(connection, stage, saved)
        article_state.finish(connection, stage, saved, now, standing)
        withdrawn = [r.article for r in saved if article_state.is_withdrawn(r, standing.get(r.article.id))]
        self._withdraw(connection, withdrawn, now)
        held = [r.article for r in saved if isinstance(r.record, Article) and is_held(r.record, now)]
        self._hold(connection, held, now)
        if stage is Stage.INDEX:
            append_indexed(connection, [r.article for r in saved if r.outcome is Outcome.DONE], now)
        return saved

    def still_leased(self, connection: sa.Connection, results: Sequence[StageResult]) -> list[StageResult]:
        """Return the results of articles whose lease hasn't passed to another worker.

        Until the transaction ends it can't pass any more.
        """
        seqs = [result.article.seq for result in results]
        held = sa.select(items.c.seq).where(among(connection, items.c.seq, seqs), items.c.lease_owner == self._owner)
        if connection.dialect.name != "sqlite":
            held = held.with_for_update()
        leased = set(connection.scalars(held))
        return [result for result in results if result.article.seq in leased]

    def release(self, connection: sa.Connection, claimed: Sequence[ArticleRow]) -> None:
        """Give back claimed articles without an outcome: nothing was tried."""
        article_state.release(connection, claimed, self._owner)

    def assert_lock(self, connection: sa.Connection, lock: str) -> None:
        """Make sure that this process still holds ``lock``.

        Raises:
            StoreError: Another process took it over.
        """
        if get_holder(connection, lock) != self._owner:
            raise _lost_lock(lock)

    def end_lock(self, connection: sa.Connection, lock: str) -> None:
        """Give ``lock`` back with what was decided under it, which is saved in this transaction.

        Raises:
            StoreError: Another process took it over.
        """
        if not release_lock(connection, lock, self._owner):
            raise _lost_lock(lock)

    def _find_standing_versions(
        self, connection: sa.Connection, stage: Stage, saved: Sequence[StageResult]
    ) -> dict[str, int]:
        """Return id → the version that stays where a look at the page, or reading it anew, yielded nothing."""
        given_up = [r.article.id for r in saved if r.outcome in {Outcome.DROPPED, Outcome.QUARANTINED}]
        if stage not in {Stage.FETCH, Stage.EXTRACT} or not given_up:
            return {}
        has_text = [records.c.id.in_(given_up), records.c.stage == Stage.EXTRACT, records.c.version <= items.c.version]
        rows = connection.execute(
            sa.select(records.c.id, sa.func.max(records.c.version).label("version"))
            .join(items, items.c.id == records.c.id)
            .where(*has_text)
            .group_by(records.c.id)
        )
        return {row.id: row.version for row in rows}

    def withdraw(self, connection: sa.Connection, article: ArticleRow, detail: str, now: dt.datetime) -> bool:
        """Take an article back, until it is reinstated; return False where it was taken down or back before.

        Whoever calls this holds the locks of dedupe and cluster: in a batch of theirs it would be remembered.
        """
        if not article_state.withdraw(connection, article.id):
            return False
        self._withdraw(connection, [article], now)
        self.log_outcome(connection, article.id, Stage.INDEX, Outcome.DROPPED, Reason.WITHDRAWN, detail, now)
        return True

    def reinstate(
        self, connection: sa.Connection, article: ArticleRow, detail: str, now: dt.datetime, page: Page | None = None
    ) -> bool:
        """Let a withdrawn article pass the stages again; ``page`` is its next version. Return False where it isn't."""
        has_text = bool(self.latest(connection, [article.id], Article))
        version = article.version + 1 if page and has_text else article.version
        if page:
            self.save_records(connection, [(article.id, version, page)], now)
        pages = self.latest(connection, [article.id], Page)
        stage = Stage.EXTRACT if page or (pages and not has_text) else Stage.DEDUPE if has_text else Stage.FETCH
        if not article_state.reinstate(connection, article.id, stage, version, now):
            return False
        self.log_outcome(connection, article.id, Stage.POLL, Outcome.DONE, None, detail, now)
        return True

    def _hold(self, connection: sa.Connection, held: Sequence[ArticleRow], now: dt.datetime) -> None:
        """Take articles that came under an embargo out of the index, should they be there."""
        if present := [article for article in held if article.copy_group or article.story or article.indexed > 0]:
            self._withdraw(connection, present, now)
            article_state.hold(connection, [article.id for article in present])

    def _withdraw(self, connection: sa.Connection, withdrawn: Sequence[ArticleRow], now: dt.datetime) -> None:
        """Have the index forget articles that it may have, and the memories too: nothing copies them any more."""
        if withdrawn:
            seqs = [article.seq for article in withdrawn]
            self._pending_removals.add_documents(connection, [article.id for article in withdrawn], now)
            sketch_index.delete_sketches(connection, seqs)
            entity_memory.subtract_articles(connection, seqs)
            self._groups_to_settle.add(connection, Stage.DEDUPE, {article.copy_group for article in withdrawn})
            self._groups_to_settle.add(connection, Stage.CLUSTER, {article.story for article in withdrawn})

    # documents and stories --------------------------------------------------------------------------------------------

    def bump_revision(
        self,
        connection: sa.Connection,
        *,
        ids: Iterable[str] = (),
        stories: Iterable[str] = (),
        seqs: sa.Select[tuple[int]] | None = None,
    ) -> None:
        """Note that the documents of ``ids``, of the members of ``stories`` and of ``seqs`` have changed."""
        condition = sa.or_(among(connection, items.c.id, ids), among(connection, items.c.story, stories))
        if seqs is not None:
            condition = sa.or_(condition, items.c.seq.in_(seqs))
        article_state.bump_revision(connection, condition)

    def assign_story(self, connection: sa.Connection, story: str, ids: Iterable[str]) -> None:
        """Put articles into a story, whatever cluster said of them."""
        article_state.assign_story(connection, story, ids)

    def requeue_all_for_index(self, connection: sa.Connection) -> None:
        """Send every article to the index again."""
        article_state.requeue_for_index(connection, sa.true())

    def requeue_for_index(
        self, connection: sa.Connection, *, ids: Iterable[str] = (), seqs: Iterable[int] = ()
    ) -> None:
        """Send articles to the index again; those that are at earlier stages come to it whatever these yield."""
        condition = sa.or_(among(connection, items.c.id, ids), among(connection, items.c.seq, seqs))
        article_state.requeue_for_index(connection, condition)

    # reading ---------------------------------------------------------------------------------------------------------

    def find_article(self, connection: sa.Connection, address_or_id: str) -> ArticleRow | None:
        """Return the article with this id or address, None where the ledger doesn't know it.

        Its sender's identifier names it as well, where only one sender uses that.
        """
        by_key = sa.select(addresses.c.id).where(addresses.c.key.in_(keys_of_name(address_or_id)))
        condition = sa.or_(items.c.id == address_or_id, items.c.id.in_(by_key))
        article = next(iter(self._find(connection, condition, 1)), None)
        if article is not None:
            return article
        by_guid = sa.select(wire_items.c.id).where(wire_items.c.guid == address_or_id)
        named = self._find(connection, items.c.id.in_(by_guid), 2)
        return named[0] if len(named) == 1 else None

    def _find(self, connection: sa.Connection, condition: sa.ColumnElement[bool], limit: int) -> list[ArticleRow]:
        return rows_as(ArticleRow, connection.execute(sa.select(*_COLUMNS).where(condition).limit(limit)))

    def get_articles(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, ArticleRow]:
        """Return id → article of those ids that are known."""
        rows = connection.execute(sa.select(*_COLUMNS).where(among(connection, items.c.id, ids)))
        return {article.id: article for article in rows_as(ArticleRow, rows)}

    def find_removed(self, connection: sa.Connection, ids: Iterable[str]) -> set[str]:
        """Return those of ``ids`` that were taken down."""
        removed = sa.select(items.c.id).where(among(connection, items.c.id, ids), items.c.state == REMOVED)
        return set(connection.scalars(removed))

    def find_hidden(self, connection: sa.Connection, ids: Iterable[str], now: dt.datetime) -> set[str]:
        """Return those of ``ids`` that may not be shown: given up, taken down or back, or held by an embargo."""
        may_not = sa.or_(items.c.state != PENDING, article_state.is_held(now))
        return set(connection.scalars(sa.select(items.c.id).where(among(connection, items.c.id, ids), may_not)))

    def indexed_page(
        self, connection: sa.Connection, after_seq: int, since: dt.datetime | None, limit: int
    ) -> list[ArticleRow]:
        """Return up to ``limit`` articles that have (or wait for) a document, in order of arrival.

        They arrived after the article of number ``after_seq`` and were first seen ``since``.
        """
        conditions = [items.c.seq > after_seq, items.c.story.isnot(None), items.c.state == PENDING]
        conditions += [sa.or_(items.c.stage.is_(None), items.c.stage == Stage.INDEX)]
        conditions += [items.c.first_seen >= since] if since else []
        page = sa.select(*_COLUMNS).where(*conditions).order_by(items.c.seq).limit(limit)
        return rows_as(ArticleRow, connection.execute(page))

    def documented_page(
        self, connection: sa.Connection, after_seq: int, last_seq: int, now: dt.datetime, limit: int
    ) -> list[ArticleRow]:
        """Return up to ``limit`` articles of which the index has a document, or shall have one now.

        They arrived after the article of number ``after_seq`` and not after that of ``last_seq``, in that order.
        Articles that are sent back to earlier stages are among them: their former document stays meanwhile.
        """
        conditions = [items.c.seq > after_seq, items.c.seq <= last_seq, *article_state.is_documented(now)]
        page = sa.select(*_COLUMNS).where(*conditions).order_by(items.c.seq).limit(limit)
        return rows_as(ArticleRow, connection.execute(page))

    def last_seq(self, connection: sa.Connection) -> int:
        """Return the number of the article that arrived last, 0 where there is none."""
        return connection.scalar(sa.select(sa.func.max(items.c.seq))) or 0

    def count_documented(self, connection: sa.Connection, now: dt.datetime) -> int:
        """Return how many articles ``documented_page`` goes through."""
        conditions = article_state.is_documented(now)
        return connection.scalar(sa.select(sa.func.count()).select_from(items).where(*conditions)) or 0

    def count_held(self, connection: sa.Connection, now: dt.datetime) -> EmbargoCount:
        """Return how many articles an embargo holds back at ``now``."""
        c = items.c
        ends = sa.case((c.embargoed < NO_END, c.embargoed))
        counts = sa.select(sa.func.count(), sa.func.count(ends), sa.func.min(ends, type_=c.embargoed.type))
        count, ending, first = connection.execute(
            counts.where(c.state == PENDING, c.stage.isnot(None), article_state.is_held(now))
        ).one()
        return EmbargoCount(count=count, without_end=count - ending, next=first)

    def list_story_articles(self, connection: sa.Connection, story: str) -> list[ArticleRow]:
        """Return the articles of a story, in order of arrival."""
        members = sa.select(*_COLUMNS).where(items.c.story == story).order_by(items.c.seq)
        return rows_as(ArticleRow, connection.execute(members))

    def list_outcomes(self, connection: sa.Connection, article_id: str) -> list[OutcomeRow]:
        """Return all outcomes of one article (or feed), oldest first."""
        return outcome_log.list_outcomes(connection, article_id)

    def count_outcomes(self, connection: sa.Connection, article_id: str, reason: Reason) -> int:
        """Return how often an article had this reason not to pass."""
        return outcome_log.count_outcomes(connection, article_id, reason)

    def count_by_story(self, connection: sa.Connection, stories: Iterable[str]) -> Mapping[str, int]:
        """Return how many articles each story holds."""
        condition = among(connection, items.c.story, stories)
        rows = connection.execute(sa.select(items.c.story, sa.func.count()).where(condition).group_by(items.c.story))
        return {story: count for story, count in rows}  # noqa: C416  (a row is no pair for mypy)

    def list_sources(self, connection: sa.Connection) -> list[str]:
        """Return the names of all sources that articles came from."""
        return list(connection.scalars(sa.select(items.c.source).distinct().order_by(items.c.source)))

    def count_waiting(
        self, connection: sa.Connection, stage: Stage, now: dt.datetime, sources: Sequence[str] = ()
    ) -> int:
        """Return how many articles could be claimed for ``stage`` now."""
        conditions = [*article_state.waits_for(stage, now, sources), article_state.is_unleased(now)]
        return connection.scalar(sa.select(sa.func.count()).select_from(items).where(*conditions)) or 0

    def count_queue(self, connection: sa.Connection, stage: Stage, now: dt.datetime, most: int) -> int:
        """Return how many articles wait for ``stage`` or are at it now, at most ``most``: no more are looked at."""
        waiting = sa.select(items.c.seq).where(*article_state.waits_for(stage, now)).limit(most).subquery()
        return connection.scalar(sa.select(sa.func.count()).select_from(waiting)) or 0

    def next_due(
        self, connection: sa.Connection, stage: Stage, now: dt.datetime, sources: Sequence[str] = ()
    ) -> dt.datetime | None:
        """Return when the next article may be claimed for ``stage``: ``now`` where one may be, None where none waits.

        It costs a look at one article where there is a backlog, else at those that rest: retries, embargoes, leases.
        """
        any_waiting, first_later = _look_statements(stage, tuple(sources))
        if connection.scalar(any_waiting, {"now": now}) is not None:
            return now
        due: dt.datetime | None = connection.scalar(first_later)
        return due


@functools.lru_cache(maxsize=64)  # a program asks about each stage many times a minute, always for the same sources
def _look_statements(stage: Stage, sources: tuple[str, ...]) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """Return the questions of ``next_due``: whether any article may be claimed ``now``, and when the first one may."""
    now: sa.BindParameter[dt.datetime] = sa.bindparam("now", type_=items.c.due.type)
    waits = [*article_state.waits_for(stage, now, sources), article_state.is_unleased(now)]
    first = sa.func.min(article_state.claimable_from(stage), type_=items.c.due.type)
    return (
        sa.select(items.c.seq).where(*waits).order_by(items.c.seq).limit(1),
        sa.select(first).where(*article_state.stands_before(stage, sources)),
    )


def _lost_lock(lock: str) -> StoreError:
    return StoreError(
        f"the {lock} lock passed to another worker because this batch took longer than run.lease_seconds; "
        "its work is discarded and done again; raise run.lease_seconds or lower run.ordered_batch"
    )


def _limit_attempts(result: StageResult, max_attempts: int) -> StageResult:
    """Return the result as it is saved: quarantined where it was tried too often."""
    attempts = result.article.attempts + result.tried
    if result.outcome is not Outcome.RETRY or not result.tried or attempts < max_attempts:
        return result
    detail = f"{result.reason}: {result.detail}" if result.detail else str(result.reason)
    return msgspec.structs.replace(
        result, outcome=Outcome.QUARANTINED, reason=Reason.ATTEMPTS, detail=f"{max_attempts} times: {detail}"
    )


def is_held(record: Article, now: dt.datetime) -> bool:
    """Tell whether an article may not be published yet at ``now``."""
    return record.embargoed is not None and record.embargoed > now


def _outcome_row(stage: Stage, result: StageResult, now: dt.datetime) -> OutcomeRow:
    return OutcomeRow(
        id=result.article.id,
        stage=stage,
        at=now,
        outcome=result.outcome,
        reason=result.reason,
        detail=result.detail,
    )
