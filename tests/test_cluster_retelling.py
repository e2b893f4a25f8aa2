"""Which story tells in other languages what an article tells."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cluster import ArticleToAssign, decide
from pipeline.cluster.assignment import decode_story
from pipeline.cluster.retelling import (
    LEAST_LEAD,
    NEAREST,
    ToldStory,
    Voter,
    VoterWindow,
    anchor_weight,
    choose_told,
    fill_window,
    find_told_story,
    rate_pair,
)
from pipeline.cluster.summarise import rebuild_story
from pipeline.count_min import hash_words
from pipeline.dense_vectors import DIMENSIONS, pack_dense
from pipeline.records import Article, Copy, Placed
from pipeline.settings import ClusterSettings
from pipeline.store import Store

SETTINGS = ClusterSettings()
AT = dt.datetime(2026, 10, 5, 8, tzinfo=dt.UTC)


def vector(seed: int, near: int | None = None, share: float = 0.0) -> bytes:
    """Return the vector of an event; with ``near`` it is that event's for ``share`` of its length."""
    own = np.random.default_rng(seed).normal(size=DIMENSIONS)
    if near is not None:
        own = own * np.sqrt(1 - share**2) + np.random.default_rng(near).normal(size=DIMENSIONS) * share
    return pack_dense(own.astype(np.float32))


def voter(group: str, language: str, packed: bytes, anchors=(), day: float = 20_000.0) -> Voter:
    hashes = np.unique(hash_words(anchors)).astype("<u4").tobytes()
    return Voter(group=group, seq=int(group), day=day, language=language, vector=packed, anchors=hashes)


def told(newcomer: Voter, *known: Voter) -> ToldStory | None:
    return ask(newcomer, fill_window(known), lambda group: f"s{group}")


def ask(newcomer: Voter, window: VoterWindow, story_of) -> ToldStory | None:
    nearest = window.find_nearest(newcomer, NEAREST, SETTINGS.window_days)
    return find_told_story(newcomer, nearest, window, story_of, SETTINGS)


def test_a_retelling_leads_to_its_story():
    found = told(voter("9", "de", vector(50, 1, 0.8)), voter("1", "en", vector(1)), voter("2", "en", vector(2)))
    assert found is not None
    assert found.story == "s1"


def test_articles_of_the_same_language_are_left_to_their_words():
    assert told(voter("9", "en", vector(1)), voter("1", "en", vector(1))) is None


def test_of_two_stories_that_are_as_near_neither_is_taken():
    assert told(voter("9", "de", vector(1)), voter("1", "en", vector(1)), voter("2", "fr", vector(1))) is None


def test_names_and_numbers_decide_where_vectors_are_in_doubt():
    newcomer = voter("9", "de", vector(50, 1, 0.45), ["n 6.8", "w iquique", "n 40000"])
    assert told(newcomer, voter("1", "en", vector(1))) is None
    assert told(newcomer, voter("1", "en", vector(1), ["n 6.8", "w iquique", "n 40000"])) is not None


def test_what_every_article_has_says_nothing():
    known = [voter(str(n), "en", vector(n), ["n 2026"]) for n in range(1, 400)]
    assert anchor_weight(399, 399) == 0
    assert told(voter("999", "de", vector(500, 1, 0.45), ["n 2026"]), *known) is None


def test_a_retelling_comes_within_days():
    newcomer = voter("9", "de", vector(50, 1, 0.8))
    assert told(newcomer, voter("1", "en", vector(1), day=19_992.0)) is None


def test_a_story_that_is_forgotten_is_not_led_to():
    window = fill_window([voter("1", "en", vector(1))])
    assert ask(voter("9", "de", vector(1)), window, lambda _: None) is None


def test_a_story_that_holds_something_else_is_not_told_on_by_it():
    quake = [voter(str(n), "en", vector(n, 100, 0.95))._replace(seq=1) for n in (1, 2, 3)]
    slipped_in = voter("4", "en", vector(200))._replace(seq=1)
    window = fill_window([*quake, slipped_in])
    assert ask(voter("9", "de", vector(200)), window, lambda _: "s1") is None
    assert ask(voter("9", "de", vector(100)), window, lambda _: "s1") is not None


def test_what_is_added_to_a_window_is_its_own():
    kept = fill_window([voter("1", "en", vector(1))])
    window = VoterWindow(kept)
    window.add(voter("2", "fr", vector(2)))
    assert (len(window), len(kept), window.languages()) == (2, 1, {"en", "fr"})
    nearest = window.find_nearest(voter("9", "de", vector(2)), 5, 14)
    assert [found.group for _, found in nearest] == ["2", "1"]


pairs = st.tuples(st.integers(0, 2**20), st.floats(0, 20), st.lists(st.sampled_from("abcdef")))


@given(pairs, pairs, st.floats(-1, 1), st.integers(0, 500))
def test_a_pair_is_rated_alike_in_both_orders(one, other, cosine, holders):
    first, second = (
        voter(str(n), language, vector(n), anchors, day=20_000 + day)
        for (n, day, anchors), language in ((one, "en"), (other, "de"))
    )
    rate = rate_pair(first, second, cosine, lambda _: holders, 500, 3.0)
    assert rate == rate_pair(second, first, cosine, lambda _: holders, 500, 3.0)
    assert rate <= 1
    nearer = rate_pair(first, second._replace(day=first.day), cosine, lambda _: holders, 500, 3.0)
    assert rate <= max(nearer, 0)


@given(st.lists(st.floats(0, 1), max_size=6), st.floats(0, 1))
def test_what_is_chosen_reaches_the_threshold_and_leads(scores, threshold):
    stories = [ToldStory(str(n), score, n) for n, score in enumerate(scores)]
    chosen = choose_told(stories, threshold)
    assert chosen == choose_told(stories[::-1], threshold)
    if chosen:
        others = [told.score for told in stories if told is not chosen]
        assert chosen.score >= threshold
        assert all(chosen.score - score >= LEAST_LEAD for score in others)


# With a ledger -------------------------------------------------------------------------------------------------------

ENGLISH = "A magnitude 6.8 earthquake struck off northern Chile before dawn, cutting power to 40,000 homes in Iquique."
GERMAN = "Vor der Küste Nordchiles hat die Erde gebebt. Für rund 40.000 Haushalte fiel der Strom aus."
LATER = "Nach dem Beben vor der Küste Nordchiles haben die meisten Haushalte wieder Strom, teilte die Regierung mit."
MATCH = "Ein spätes Tor brachte den Gästen im ausverkauften Stadion den Sieg gegen den Tabellenführer."


@pytest.fixture
def store(tmp_path):
    opened = Store(f"sqlite:///{tmp_path}/ledger.db")
    yield opened
    opened.close()


def arrival(seq: int, language: str, text: str, packed: bytes | None = None) -> ArticleToAssign:
    at = AT + dt.timedelta(hours=seq)
    article = Article(id=f"a{seq}", language=language, text=text, published=at)
    return ArticleToAssign(
        seq=seq, first_seen=at, article=article, copy=Copy(id=f"a{seq}", group=f"a{seq}"), vector=packed
    )


def place(store, *batches, vectorise=None):
    placements = []
    for batch in batches:
        memory = store.story_index(SETTINGS)
        placements += decide(batch, memory, SETTINGS, vectorise=vectorise)
        with store.write() as connection:
            memory.flush(connection)
    return placements


def test_a_story_is_told_on_in_the_language_that_joined_it(store):
    told_in = [
        [arrival(1, "en", ENGLISH, vector(1)), arrival(2, "de", MATCH, vector(7))],
        [arrival(3, "de", GERMAN, vector(50, 1, 0.8))],
        [arrival(4, "de", LATER)],
    ]
    placements = place(store, *told_in)
    assert [placement.story for placement in placements] == ["sa1", "sa2", "sa1", "sa1"]
    assert [placement.how for placement in placements] == [Placed.OPENED, Placed.OPENED, Placed.RETOLD, Placed.JOINED]
    parts = decode_story(store.story_index(SETTINGS).get_story(1)).parts
    assert [(part.language, part.votes) for part in parts] == [("", 1), ("de", 2)]


def test_a_weak_likeness_by_words_is_not_enough_where_other_languages_disagree(store):
    english = "The central bank of Norland cut its rate by half a point on Monday because prices rise more slowly."
    german = "Die Notenbank von Norland hat den Leitzins am Montag um einen halben Punkt gesenkt."
    other = "The central bank of Sudria surprised with a cut of two points; its currency fell to a low on Tuesday."
    told_in = [arrival(1, "en", english, vector(1)), arrival(2, "de", german, vector(50, 1, 0.8))]
    place(store, told_in)
    weak = ClusterSettings(threshold=0.001)
    memory = store.story_index(weak)
    (joined,) = decide([arrival(3, "en", other, vector(1))], memory, weak)
    assert (joined.story, joined.how) == ("sa1", Placed.JOINED)
    weak = ClusterSettings(threshold=joined.score)
    for packed, expected in ((vector(1), "sa1"), (vector(9), "sa3")):
        (placement,) = decide([arrival(3, "en", other, packed)], store.story_index(weak), weak)
        assert placement.story == expected


def test_where_batches_end_changes_nothing(store, tmp_path):
    arrivals = [arrival(1, "en", ENGLISH, vector(1)), arrival(2, "de", GERMAN, vector(50, 1, 0.8))]
    whole = place(store, arrivals)
    other = Store(f"sqlite:///{tmp_path}/other.db")
    assert place(other, *([each] for each in arrivals)) == whole
    other.close()


def test_only_what_would_open_a_story_gets_a_vector_that_it_lacks(store):
    asked = []
    again = f"{GERMAN} Verletzt wurde niemand."
    arrivals = [arrival(1, "de", GERMAN), arrival(2, "de", again), arrival(3, "de", MATCH)]
    place(store, arrivals, vectorise=lambda article: asked.append(article.id) or vector(len(asked)))
    assert asked == ["a1", "a3"]


def test_a_story_that_is_rebuilt_keeps_its_languages(store):
    arrivals = [arrival(1, "en", ENGLISH, vector(1)), arrival(2, "de", GERMAN, vector(50, 1, 0.8))]
    place(store, arrivals)
    memory = store.story_index(SETTINGS)
    memory.delete_story(1)
    summary = rebuild_story("sa1", arrivals, memory)
    with store.write() as connection:
        memory.flush(connection)
    assert summary.ranked_languages() == ("de", "en")
    assert [part.votes for part in decode_story(store.story_index(SETTINGS).get_story(1)).parts] == [1, 1]
    (later,) = place(store, [arrival(3, "de", LATER)])
    assert later.story == "sa1"


def test_languages_are_counted_by_day(store):
    place(store, [arrival(1, "en", ENGLISH), arrival(2, "de", GERMAN)], [arrival(3, "de", MATCH)])
    with store.read() as connection:
        assert store.count_languages(connection, AT, SETTINGS) == {"en": 1, "de": 2}
        assert not store.count_languages(connection, AT + dt.timedelta(days=30), SETTINGS)
