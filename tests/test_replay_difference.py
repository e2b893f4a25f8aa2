"""How a replay's difference is told: any two records of a stage."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import Article, Caption, Copy, Entity, EntityType, Mention, Names
from pipeline.replay.difference import compare_records, hash_standing
from pipeline.stages.rehearsal import Standing

TEXT = st.text(max_size=40)
ARTICLES = st.builds(
    Article,
    id=st.just("a"),
    title=st.none() | TEXT,
    authors=st.lists(TEXT, max_size=3).map(tuple),
    text=TEXT,
    paywalled=st.none() | st.booleans(),
    captions=st.lists(st.builds(Caption, text=TEXT), max_size=2).map(tuple),
    published=st.none() | st.datetimes().map(lambda t: t.replace(tzinfo=__import__("datetime").UTC)),
)


@given(ARTICLES, ARTICLES)
def test_a_field_is_named_just_where_two_records_differ_in_it(old, new):
    named = {difference.field for difference in compare_records(old, new)}
    assert named == {name for name in Article.__struct_fields__ if getattr(old, name) != getattr(new, name)}
    equal = hash_standing(Standing(is_given_up=False, record=old)) == hash_standing(
        Standing(is_given_up=False, record=new)
    )
    assert equal == (old == new)


def test_what_goes_and_what_comes_is_told_line_by_line():
    old = Article(id="a", title="Old", text="One.\nTwo.\nThree.", authors=("Ann Lee",))
    new = Article(id="a", title="New", text="One.\nThree.", authors=("Ann Lee", "Bo Ek"), paywalled=True)
    told = {d.field: (d.removed, d.added) for d in compare_records(old, new)}
    assert told == {
        "title": (("Old",), ("New",)),
        "authors": ((), ("Bo Ek",)),
        "text": (("Two.",), ()),
        "paywalled": ((), ("yes",)),
    }


def test_names_are_told_as_people_read_them():
    entity = Entity(id="e1", name="Ansel", type=EntityType.PLACE, count=1)
    mention = Mention(field="text", start=0, end=5, type=EntityType.PLACE, name="Ansel", entity="e1")
    told = compare_records(Names(id="a"), Names(id="a", mentions=(mention,), entities=(entity,)))
    assert [d.added for d in told] == [("Ansel (PLACE)",), ("Ansel (PLACE, 1)",)]


def test_of_a_record_that_was_not_there_all_that_it_says_is_new():
    assert [d.field for d in compare_records(None, Copy(id="a", group="g"))] == ["group", "paragraphs"]
