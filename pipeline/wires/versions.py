"""Decide what a further version of an item means: a change, a withdrawal, a return, or nothing.

Pure. IPTC: a canceled item may never be used, so no later version brings it back; a withheld one may not be used until
a newer version says usable.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Collection

import msgspec

from pipeline import dates
from pipeline.text import fold
from pipeline.wires.model import CANCELED, USABLE, WITHHELD, WireItem

_NUMBER = re.compile(r"\d{1,18}(?:\.\d{1,18}){0,5}")


class ItemStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What its sender has said of an item so far: its newest version, and whether it may be used."""

    id: str  # the article's
    source: str
    guid: str
    providers: tuple[str, ...] = ()  # folded
    title: str | None = None
    version: str | None = None
    created: dt.datetime | None = None
    status: str = USABLE
    notice: str | None = None  # hash of the file that gave the status

    @property
    def is_withdrawn(self) -> bool:
        """Tell whether it may not be used."""
        return self.status in {CANCELED, WITHHELD}


class Arrival(enum.Enum):
    """What a version of a known item means for its article."""

    UPDATE = "a newer version"
    SAME_VERSION = "the version that is known, or one that doesn't say which it is"
    OLDER = "an older version"
    WITHDRAW = "its sender takes it back"
    REINSTATE = "its sender releases it again"
    STAYS_WITHDRAWN = "it was taken back before"


_BY_AGE = {True: Arrival.UPDATE, False: Arrival.OLDER, None: Arrival.SAME_VERSION}


def standing_of(item: WireItem, *, article_id: str, source: str, digest: str) -> ItemStanding:
    """Return what ``item``, which ``source`` sent in a file of this ``digest``, says of itself."""
    stated = dates.parse(item.modified or item.published)
    created = None
    if stated is not None and stated.time.tzinfo is not None:
        created = stated.time.astimezone(dt.UTC)
    return ItemStanding(
        id=article_id,
        source=source,
        guid=item.name or "",
        providers=tuple(dict.fromkeys(name for provider in item.providers if (name := fold(provider)))),
        title=item.title,
        version=item.version,
        created=created,
        status=item.status if item.is_withdrawn else USABLE,
        notice=digest if item.is_withdrawn else None,
    )


def decide_arrival(known: ItemStanding, sent: ItemStanding) -> Arrival:
    """Return what ``sent`` means for the item ``known``, of the same sender and identifier."""
    newer = is_newer(sent, known)
    is_repeated = sent.is_withdrawn and sent.notice == known.notice  # an editor may have reinstated it since
    match known.status, sent.status:
        case _ if is_repeated:
            return Arrival.STAYS_WITHDRAWN
        case (("usable" | "withheld"), "canceled"):
            return Arrival.WITHDRAW
        case ("usable", "withheld"):
            return Arrival.OLDER if newer is False else Arrival.WITHDRAW
        case ("withheld", "usable") if newer:
            return Arrival.REINSTATE
        case (("canceled" | "withheld"), _):
            return Arrival.STAYS_WITHDRAWN
    return _BY_AGE[newer]


def is_newer(sent: ItemStanding, known: ItemStanding) -> bool | None:
    """Tell whether ``sent`` is of a later version than ``known``; None where both are the same, or nothing tells."""
    numbers = _number(sent.version), _number(known.version)
    if numbers[0] and numbers[1] and numbers[0] != numbers[1]:
        return numbers[0] > numbers[1]
    if sent.created and known.created and sent.created != known.created:
        return sent.created > known.created
    return None


def order_of_version(standing: ItemStanding) -> tuple[tuple[int, ...], dt.datetime]:
    """Return what the versions of an item are sorted by, the oldest first."""
    return _number(standing.version) or (), standing.created or dt.datetime.min.replace(tzinfo=dt.UTC)


def merge_standing(known: ItemStanding, sent: ItemStanding) -> ItemStanding:
    """Return what is known of an item after ``sent``, which is not older than ``known``."""
    return msgspec.structs.replace(
        sent,
        id=known.id,
        providers=tuple(dict.fromkeys((*known.providers, *sent.providers))),
        title=sent.title or known.title,
        version=sent.version or known.version,
        created=sent.created or known.created,
        notice=sent.notice or known.notice,
    )


def is_same_sender(known: Collection[str], sent: Collection[str]) -> bool:
    """Tell whether two items of one source are of one sender: they name one provider, or one names none."""
    return not known or not sent or not set(known).isdisjoint(sent)


def _number(version: str | None) -> tuple[int, ...] | None:
    return tuple(map(int, version.split("."))) if version and _NUMBER.fullmatch(version) else None
