"""Compare: let a stage decide on a replay's articles again, save nothing but how they would differ.

It can be cut off at any time: the ledger keeps how far it has come.
"""

from __future__ import annotations

import collections
import logging
from collections.abc import Sequence

import msgspec

from pipeline.context import Context
from pipeline.errors import UsageError
from pipeline.records import Outcome, to_json
from pipeline.replay.difference import ArticleDifference, compare_standings, hash_standing
from pipeline.replay.plan import get_replay
from pipeline.stages import HANDLERS, preload_workers
from pipeline.stages.rehearsal import Rehearsal, rehearse
from pipeline.stages.runner import StageHandler
from pipeline.store import Replay, ReplayCounts, ReplayedArticle, ReplayState

_log = logging.getLogger(__name__)

# With more articles a batch would keep the ledger's one writer for longer than others wait gladly.
_BATCH = 50
SHOWN = 50  # articles whose difference is kept whole; of the others the names of the fields are


def compare_replay(context: Context, n: int) -> Replay:
    """Let the stage of a replay decide on all of its articles; return the replay, with what would differ counted.

    Articles that another worker changes meanwhile are decided on as they stand then.

    Raises:
        UnknownError: There is no such replay.
        NewswireError: The stage can't work.
    """
    replay = get_replay(context, n)
    if replay.is_planned:
        preload_workers([replay.stage])
        with HANDLERS[replay.stage]()(context) as handler:
            replay = _compare_rest(handler, replay)
    return replay


def _compare_rest(handler: StageHandler, replay: Replay) -> Replay:
    context = handler.context
    while replay.is_planned:
        with context.store.read() as connection:
            rows = context.store.replays.select_next(connection, replay, _BATCH)
        rehearsals = rehearse(handler, rows) if rows else []
        replay = _save(context, replay, rows[-1].seq if rows else None, rehearsals)
        _log.info("replay %d: %d of %d compared", replay.n, replay.counts.compared, replay.total)
    return replay


def _save(context: Context, replay: Replay, last: int | None, rehearsals: Sequence[Rehearsal]) -> Replay:
    """Save what a batch has shown (``last`` is its last article, None where nothing is left); return the replay."""
    differences = [(r, d) for r in rehearsals if (d := compare_standings(r))]
    after = msgspec.structs.replace(
        replay,
        compared=replay.upto if last is None else last,
        state=ReplayState.COMPARED if last is None else ReplayState.PLANNED,
        counts=add_counts(replay.counts, rehearsals, [difference for _, difference in differences]),
    )
    room = SHOWN - replay.counts.changed
    differing = [
        ReplayedArticle(
            seq=rehearsal.article.seq,
            id=rehearsal.article.id,
            version=rehearsal.article.version,
            difference=to_json(difference if number < room else _without_lines(difference)).decode(),
            expected=hash_standing(rehearsal.after),
        )
        for number, (rehearsal, difference) in enumerate(differences)
    ]
    with context.store.write() as connection:
        is_ours = context.store.replays.save_comparison(connection, replay, after, differing)
    if not is_ours:
        raise UsageError(f"replay {replay.n}: another program compares it just now; look at it again when that is done")
    return after


def add_counts(
    counts: ReplayCounts, rehearsals: Sequence[Rehearsal], differences: Sequence[ArticleDifference]
) -> ReplayCounts:
    """Return the counts with those of a batch: pure."""
    fields, outcomes = collections.Counter(counts.fields), collections.Counter(counts.outcomes)
    fields.update(name for difference in differences for name in difference.names)
    outcomes.update(f"{r.outcome}: {r.reason or r.detail}" for r in rehearsals if r.outcome is not Outcome.DONE)
    return msgspec.structs.replace(
        counts,
        compared=counts.compared + len(rehearsals),
        changed=counts.changed + len(differences),
        fields=dict(fields),
        outcomes=dict(outcomes),
    )


def _without_lines(difference: ArticleDifference) -> ArticleDifference:
    bare = tuple(msgspec.structs.replace(field, removed=(), added=()) for field in difference.fields)
    return msgspec.structs.replace(difference, fields=bare)
