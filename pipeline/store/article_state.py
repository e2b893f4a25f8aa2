"""Run the state machine of an article: the only module that writes the table ``items``.

A *pending* article waits for one stage, or for none when it is through; while it is embargoed, no stage behind extract
gets it. A *dropped* or *quarantined* one stays at the stage that gave it up. A *withdrawn* one was taken back by its
sender or an editor, until it is reinstated. A *removed* one was taken down and never changes again. A lease
(``lease_owner``, ``lease_until``) says that a worker has the article until then. Whatever makes an article wait for a
stage (again), or gives it up, ends its lease; a change of its document, address, group or story alone leaves the lease
as it is.

=====================  ===========================  ============================================================
transition             from                         to
=====================  ===========================  ============================================================
insert                 --                           pending, at its first stage
set_url                any                          the same, under another address
lease / release        pending                      the same, with / without a lease
release_owners         pending, leased              the same, without a lease
finish                 pending, leased              pending at the next stage (or through, or at an earlier one that is
                                                    tried again), dropped, quarantined
send_back              any but withdrawn, removed   pending, at an earlier stage
requeue                the same, at a stage         pending, at the same stage
hold                   any                          the same, out of its group and story
withdraw               any but removed              withdrawn
reinstate              withdrawn                    pending, at an earlier stage
remove                 any                          removed
bump_revision          any                          the same; what was through waits for the index
requeue_for_index      pending                      the same; what was through waits for the index
assign_groups          any                          the same, in another copy group
assign_story           any                          the same, in another story
=====================  ===========================  ============================================================
"""

from __future__ import annotations

import datetime as dt
import enum
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from pipeline.records import Article, Outcome, Reason, Stage
from pipeline.store.rows import (
    DROPPED,
    PENDING,
    QUARANTINED,
    REMOVED,
    WITHDRAWN,
    ArticleRow,
    NewArticle,
    StageResult,
)
from pipeline.store.schema.articles import items
from pipeline.store.statements import among
from pipeline.store.wakeups import announce
from pipeline.urls import host_or_nothing, without_credentials

# Why an article that stands in the index is taken out of it, and not left as it was.
WITHDRAWN_FOR = frozenset({Reason.DUPLICATE, Reason.NO_INDEX, Reason.WITHDRAWN})

# As these, where it is no change of its page but the page that it was read from.
_UNREAD_FOR = frozenset({Reason.WALL, Reason.ELSEWHERE})

# A moment, or the parameter of a statement that is made once and asked again and again.
Moment = dt.datetime | sa.BindParameter[dt.datetime]

NOT_HELD = frozenset({Stage.FETCH, Stage.EXTRACT})  # stages that get embargoed articles: they read of the embargo
_GONE = (WITHDRAWN, REMOVED)

# spelt out, not a parameter: SQLite then knows that the index of what waits has all rows that are asked for
_IS_PENDING = items.c.state == sa.literal_column(f"'{PENDING}'")
# As ix_items_host has it: planners compare the words, so no parameter will do.
WAITS_FOR_FETCH = sa.and_(
    items.c.stage == sa.literal_column(f"'{Stage.FETCH}'"), items.c.state == sa.literal_column(f"'{PENDING}'")
)

_IS_THROUGH = sa.and_(items.c.state == PENDING, items.c.stage.is_(None))
_NO_LEASE: Mapping[str, None] = {"lease_owner": None, "lease_until": None}


def waits_for(stage: Stage, now: Moment, sources: Sequence[str] = ()) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of articles (of ``sources``, where any are named) that wait for ``stage`` and are due."""
    conditions = [*stands_before(stage, sources), items.c.due <= now]
    return conditions if stage in NOT_HELD else [*conditions, sa.not_(is_held(now))]


def stands_before(stage: Stage, sources: Sequence[str] = ()) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of articles (of ``sources``, where any are named) that ``stage`` gets, now or later."""
    conditions = [items.c.stage == stage, _IS_PENDING]
    return [*conditions, items.c.source.in_(sources)] if sources else conditions


def claimable_from(stage: Stage) -> sa.ColumnElement[dt.datetime]:
    """Return from when on an article that stands before ``stage`` may be claimed: due, not leased, not held back."""
    since = sa.case((items.c.lease_until > items.c.due, items.c.lease_until), else_=items.c.due)
    if stage in NOT_HELD:
        return since
    return sa.case((items.c.embargoed > since, items.c.embargoed), else_=since)


def is_new_to_index() -> sa.ColumnElement[bool]:
    """Return the condition that the index has no document of the article yet."""
    return items.c.indexed == 0


def is_held(now: Moment) -> sa.ColumnElement[bool]:
    """Return the condition that an article may not be published yet at ``now``."""
    return sa.and_(items.c.embargoed.isnot(None), items.c.embargoed > now)


def is_documented(now: Moment) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that the index has a document of the article, or shall have one at ``now``."""
    has_passed_all = sa.or_(items.c.stage.is_(None), items.c.stage == Stage.INDEX)
    is_shown = [items.c.state == PENDING, items.c.story.isnot(None), sa.not_(is_held(now))]
    return [*is_shown, sa.or_(has_passed_all, sa.not_(is_new_to_index()))]


def is_unleased(now: Moment) -> sa.ColumnElement[bool]:
    """Return the condition that no worker has the article at ``now``."""
    return sa.or_(items.c.lease_until.is_(None), items.c.lease_until <= now)


def has_passed(stage: Stage) -> sa.ColumnElement[bool]:
    """Return the condition that a pending article waits for a later stage than ``stage``, or is through."""
    later = list(Stage)[list(Stage).index(stage) + 1 :]
    return sa.and_(items.c.state == PENDING, sa.or_(items.c.stage.is_(None), items.c.stage.in_(later)))


# arriving -------------------------------------------------------------------------------------------------------------


def insert(connection: sa.Connection, articles: Sequence[NewArticle], now: dt.datetime) -> None:
    """Insert articles, in their order, each due at once at its first stage."""
    rows = [
        {
            "id": article.id,
            "source": article.source,
            "url": without_credentials(article.url) if article.url else article.url,
            "host": host_or_nothing(article.url),
            "first_seen": article.first_seen,
            "stage": article.stage,
            "state": PENDING,
            "due": now,
            "embargoed": article.embargoed,
        }
        for article in articles
    ]
    if rows:
        connection.execute(items.insert(), rows)


def set_url(connection: sa.Connection, article_id: str, url: str) -> None:
    """Note the address that a feed names an article by now."""
    change = {"url": without_credentials(url), "host": host_or_nothing(url)}
    connection.execute(items.update().where(items.c.id == article_id).values(**change))


# leases ---------------------------------------------------------------------------------------------------------------


def lease(
    connection: sa.Connection,
    seqs: sa.Select[tuple[int]],
    owner: str,
    until: dt.datetime,
    columns: Sequence[sa.Column[Any]],
) -> sa.CursorResult[Any]:
    """Lease the articles ``seqs`` to ``owner`` until then; return their ``columns``, in no order."""
    change = items.update().where(items.c.seq.in_(seqs)).values(lease_owner=owner, lease_until=until)
    return connection.execute(change.returning(*columns))


def release(connection: sa.Connection, claimed: Sequence[ArticleRow], owner: str) -> None:
    """End those leases of articles that ``owner`` still has; nothing was tried."""
    which = among(connection, items.c.seq, [article.seq for article in claimed])
    connection.execute(items.update().where(which, items.c.lease_owner == owner).values(**_NO_LEASE))


def list_lease_owners(connection: sa.Connection) -> set[str]:
    """Return the owners of all leases."""
    owners = sa.select(items.c.lease_owner).where(items.c.lease_owner.isnot(None)).distinct()
    return {owner for owner in connection.scalars(owners) if owner}


def release_owners(connection: sa.Connection, owners: Collection[str]) -> None:
    """End all leases of these owners."""
    connection.execute(items.update().where(items.c.lease_owner.in_(owners)).values(**_NO_LEASE))


def settle_clock(connection: sa.Connection, now: dt.datetime, before: dt.datetime) -> None:
    """Let articles not wait for times that only a clock said that was wrong: it stands at ``now``, and was ``before``.

    Whatever is pending is due by then at the latest; leases end as they would have.
    """
    waits = sa.and_(items.c.state == PENDING, items.c.stage.isnot(None), items.c.due > now)
    connection.execute(items.update().where(waits, items.c.due <= before).values(due=now))


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
    alike: dict[tuple[_NextStage | None, tuple[str, ...]], list[dict[str, object]]] = defaultdict(list)
    for result in results:
        change, next_stage = _change_after(stage, result, now, standing_versions.get(result.article.id))
        row = {f"new_{name}": value for name, value in change.items()}
        alike[next_stage, tuple(change)].append(row | {"of_seq": result.article.seq})
    for (next_stage, names), rows in alike.items():
        connection.execute(_change_statement(next_stage, names), rows)
    announce(connection, {following for result in results if (following := stage_after(result, stage, now))})


def stage_after(result: StageResult, stage: Stage, now: dt.datetime) -> Stage | None:
    """Return the stage that an article waits for at once after a result of ``stage``, None where it does for none."""
    match result.outcome:
        case Outcome.DONE:
            return stage.next()
        case Outcome.RETRY if result.retry_at is None or result.retry_at <= now:
            return result.again_from or stage
    return None


class _NextStage(enum.Enum):
    """A stage that follows from the row as it stands when the result is saved."""

    UNLESS_CHANGED = enum.auto()  # none, unless the document's revision isn't the indexed one any more: index
    UNLESS_INDEXED = enum.auto()  # none, unless the revision isn't the one that the index has: index


def _change_statement(next_stage: _NextStage | None, names: Sequence[str]) -> sa.Update:
    """Return the statement that sets the columns ``names`` of a row: of_seq, new_NAME for each."""
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}", type_=items.c[name].type) for name in names}
    if next_stage is _NextStage.UNLESS_CHANGED:
        # what changed while it was being indexed is indexed again
        is_current = items.c.revision == values["indexed"]
        values["stage"] = sa.case((is_current, sa.null()), else_=Stage.INDEX)
    elif next_stage is _NextStage.UNLESS_INDEXED:
        values["stage"] = sa.case((items.c.revision == items.c.indexed, sa.null()), else_=Stage.INDEX)
    return items.update().where(items.c.seq == sa.bindparam("of_seq")).values(**values)


def is_withdrawn(result: StageResult, standing_version: int | None) -> bool:
    """Tell whether a result takes an article out of the index that has a document by an earlier one."""
    if standing_version is None or result.outcome is not Outcome.DROPPED:
        return False
    is_same_page = standing_version == result.article.version
    return result.reason in WITHDRAWN_FOR or (is_same_page and result.reason in _UNREAD_FOR)


def _change_after(
    stage: Stage, result: StageResult, now: dt.datetime, standing_version: int | None
) -> tuple[dict[str, object], _NextStage | None]:
    """Return what changes in an article's row after a result, and what its stage follows from: pure."""
    change: dict[str, object] = dict(_NO_LEASE)
    next_stage: _NextStage | None = None
    match result.outcome:
        case Outcome.DONE if stage is Stage.INDEX:
            next_stage = _NextStage.UNLESS_CHANGED
            change |= {"indexed": result.article.revision, "attempts": 0, "due": now}
        case Outcome.DONE:
            change |= {"stage": stage.next(), "attempts": 0, "due": now}
        case Outcome.RETRY:
            change |= {"attempts": result.article.attempts + result.tried, "due": result.retry_at or now}
        case Outcome.DROPPED if is_withdrawn(result, standing_version):
            change |= {"state": DROPPED, "copy_group": None, "story": None}
        case _ if standing_version:
            # a change that can't be had leaves the article as it was; what it missed meanwhile is indexed
            next_stage = _NextStage.UNLESS_INDEXED
            change |= {"version": standing_version, "attempts": 0, "due": now}
        case Outcome.DROPPED:
            change |= {"state": DROPPED}
        case Outcome.QUARANTINED:
            change |= {"state": QUARANTINED}
    is_settled = next_stage is not None or "stage" in change
    if result.again_from is not None and result.outcome is not Outcome.DONE and not is_settled:
        change["stage"] = result.again_from
    return change | _facts_of(stage, result), next_stage


def _facts_of(stage: Stage, result: StageResult) -> dict[str, object]:
    """Return what an article's row repeats of a result, so that it can be looked up: pure."""
    facts: dict[str, object] = {name: value for name in ("copy_group", "story") if (value := getattr(result, name))}
    if stage is Stage.DEDUPE and result.outcome is Outcome.DONE:
        facts |= {"published": result.published, "credit": result.credit}
    if stage is Stage.EXTRACT and isinstance(result.record, Article):
        facts |= {"embargoed": result.record.embargoed}
    return facts


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
    which = items.update().where(items.c.state.notin_(_GONE), *conditions)
    count = connection.execute(which.values(**change)).rowcount
    announce(connection, [stage] if count else [])
    return count


def requeue(connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]], now: dt.datetime) -> int:
    """Let articles be tried again, at once, at the stage where they stopped; return how many.

    A worker that has one of them changes nothing any more.
    """
    which = items.update().where(items.c.state.notin_(_GONE), items.c.stage.isnot(None), *conditions)
    count = connection.execute(which.values(**_NO_LEASE, state=PENDING, attempts=0, due=now)).rowcount
    announce(connection, Stage if count else [])
    return count


def hold(connection: sa.Connection, ids: Collection[str]) -> None:
    """Take articles that an embargo holds back now out of their groups and stories, until they are placed again."""
    connection.execute(items.update().where(items.c.id.in_(ids)).values(copy_group=None, story=None))


def set_embargo(connection: sa.Connection, article_id: str, until: dt.datetime | None) -> None:
    """Note until when no stage behind extract gets an article."""
    connection.execute(items.update().where(items.c.id == article_id).values(embargoed=until))


def withdraw(connection: sa.Connection, article_id: str) -> bool:
    """Take an article back, out of its group and story; return False where it was removed, or withdrawn before."""
    change = {**_NO_LEASE, "state": WITHDRAWN, "stage": None, "copy_group": None, "story": None}
    which = items.update().where(items.c.id == article_id, items.c.state.notin_(_GONE))
    return connection.execute(which.values(**change)).rowcount == 1


def reinstate(connection: sa.Connection, article_id: str, stage: Stage, version: int, now: dt.datetime) -> bool:
    """Let a withdrawn article pass ``stage`` and all later ones again; return False where it isn't withdrawn."""
    change = {"state": PENDING, "stage": stage, "version": version, "attempts": 0, "due": now}
    which = items.update().where(items.c.id == article_id, items.c.state == WITHDRAWN)
    announce(connection, [stage])
    return connection.execute(which.values(**change, revision=items.c.revision + 1)).rowcount == 1


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
    if connection.execute(items.update().where(condition).values(**change)).rowcount:
        announce(connection, [Stage.INDEX])


def requeue_for_index(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> None:
    """Send articles to the index again; those on their way there come to it anyhow."""
    on_their_way = items.update().where(condition, items.c.state == PENDING, items.c.stage.isnot(None))
    connection.execute(on_their_way.values(indexed=-1))
    connection.execute(items.update().where(condition, _IS_THROUGH).values(stage=Stage.INDEX, due=items.c.first_seen))
    announce(connection, [Stage.INDEX])


def assign_groups(connection: sa.Connection, groups: Mapping[int, str]) -> None:
    """Put articles (seq) into copy groups."""
    rows = [{"of_seq": seq, "new_copy_group": group} for seq, group in groups.items()]
    if rows:
        connection.execute(_change_statement(None, ("copy_group",)), rows)


def assign_story(connection: sa.Connection, story: str, ids: Iterable[str]) -> None:
    """Put articles into a story, whatever cluster said of them."""
    connection.execute(items.update().where(among(connection, items.c.id, ids)).values(story=story))
