"""Pages are looked at again: changes become versions, what is gone is marked, what is the same changes nothing."""

from __future__ import annotations

import pytest

from pipeline.editorial.explain import explain_name
from pipeline.records import Outcome, Page, Reason, Stage
from tests.helpers.newsstand import WORDS, newsstand, page
from tests.helpers.transactions import ask

HOUR, DAY = 60, 24 * 60


@pytest.fixture
def stand(tmp_path):
    with newsstand(tmp_path) as made:
        made.item("/a", "Bridge to be mended")
        made.site.page("/a", page("Bridge to be mended"), ETag='"1"')
        made.run()
        yield made


def test_a_page_is_asked_for_after_an_hour_a_day_and_a_week(stand):
    times = []
    for minutes in (30, 31, DAY, DAY, 6 * DAY, 30 * DAY):
        before = len(stand.asked("/a"))
        stand.run(minutes, poll=False)
        times.append(len(stand.asked("/a")) - before)
    assert times == [0, 1, 1, 0, 1, 0]
    conditions = [request.headers.get("If-None-Match") for request in stand.asked("/a")]
    assert conditions == [None, '"1"', '"1"', None]  # the last one unconditionally: some servers say 304 for ever


def test_the_same_page_is_no_new_version_and_is_not_indexed_again(stand):
    revision = stand.document("/a").revision
    report = stand.run(61, poll=False)
    assert report[Stage.FETCH].counts_by_reason(Outcome.DROPPED) == {Reason.NOT_MODIFIED: 1}
    assert report[Stage.INDEX].taken == 0
    assert (stand.find("/a").version, stand.find("/a").stage) == (1, None)
    assert stand.document("/a").revision == revision


def test_other_bytes_around_the_same_words_are_no_new_version_and_are_not_kept(stand):
    stand.site.page("/a", page("Bridge to be mended", head="<meta name=generator content=new>"))
    report = stand.run(61, poll=False)
    assert report[Stage.EXTRACT].counts_by_reason(Outcome.DROPPED) == {Reason.NOT_MODIFIED: 1}
    assert stand.find("/a").version == 1
    assert len(list((stand.context.environment.home / "archive").rglob("*.zst"))) == 1


def test_a_change_is_the_next_version_and_both_are_told(stand):
    stand.site.page("/a", page("Bridge to be torn down", WORDS + "\nThe mayor regretted it."))
    stand.run(61, poll=False)
    document = stand.document("/a")
    assert (document.version, document.title) == (2, "Bridge to be torn down")
    assert document.revised == stand.now
    one, two = explain_name(stand.context, document.id).versions
    assert (one.version, one.title, one.change) == (1, "Bridge to be mended", None)
    assert (two.version, two.at, two.change.old_title) == (2, stand.now, "Bridge to be mended")
    assert two.change.added == ("The mayor regretted it.",)
    assert stand.context.index.count() == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_stays_in_the_index_and_is_marked(stand, status):
    stand.site.page("/a", status=status)
    stand.run(61, poll=False)
    document = stand.document("/a")
    assert (document.gone, document.version, document.title) == (stand.now, 1, "Bridge to be mended")
    assert explain_name(stand.context, document.id).visit.gone == stand.now


def test_a_page_that_comes_back_is_marked_no_more(stand):
    stand.site.page("/a", status=404)
    stand.run(61, poll=False)
    stand.site.page("/a", page("Bridge to be mended"))
    stand.run(61, poll=False)
    assert stand.document("/a").gone is None


def test_a_page_that_now_leads_to_the_home_page_is_gone(stand):
    stand.site.page("/a", status=302, Location="/")
    stand.site.page("/", page("Home"))
    stand.run(61, poll=False)
    assert stand.document("/a").gone == stand.now


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_page_that_is_refused_at_a_later_visit_leaves_the_article_as_it_was(tmp_path, status):
    with newsstand(tmp_path) as stand:
        stand.item("/a", "Bridge to be mended", more="<description>The council met, the feed says.</description>")
        stand.site.page("/a", page("Bridge to be mended"))
        stand.run()
        before = stand.document("/a")
        stand.site.page("/a", status=status)
        stand.run(61, poll=False)
        assert stand.document("/a") == before
        assert ask(stand.context.store).ledger.list_outcomes(before.id)[-1].reason == Reason.FORBIDDEN
        stand.site.page("/a", page("Bridge to be torn down"))
        stand.run(DAY, poll=False)
        assert (stand.document("/a").title, stand.document("/a").version) == ("Bridge to be torn down", 2)


def test_a_page_that_says_it_is_gone_with_status_200_is_gone_until_it_is_back(stand):
    lost = page("Page not found", "The page that you asked for doesn't exist any more.")
    stand.site.page("/a", lost)
    stand.run(61, poll=False)
    first = stand.now
    assert (stand.document("/a").gone, stand.document("/a").title) == (first, "Bridge to be mended")
    stand.site.page("/a", lost + "<!-- at another time -->")
    stand.run(61, poll=False)
    assert stand.document("/a").gone == first
    stand.site.page("/a", page("Bridge to be mended", head="<meta name=generator content=new>"))
    stand.run(DAY, poll=False)
    assert stand.document("/a").gone is None


def test_a_server_that_fails_leaves_the_article_as_it_was(stand):
    stand.site.page("/a", status=500)
    for _ in range(4):
        stand.run(61, poll=False)
    article = stand.find("/a")
    assert (article.version, article.stage, article.state) == (1, None, "pending")
    assert stand.document("/a").gone is None
    assert ask(stand.context.store).ledger.list_outcomes(article.id)[-1].reason == Reason.ATTEMPTS


def test_what_an_article_missed_while_its_page_was_looked_at_is_indexed_then(stand):
    article = stand.find("/a")
    with stand.context.store.write() as connection:
        stand.context.store.ledger.start_version(connection, article, Stage.FETCH, stand.now)
        stand.context.store.ledger.bump_revision(connection, ids=[article.id])
    before = stand.document("/a").revision
    stand.run(poll=False)
    assert stand.document("/a").revision == before + 1


def test_an_index_that_was_exchanged_gets_the_article_that_was_being_looked_at_too(stand):
    stand.site.page("/a", page("Bridge to be mended"))
    with stand.context.store.write() as connection:
        stand.context.store.ledger.start_version(connection, stand.find("/a"), Stage.FETCH, stand.now)
        stand.context.store.ledger.requeue_all_for_index(connection)
    stand.context.index.delete([stand.find("/a").id])
    stand.run(poll=False)
    assert stand.document("/a").title == "Bridge to be mended"


def test_two_articles_whose_pages_turn_out_to_be_one_are_one_in_the_index(stand):
    stand.item("/b", "Another headline altogether", minutes=5)
    stand.site.page("/b", page("Another headline altogether", "Quite different words stand here, many of them. " * 3))
    stand.run()
    assert stand.context.index.count() == 2
    gone = stand.find("/a").id
    stand.site.page("/a", status=301, Location="/b")
    stand.run(61, poll=False)
    assert stand.context.index.count() == 1
    assert stand.context.index.get(gone) is None
    assert stand.find("/a").id == stand.find("/b").id  # and both addresses lead to it
    assert ask(stand.context.store).ledger.list_outcomes(gone)[-1].reason == Reason.DUPLICATE


def test_a_takedown_takes_the_pages_of_all_versions(stand, monkeypatch):
    stand.site.page("/a", page("Bridge to be torn down"))
    stand.run(61, poll=False)
    assert len(ask(stand.context.store).ledger.list_versions(stand.find("/a").id, Page)) == 2
    told(stand, monkeypatch, "takedown", stand.site.url("/a"), "--yes")
    assert list((stand.context.environment.home / "archive").rglob("*.zst")) == []


def test_a_page_that_only_leads_to_a_live_blog_is_none(tmp_path):
    with newsstand(tmp_path) as stand:
        stand.item("/a", "Bridge to be mended")
        stand.site.page("/a", page("Bridge to be mended", head='<meta name="related" content="LiveBlogPosting">'))
        stand.run()
        stand.run(16, poll=False)
        assert len(stand.asked("/a")) == 1


def told(stand, monkeypatch, command, *arguments):
    from click.testing import CliRunner

    from pipeline.cli import cli, ledger, takedown

    for module in (ledger, takedown):
        monkeypatch.setattr(module, "open_context", lambda: stand.context)
    return CliRunner().invoke(cli, [command, *arguments]).output


def test_explain_tells_versions_what_changed_and_when_it_is_looked_at_again(stand, monkeypatch):
    stand.site.page("/a", page("Bridge to be torn down", WORDS.replace("old bridge", "new bridge")))
    stand.run(61, poll=False)
    output = told(stand, monkeypatch, "explain", stand.site.url("/a"))
    assert "version 2, in the index" in output
    assert "version 1, 2026-11-20 12:00:00: Bridge to be mended\n" in output
    assert "version 2, 2026-11-20 13:01:00: Bridge to be torn down  title was 'Bridge to be mended'" in output
    assert "… agreed to mend the [-old-] {+new+} bridge over the river …" in output
    assert "looked at again from 2026-11-21 12:00:00 on" in output


def test_explain_tells_what_stands_while_a_page_is_looked_at(stand, monkeypatch):
    stand.site.page("/a", status=503)
    stand.run(61, poll=False)
    output = told(stand, monkeypatch, "explain", stand.site.url("/a"))
    assert "version 1, and its page is looked at again: waits for fetch" in output


@pytest.mark.slow
@pytest.mark.parametrize("sign", ["page", "address"])
def test_a_live_blog_is_looked_at_every_quarter_of_an_hour(tmp_path, sign):
    told = '{"@type": "LiveBlogPosting", "headline": "The storm as it happens"}'
    head = f'<script type="application/ld+json">{told}</script>' if sign == "page" else ""
    with newsstand(tmp_path, live=("/live/",)) as stand:
        path = "/a" if sign == "page" else "/live/a"
        stand.item(path, "The storm as it happens")
        for number in range(4):
            stand.site.page(path, page("The storm as it happens", WORDS + f"\nAt {number} it blew harder.", head))
            stand.run(16, poll=number == 0)
        assert stand.document(path).version == 4
