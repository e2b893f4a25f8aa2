"""What a story is called, and whom it is about."""

from __future__ import annotations

import datetime as dt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cluster import story_summary
from pipeline.cluster.story_summary import (
    FIRST_TITLES,
    KEPT_NAMES,
    LATEST_TITLES,
    SHOWN_NAMES,
    MemberTitle,
    StorySummary,
    choose_title,
    extend_time_span,
    name_rarities,
)
from pipeline.cluster.terms import counter_keys
from pipeline.count_min import CountMinSketch, hash_words
from pipeline.records import Article, Entity, EntityType, Names
from tests.helpers.copies import AT


def names(*entities):
    return Names(id="a", entities=tuple(Entity(id=name.lower(), name=name, type=kind) for name, kind in entities))


def add_vote(card, article, named, frequencies):
    return story_summary.add_vote(card, article, named, name_rarities(article, named, frequencies))


def told(*titles, language="en"):
    card = StorySummary()
    for n, title in enumerate(titles):
        article = Article(id=f"a{n}", title=title, text="x", language=language)
        card = extend_time_span(add_vote(card, article, None, CountMinSketch()), AT + dt.timedelta(hours=n))
    return card


def test_a_story_is_called_what_most_of_its_articles_are_called():
    card = told(
        "Three rescued after night in the fog",
        "Ferry Lysander runs aground off Brackholm",
        "Ferry aground off Brackholm",
    )
    assert card.title == "Ferry Lysander runs aground off Brackholm"


def test_a_title_that_says_nothing_is_not_chosen():
    assert told("Analysis", "Analysis", "Ferry runs aground off Brackholm").title == "Ferry runs aground off Brackholm"


def test_the_grammar_that_japanese_titles_share_says_nothing():
    titles = ["港の沖で船が座礁した", "フェリーはくちょうが座礁", "「長い音がした」と話した乗客"]
    assert choose_title([MemberTitle(article, text, "ja") for article, text in zip("abc", titles, strict=True)]) == "b"


def test_the_title_stays_while_another_one_is_hardly_better():
    titles = [
        MemberTitle("a", "Ferry aground off Brackholm"),
        MemberTitle("b", "Ferry runs aground off Brackholm harbour"),
    ]
    assert choose_title(titles, "b") == "b"
    assert choose_title(titles, "a") == "a"


def test_titles_in_the_language_of_most_articles_are_preferred():
    titles = [MemberTitle("a", "Fähre Lysander vor Brackholm gestrandet", "de")]
    titles += [
        MemberTitle("b", "Lysander stuck off Brackholm", "en"),
        MemberTitle("c", "What we know of the grounding", "en"),
    ]
    assert choose_title(titles) in {"b", "c"}


def test_a_story_without_titles_is_called_by_how_a_text_begins():
    assert told(None, None).title == "x"


def test_a_title_is_preferred_to_how_a_text_begins():
    long = Article(id="a9", text="Ferry Lysander runs aground off Brackholm " * 9)
    assert (
        add_vote(told("Three rescued off Brackholm"), long, None, CountMinSketch()).title
        == "Three rescued off Brackholm"
    )
    assert (
        add_vote(StorySummary(), long, None, CountMinSketch()).title
        == "Ferry Lysander runs aground off Brackholm Ferry Lysander runs aground off …"
    )


def count(term, language, frequencies):
    """Count one document that holds the term."""
    spoken = hash_words([language])
    frequencies.add_document(np.append(counter_keys(hash_words([term]), spoken), spoken))


def test_it_is_about_those_whom_several_articles_name_and_others_seldom():
    frequencies = CountMinSketch()
    for _ in range(50):  # all the news names the country
        count("norland", "en", frequencies)
    card = StorySummary()
    for n, one in enumerate(("Skerry Line", "Ida Renwick", "Skerry Line")):
        named = names((one, EntityType.ORG), ("Norland", EntityType.PLACE), ("Norlanders", EntityType.GROUP))
        card = add_vote(card, Article(id=f"a{n}", text="x", language="en"), named, frequencies)
    assert card.key_names() == ("Skerry Line", "Norland")


def test_who_enters_a_story_late_is_found_in_it():
    card = StorySummary()
    for n in range(9):
        many = [(f"Bystander {n}-{i}", EntityType.PERSON) for i in range(KEPT_NAMES)]
        late = [("Ida Renwick", EntityType.PERSON)] if n > 5 else []
        card = add_vote(card, Article(id=f"a{n}", text="x"), names(*many, *late), CountMinSketch())
    assert card.key_names() == ("Ida Renwick",)


def test_a_single_article_says_whom_its_story_is_about():
    card = add_vote(StorySummary(), Article(id="a", text="x"), names(("Skerry Line", EntityType.ORG)), CountMinSketch())
    assert card.key_names() == ("Skerry Line",)


def test_a_name_of_the_headline_comes_before_rarer_ones_that_are_mentioned():
    named = Names(
        id="a",
        entities=(
            Entity(id="r", name="Ida Renwick", type=EntityType.PERSON, salience=1.0),
            Entity(id="q", name="Quay Street", type=EntityType.PLACE, salience=0.1),
        ),
    )
    frequencies = CountMinSketch()
    for _ in range(3):
        count("r", "", frequencies)
    assert add_vote(StorySummary(), Article(id="a", text="x"), named, frequencies).key_names() == (
        "Ida Renwick",
        "Quay Street",
    )


def test_its_span_is_that_of_all_members():
    card = told("Ferry", "Ferry", "Ferry")
    assert (card.first, card.last, card.votes) == (AT, AT + dt.timedelta(hours=2), 3)


@given(st.lists(st.tuples(st.text(max_size=20), st.text(min_size=1, max_size=5)), min_size=1, max_size=60))
def test_a_card_stays_small_and_its_title_is_one_of_a_member(given_):
    card = StorySummary()
    for n, (title, name) in enumerate(given_):
        article = Article(id=f"a{n}", title=title or None, text="x")
        card = add_vote(card, article, names((name, EntityType.ORG), (f"{n}", EntityType.PERSON)), CountMinSketch())
    assert len(card.titles) <= FIRST_TITLES + LATEST_TITLES + 1
    assert len(card.names) <= KEPT_NAMES
    assert len(card.key_names()) <= SHOWN_NAMES
    assert card.title in {" ".join(title.split()) or "x" for title, _ in given_}


def told_in(*articles):
    card = StorySummary()
    for n, (language, title) in enumerate(articles):
        article = Article(id=f"a{n}", title=title, text="x", language=language)
        card = add_vote(card, article, None, CountMinSketch())
    return card


def test_a_story_in_several_languages_has_a_title_in_each():
    card = told_in(
        ("en", "Ferry runs aground off Brackholm"), ("de", "Fähre läuft auf Grund"), ("de", "Fähre auf Grund")
    )
    assert card.ranked_languages() == ("de", "en")
    assert {title.language: title.title for title in card.titles_by_language()} == {
        "de": "Fähre läuft auf Grund",
        "en": "Ferry runs aground off Brackholm",
    }


def test_a_story_in_one_language_has_no_further_titles():
    card = told_in(("en", "Ferry runs aground"), ("", "Ferry aground"))
    assert (card.ranked_languages(), card.titles_by_language()) == (("en",), ())


def test_the_title_of_a_language_stays_however_many_come_in_others():
    many = [("en", f"Ferry runs aground, day {n}") for n in range(FIRST_TITLES + 1)]
    later = [("en", f"Divers look at the ferry, day {n}") for n in range(3 * LATEST_TITLES)]
    card = told_in(*many, ("de", "Fähre läuft auf Grund"), *later)
    assert [title.title for title in card.titles_by_language() if title.language == "de"] == ["Fähre läuft auf Grund"]
    assert card.languages == {"en": len(many) + len(later), "de": 1}
    assert len(card.titles) <= FIRST_TITLES + LATEST_TITLES + 2
