"""dedupe: which articles are copies of known copy?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.dedupe import Arrival, decide, last_moment
from pipeline.documents import published
from pipeline.extract.agencies import agency_of
from pipeline.records import Article, Entry, Outcome, Precision, Stage
from pipeline.stages.context import Context
from pipeline.stages.forgotten import kept
from pipeline.stages.groups import Decided, settle
from pipeline.stages.work import Work
from pipeline.store import Item, Result, losses


class Dedupe(Work):
    """Recognises copies in the order of arrival."""

    stage = Stage.DEDUPE
    ordered = True

    def waits(self) -> bool:
        """Whether a group has lost an article."""
        return bool(losses.known(self.context.store.database, self.stage))

    def decide(self, claimed: Sequence[Item], emit: Callable[[Result], None]) -> None:
        """Say of each article whether it is a copy, and of whose; first settle the groups that have lost one."""
        self._settle_losses()
        if not claimed:
            return
        settings = self.context.settings.dedupe
        self._memory = self.context.store.copies(settings)
        there = {arrival.article.id: arrival for arrival in read(self.context, claimed)}
        claimed = self.whole(claimed, emit, there)
        stands = kept(self.context, claimed, there, self._memory.frequencies)
        for name, copy in stands.items():
            there[name] = msgspec.structs.replace(there[name], group=copy.group)
        arrivals = [there[item.id] for item in claimed]
        copies = [stands.get(copy.id, copy) for copy in decide(arrivals, self._memory, settings)]
        decided = [
            Decided(item=item, arrival=arrival, copy=copy, credit=credit(self.context, arrival.article))
            for item, arrival, copy in zip(claimed, arrivals, copies, strict=True)
        ]
        self._changes = settle(self.context, self._memory.frequencies, decided)
        for one in decided:
            emit(
                Result(
                    item=one.item,
                    outcome=Outcome.DONE,
                    record=self._changes.copies.pop(one.item.id, one.copy),
                    copy_group=one.copy.group,
                    published=one.arrival.published,
                    credit=one.credit,
                )
            )

    def save(self, connection: sa.Connection, saved: Sequence[Result]) -> None:  # noqa: ARG002 - all or none
        """Remember the fingerprints; write what changed for the other members of the groups."""
        self._memory.flush(connection)
        self._changes.save(connection, self.context)

    def _settle_losses(self) -> None:
        store = self.context.store
        if groups := losses.known(store.database, self.stage):
            changes = settle(self.context, store.copies(self.context.settings.dedupe).frequencies, [], groups)
            with store.write() as connection:
                store.ledger.holds(connection, self.stage)
                changes.save(connection, self.context)
                losses.settled(connection, self.stage, groups)


def read(context: Context, claimed: Sequence[Item]) -> list[Arrival]:
    """Return the articles of ``claimed`` that there are, each with the time that its page, else its feed, states.

    Where that is a day or of no known zone, it is the last moment that it can mean: then whoever states a time of the
    same day isn't put behind it.
    """
    ids = [item.id for item in claimed]
    articles = context.store.ledger.of(ids, Stage.EXTRACT, Article)
    entries = context.store.ledger.of(ids, Stage.POLL, Entry)
    made = []
    for item in claimed:
        if (article := articles.get(item.id)) is None:
            continue
        at, precision = published(entries.get(item.id), article)
        if at is None and article.published_local:
            at, precision = last_moment(article.published_local, precision), Precision.INSTANT
        # the ledger's name of the source: an article may name itself otherwise
        dated = msgspec.structs.replace(article, published=at, published_precision=precision, source=item.source)
        made.append(Arrival(seq=item.seq, at=item.first_seen, article=dated))
    return made


def credit(context: Context, article: Article) -> str | None:
    """Return the news agency that an article credits, by its name in config/agencies.toml where it is there."""
    return (agency_of(article.agency, context.agencies) or article.agency) if article.agency else None
