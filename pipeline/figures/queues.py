"""Define what waits: articles before each stage, feeds before poll, and the pages of each host.

Counts are bounded, so that they cost the same however much waits: one that reached the bound is told as "or more".
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta


class StageBacklog(msgspec.Struct, frozen=True, kw_only=True):
    """What stands before a stage."""

    stage: str
    waiting: Annotated[int, Meta(description="articles (of poll: feeds) that can be taken now")] = 0
    in_hand: Annotated[int, Meta(description="those that a worker has")] = 0
    later: Annotated[int, Meta(description="those that are due later: tried again, or (feeds) asked again")] = 0
    held: Annotated[int, Meta(description="those that an embargo holds back")] = 0
    quarantined: Annotated[int, Meta(description="those that a person should look at")] = 0
    oldest: dt.datetime | None = None  # since when the one that waits longest could be taken
    bounded: bool = False  # whether there may be more than were counted


class HostBacklog(msgspec.Struct, frozen=True, kw_only=True):
    """A host with pages that wait, or that wants to be left alone."""

    host: str
    waiting: Annotated[int, Meta(description="pages of it that wait to be fetched")] = 0
    oldest: dt.datetime | None = None  # since when the first of them waits
    next_turn: dt.datetime | None = None  # when it may be asked next
    crawl_delay_seconds: Annotated[
        float | None, Meta(description="seconds between two requests that its robots.txt asks for")
    ] = None
    held_until: dt.datetime | None = None  # until when it wants to be left alone
