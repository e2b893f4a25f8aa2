"""Which article of a copy group is primary."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from pipeline.dedupe import Lead, Member, believed, lead
from pipeline.records import Precision
from tests.copies import AT

MINUTE = dt.timedelta(minutes=1)


def member(seq, *, minutes=0, agency=None, credit=None):
    return Member(id=f"a{seq}", seq=seq, at=AT + minutes * MINUTE, agency=agency, credit=credit)


def test_the_earliest_is_primary():
    assert lead([member(1, minutes=9), member(2, minutes=3)]) == Lead(primary="a2", earliest="a2", agency=None)


def test_of_the_same_minute_the_one_that_arrived_first_is():
    assert lead([member(2), member(1)]).primary == "a1"


def test_what_the_agency_published_itself_is_primary_though_others_were_earlier():
    assert lead([member(1), member(2, minutes=30, agency="AFP")]) == Lead(primary="a2", earliest="a1", agency="AFP")


def test_of_several_by_the_agency_its_earliest_is():
    assert lead([member(1), member(2, minutes=9, agency="AFP"), member(3, minutes=5, agency="AFP")]).primary == "a3"


def test_any_member_may_credit_the_agency_and_most_decide():
    assert lead([member(1), member(2, credit="AP")]).agency == "AP"
    assert lead([member(1, credit="AFP"), member(2, credit="AP"), member(3, credit="AP")]).agency == "AP"
    assert lead([member(1, credit="AFP"), member(2, credit="AP")]).agency == "AFP"


def test_a_time_is_believed_where_it_is_an_instant_that_has_been():
    before, after = AT - MINUTE, AT + MINUTE
    assert believed(before, Precision.INSTANT, AT) == believed(before, None, AT) == before
    assert believed(after, Precision.INSTANT, AT) == AT
    assert (
        believed(before, Precision.DAY, AT) == believed(before, Precision.LOCAL, AT) == believed(None, None, AT) == AT
    )


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
    assert lead(shuffled) == lead(group)


@given(st.lists(members, min_size=2, unique_by=lambda one: one.seq))
def test_who_comes_later_takes_the_place_only_as_the_agency_or_by_an_earlier_time(group):
    *known, late = sorted(group, key=lambda one: one.seq)
    was = next(one for one in known if one.id == lead(known).primary)
    if lead(group).primary == late.id:
        assert (late.agency and not was.agency) or late.at < was.at
