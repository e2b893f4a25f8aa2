"""Run the state machine of an article: the only module that writes the table ``items``.

A *pending* article waits for one stage, or for none when it is through. A *dropped* or *quarantined* one stays at the
stage that gave it up. A *removed* one was taken down and never changes again. A lease (``lease_owner``,
``lease_until``) says that a worker has the article until then. Whatever makes an article wait for a stage (again), or
gives it up, ends its lease; a change of its document, address, group or story alone leaves the lease as it is.

=====================  ===========================  ============================================================
transition             from                         to
=====================  ===========================  ============================================================
insert                 --                           pending, at its first stage
set_url                any                          the same, under another address
lease / release        pending                      the same, with / without a lease
release_owners         pending, leased              the same, without a lease
finish                 pending, leased              pending at the next stage (or through), dropped, quarantined
send_back              any but removed              pending, at an earlier stage
requeue                any but removed, at a stage  pending, at the same stage
remove                 any                          removed
bump_revision          any                          the same; what was through waits for the index
requeue_all_for_index  pending                      the same; what was through waits for the index
assign_groups          any                          the same, in another copy group
assign_story           any                          the same, in another story
=====================  ===========================  ============================================================
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from pipeline.records import Outcome, Reason, Stage
from pipeline.store.rows import DROPPED, PENDING, QUARANTINED, REMOVED, ArticleRow, NewArticle, StageResult
from pipeline.store.schema.articles import items
from pipeline.store.statements import among

# Why an article that stands in the index is taken out of it, and not left as it was.
WITHDRAWN_FOR = frozenset({Reason.DUPLICATE, Reason.NO_INDEX})

_IS_THROUGH = sa.and_(items.c.state == PENDING, items.c.stage.is_(None))
_NO_LEASE: Mapping[str, None] = {"lease_owner": None, "lease_until": None}


def waits_for(stage: Stage, now: dt.datetime, sources: Sequence[str] = ()) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of articles (of ``sources``, where any are named) that wait for ``stage`` and are due."""
    conditions = [items.c.stage == stage, items.c.state == PENDING, items.c.due <= now]
    return [*conditions, items.c.source.in_(sources)] if sources else conditions


def is_unleased(now: dt.datetime) -> sa.ColumnElement[bool]:
    """Return the condition that no worker has the article at ``now``."""
    return sa.or_(items.c.lease_until.is_(None), items.c.lease_until < now)


def has_passed(stage: Stage) -> sa.ColumnElement[bool]:
    """Return the condition that a pending article waits for a later stage than ``stage``, or is through."""
    later = list(Stage)[list(Stage).index(stage) + 1 :]
    return sa.and_(items.c.state == PENDING, sa.or_(items.c.stage.is_(None), items.c.stage.in_(later)))


# arriving -------------------------------------------------------------------------------------------------------------


def insert(connection: sa.Connection, article: NewArticle, now: dt.datetime) -> None:
    """Insert an article, due at once at its first stage."""
    connection.execute(
        items.insert().values(
            id=article.id,
            source=article.source,
            url=article.url,
            first_seen=article.first_seen,
            stage=article.stage,
            state=PENDING,
            due=now,
        )
    )


def set_url(connection: sa.Connection, article_id: str, url: str) -> None:
    """Note the address that a feed names an article by now."""
    connection.execute(items.update().where(items.c.id == article_id).values(url=url))


# leases ---------------------------------------------------------------------------------------------------------------


def lease(connection: sa.Connection, claimed: Sequence[ArticleRow], owner: str, until: dt.datetime) -> None:
    """Lease articles to ``owner`` until then."""
    which = items.c.seq.in_([article.seq for article in claimed])
    connection.execute(items.update().where(which).values(lease_owner=owner, lease_until=until))


def release(connection: sa.Connection, claimed: Sequence[ArticleRow], owner: str) -> None:
    """End those leases of articles that ``owner`` still has; nothing was tried."""
    which = items.c.id.in_([article.id for article in claimed])
    connection.execute(items.update().where(which, items.c.lease_owner == owner).values(**_NO_LEASE))


def list_lease_owners(connection: sa.Connection) -> set[str]:
    """Return the owners of all leases."""
    owners = sa.select(items.c.lease_owner).where(items.c.lease_owner.isnot(None)).distinct()
    return {owner for owner in connection.scalars(owners) if owner}


def release_owners(connection: sa.Connection, owners: Collection[str]) -> None:
    """End all leases of these owners."""
    connection.execute(items.update().where(items.c.lease_owner.in_(owners)).values(**_NO_LEASE))


# passing through the stages -------------------------------------------------------------------------------------------


def finish(
    connection: sa.Connection,
    stage: Stage,
    results: Sequence[StageResult],
    now: dt.datetime,
    standing_versions: Mapping[str, int],
) -> None:
    """Move claimed articles to where their results lead them.

    ``standing_versions`` holds, by id, the version that an article falls back to where its newest one yielded nothing.
    """
    for result in results:
        change = _change_after(stage, result, now, standing_versions.get(result.article.id))
        connection.execute(items.update().where(items.c.id == result.article.id).values(**change))


def _change_after(
    stage: Stage, result: StageResult, now: dt.datetime, standing_version: int | None
) -> dict[str, object]:
    """Return what changes in an article's row after a result: pure."""
    change: dict[str, object] = dict(_NO_LEASE)
    match result.outcome:
        case Outcome.DONE if stage is Stage.INDEX:
            # what changed while it was being indexed is indexed again
            is_current = items.c.revision == result.article.revision
            change |= {"stage": sa.case((is_current, sa.null()), else_=Stage.INDEX), "indexed": result.article.revision}
            change |= {"attempts": 0, "due": now}
        case Outcome.DONE:
            change |= {"stage": stage.next(), "attempts": 0, "due": now}
        case Outcome.RETRY:
            change |= {"attempts": result.article.attempts + result.tried, "due": result.retry_at or now}
        case Outcome.DROPPED if standing_version and result.reason in WITHDRAWN_FOR:
            change |= {"state": DROPPED, "copy_group": None, "story": None}
        case _ if standing_version:
            # a change that can't be had leaves the article as it was; what it missed meanwhile is indexed
            is_indexed = items.c.revision == items.c.indexed
            change |= {"stage": sa.case((is_indexed, sa.null()), else_=Stage.INDEX)}
            change |= {"version": standing_version, "attempts": 0, "due": now}
        case Outcome.DROPPED:
            change |= {"state": DROPPED}
        case Outcome.QUARANTINED:
            change |= {"state": QUARANTINED}
    change |= {name: value for name in ("copy_group", "story") if (value := getattr(result, name))}
    if stage is Stage.DEDUPE and result.outcome is Outcome.DONE:
        change |= {"published": result.published, "credit": result.credit}
    return change


def send_back(
    connection: sa.Connection,
    conditions: Sequence[sa.ColumnElement[bool]],
    stage: Stage,
    now: dt.datetime,
    *,
    version: int | sa.ColumnElement[int] | None = None,
    new_revision: bool = False,
) -> int:
    """Let articles pass ``stage`` and all later ones again; return how many.

    ``version`` is theirs from now on, where it changes. ``new_revision``: their documents change in any case; otherwise
    only those that wait for the index do, so that they wait for it again should nothing come of it. A worker that has
    one of them changes nothing any more.
    """
    # the row's stage before the change decides
    revision = sa.case((items.c.stage == Stage.INDEX, items.c.revision + 1), else_=items.c.revision)
    change: dict[str, object] = {
        **_NO_LEASE,
        "stage": stage,
        "state": PENDING,
        "due": now,
        "attempts": 0,
        "revision": items.c.revision + 1 if new_revision else revision,
    }
    if version is not None:
        change["version"] = version
    which = items.update().where(items.c.state != REMOVED, *conditions)
    return connection.execute(which.values(**change)).rowcount


def requeue(connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]], now: dt.datetime) -> int:
    """Let articles be tried again, at once, at the stage where they stopped; return how many.

    A worker that has one of them changes nothing any more.
    """
    which = items.update().where(items.c.state != REMOVED, items.c.stage.isnot(None), *conditions)
    return connection.execute(which.values(**_NO_LEASE, state=PENDING, attempts=0, due=now)).rowcount


def remove(connection: sa.Connection, ids: Collection[str]) -> None:
    """Take articles down for good, out of their groups and stories."""
    change = {**_NO_LEASE, "state": REMOVED, "stage": None, "copy_group": None, "story": None}
    connection.execute(items.update().where(items.c.id.in_(ids)).values(**change))


# documents, groups and stories ----------------------------------------------------------------------------------------


def bump_revision(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> None:
    """Note that the documents of articles have changed; those that are through wait for the index, oldest first."""
    # one statement, found by ids and stories alone: SQLite would look through all articles that are through
    stage = sa.case((_IS_THROUGH, Stage.INDEX), else_=items.c.stage)
    due = sa.case((_IS_THROUGH, items.c.first_seen), else_=items.c.due)
    change = {"revision": items.c.revision + 1, "stage": stage, "due": due}
    connection.execute(items.update().where(condition).values(**change))


def requeue_all_for_index(connection: sa.Connection) -> None:
    """Send every article to the index again; those on their way there come to it anyhow."""
    on_their_way = items.update().where(items.c.state == PENDING, items.c.stage.isnot(None))
    connection.execute(on_their_way.values(indexed=-1))
    connection.execute(items.update().where(_IS_THROUGH).values(stage=Stage.INDEX, due=items.c.first_seen))


def assign_groups(connection: sa.Connection, groups: Mapping[int, str]) -> None:
    """Put articles (seq) into copy groups."""
    for seq, group in groups.items():
        connection.execute(items.update().where(items.c.seq == seq).values(copy_group=group))


def assign_story(connection: sa.Connection, story: str, ids: Iterable[str]) -> None:
    """Put articles into a story, whatever cluster said of them."""
    connection.execute(items.update().where(among(connection, items.c.id, ids)).values(story=story))
