"""Keep replays: a stage that is done again over some articles, first compared, then approved, then sent in batches.

``compared`` and each article's state are saved with what they stand for, so that whoever goes on does nothing twice.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.records import Record, Stage, from_json, to_json
from pipeline.store import article_state
from pipeline.store.rows import DROPPED, PENDING, QUARANTINED, ArticleRow
from pipeline.store.schema.articles import items
from pipeline.store.schema.replays import replay_articles, replays
from pipeline.store.selections import Selection, decided_again
from pipeline.store.statements import among, columns_of, rows_as, upsert

_WAITING, _SENT, _OVERTAKEN = "waiting", "sent", "overtaken"
_GREATEST = 2**63 - 1  # PostgreSQL refuses to compare with greater numbers


class ReplayState(enum.StrEnum):
    """Where a replay stands."""

    PLANNED = "planned"  # its dry run has begun, or hasn't
    COMPARED = "compared"  # its dry run is over: it waits for a person
    APPROVED = "approved"  # its articles are sent, batch by batch
    PAUSED = "paused"
    DONE = "done"
    REJECTED = "rejected"


class ReplayCounts(Record, frozen=True, kw_only=True):
    """What a dry run counted, and what became of it."""

    compared: int = 0
    changed: int = 0  # articles that would differ
    fields: dict[str, int] = msgspec.field(default_factory=dict)  # field → in how many of them it would
    # what the stage would say of articles that it wouldn't let pass → of how many
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    agreed: int | None = None  # articles that became what the dry run had said; None while it isn't over
    differed: int | None = None


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A replay as it stands."""

    n: int = 0  # its number, given by the ledger
    at: dt.datetime
    by: str | None
    stage: Stage
    selection: Selection
    state: ReplayState
    total: int
    upto: int
    compared: int = 0  # seq
    counts: ReplayCounts = ReplayCounts()
    decided_by: str | None = None
    ended: dt.datetime | None = None

    @property
    def is_planned(self) -> bool:
        """Tell whether its dry run isn't over."""
        return self.state is ReplayState.PLANNED


class ReplayedArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article that would differ by a replay."""

    seq: int
    id: str
    version: int
    difference: str  # JSON
    expected: str  # a hash of what the stage would make of it
    state: str = _WAITING


_COLUMNS = columns_of(replay_articles, ReplayedArticle)
_ARTICLE_COLUMNS = columns_of(items, ArticleRow)


class Replays:
    """The replays of a ledger."""

    def count_selected(self, connection: sa.Connection, stage: Stage, selection: Selection) -> tuple[int, int]:
        """Return how many articles ``stage`` would decide on again, and the last of them (seq; 0 where there is none).

        An article that it would read, but first has to be fetched again, is none of them.
        """
        chosen = sa.select(sa.func.count(), sa.func.max(items.c.seq)).select_from(items)
        count, last = connection.execute(chosen.where(decided_again(connection, stage, selection))).one()
        return count, last or 0

    def add(self, connection: sa.Connection, replay: Replay) -> Replay:
        """Add a replay; return it with its number."""
        inserted = connection.execute(replays.insert().values(**_to_row(replay))).inserted_primary_key
        assert inserted is not None
        return msgspec.structs.replace(replay, n=int(inserted[0]))

    def get(self, connection: sa.Connection, n: int) -> Replay | None:
        """Return the replay with this number, None where there is none."""
        if not 0 < n <= _GREATEST:
            return None
        return next(iter(_read(connection.execute(sa.select(replays).where(replays.c.n == n)))), None)

    def list_latest(self, connection: sa.Connection, limit: int) -> list[Replay]:
        """Return the latest replays, the newest first."""
        return _read(connection.execute(sa.select(replays).order_by(replays.c.n.desc()).limit(limit)))

    def set_state(
        self,
        connection: sa.Connection,
        n: int,
        state: ReplayState,
        *,
        before: Collection[ReplayState],
        by: str | None = None,
        ended: dt.datetime | None = None,
    ) -> bool:
        """Bring a replay into a state; return False where it stands in none of ``before``."""
        change: dict[str, object] = {"state": state, "ended": ended}
        change |= {"decided_by": by} if by else {}
        which = replays.update().where(replays.c.n == n, replays.c.state.in_(before))
        return connection.execute(which.values(**change)).rowcount == 1

    # the dry run ------------------------------------------------------------------------------------------------------

    def select_next(self, connection: sa.Connection, replay: Replay, limit: int) -> list[ArticleRow]:
        """Return the next articles for the dry run to decide on, in order of arrival."""
        left = [items.c.seq > replay.compared, items.c.seq <= replay.upto]
        chosen = sa.select(*_ARTICLE_COLUMNS).where(*left, decided_again(connection, replay.stage, replay.selection))
        return rows_as(ArticleRow, connection.execute(chosen.order_by(items.c.seq).limit(limit)))

    def save_comparison(
        self, connection: sa.Connection, before: Replay, after: Replay, differing: Sequence[ReplayedArticle]
    ) -> bool:
        """Save how far a dry run has come, with the articles that differ; return False where another one has been on.

        ``before`` is the replay as it stood when the comparison began.
        """
        which = [replays.c.n == before.n, replays.c.state == before.state, replays.c.compared == before.compared]
        change = {"compared": after.compared, "state": after.state, "counts": to_json(after.counts).decode()}
        if connection.execute(replays.update().where(*which).values(**change)).rowcount != 1:
            return False
        upsert(connection, replay_articles, [{"n": after.n, **msgspec.structs.asdict(row)} for row in differing])
        return True

    # what would differ ------------------------------------------------------------------------------------------------

    def list_articles(self, connection: sa.Connection, n: int, limit: int, offset: int = 0) -> list[ReplayedArticle]:
        """Return articles that would differ by a replay, in order of arrival."""
        chosen = sa.select(*_COLUMNS).where(replay_articles.c.n == n).order_by(replay_articles.c.seq)
        return rows_as(ReplayedArticle, connection.execute(chosen.limit(limit).offset(offset)))

    def count_by_state(self, connection: sa.Connection, n: int) -> dict[str, int]:
        """Return how many articles of a replay are waiting, sent and overtaken."""
        c = replay_articles.c
        rows = connection.execute(sa.select(c.state, sa.func.count()).where(c.n == n).group_by(c.state))
        return dict.fromkeys((_WAITING, _SENT, _OVERTAKEN), 0) | {state: count for state, count in rows}  # noqa: C416

    def send(
        self, connection: sa.Connection, replay: Replay, articles: Sequence[ReplayedArticle], now: dt.datetime
    ) -> int:
        """Send those of ``articles`` back to the replay's stage that wait for it, as revisions of ours; count them.

        One that isn't the same version any more, or passes the stage again anyhow, is overtaken.
        """
        c = replay_articles.c
        waiting = [article.seq for article in articles if article.state == _WAITING]
        ours = [c.n == replay.n, among(connection, c.seq, waiting), c.state == _WAITING]
        has_stopped = sa.and_(items.c.stage == replay.stage, items.c.state.in_((DROPPED, QUARANTINED)))
        is_same = [items.c.version == c.version, sa.or_(article_state.has_passed(replay.stage), has_stopped)]
        chosen = sa.select(items.c.seq).join(replay_articles, c.seq == items.c.seq).where(*ours, *is_same)
        if connection.dialect.name != "sqlite":
            chosen = chosen.order_by(items.c.seq).with_for_update()
        sent = list(connection.scalars(chosen))
        back = [among(connection, items.c.seq, sent)]
        article_state.send_back(connection, back, replay.stage, now, new_revision=True)
        of_replay = replay_articles.update().where(c.n == replay.n)
        connection.execute(of_replay.where(among(connection, c.seq, sent)).values(state=_SENT))
        overtaken = sorted(set(waiting) - set(sent))
        which = of_replay.where(among(connection, c.seq, overtaken), c.state == _WAITING)
        connection.execute(which.values(state=_OVERTAKEN))
        return len(sent)

    def count_under_way(
        self, connection: sa.Connection, n: int, stages: Sequence[Stage], seqs: Sequence[int] | None = None
    ) -> int:
        """Return how many articles of a replay (of ``seqs``, where given) were sent and wait for one of ``stages``."""
        c = replay_articles.c
        sent = sa.select(c.seq).where(c.n == n, c.state == _SENT)
        waits = [items.c.seq.in_(sent), items.c.state == PENDING, items.c.stage.in_(stages)]
        waits += [among(connection, items.c.seq, seqs)] if seqs is not None else []
        return connection.scalar(sa.select(sa.func.count()).select_from(items).where(*waits)) or 0

    def select_sent(self, connection: sa.Connection, n: int, after: int, limit: int) -> list[tuple[ArticleRow, str]]:
        """Return articles of a replay that were sent, after ``after`` (seq), each with what the dry run expected of it.

        One of which a later version has come since is left out.
        """
        c = replay_articles.c
        sent = [c.n == n, c.state == _SENT, c.seq > after, items.c.version == c.version]
        chosen = sa.select(*_ARTICLE_COLUMNS, c.expected).join(replay_articles, c.seq == items.c.seq).where(*sent)
        rows = connection.execute(chosen.order_by(items.c.seq).limit(limit)).mappings().all()
        return [
            (ArticleRow(**{name: row[name] for name in ArticleRow.__struct_fields__}), row["expected"]) for row in rows
        ]

    def save_outcome(self, connection: sa.Connection, replay: Replay) -> None:
        """Save the counts of a replay."""
        change = {"counts": to_json(replay.counts).decode()}
        connection.execute(replays.update().where(replays.c.n == replay.n).values(**change))


def forget_articles(connection: sa.Connection, ids: Collection[str]) -> None:
    """Forget how these articles would have differed."""
    connection.execute(replay_articles.delete().where(among(connection, replay_articles.c.id, ids)))


def delete_replays_before(connection: sa.Connection, until: dt.datetime) -> None:
    """Forget replays that were planned before ``until``."""
    old = sa.select(replays.c.n).where(replays.c.at < until)
    connection.execute(replay_articles.delete().where(replay_articles.c.n.in_(old)))
    connection.execute(replays.delete().where(replays.c.at < until))


def _to_row(replay: Replay) -> dict[str, object]:
    row = msgspec.structs.asdict(replay)
    del row["n"]
    return row | {name: to_json(row[name]).decode() for name in ("selection", "counts")}


def _read(result: sa.CursorResult[sa.Row]) -> list[Replay]:  # type: ignore[type-arg]
    return [
        Replay(
            **dict(row)
            | {
                "stage": Stage(row["stage"]),
                "state": ReplayState(row["state"]),
                "selection": msgspec.json.decode(row["selection"], type=Selection),
                "counts": from_json(row["counts"], ReplayCounts),
            }
        )
        for row in result.mappings()
    ]
