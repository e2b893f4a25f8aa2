"""Choose the primary article of a copy group, and the news agency whose copy the group is.

Both follow from the members alone, in whatever order they arrived.
"""

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

# The clocks that are furthest behind: a time of an unknown zone is no later than the same time there
_LAST_ZONE = dt.timedelta(hours=12)
# What a date without a time of day names, by how it is written; any other way names a day
_SPANS = ((re.compile(r"\d{4}"), relativedelta(years=1)), (re.compile(r"\d{4}-\d\d"), relativedelta(months=1)))
_DAY = relativedelta(days=1)


class PrimaryCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a copy group, with what decides which one is primary."""

    id: str
    seq: int  # in the order of arrival
    published: dt.datetime  # as ``credible_publication`` gives it
    first_seen: dt.datetime  # no earlier than ``published``
    agency: str | None = None  # the name of the news agency that published it itself
    credit: str | None = None  # the news agency that its text credits

    @property
    def own_agency(self) -> str | None:
        """Return the news agency whose own article this is; one that credits another reprints that one's article."""
        if not self.agency or not self.credit:
            return self.agency
        published, credited = _words(self.agency), _words(self.credit)
        return self.agency if published <= credited or credited <= published else None


class GroupSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of a whole copy group."""

    primary: str  # the id of the article that the others count as copies of
    earliest: str  # the id of the one that was published first
    agency: str | None  # the news agency whose copy it is


def summarise_group(members: Iterable[PrimaryCandidate]) -> GroupSummary:
    """Return the summary of the group of ``members``, of which there is one at least.

    The primary is the earliest article that a news agency published of its own, else the earliest of all. An article
    that arrives later becomes primary only by being the agency's or earlier.
    The agency is the one whose own article the primary is, else the one that most members credit.
    """
    by_time = sorted(members, key=lambda member: (member.published, member.seq))
    primary = next((member for member in by_time if member.own_agency), by_time[0])
    credited = Counter(member.credit for member in by_time if member.credit)
    agency = primary.own_agency or next((name for name, _ in credited.most_common(1)), None)
    return GroupSummary(primary=primary.id, earliest=by_time[0].id, agency=agency)


def correct_implausible_dates(members: Sequence[PrimaryCandidate], window: dt.timedelta) -> list[PrimaryCandidate]:
    """Return the members of a group, with the first sight in place of a date that is too early to be true.

    A date is borne out by a first sight within ``window`` after it; where no date is, as among old articles that are
    imported together, by another member's date within ``window`` after it. A date that lies further than ``window``
    before the earliest of these isn't believed. Where nothing bears out any date, each counts as stated.
    """
    dated = [member for member in members if member.published < member.first_seen]
    fresh = [member.published for member in dated if member.first_seen - member.published <= window]
    dates = sorted(member.published for member in dated)
    agreed = (date for date, following in pairwise(dates) if following - date <= window)
    earliest = min(fresh, default=None) or next(agreed, None)
    if earliest is None:
        return list(members)
    return [
        msgspec.structs.replace(member, published=member.first_seen) if earliest - member.published > window else member
        for member in members
    ]


def _words(name: str) -> set[str]:
    return set(re.findall(r"\w+", name.casefold()))


def latest_instant(local: str, precision: Precision | None) -> dt.datetime:
    """Return the latest instant that ``local``, a time or date (ISO 8601) of an unknown zone, can mean."""
    time = dateutil.parser.isoparse(local).replace(tzinfo=dt.UTC)
    span = next((length for form, length in _SPANS if form.fullmatch(local)), _DAY)
    try:
        return time + _LAST_ZONE + (relativedelta() if precision is Precision.LOCAL else span)
    except (OverflowError, ValueError):  # the end of the calendar, which some systems write for "never"
        return dt.datetime.max.replace(tzinfo=dt.UTC)


def credible_publication(
    published: dt.datetime | None, precision: Precision | None, first_seen: dt.datetime
) -> dt.datetime:
    """Return when an article was published: what its publisher states, where that is an instant; never the future."""
    if published is None or precision not in {None, Precision.INSTANT}:
        return first_seen
    return min(published, first_seen)
