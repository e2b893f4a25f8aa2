"""Facts about which stated addresses are believed, and which articles are one."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stated_addresses import ArticleFacts, Belief, are_same, judge_canonical, leads_elsewhere, shared_text

OWN = "https://courier.example/p/1"
STATED = "https://courier.example/news/bridge-to-close-in-january"
DAY = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
TEXT = (
    "The harbour authority said on Tuesday that the old swing bridge would close for eleven weeks.\n"
    "Residents on the eastern quay fear that the detour will keep customers away from their shops.\n"
    "The council leader told a packed meeting in the fish market that the work could not wait."
)
OTHER = (
    "Sea water poured into the streets of three towns overnight as the storm reached the coast.\n"
    "Firefighters rescued forty people from a camping site near the mouth of the river."
)


def facts(name="a", title="Old swing bridge to close for weeks", text=TEXT, **more):
    return ArticleFacts(name, title, text=text, published=DAY, **more)


BRIDGE, STORM = facts(), facts("b", "Storm floods three coastal towns", OTHER)


def judge(stated=STATED, rivals=(), shared=False, own=OWN, article=BRIDGE):
    return judge_canonical(stated, [own], article, rivals, shared=shared)


def test_an_address_that_nobody_else_has_is_taken():
    assert judge().belief is Belief.TAKE


@pytest.mark.parametrize("address", ["news/", "article.php", "en/", "sport/football", "2026/11/20/"])
def test_the_address_of_a_section_or_a_script_is_refused_and_named(address):
    verdict = judge(f"https://courier.example/{address}")
    assert (verdict.belief, verdict.why.startswith("it is ")) == (Belief.REFUSE, True)


def test_an_address_that_differs_from_the_own_one_only_in_its_form_is_taken_whatever_it_looks_like():
    assert judge("https://courier.example/bridge", own="https://courier.example/bridge/amp").belief is Belief.TAKE
    assert (
        judge("https://courier.example/news/bridge", own="https://m.courier.example/news/bridge").belief is Belief.TAKE
    )


def test_an_address_that_different_articles_state_is_refused():
    assert judge(shared=True).belief is Belief.REFUSE
    assert judge(rivals=[STORM]) == (Belief.REFUSE, "b", "article b has it too, with another headline or text")


def test_an_article_with_the_same_text_is_joined_under_another_headline_too():
    assert judge(rivals=[facts("b")]) == (Belief.JOIN, "b", "")
    assert judge(rivals=[facts("b", "Eleven weeks without a crossing")]).belief is Belief.JOIN
    assert judge(rivals=[STORM, facts("c")]).article == "c"


def test_at_a_sections_address_the_headline_has_to_be_the_same_too():
    section = "https://courier.example/news/"
    assert judge(section, [facts("b")]).belief is Belief.JOIN
    assert judge(section, [facts("b", "Eleven weeks without a crossing")]).belief is Belief.REFUSE


def test_an_article_that_is_not_read_yet_is_waited_for():
    assert judge(rivals=[ArticleFacts("b", feed_title="Anything else")]).belief is Belief.WAIT


def test_one_form_filled_with_other_names_is_two_articles():
    filled = facts("b", "Old drawbridge to close for weeks", TEXT.replace("eleven", "three").replace("fish", "corn"))
    assert not are_same(BRIDGE, filled)


QUAKE = (
    "An earthquake struck near {} on Sunday, the geological survey said in its first report.\n"
    "There were no immediate reports of damage or casualties from the towns of the region.\n"
    "The survey revises its figures as more data of its stations come in during the day."
)


@pytest.mark.parametrize(
    ("title", "places", "form"),
    [
        ("Magnitude 4.1 earthquake strikes near {}", ("Millgate", "Eastquay"), QUAKE),
        ("Erdbeben der Stärke 4,1 erschüttert Region um {}", ("Freiburg", "Konstanz"), QUAKE),
        ("{}で震度4の地震がありました", ("横浜市", "神戸市"), QUAKE),
    ],
)
def test_a_form_that_is_filled_anew_in_headline_and_text_is_two_articles(title, places, form):
    one, another = (facts(place, title.format(place), form.format(place)) for place in places)
    assert not are_same(one, another)
    assert judge(rivals=[another], article=one).belief is Belief.REFUSE
    assert judge(rivals=[another._replace(text=None)], article=one).belief is Belief.WAIT


def test_a_word_that_an_editor_exchanged_in_the_headline_alone_changes_nothing():
    cut = facts("b", "Old swing bridge to shut for weeks", TEXT.rpartition("\n")[0] + "\nRead more in the paper.")
    assert are_same(BRIDGE, cut)
    assert judge(rivals=[cut]).belief is Belief.JOIN


def test_a_page_that_was_updated_or_cut_is_the_same_article_under_its_headline():
    assert are_same(BRIDGE, facts("b", text="\n".join(TEXT.splitlines()[:2])))
    assert are_same(BRIDGE, facts("b", text=TEXT + "\nA ferry will run every twelve minutes, the council said later."))


def test_columns_of_one_headline_are_two_articles_by_their_day_or_text():
    assert not are_same(BRIDGE, facts("b", text=OTHER))
    later = facts("b", text="\n".join(TEXT.splitlines()[:2]) + "\n" + OTHER)
    assert are_same(BRIDGE, later)
    assert not are_same(BRIDGE, later._replace(published=DAY + dt.timedelta(days=7)))


def test_where_the_feed_gave_the_text_or_there_is_hardly_any_the_headlines_decide():
    assert are_same(BRIDGE, facts("b", text="A summary.", from_feed=True))
    assert are_same(BRIDGE, facts("b", text="Hardly any text."))
    assert not are_same(BRIDGE, facts("b", "Storm floods three towns", text="Hardly any text."))


def elsewhere(answered, title, text=TEXT, *, announced="Old swing bridge to close for weeks", is_listed=False):
    return leads_elsewhere(OWN, answered, ArticleFacts("a", title, announced, text), is_listed=is_listed)


def test_a_redirect_to_the_article_leads_there():
    assert elsewhere(STATED, "Old swing bridge to close for weeks") is None
    assert elsewhere(STATED, "Eleven weeks without a crossing") is None
    assert elsewhere("https://courier.example/news/", "Old swing bridge to close for weeks") is None
    assert elsewhere(f"{OWN}/amp", "Hello", OTHER) is None


def test_a_redirect_to_a_section_or_to_a_page_about_something_else_does_not():
    assert "a section's address: News" in elsewhere("https://courier.example/news/", "News")
    assert "says nothing of what the feed announces" in elsewhere(STATED, "Welcome, dear reader", OTHER)
    assert elsewhere(STATED, "Welcome, dear reader", OTHER, is_listed=True) is None
    assert elsewhere(STATED, "Welcome, dear reader", OTHER, announced=None) is None


def test_shared_text_is_told_sentence_by_sentence():
    assert shared_text(TEXT, TEXT) == 1.0
    assert shared_text(TEXT, OTHER) == 0.0
    assert shared_text("Short.", TEXT) is None
    assert (
        shared_text("停電は午後六時に復旧した。" * 20, "停電は午後六時に復旧した。" * 20) is None
    )  # no sentence tells


@given(st.text(max_size=300), st.text(max_size=300))
def test_being_the_same_is_mutual_and_every_article_is_the_same_as_itself(left, right):
    one, other = facts("a", text=left), facts("b", "Another headline here", right)
    assert are_same(one, other) == are_same(other, one)
    assert are_same(one, facts("c", text=left))
