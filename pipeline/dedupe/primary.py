"""Which article of a copy group is the primary one, and whose copy is it?"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import dateutil.parser
import msgspec
from dateutil.relativedelta import relativedelta

from pipeline.records import Precision

# The clocks that are furthest behind: what is of an unknown zone happened no later than it would have there
_LAST_ZONE = dt.timedelta(hours=12)
# What a date without a time of day names, by how it is written; any other way names a day
_SPANS = ((re.compile(r"\d{4}"), relativedelta(years=1)), (re.compile(r"\d{4}-\d\d"), relativedelta(months=1)))
_DAY = relativedelta(days=1)


class PrimaryCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a copy group, as far as it matters for who was first."""

    id: str
    seq: int  # in the order of arrival
    published: dt.datetime  # as ``believed``
    first_seen: dt.datetime  # first; no earlier than ``at``
    agency: str | None = None  # the name of the news agency that published it itself
    credit: str | None = None  # the news agency that its text credits

    @property
    def own_agency(self) -> str | None:
        """The news agency whose own article it is; one that credits another agency, and not with it, reprints."""
        if not self.agency or not self.credit:
            return self.agency
        published, credited = _words(self.agency), _words(self.credit)
        return self.agency if published <= credited or credited <= published else None


class GroupSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a whole group."""

    primary: str  # the id of the article that the others count as copies of
    earliest: str  # the id of the one that was published first
    agency: str | None  # the news agency whose copy it is


def summarise_group(members: Iterable[PrimaryCandidate]) -> GroupSummary:
    """Return what is said of the group of ``members``, of which there is one at least.

    The primary is what an agency published of its own, else the earliest; among several of agencies the earliest. That
    follows from the facts alone: whoever arrives later takes the place only by being the agency's or earlier.
    The agency is the one whose own the primary is, else the one that most members credit.
    """
    by_time = sorted(members, key=lambda one: (one.published, one.seq))
    primary = next((one for one in by_time if one.own_agency), by_time[0])
    credited = Counter(one.credit for one in by_time if one.credit)
    agency = primary.own_agency or next((name for name, _ in credited.most_common(1)), None)
    return GroupSummary(primary=primary.id, earliest=by_time[0].id, agency=agency)


def correct_implausible_dates(members: Sequence[PrimaryCandidate], window: dt.timedelta) -> list[PrimaryCandidate]:
    """Return the members of a group; those whose date nothing bears out where others' is, as of when they were seen.

    A date is borne out by a first sight within ``window`` after it; where none is, as among old articles that are
    brought in together, by another date within it. What lies further back isn't what others copied; where nothing bears
    out any date, each counts as stated.
    """
    dates = sorted(one.published for one in members if one.published < one.first_seen)
    fresh = [
        one.published for one in members if one.published < one.first_seen and one.first_seen - one.published <= window
    ]
    agreed = (first for first, second in pairwise(dates) if second - first <= window)
    first = min(fresh, default=None) or next(agreed, None)
    if first is None:
        return list(members)
    return [
        msgspec.structs.replace(one, published=one.first_seen) if first - one.published > window else one
        for one in members
    ]


def _words(name: str) -> set[str]:
    return set(re.findall(r"\w+", name.casefold()))


def latest_instant(local: str, precision: Precision | None) -> dt.datetime:
    """Return the latest time that a local time or a day (ISO 8601), of which no zone is known, can mean."""
    time = dateutil.parser.isoparse(local).replace(tzinfo=dt.UTC)
    span = next((length for form, length in _SPANS if form.fullmatch(local)), _DAY)
    try:
        return time + _LAST_ZONE + (relativedelta() if precision is Precision.LOCAL else span)
    except (OverflowError, ValueError):  # the end of the calendar, which some systems write for "never"
        return dt.datetime.max.replace(tzinfo=dt.UTC)


def credible_publication(
    published: dt.datetime | None, precision: Precision | None, first_seen: dt.datetime
) -> dt.datetime:
    """Return when an article was published: what its publisher says where that is an instant, but not the future."""
    if published is None or precision not in {None, Precision.INSTANT}:
        return first_seen
    return min(published, first_seen)
