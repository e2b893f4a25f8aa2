"""Which article of a copy group is primary."""

from __future__ import annotations

import datetime as dt

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dedupe import (
    GroupSummary,
    PrimaryCandidate,
    correct_implausible_dates,
    credible_publication,
    latest_instant,
    summarise_group,
)
from pipeline.records import Precision
from tests.helpers.copies import AT

MINUTE = dt.timedelta(minutes=1)


DAY = dt.timedelta(days=1)


def member(seq, *, minutes=0, agency=None, credit=None, seen=AT + 9 * DAY):
    return PrimaryCandidate(
        id=f"a{seq}", seq=seq, published=AT + minutes * MINUTE, first_seen=seen, agency=agency, credit=credit
    )


def dated(*days, seen):
    """Members that were published on these days (None: as of first sight) and all seen on one day."""
    return [
        PrimaryCandidate(
            id=f"a{n}", seq=n, published=AT + (seen if day is None else day) * DAY, first_seen=AT + seen * DAY
        )
        for n, day in enumerate(days, 1)
    ]


def earliest(members):
    return summarise_group(correct_implausible_dates(members, 14 * DAY)).earliest


def test_the_earliest_is_primary():
    assert summarise_group([member(1, minutes=9), member(2, minutes=3)]) == GroupSummary(
        primary="a2", earliest="a2", agency=None
    )


def test_of_the_same_minute_the_one_that_arrived_first_is():
    assert summarise_group([member(2), member(1)]).primary == "a1"


def test_what_the_agency_published_itself_is_primary_though_others_were_earlier():
    assert summarise_group([member(1), member(2, minutes=30, agency="AFP")]) == GroupSummary(
        primary="a2", earliest="a1", agency="AFP"
    )


def test_of_several_by_the_agency_its_earliest_is():
    assert (
        summarise_group([member(1), member(2, minutes=9, agency="AFP"), member(3, minutes=5, agency="AFP")]).primary
        == "a3"
    )


def test_an_agency_s_reprint_of_another_agency_is_no_original_and_takes_no_credit():
    credited = [member(1, credit="NTB"), member(2, minutes=2, credit="NTB")]
    assert summarise_group([*credited, member(3, minutes=20, agency="AFP", credit="NTB")]) == summarise_group(credited)
    assert summarise_group([member(3, agency="AFP", credit="NTB")]).agency == "NTB"
    assert summarise_group([member(3, agency="Xinhua News Agency", credit="Coastwire News Agency")]).agency[0] == "C"
    assert summarise_group([*credited, member(4, minutes=30, agency="NTB", credit="NTB")]).primary == "a4"


def test_an_agency_may_credit_itself_in_more_words_or_with_others():
    for credit in ("Coastwire News Service", "ntb/coastwire"):
        assert summarise_group([member(1), member(2, minutes=9, agency="Coastwire", credit=credit)]).primary == "a2"


def test_any_member_may_credit_the_agency_and_most_decide():
    assert summarise_group([member(1), member(2, credit="AP")]).agency == "AP"
    assert summarise_group([member(1, credit="AFP"), member(2, credit="AP"), member(3, credit="AP")]).agency == "AP"
    assert summarise_group([member(1, credit="AFP"), member(2, credit="AP")]).agency == "AFP"


def test_a_time_is_believed_where_it_is_an_instant_that_has_been():
    before, after = AT - MINUTE, AT + MINUTE
    assert credible_publication(before, Precision.INSTANT, AT) == credible_publication(before, None, AT) == before
    assert credible_publication(after, Precision.INSTANT, AT) == AT
    assert (
        credible_publication(before, Precision.DAY, AT)
        == credible_publication(before, Precision.LOCAL, AT)
        == credible_publication(None, None, AT)
        == AT
    )


def test_a_date_far_before_all_others_that_are_borne_out_is_not_believed():
    assert earliest(dated(0.1, -3652, 0.2, seen=1)) == "a1"
    assert earliest(dated(-400, -3652, -401, seen=1)) == "a3"
    assert earliest(dated(0.1, -13, 0.2, seen=1)) == "a2"
    assert earliest(dated(-3652, -3652, 0.2, seen=1)) == "a3"


def test_where_no_date_is_borne_out_each_counts_as_stated():
    assert earliest(dated(-400, -3652, seen=1)) == "a2"
    assert earliest(dated(None, -3652, seen=1)) == "a2"


def test_a_day_or_local_time_counts_as_of_the_last_moment_that_it_can_mean():
    assert latest_instant("2026-11-02", Precision.DAY) == dt.datetime(2026, 11, 3, 12, tzinfo=dt.UTC)
    assert latest_instant("2026-11-02T08:30:00", Precision.LOCAL) == dt.datetime(2026, 11, 2, 20, 30, tzinfo=dt.UTC)
    assert latest_instant("2026-11", Precision.DAY) == dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
    assert latest_instant("2026", Precision.DAY) == dt.datetime(2027, 1, 1, 12, tzinfo=dt.UTC)
    assert latest_instant("9999-12-31", Precision.DAY) > dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


members = st.builds(
    member,
    st.integers(1, 9),
    minutes=st.integers(0, 3),
    agency=st.sampled_from([None, None, "AP"]),
    credit=st.sampled_from([None, "AP", "AFP"]),
)


@given(st.lists(members, min_size=1, unique_by=lambda one: one.seq), st.randoms())
def test_the_order_in_which_members_are_named_changes_nothing(group, chance):
    shuffled = chance.sample(group, len(group))
    assert summarise_group(shuffled) == summarise_group(group)


@given(st.lists(members, min_size=2, unique_by=lambda one: one.seq))
def test_who_comes_later_takes_the_place_only_as_the_agency_or_by_an_earlier_time(group):
    *known, late = sorted(group, key=lambda one: one.seq)
    was = next(one for one in known if one.id == summarise_group(known).primary)
    if summarise_group(group).primary == late.id:
        assert (late.own_agency and not was.own_agency) or late.published < was.published


@given(st.lists(st.integers(-60, 0), min_size=1, max_size=6), st.integers(0, 40))
def test_dates_within_the_window_of_each_other_are_all_believed_and_of_any_the_latest_is(days, seen):
    group = dated(*days, seen=seen)
    made = correct_implausible_dates(group, 14 * DAY)
    assert max(days) - min(days) > 14 or made == group
    assert all(
        new in (old, msgspec.structs.replace(old, published=old.first_seen))
        for old, new in zip(group, made, strict=True)
    )
    assert any(one.published == AT + max(days) * DAY for one in made)
