from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.article_diff import compare_versions
from pipeline.records import Article


def article(title="Dam leaks", text="It rained.\nThe dam leaks.", **more):
    return Article(id="a", title=title, text=text, **more)


def test_another_headline_is_a_change_that_tells_the_old_one():
    change = compare_versions(article(), article(title="Dam breaks"))
    assert (change.fields, change.old_title) == (("title",), "Dam leaks")
    assert change.summary() == "title was 'Dam leaks'"


def test_a_change_of_the_text_tells_its_paragraphs_and_counts_its_words():
    change = compare_versions(article(), article(text="It rained.\nThe dam broke at noon.\nNobody was hurt."))
    assert change.fields == ("text",)
    assert change.removed == ("The dam leaks.",)
    assert change.added == ("The dam broke at noon.", "Nobody was hurt.")
    assert (change.words_added, change.words_removed) == (6, 1)
    assert change.summary() == "text +6 -1 words"


def test_white_space_pictures_and_tags_are_no_change():
    assert (
        compare_versions(article(), article(text=" It  rained. \nThe dam\u00a0leaks.", image="b.jpg", tags=("x",)))
        is None
    )


def test_authors_and_standfirst_count():
    assert compare_versions(article(), article(authors=("Ana",), standfirst="So")).summary() == "standfirst, authors"


@given(st.text(), st.text())
def test_a_change_is_found_just_where_the_words_differ(one, other):
    change = compare_versions(article(text=one), article(text=other))
    assert (change is None) == (" ".join(one.split()) == " ".join(other.split()))
