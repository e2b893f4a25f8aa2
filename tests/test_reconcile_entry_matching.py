"""One article is one article, whatever its feed calls it."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline.reconcile.entry_matching import entry_has_changed, match_keys
from pipeline.records import Entry, Stage
from pipeline.urls import host_or_nothing
from tests.helpers.newsstand import WORDS, newsstand, page
from tests.helpers.support import NOW
from tests.helpers.transactions import ask


@pytest.fixture
def stand(tmp_path):
    with newsstand(tmp_path) as made:
        made.item("/a", "Bridge to be mended", guid="1")
        made.site.page("/a", page("Bridge to be mended"))
        made.run()
        yield made


def count(stand):
    return len(ask(stand.context.store).ledger.indexed_page(0, None, 99))


def test_another_headline_in_the_feed_is_a_look_at_the_page_and_no_new_article(stand):
    stand.item("/a", "Bridge to be torn down", guid="1")
    stand.site.page("/a", page("Bridge to be torn down"))
    report = stand.run(5)
    assert (report[Stage.POLL].notes["new"], report[Stage.POLL].notes["changed"]) == (0, 1)
    assert (stand.document("/a").version, stand.document("/a").title) == (2, "Bridge to be torn down")


def test_a_feed_that_says_otherwise_than_the_page_is_heard_once(stand):
    stand.item("/a", "Only the feed says so", guid="1")
    looks = [stand.run(20)[Stage.POLL].notes["changed"] for _ in range(3)]
    assert looks == [1, 0, 0]
    assert stand.document("/a").version == 1


def test_new_guids_at_every_poll_change_nothing(stand):
    for number in range(3):
        stand.item("/a", "Bridge to be mended", guid=f"churn-{number}")
        notes = stand.run(5)[Stage.POLL].notes
        assert notes["new"] == notes["changed"] == 0


def test_an_address_with_a_new_session_at_every_poll_is_one_article(stand):
    stand.unlist("/a")
    for number in range(3):
        stand.items.clear()
        stand.item(f"/a?session={number}", "Bridge to be mended", guid=f"churn-{number}")
        assert stand.run(5)[Stage.POLL].notes["new"] == 0
    assert count(stand) == 1


def test_an_article_that_moved_is_followed_to_its_new_address(stand):
    stand.unlist("/a")
    stand.item("/2026/a", "Bridge to be torn down", guid="1")
    stand.site.page("/a", status=404)
    stand.site.page("/2026/a", page("Bridge to be torn down", WORDS + "\nIt was too old."))
    report = stand.run(5)
    assert report[Stage.POLL].notes["new"] == 0
    assert stand.find("/a").id == stand.find("/2026/a").id
    assert (count(stand), stand.document("/a").version) == (1, 2)
    assert stand.document("/a").url == stand.site.url("/2026/a")


def test_one_guid_for_all_items_does_not_make_them_one_article(stand):
    stand.item("/b", "Harvest was good this year", guid="1", minutes=7)
    stand.site.page("/b", page("Harvest was good this year", "Quite different words stand here, many of them. " * 3))
    assert stand.run(5)[Stage.POLL].notes["new"] == 1
    stand.unlist("/a")
    stand.item("/c", "Museum opens on Sunday", guid="1", minutes=9)
    stand.site.page("/c", page("Museum opens on Sunday", "The museum opens its doors on Sunday at ten. " * 3))
    assert stand.run(5)[Stage.POLL].notes["new"] == 1
    assert count(stand) == 3
    for order in (["/b", "/c"], ["/c", "/b"]):
        stand.items = {path: stand.items[path] for path in order}
        stand._publish()
        notes = stand.run(5)[Stage.POLL].notes
        assert notes["new"] == notes["changed"] == 0


def test_one_article_under_two_sections_of_one_feed_is_one(stand):
    for path in ("/sport/x", "/news/x"):
        stand.item(path, "Rovers win the cup", minutes=3)
        stand.site.page(path, page("Rovers win the cup", "The Rovers won the cup on Saturday at home. " * 3))
    assert stand.run(5)[Stage.POLL].notes["new"] == 1
    assert stand.find("/sport/x").id == stand.find("/news/x").id


def test_one_address_twice_in_one_round_is_one_article(stand):
    for path in ("/x", "/x?utm_source=rss", "/x/"):
        stand.item(path, "Rovers win the cup", minutes=3)
    stand.site.page("/x", page("Rovers win the cup", "The Rovers won the cup on Saturday at home. " * 3))
    assert stand.run(5)[Stage.POLL].notes["new"] == 1
    assert stand.document("/x").title == "Rovers win the cup"


def test_the_same_headline_at_another_time_is_another_article(stand):
    for path, minutes in (("/w1", 1), ("/w2", 2)):
        stand.item(path, "The weather for tomorrow", minutes=minutes)
        stand.site.page(path, page("The weather for tomorrow", f"Rain number {minutes} will fall in the hills. " * 4))
    assert stand.run(5)[Stage.POLL].notes["new"] == 2


def test_a_feed_with_the_time_of_day_in_it_is_heard_four_times_an_hour(stand):
    for minute in range(1, 31):
        more = f"<atom:updated xmlns:atom='http://www.w3.org/2005/Atom'>2026-11-20T13:{minute:02}:00Z</atom:updated>"
        stand.item("/a", "Bridge to be mended", guid="1", more=more)
        stand.run(1)
    assert len(stand.asked("/a")) <= 1 + 3 + 1  # the first, three announced, one by the rule


def poll(stand, minutes=1.0):
    """Let time pass and poll the feed; return how many pages are looked at because of what it says."""
    ask(stand.context.store).feeds.make_due(stand.now + dt.timedelta(minutes=minutes))
    return stand.run_stages([Stage.POLL], minutes)[Stage.POLL].notes["changed"]


def announce(stand, path, title):
    stand.item(path, title, guid=f"of {path}")
    stand.site.page(path, page(title, f"{title}, said the council of the valley. {WORDS}"))


def lease(stand, path, stage):
    """Have a worker take the article that waits for ``stage``; return it."""
    ledger, host = ask(stand.context.store).ledger, host_or_nothing(stand.site.url(path))
    if stage is Stage.FETCH:
        (article,) = ledger.claim_pages({host: 1}, stand.now, seconds=3600)[host]
    else:
        (article,) = ledger.claim(stage, stand.now, limit=1, seconds=3600)
    return article


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.POLL])
def test_what_changes_while_a_worker_has_the_article_is_not_missed(stand, stage):
    announce(stand, "/b", "Harvest was good this year")
    poll(stand)
    stand.run_stages(list(Stage)[1 : list(Stage).index(stage)])
    article = lease(stand, "/b", stage)
    announce(stand, "/b", "Harvest was bad after all")
    poll(stand)
    ask(stand.context.store).ledger.release([article])
    stand.run(1)
    stand.run(1)
    assert stand.document("/b").title == "Harvest was bad after all"


def test_a_feed_that_changes_an_entry_at_every_poll_does_not_take_it_from_its_workers_for_ever(stand):
    announce(stand, "/b", "Harvest of minute 0")
    poll(stand)
    lost = 0
    for minute in range(1, 31):
        lease(stand, "/b", Stage.FETCH)
        announce(stand, "/b", f"Harvest of minute {minute}")
        poll(stand)
        article = stand.find("/b")
        lost += not article.leased
        ask(stand.context.store).ledger.release([article])
    assert lost == 2  # one in a quarter of an hour
    stand.run(1)
    stand.run(15)
    assert stand.document("/b").title == "Harvest of minute 30"
    assert stand.find("/b").stage is None


def test_a_page_that_was_not_there_is_fetched_again_when_its_feed_changes_and_not_at_every_poll(stand):
    stand.item("/b", "Harvest of minute 0", guid="of /b")
    stand.site.page("/b", status=404)
    for minute in range(1, 31):
        stand.run(1)
        stand.item("/b", f"Harvest of minute {minute}", guid="of /b")
    assert 3 <= len(stand.asked("/b")) <= 4
    announce(stand, "/b", "Harvest was good this year")
    stand.run(1)
    stand.run(15)
    assert stand.document("/b").title == "Harvest was good this year"


def entry(**more):
    plain = {"id": "a", "url": "https://a.example/1", "source": "Outlet", "first_seen": NOW, "feed": "f", "title": "T"}
    return Entry(**{**plain, **more})


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        ({}, False),
        ({"title": "U"}, True),
        ({"title": None}, False),
        ({"updated": NOW}, True),
        ({"title": "U", "feed": "g"}, False),
        ({"title": "U", "url": "https://a.example/2"}, False),
        ({"title": "U", "url": "http://www.a.example/1?utm_source=x"}, True),
    ],
)
def test_only_the_same_feeds_word_on_the_same_address_says_that_an_article_changed(after, changed):
    assert entry_has_changed(entry(), entry(**after)) is changed


def test_a_guid_that_is_an_address_and_a_short_headline_are_no_signs():
    assert match_keys(entry(guid="https://a.example/1", title="Letters today", published=NOW)) == ()
    assert len(match_keys(entry(guid="tag:1", title="Three telling words", published=NOW))) == 2
