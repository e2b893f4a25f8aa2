"""What publishers say of their pages is noted on the article and acted on."""

from __future__ import annotations

import msgspec
import pytest
from aiohttp import web

from pipeline.records import Article, Outcome, Reason, Stage
from pipeline.settings import RightsSettings
from pipeline.store import Selection
from tests.helpers.newsstand import SETTINGS, WORDS, newsstand, page
from tests.helpers.transactions import ask

META = "<meta name={} content='{}'>"
LONG = "<p>" + WORDS + "</p><p>Behind the wall stands what only readers of the feed learn about the bridge.</p>" * 3
CONTENT = (
    f"<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'><![CDATA[{LONG}]]></content:encoded>"
)
LD = (
    '<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle", '
    '"headline": "Bridge to be mended", "isAccessibleForFree": false}</script>'
)


@pytest.fixture
def stand(tmp_path):
    with newsstand(tmp_path) as made:
        made.item("/a", "Bridge to be mended", more=CONTENT)
        yield made


def blobs(stand):
    return list((stand.context.environment.home / "archive").rglob("*.zst"))


def test_rights_of_header_meta_and_robots_txt_stand_on_the_document(stand):
    stand.site.page("/robots.txt", "User-agent: CCBot\nDisallow: /", kind="text/plain")
    head = META.format("robots", "nosnippet") + META.format("tdm-reservation", "1")
    stand.site.page("/a", page("Bridge to be mended", head=head), X_Robots_Tag="notranslate")
    stand.run()
    assert stand.document("/a").rights == ("nosnippet", "tdm-reservation", "notranslate", "noai")


@pytest.mark.parametrize("way", ["header", "meta"])
def test_noindex_is_not_indexed(stand, way):
    if way == "header":
        stand.site.page("/a", page("Bridge to be mended"), X_Robots_Tag="noindex")
    else:
        stand.site.page("/a", page("Bridge to be mended", head=META.format("robots", "noindex,follow")))
    stand.run()
    assert stand.document("/a") is None
    assert ask(stand.context.store).ledger.list_outcomes(stand.find("/a").id)[-1].reason == Reason.NO_INDEX
    assert blobs(stand) == []


def test_what_is_said_to_a_search_engine_is_not_said_to_us(stand):
    stand.site.page("/a", page("Bridge to be mended", head=META.format("googlebot-news", "noindex")))
    stand.run()
    assert stand.document("/a").rights == ()


def test_an_article_that_turns_noindex_leaves_the_index(stand):
    stand.site.page("/a", page("Bridge to be mended"))
    stand.run()
    stand.site.page("/a", page("Bridge to be mended", head=META.format("robots", "noindex")))
    stand.run(61, poll=False)
    assert stand.document("/a") is None
    assert stand.context.index.count() == 0


def test_noarchive_is_read_and_not_kept(stand):
    stand.site.page("/a", page("Bridge to be mended", head=META.format("robots", "noarchive")))
    stand.run()
    assert stand.document("/a").text.startswith("The council met")
    assert stand.document("/a").archive is None
    assert blobs(stand) == []
    which = Selection(ids=(stand.find("/a").id,))
    ask(stand.context.store).admin.redo_stage(Stage.EXTRACT, which, stand.now)
    before = ask(stand.context.store).ledger.current([stand.find("/a")], Article)
    assert stand.run(poll=False)[Stage.EXTRACT].counts_by_reason(Outcome.DONE) == {"no reason": 1}
    assert ask(stand.context.store).ledger.current([stand.find("/a")], Article) == before


def test_an_operator_decides_what_is_acted_on(tmp_path):
    settings = msgspec.structs.replace(SETTINGS, rights=RightsSettings(not_indexed=("noai",), not_archived=()))
    with newsstand(tmp_path, settings) as stand:
        stand.item("/a", "Bridge to be mended")
        stand.item("/b", "Harvest was good this year", minutes=3)
        stand.site.page("/a", page("Bridge to be mended"), X_Robots_Tag="noai")
        stand.site.page(
            "/b", page("Harvest was good this year", "The harvest was good. " * 20), X_Robots_Tag="noindex, noarchive"
        )
        stand.run()
        assert stand.document("/a") is None
        assert stand.document("/b").archive


@pytest.mark.parametrize("status", [401, 402, 403, 451])
def test_a_page_that_is_refused_is_what_its_feed_gave_and_says_so(stand, status):
    stand.site.page("/a", status=status)
    report = stand.run()
    assert report[Stage.FETCH].counts_by_reason(Outcome.DONE) == {"forbidden": 1}
    document = stand.document("/a")
    assert document.from_feed
    assert document.title == "Bridge to be mended"
    assert "Behind the wall" in document.text
    assert document.url == stand.site.url("/a")


def test_a_refused_page_that_opens_later_takes_the_place_of_what_the_feed_gave(stand):
    stand.site.page("/a", status=403)
    stand.run()
    stand.site.page("/a", page("Bridge to be mended", "The whole page is open to all who care to read it. " * 5))
    stand.run(61, poll=False)
    assert (stand.document("/a").from_feed, stand.document("/a").version) == (False, 2)


def test_a_page_behind_a_wall_has_the_text_that_the_feed_gave_where_that_is_more(stand):
    stand.site.page("/a", page("Bridge to be mended", WORDS, head=LD))
    stand.run()
    document = stand.document("/a")
    assert (document.from_feed, document.paywalled) == (True, True)
    assert "Behind the wall" in document.text


def test_a_page_that_robots_txt_refuses_is_taken_from_the_feed_only_where_that_has_the_whole_text(stand):
    stand.site.page("/robots.txt", "User-agent: *\nDisallow: /", kind="text/plain")
    stand.item("/b", "Harvest was good this year", minutes=3, more="<description>It was good.</description>")
    stand.run()
    assert stand.document("/a").from_feed
    assert ask(stand.context.store).ledger.list_outcomes(stand.find("/b").id)[-1].reason == Reason.ROBOTS
    assert not stand.asked("/a")


def test_without_the_feeds_text_a_refused_page_is_dropped(tmp_path):
    settings = msgspec.structs.replace(SETTINGS, rights=RightsSettings(feed_text=False))
    with newsstand(tmp_path, settings) as stand:
        stand.item("/a", "Bridge to be mended", more=CONTENT)
        stand.site.page("/a", status=403)
        assert stand.run()[Stage.FETCH].counts_by_reason(Outcome.DROPPED) == {"forbidden": 1}


def test_a_host_that_asks_for_time_uses_up_no_attempts_of_its_other_articles(stand):
    for number in range(5):
        stand.item(f"/{number}", f"Headline of article number {number}", minutes=number)

    async def busy(request):
        return web.Response(status=429, headers={"Retry-After": "7200"})

    for path in stand.items:
        stand.site.handlers[path] = busy
    stand.run()
    asked = [path for path in stand.items if stand.asked(path)]
    attempts = {path: stand.find(path).attempts for path in stand.items}
    assert {path for path, count in attempts.items() if count} == set(asked)
    assert 1 <= len(asked) <= 2
    for _ in range(5):
        stand.run(20)
    assert [path for path in stand.items if stand.asked(path)] == asked
