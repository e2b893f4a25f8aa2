"""Plan a replay: check what is asked for, and count what it chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.context import Context
from pipeline.editorial.lookup import find_article
from pipeline.errors import UnknownError, UsageError
from pipeline.moments import parse_moment
from pipeline.records import Reason, Stage
from pipeline.stages import check_sources
from pipeline.store import Replay, ReplayState, Selection

# Those that decide on what is kept: fetch asks servers again, and index makes the documents of what stands anyway.
REPLAYED_STAGES = (Stage.EXTRACT, Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER)


def plan_replay(context: Context, stage: Stage, selection: Selection, by: str | None = None) -> Replay:
    """Note in the ledger that ``stage`` is to be done again over ``selection``; nothing else changes.

    Raises:
        UsageError: The stage can't be replayed, or a source is unknown.
    """
    if stage not in REPLAYED_STAGES:
        known = ", ".join(REPLAYED_STAGES)
        raise UsageError(f"{stage} can't be compared with what stands: a replay does one of {known} again")
    if selection.since and selection.until and selection.since >= selection.until:
        raise UsageError("until: it is not after since, so that no article lies between them")
    check_sources(context, selection.sources)
    replays = context.store.replays
    with context.store.write() as connection:
        total, upto = replays.count_selected(connection, stage, selection)
        replay = Replay(
            at=context.clock(),
            by=by,
            stage=stage,
            selection=selection,
            state=ReplayState.PLANNED,
            total=total,
            upto=upto,
        )
        return replays.add(connection, replay)


def get_replay(context: Context, n: int) -> Replay:
    """Return the replay with this number.

    Raises:
        UnknownError: There is none.
    """
    with context.store.read() as connection:
        replay = context.store.replays.get(connection, n)
    if replay is None:
        raise UnknownError(f"there is no replay {n}")
    return replay


def parse_stage(text: str) -> Stage:
    """Return the stage of this name.

    Raises:
        UsageError: No stage has it.
    """
    try:
        return Stage(text)
    except ValueError as error:
        raise UsageError(f"stage: {text!r} is none of {', '.join(REPLAYED_STAGES)}") from error


def parse_reason(text: str) -> Reason:
    """Return the reason of these words.

    Raises:
        UsageError: There is no such reason.
    """
    try:
        return Reason(text)
    except ValueError as error:
        raise UsageError(f"reason: {text!r} is none of {', '.join(sorted(Reason))}") from error


def parse_selection(context: Context, params: Mapping[str, Any]) -> Selection:
    """Return the selection that a form's values describe; what is empty or null sets no condition.

    The names are ``sources``, ``since``, ``until``, ``version``, ``reason`` and ``addresses``.

    Raises:
        UsageError: A value can't be used; the message names it.
    """
    addresses: Sequence[str] = params.get("addresses") or ()
    since, until, reason = (params.get(name) for name in ("since", "until", "reason"))
    return Selection(
        ids=tuple(dict.fromkeys(find_article(context, address.strip()).id for address in addresses)),
        sources=tuple(params.get("sources") or ()),
        since=parse_moment("since", since) if since else None,
        until=parse_moment("until", until) if until else None,
        made_by=params.get("version") or None,
        reason=parse_reason(reason) if reason else None,
    )
