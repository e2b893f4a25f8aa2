from __future__ import annotations

import datetime as dt

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import Article
from pipeline.web.story_contributions import list_contributions, new_sentences
from tests.helpers import support

NOON = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)
FIRST = "The dam above Sabrosa broke on Monday night. Thousands of people fled."


def document(name, hours, text, **fields):
    article = Article(id=name, title=name, text=text, published=NOON + dt.timedelta(hours=hours), language="en")
    return msgspec.structs.replace(support.document(article), **fields)


def test_copies_are_folded_and_each_article_shows_what_it_adds_to_those_before():
    articles = [
        document("b", 2, f"{FIRST} Engineers had warned the ministry about cracks in 2019.", source="B"),
        document("a", 0, FIRST, source="A"),
        document("copy", 1, FIRST, source="C", copy_group="a", is_primary=False),
        document("c", 3, "Thousands of people fled. The dam above Sabrosa broke on Monday.", source="A"),
    ]
    contributions = list_contributions(articles)
    assert [each.document.id for each in contributions] == ["c", "b", "a"]
    assert [each.adds for each in contributions] == [
        (),
        ("Engineers had warned the ministry about cracks in 2019.",),
        (),
    ]
    assert [each.is_first for each in contributions] == [False, False, True]
    assert [copy.id for copy in contributions[2].copies] == ["copy"]
    assert contributions[2].outlets == 2


def test_an_original_that_came_later_than_its_copy_stands_for_the_group():
    late = document("a", 5, FIRST, copy_group="copy")
    early = document("copy", 1, FIRST, copy_group="copy", is_primary=False)
    (only,) = list_contributions([late, early])
    assert (only.document.id, [copy.id for copy in only.copies]) == ("a", ["copy"])


def test_articles_are_compared_with_those_of_their_language_alone():
    german = document("d", 1, "Der Damm oberhalb von Sabrosa brach am Montag.", language="de")
    contributions = list_contributions([document("a", 0, FIRST), german])
    assert [(each.document.id, each.is_first) for each in contributions] == [("d", True), ("a", True)]


def test_the_sentences_with_most_new_words_are_shown_in_the_order_of_the_text():
    first, second = "Divers found seven survivors beneath the bridge.", "The mayor resigned over unpaid repair bills."
    text = f"Rain fell. {first} It rained. {second}"
    assert new_sentences(text, {"rain", "fell", "rained"}) == (first, second)
    assert new_sentences(text, set()) != ()
    assert new_sentences("", set()) == ()


@given(st.lists(st.tuples(st.text(max_size=80), st.integers(0, 3), st.sampled_from(["en", "ja", None])), max_size=8))
def test_every_article_of_a_story_is_shown_once(drawn):
    articles = [
        document(f"a{n}", n, text or "x", copy_group=f"g{group}", is_primary=False, language=language)
        for n, (text, group, language) in enumerate(drawn)
    ]
    shown = [doc.id for each in list_contributions(articles) for doc in (each.document, *each.copies)]
    assert sorted(shown) == sorted(article.id for article in articles)
