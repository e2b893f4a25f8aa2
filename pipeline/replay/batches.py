"""Carry a replay out: approve it, send its articles back in batches, and tell whether they became what was expected.

Each step says in the ledger what it did: one that is cut off, cleared or called twice goes on from there.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import NamedTuple

import msgspec

from pipeline.context import Context
from pipeline.errors import UsageError
from pipeline.records import Stage
from pipeline.replay.difference import hash_standing
from pipeline.replay.plan import get_replay
from pipeline.stages import run_one
from pipeline.stages.rehearsal import load_standings
from pipeline.store import Replay, ReplayState

_log = logging.getLogger(__name__)

BATCH = 500  # articles: some ten seconds of extract on one core, so that a pause is soon heard
MOST_BATCHES = 500  # tasks of one run; beyond it batches grow
_READ_AT_ONCE = 200


class BatchReport(NamedTuple):
    """What became of a batch."""

    batch: int
    articles: int
    sent: int
    left: int  # on their way still: another worker has them, or they have to wait


class _Transition(NamedTuple):
    to: ReplayState
    before: frozenset[ReplayState]
    verb: str


_APPROVE = _Transition(ReplayState.APPROVED, frozenset({ReplayState.COMPARED, ReplayState.PAUSED}), "approved")
_PAUSE = _Transition(ReplayState.PAUSED, frozenset({ReplayState.APPROVED}), "paused")
_REJECT = _Transition(ReplayState.REJECTED, frozenset({ReplayState.PLANNED, ReplayState.COMPARED}), "rejected")


def approve_replay(context: Context, n: int, by: str | None = None) -> Replay:
    """Let a compared (or paused) replay go on; one that has been approved stays so.

    Raises:
        UsageError: It isn't compared yet, or was rejected.
    """
    return _move(context, n, _APPROVE, by, also={ReplayState.DONE})


def pause_replay(context: Context, n: int) -> Replay:
    """Let a replay rest before its next batch, until it is approved again.

    Raises:
        UsageError: It isn't under way.
    """
    return _move(context, n, _PAUSE)


def reject_replay(context: Context, n: int, by: str | None = None) -> Replay:
    """Let a replay be: nothing changes by it.

    Raises:
        UsageError: It has been approved.
    """
    return _move(context, n, _REJECT, by)


def _move(
    context: Context, n: int, transition: _Transition, by: str | None = None, also: Collection[ReplayState] = ()
) -> Replay:
    """Bring a replay into another state; one that is there, or in a state of ``also``, stays as it is."""
    replay = get_replay(context, n)
    if replay.state is not transition.to and replay.state not in also:
        ended = context.clock() if transition.to is ReplayState.REJECTED else None
        with context.store.write() as connection:
            context.store.replays.set_state(connection, n, transition.to, before=transition.before, by=by, ended=ended)
        replay = get_replay(context, n)
        if replay.state is not transition.to:
            hint = f"; newswire replays compare {n} goes on with its dry run" if replay.is_planned else ""
            raise UsageError(f"replay {n} can't be {transition.verb}: it is {replay.state}{hint}")
    return replay


def count_batches(replay: Replay) -> int:
    """Return in how many batches a replay is carried out."""
    return -(-replay.counts.changed // batch_size(replay))


def batch_size(replay: Replay) -> int:
    """Return how many articles each batch of a replay has."""
    return max(BATCH, -(-replay.counts.changed // MOST_BATCHES))


def run_batch(context: Context, n: int, batch: int) -> BatchReport:
    """Send one batch back (the first is 0), and take it through the stages up to the index; return what became of it.

    What was sent before is not sent again.

    Raises:
        UsageError: The replay isn't approved, or paused.
        NewswireError: A stage can't work.
    """
    replay = get_replay(context, n)
    if replay.state is ReplayState.PAUSED:
        raise UsageError(f"replay {n} is paused; newswire replays apply {n} goes on with it")
    if replay.state not in {ReplayState.APPROVED, ReplayState.DONE}:
        raise UsageError(f"replay {n} is {replay.state}: only one that was approved is carried out")
    store, size = context.store, batch_size(replay)
    with store.read() as connection:
        articles = store.replays.list_articles(connection, n, size, batch * size)
    seqs = [article.seq for article in articles]
    with store.write() as connection:
        sent = store.replays.send(connection, replay, articles, context.clock())
    for stage in stages_from(replay.stage):
        _take_through(context, n, stage, seqs)
    with store.read() as connection:
        left = store.replays.count_under_way(connection, n, stages_from(replay.stage), seqs)
    _log.info("replay %d: batch %d: %d of %d sent, %d on their way", n, batch, sent, len(articles), left)
    return BatchReport(batch, len(articles), sent, left)


def stages_from(stage: Stage) -> tuple[Stage, ...]:
    """Return the stages that articles pass again before the index."""
    order = list(Stage)
    return tuple(order[order.index(stage) : order.index(Stage.INDEX)])


def _take_through(context: Context, n: int, stage: Stage, seqs: list[int]) -> None:
    """Run a stage until it has had the articles of a batch, or takes none any more."""
    while True:
        with context.store.read() as connection:
            waiting = context.store.replays.count_under_way(connection, n, [stage], seqs)
        if not waiting or not run_one(context, stage, limit=waiting).taken:
            return


def close_replay(context: Context, n: int) -> Replay:
    """Note what became of a replay whose batches are through: how many articles are what the dry run expected.

    It may be called again, when more of them have arrived.

    Raises:
        UsageError: A batch wasn't sent yet.
    """
    replay, store = get_replay(context, n), context.store
    if replay.state is ReplayState.REJECTED:
        return replay
    with store.read() as connection:
        waiting = store.replays.count_by_state(connection, n)["waiting"]
    if waiting or replay.state not in {ReplayState.APPROVED, ReplayState.DONE}:
        raise UsageError(f"replay {n} is {replay.state}, and {waiting} of its articles weren't sent yet")
    agreed = differed = after = 0
    while True:
        with store.read() as connection:
            sent = store.replays.select_sent(connection, n, after, _READ_AT_ONCE)
            standings = load_standings(context, connection, replay.stage, [row for row, _ in sent])
        if not sent:
            break
        after = sent[-1][0].seq
        equal = sum(hash_standing(standings[row.id]) == expected for row, expected in sent if row.id in standings)
        agreed, differed = agreed + equal, differed + len(sent) - equal
    counts = msgspec.structs.replace(replay.counts, agreed=agreed, differed=differed)
    with store.write() as connection:
        store.replays.save_outcome(connection, msgspec.structs.replace(replay, counts=counts))
        store.replays.set_state(connection, n, ReplayState.DONE, before={ReplayState.APPROVED}, ended=context.clock())
    return get_replay(context, n)
