"""Keep where each article stands, and what the stages made of it.

An article waits for one stage at a time. A worker claims articles under a lease, works without holding any transaction,
and finishes them: record, outcome and the step to the next stage are saved in one transaction, or none of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.errors import StoreError
from pipeline.records import Entry, Outcome, Reason, Stage, StageRecord
from pipeline.store import article_state, entity_memory, outcome_log, sketch_index
from pipeline.store.article_addresses import ArticleAddresses, keys_of_name, optional_address_key
from pipeline.store.locks import get_holder
from pipeline.store.outbox import GroupsToSettle, PendingRemovals
from pipeline.store.rows import PENDING, REMOVED, ArticleRow, NewArticle, OutcomeRow, StageResult
from pipeline.store.schema.articles import addresses, items, records
from pipeline.store.stage_records import StageRecords
from pipeline.store.statements import among, columns_of, rows_as

_COLUMNS = columns_of(items, ArticleRow)


class Ledger(ArticleAddresses, StageRecords):
    """The articles of a database, on behalf of ``owner``, who holds the leases."""

    def __init__(self, owner: str, pending_removals: PendingRemovals, groups_to_settle: GroupsToSettle) -> None:
        self._owner = owner
        self._pending_removals = pending_removals
        self._groups_to_settle = groups_to_settle

    # arriving --------------------------------------------------------------------------------------------------------

    def insert_articles(
        self, connection: sa.Connection, articles: Sequence[NewArticle], now: dt.datetime, detail: str | None = None
    ) -> list[str]:
        """Insert those articles that are new, in order; return their ids. Known ones stay as they are.

        ``detail`` goes into the history of each; it says how an article came that no feed brought.
        """
        inserted = []
        present = self.find_ids_by_url(connection, [article.url for article in articles])
        for article in articles:
            key = optional_address_key(article.url) or f"id:{article.id}"
            if key in present or not self.add_marks(connection, [(key, article.id)]):
                continue
            article_state.insert(connection, article, now)
            self.save_records(connection, [(article.id, 1, record) for record in article.records], now)
            inserted.append(article.id)
        arrived = [
            OutcomeRow(id=article_id, stage=Stage.POLL, at=now, outcome=Outcome.DONE, reason=None, detail=detail)
            for article_id in inserted
        ]
        outcome_log.append_outcomes(connection, arrived)
        return inserted

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
    ) -> None:
        """Send an article back to ``stage`` as its next version; ``record`` is what the stage before made of that.

        One that hasn't passed all stages yet stays at its version. Who claimed it since ``article`` was read changes
        nothing.
        """
        is_through = article.stage in {None, Stage.INDEX} and article.state == PENDING
        version = article.version + 1 if is_through else article.version
        if not article_state.send_back(connection, [items.c.id == article.id], stage, now, version=version):
            return  # it was taken down meanwhile
        if record is not None:
            self.save_records(connection, [(article.id, version, record)], now)
        detail = f"changed: version {version}"
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
        outcome_log.append_outcomes(connection, [row])

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
    ) -> list[ArticleRow]:
        """Lease up to ``limit`` articles that wait for ``stage``, in order of arrival, for ``seconds``.

        For fetch the sources take turns: one that brings a thousand pages at once keeps nobody waiting.
        """
        is_free = article_state.is_unleased(now)
        conditions = [*article_state.waits_for(stage, now, sources), is_free]
        waiting = sa.select(*_COLUMNS).where(*conditions).order_by(items.c.seq).limit(limit)
        if stage is Stage.FETCH:
            turn = sa.func.row_number().over(partition_by=items.c.source, order_by=items.c.seq)
            in_turn = sa.select(items.c.seq, turn.label("turn")).where(*conditions).subquery()
            first = sa.select(in_turn.c.seq).order_by(in_turn.c.turn, in_turn.c.seq).limit(limit)
            waiting = sa.select(*_COLUMNS).where(items.c.seq.in_(first), is_free).order_by(items.c.seq)
        if connection.dialect.name != "sqlite":
            waiting = waiting.with_for_update(skip_locked=True)
        claimed = rows_as(ArticleRow, connection.execute(waiting))
        article_state.lease(connection, claimed, self._owner, now + dt.timedelta(seconds=seconds))
        return claimed

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

        Articles whose lease has passed to another worker meanwhile are left to that worker. An article whose address
        (``StageResult.addresses``) turns out to be another article's is dropped as its duplicate.
        """
        leased = self.still_leased(connection, results)
        saved = [self._finalise(connection, result, max_attempts) for result in leased]
        done = [
            (result.article.id, result.article.version, result.record)
            for result in saved
            if result.outcome is Outcome.DONE and result.record is not None
        ]
        self.save_records(connection, done, now)
        outcome_log.append_outcomes(connection, [_outcome_row(stage, result, now) for result in saved])
        standing = self._find_standing_versions(connection, stage, saved)
        article_state.finish(connection, stage, saved, now, standing)
        withdrawn = [r.article for r in saved if r.article.id in standing and r.reason in article_state.WITHDRAWN_FOR]
        self._withdraw(connection, withdrawn)
        return saved

    def still_leased(self, connection: sa.Connection, results: Sequence[StageResult]) -> list[StageResult]:
        """Return the results of articles whose lease hasn't passed to another worker.

        Until the transaction ends it can't pass any more.
        """
        ids = [result.article.id for result in results]
        held = sa.select(items.c.id).where(items.c.id.in_(ids), items.c.lease_owner == self._owner)
        if connection.dialect.name != "sqlite":
            held = held.with_for_update()
        leased = set(connection.scalars(held))
        return [result for result in results if result.article.id in leased]

    def release(self, connection: sa.Connection, claimed: Sequence[ArticleRow]) -> None:
        """Give back claimed articles without an outcome: nothing was tried."""
        article_state.release(connection, claimed, self._owner)

    def assert_lock(self, connection: sa.Connection, lock: str) -> None:
        """Make sure that this process still holds ``lock``.

        Raises:
            StoreError: Another process took it over.
        """
        if get_holder(connection, lock) != self._owner:
            raise StoreError(
                f"the {lock} lock passed to another worker because this batch took longer than run.lease_seconds; "
                "its work is discarded and done again; raise run.lease_seconds or lower run.ordered_batch"
            )

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

    def _withdraw(self, connection: sa.Connection, withdrawn: Sequence[ArticleRow]) -> None:
        """Have the index forget articles that it may have, and the memories too: nothing copies them any more."""
        if withdrawn:
            seqs = [article.seq for article in withdrawn]
            self._pending_removals.add_documents(connection, [article.id for article in withdrawn])
            sketch_index.delete_sketches(connection, seqs)
            entity_memory.subtract_articles(connection, seqs)
            self._groups_to_settle.add(connection, Stage.DEDUPE, {article.copy_group for article in withdrawn})
            self._groups_to_settle.add(connection, Stage.CLUSTER, {article.story for article in withdrawn})

    def _finalise(self, connection: sa.Connection, result: StageResult, max_attempts: int) -> StageResult:
        """Return the result as it is saved: duplicates found by address dropped, too many attempts quarantined."""
        attempts = result.article.attempts + result.tried
        if result.outcome is Outcome.RETRY and result.tried and attempts >= max_attempts:
            detail = f"{result.reason}: {result.detail}" if result.detail else str(result.reason)
            return msgspec.structs.replace(
                result, outcome=Outcome.QUARANTINED, reason=Reason.ATTEMPTS, detail=f"{max_attempts} times: {detail}"
            )
        for key in dict.fromkeys(filter(None, map(optional_address_key, result.addresses))):
            if holder := self.claim_address(connection, key, result.article.id):
                return msgspec.structs.replace(
                    result, outcome=Outcome.DROPPED, reason=Reason.DUPLICATE, detail=f"is article {holder} ({key})"
                )
        return result

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
        article_state.requeue_all_for_index(connection)

    # reading ---------------------------------------------------------------------------------------------------------

    def find_article(self, connection: sa.Connection, address_or_id: str) -> ArticleRow | None:
        """Return the article with this id or address, None where the ledger doesn't know it."""
        by_key = sa.select(addresses.c.id).where(addresses.c.key.in_(keys_of_name(address_or_id)))
        condition = sa.or_(items.c.id == address_or_id, items.c.id.in_(by_key))
        return next(iter(rows_as(ArticleRow, connection.execute(sa.select(*_COLUMNS).where(condition).limit(1)))), None)

    def get_articles(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, ArticleRow]:
        """Return id → article of those ids that are known."""
        rows = connection.execute(sa.select(*_COLUMNS).where(among(connection, items.c.id, ids)))
        return {article.id: article for article in rows_as(ArticleRow, rows)}

    def find_removed(self, connection: sa.Connection, ids: Iterable[str]) -> set[str]:
        """Return those of ``ids`` that were taken down."""
        removed = sa.select(items.c.id).where(among(connection, items.c.id, ids), items.c.state == REMOVED)
        return set(connection.scalars(removed))

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

    def list_story_articles(self, connection: sa.Connection, story: str) -> list[ArticleRow]:
        """Return the articles of a story, in order of arrival."""
        members = sa.select(*_COLUMNS).where(items.c.story == story).order_by(items.c.seq)
        return rows_as(ArticleRow, connection.execute(members))

    def list_outcomes(self, connection: sa.Connection, article_id: str) -> list[OutcomeRow]:
        """Return all outcomes of one article (or feed), oldest first."""
        return outcome_log.list_outcomes(connection, article_id)

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


def _outcome_row(stage: Stage, result: StageResult, now: dt.datetime) -> OutcomeRow:
    return OutcomeRow(
        id=result.article.id,
        stage=stage,
        at=now,
        outcome=result.outcome,
        reason=result.reason,
        detail=result.detail,
    )
