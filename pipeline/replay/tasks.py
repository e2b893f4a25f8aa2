"""Do one step of a replay with the settings of files and environment: what an Airflow task calls.

Values go in and out as plain ones.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from pipeline.context import open_context
from pipeline.moments import parse_moment
from pipeline.records import Stage
from pipeline.replay import batches, dry_run
from pipeline.replay.plan import parse_selection, parse_stage, plan_replay
from pipeline.replay.view import describe_selection, summarise
from pipeline.settings import ServeSettings
from pipeline.stages import run_one

_log = logging.getLogger(__name__)


def plan(params: Mapping[str, Any], *, by: str | None, day: str | None = None) -> dict[str, Any]:
    """Plan the replay that a trigger form asks for; ``day`` (2026-11-20) is that of first sight, where there is one.

    Raises:
        UsageError: Something asked for is unknown; the message names it.
    """
    bounds = {"since": day, "until": (_start(day) + dt.timedelta(days=1)).isoformat()} if day else {}
    with open_context() as context:
        selection = parse_selection(context, {**params, **bounds})
        replay = plan_replay(context, parse_stage(params["stage"]), selection, by)
    what = f"{replay.stage} again over {describe_selection(selection)}"
    _log.info("replay %d: %s: %d articles", replay.n, what, replay.total)
    return {"replay": replay.n, "what": what, "articles": replay.total, "everything": selection.is_everything}


def _start(day: str) -> dt.datetime:
    return parse_moment("day", day)


def compare(number: int) -> dict[str, Any]:
    """Make the dry run of a replay; return what would differ, in numbers and in a line, and where all of it is shown.

    Raises:
        NewswireError: The stage can't work.
    """
    with open_context() as context:
        replay = dry_run.compare_replay(context, number)
        page = page_address(context.settings.serve, number)
    _log.info("replay %d: %s; %s", number, summarise(replay), page)
    return {
        "replay": number,
        "articles": replay.counts.compared,
        "changed": replay.counts.changed,
        "summary": summarise(replay),
        "page": page,
    }


def page_address(serve: ServeSettings, number: int) -> str:
    """Return where a replay is shown."""
    return f"{(serve.public_url or f'http://{serve.host}:{serve.port}').rstrip('/')}/replays/{number}"


def start(number: int, by: str | None) -> list[dict[str, Any]]:
    """Approve a replay, and return its batches.

    Raises:
        UsageError: It was rejected.
    """
    with open_context() as context:
        count = batches.count_batches(batches.approve_replay(context, number, by))
    return [{"number": number, "batch": n, "label": f"{n + 1} of {count}"} for n in range(count)]


def run_batch(number: int, batch: int) -> dict[str, int]:
    """Send a batch back and take it up to the index; return what became of it.

    Raises:
        NewswireError: The replay is paused, or a stage can't work.
    """
    with open_context() as context:
        return batches.run_batch(context, number, batch)._asdict()


def index() -> dict[str, Any]:
    """Bring what has changed into the index; return the counts.

    Raises:
        NewswireError: The index can't be used.
    """
    with open_context() as context:
        return run_one(context, Stage.INDEX).to_plain()


def reject(number: int, by: str | None) -> str:
    """Let a replay be; return that in words."""
    with open_context() as context:
        return f"replay {number} is {batches.reject_replay(context, number, by).state}: nothing has changed"


def close(number: int) -> str:
    """Note whether a replay's articles became what its dry run had said; return that in words.

    Raises:
        UsageError: Not all of its batches were sent.
    """
    with open_context() as context:
        replay = batches.close_replay(context, number)
    line = f"replay {number} is {replay.state}: {summarise(replay)}"
    _log.info("%s", line)
    return line
