"""dedupe: which articles are copies of known copy?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.dedupe import Arrival, decide, latest_instant
from pipeline.documents import publication_time
from pipeline.extract.agencies import agency_of
from pipeline.reconcile.copy_groups import GroupDecision, reconcile_groups
from pipeline.reconcile.expired_sketches import kept_decisions
from pipeline.records import Article, Entry, Outcome, Precision, Stage
from pipeline.stages.runner import StageHandler
from pipeline.store import ArticleRow, StageResult, losses


class DedupeHandler(StageHandler):
    """Recognises copies in the order of arrival."""

    stage = Stage.DEDUPE
    ordered = True

    def has_pending_work(self) -> bool:
        """Whether a group has lost an article."""
        return bool(losses.list_losses(self.context.store.database, self.stage))

    def decide(self, claimed: Sequence[ArticleRow], emit: Callable[[StageResult], None]) -> None:
        """Say of each article whether it is a copy, and of whose; first settle the groups that have lost one."""
        self._settle_losses()
        if not claimed:
            return
        settings = self.context.settings.dedupe
        self._memory = self.context.store.sketch_index(settings)
        there = {arrival.article.id: arrival for arrival in dated_arrivals(self.context, claimed)}
        claimed = self.with_records(claimed, emit, there)
        stands = kept_decisions(self.context, claimed, there, self._memory.frequencies)
        for name, copy in stands.items():
            there[name] = msgspec.structs.replace(there[name], group=copy.group)
        arrivals = [there[item.id] for item in claimed]
        copies = [stands.get(copy.id, copy) for copy in decide(arrivals, self._memory, settings)]
        decided = [
            GroupDecision(item=item, arrival=arrival, copy=copy, credit=credited_agency(self.context, arrival.article))
            for item, arrival, copy in zip(claimed, arrivals, copies, strict=True)
        ]
        self._changes = reconcile_groups(self.context, self._memory.frequencies, decided)
        for one in decided:
            emit(
                StageResult(
                    item=one.item,
                    outcome=Outcome.DONE,
                    record=self._changes.copies.pop(one.item.id, one.copy),
                    copy_group=one.copy.group,
                    published=one.arrival.published,
                    credit=one.credit,
                )
            )

    def save(self, connection: sa.Connection, saved: Sequence[StageResult]) -> None:  # noqa: ARG002 - all or none
        """Remember the fingerprints; write what changed for the other members of the groups."""
        self._memory.flush(connection)
        self._changes.save(connection, self.context)

    def _settle_losses(self) -> None:
        store = self.context.store
        if groups := losses.list_losses(store.database, self.stage):
            changes = reconcile_groups(
                self.context, store.sketch_index(self.context.settings.dedupe).frequencies, [], groups
            )
            with store.write() as connection:
                store.ledger.assert_lock(connection, self.stage)
                changes.save(connection, self.context)
                losses.delete_losses(connection, self.stage, groups)


def dated_arrivals(context: Context, claimed: Sequence[ArticleRow]) -> list[Arrival]:
    """Return the articles of ``claimed`` that there are, each with the time that its page, else its feed, states.

    Where that is a day or of no known zone, it is the last moment that it can mean: then whoever states a time of the
    same day isn't put behind it.
    """
    ids = [item.id for item in claimed]
    articles = context.store.ledger.latest(ids, Stage.EXTRACT, Article)
    entries = context.store.ledger.latest(ids, Stage.POLL, Entry)
    made = []
    for item in claimed:
        if (article := articles.get(item.id)) is None:
            continue
        at, precision = publication_time(entries.get(item.id), article)
        if at is None and article.published_local:
            at, precision = latest_instant(article.published_local, precision), Precision.INSTANT
        # the ledger's name of the source: an article may name itself otherwise
        dated = msgspec.structs.replace(article, published=at, published_precision=precision, source=item.source)
        made.append(Arrival(seq=item.seq, first_seen=item.first_seen, article=dated))
    return made


def credited_agency(context: Context, article: Article) -> str | None:
    """Return the news agency that an article credits, by its name in config/agencies.toml where it is there."""
    return (agency_of(article.agency, context.agencies) or article.agency) if article.agency else None
