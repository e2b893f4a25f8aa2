"""Which article of a copy group is the primary one, and whose copy is it?"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

import msgspec

from pipeline.records import Precision


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a copy group, as far as it matters for who was first."""

    id: str
    seq: int  # in the order of arrival
    at: dt.datetime  # as ``believed``
    agency: str | None = None  # the name of the news agency that published it itself
    credit: str | None = None  # the news agency that its text credits


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a whole group."""

    primary: str  # the id of the article that the others count as copies of
    earliest: str  # the id of the one that was published first
    agency: str | None  # the news agency whose copy it is


def lead(members: Iterable[Member]) -> Lead:
    """Return what is said of the group of ``members``, of which there is one at least.

    The primary is what the agency itself published, else the earliest; among several of an agency its earliest. That
    follows from the facts alone: whoever arrives later takes the place only by being the agency's or earlier.
    The agency is the one that published the primary, else the one that most members credit.
    """
    by_time = sorted(members, key=lambda one: (one.at, one.seq))
    primary = next((one for one in by_time if one.agency), by_time[0])
    credited = Counter(one.credit for one in by_time if one.credit)
    agency = primary.agency or next((name for name, _ in credited.most_common(1)), None)
    return Lead(primary=primary.id, earliest=by_time[0].id, agency=agency)


def believed(published: dt.datetime | None, precision: Precision | None, first_seen: dt.datetime) -> dt.datetime:
    """Return when an article was published: what its publisher says where that is an instant, but not the future."""
    if published is None or precision not in {None, Precision.INSTANT}:
        return first_seen
    return min(published, first_seen)
