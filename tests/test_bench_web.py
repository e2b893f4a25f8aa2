import asyncio
import datetime as dt
import gzip
import itertools
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.web.arrivals import bursty_arrivals, even_arrivals
from bench.web.server import Feed, Server, load_log
from bench.web.site import Page, WebPlan, load_web, make_web
from bench.web.templates import BODY, TITLE, GoldPage, cut_template, fill_template, invent_templates
from bench.web.texts import invent_texts, read_texts
from pipeline.extract import RawPage, extract, load_config
from pipeline.feeds.model import FeedResponse
from pipeline.feeds.parse import parse
from pipeline.settings import config_folder

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
PLAN = WebPlan(port=27999, outlets=3, count=6)


def web_of(folder, **plan):
    return make_web(folder, replace(PLAN, **plan), invent_templates(4), invent_texts(), NOW)


def page_of(host, number, at):
    return Page(str(number), host, f"http://{host}/news/{number}.html", f"Title {number}", NOW, at)


@pytest.mark.parametrize("kind", range(4))
def test_a_page_is_extracted_to_the_text_that_it_was_made_of(kind):
    text = next(itertools.islice(invent_texts(), kind * 5, None))
    page = fill_template(
        invent_templates(4)[kind],
        title=text.title,
        body=text.body,
        url="http://127.0.0.1/a.html",
        date="2026-11-20T10:00:00+00:00",
    )
    article = extract(RawPage(data=page.encode(), url="http://127.0.0.1/a.html"), load_config(config_folder()))
    assert article.title == text.title
    assert article.text == text.body
    assert article.published == dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)


def test_invented_pages_are_of_the_size_of_real_ones():
    sizes = [len(template) for template in invent_templates(8)]
    assert 50_000 <= min(sizes) <= max(sizes) <= 200_000


@given(title=st.text(max_size=40), line=st.text(st.characters(categories=["L", "P", "S", "N"]), min_size=1))
def test_what_is_put_into_a_page_can_be_read_out_of_it_whatever_it_contains(title, line):
    template = (
        f'<title>{TITLE}</title><script type="application/ld+json">{{"headline": "@@TITLE_JSON@@"}}</script>{BODY}'
    )
    page = fill_template(template, title=title, body=line, url="", date="")
    script = page.split('ld+json">')[1].split("</script>")[0]
    assert json.loads(script)["headline"] == title
    assert page.count("<script") == 1


def test_an_article_is_cut_out_of_a_page_and_another_one_put_in():
    paragraphs = [f"Paragraph {word} of the article that is cut out of its page." for word in ("one", "two", "three")]
    page = (
        '<html><head><title>Old headline - Site</title><meta property="og:url" content="http://old.example/">'
        '<script type="application/ld+json">{"headline": "Old headline", "datePublished": "2020-01-01"}</script></head>'
        f"<body><nav><a>Menu</a></nav><h1>Old headline</h1>{''.join(f'<p>{p}</p>' for p in paragraphs)}</body></html>"
    )
    template = cut_template(GoldPage(page.encode(), "Old headline", "\n".join(paragraphs)))
    filled = fill_template(template, title='New "one"', body="First.\nSecond.", url="http://new.example/", date="2026")
    assert "Old" not in filled
    assert "Paragraph" not in filled
    assert "<title>New &quot;one&quot; - Site</title>" in filled
    assert '{"headline": "New \\"one\\"", "datePublished": "2026"}' in filled
    assert "<p>First.</p>\n<p>Second.</p>" in filled
    assert "Menu" in filled


def test_a_page_whose_article_is_not_in_it_gives_no_template():
    text = "\n".join(f"Paragraph {n} that stands nowhere in the page at all." for n in range(4))
    assert cut_template(GoldPage(b"<html><body><h1>Headline</h1><p>Text</p></body></html>", "Headline", text)) is None


def test_texts_are_the_same_each_time_and_some_are_copies():
    first, second = (list(itertools.islice(invent_texts(), 40)) for _ in range(2))
    assert first == second
    bodies = [text.body for text in first]
    assert 0 < len(bodies) - len(set(bodies)) < 6
    assert len({text.id for text in first}) == 40


def test_texts_are_read_from_a_file(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"id": "a", "title": "T", "text": "One\\ntwo"}\n{"id": "b", "text": "Only a text"}\n')
    assert [(text.id, text.title) for text in read_texts(path)] == [("a", "T"), ("b", "Only a text")]


def test_a_web_is_what_was_planned_and_can_be_loaded(tmp_path):
    web = web_of(tmp_path, heavy=5, crawl_delay=5.0, arrivals=2.0, seconds=10.0)
    assert load_web(tmp_path) == web
    by_host = {host: [page for page in web.pages if page.host == host] for host in web.hosts}
    (heavy,) = web.crawl_delays
    assert len(by_host[heavy]) == 5
    assert len(by_host) == 4
    assert sum(page.at == 0 for page in web.pages) == 11
    assert [page.at for page in web.pages] == sorted(page.at for page in web.pages)
    assert all(page.published < NOW + dt.timedelta(seconds=page.at) for page in web.pages)
    for page in web.pages:
        assert page.title in gzip.decompress((tmp_path / "pages" / f"{page.id}.html.gz").read_bytes()).decode()


def test_too_few_texts_are_refused(tmp_path):
    with pytest.raises(ValueError, match="6 pages were wanted, and there are 2 texts"):
        make_web(tmp_path, PLAN, invent_templates(1), itertools.islice(invent_texts(), 2), NOW)


@pytest.mark.parametrize("arrivals", [even_arrivals, bursty_arrivals])
def test_arrivals_come_in_order_at_the_rate_asked_for(arrivals):
    came = arrivals(50, 4.0, 200.0, 1)
    assert 600 < len(came) < 1000
    assert came == sorted(came)
    assert all(0 <= at <= 200 and 0 <= outlet < 50 for at, outlet in came)


def test_only_in_bursts_several_articles_of_an_outlet_come_at_once():
    even, bursty = (arrivals(50, 4.0, 200.0, 1) for arrivals in (even_arrivals, bursty_arrivals))
    assert len(set(even)) == len(even)
    assert len(set(bursty)) < 0.98 * len(bursty)


@given(ats=st.lists(st.floats(0, 100), max_size=30), seconds=st.floats(0, 110))
def test_a_growing_feed_lists_exactly_what_has_arrived(ats, seconds):
    feed = Feed("127.0.0.1", 80, [page_of("127.0.0.1", n, at) for n, at in enumerate(sorted(ats))])
    answer = feed.answer(seconds, None)
    assert answer.listed == sum(at <= seconds for at in ats)
    listed = parse_links(gzip.decompress(answer.body))
    assert listed == [f"http://127.0.0.1/news/{n}.html" for n in reversed(range(answer.listed))]


def parse_links(document):
    return re.findall(r"<link>([^<]+html)</link>", document.decode())


def test_a_feed_that_has_not_changed_says_so_and_another_one_does_not():
    feed = Feed("127.0.0.1", 80, [page_of("127.0.0.1", n, at) for n, at in enumerate((0.0, 5.0))])
    first = feed.answer(1.0, None)
    (etag,) = (header.partition(": ")[2] for header in first.headers if header.startswith("ETag"))
    assert feed.answer(4.9, etag).status == 304
    later = feed.answer(5.1, etag)
    assert (later.status, later.listed) == (200, 2)


def test_newswire_reads_the_feed(tmp_path):
    web = web_of(tmp_path)
    server = Server(tmp_path, web)
    answer = server.answer(web.hosts[0], "/feed.xml")
    assert answer.listed == sum(page.host == web.hosts[0] for page in web.pages)
    titles = {page.title for page in web.pages if page.host == web.hosts[0]}
    document = FeedResponse(data=gzip.decompress(answer.body), url="http://127.0.0.1/feed.xml", now=NOW)
    assert titles == {item.title for item in parse(document).items}


def test_the_server_keeps_its_log_and_knows_what_it_has(tmp_path):
    web = web_of(tmp_path, heavy=1, crawl_delay=7.0)
    clock = iter(range(100, 200))
    server = Server(tmp_path, web, clock=lambda: float(next(clock)))
    (heavy,) = web.crawl_delays
    assert b"Crawl-delay: 7\n" in server.answer(heavy, "/robots.txt").body
    assert server.answer(web.hosts[1], "/robots.txt").status == 404
    assert server.answer(heavy, "/news/nothing.html").status == 404
    assert server.answer(heavy, "/news/../../web.json").status == 404
    server.save_log()
    page = web.pages[0]
    assert gzip.decompress(server.answer(page.host, f"/news/{page.id}.html").body).startswith(b"<!DOCTYPE html>")
    server.save_log()
    log = load_log(tmp_path)
    assert [(request.host, request.status) for request in log][:2] == [(heavy, 200), (web.hosts[1], 404)]
    assert [request.path for request in log][-1] == f"/news/{page.id}.html"
    assert [request.at for request in log] == sorted(request.at for request in log)


def test_a_connection_is_answered_until_it_ends(tmp_path):
    web = web_of(tmp_path, port=27998, count=2, outlets=1)
    server = Server(tmp_path, web)

    async def ask():
        serving = asyncio.create_task(server.run())
        host = web.hosts[0]
        for _ in range(100):
            try:
                reader, writer = await asyncio.open_connection(host, web.port)
                break
            except OSError:
                await asyncio.sleep(0.02)
        statuses = []
        for path in ("/feed.xml", f"/news/{web.pages[0].id}.html", "/nothing"):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            statuses.append(head.split(" ")[1])
            await reader.readexactly(int(head.lower().split("content-length: ")[1].split("\r\n")[0]))
        writer.write(b"nonsense\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        serving.cancel()
        await asyncio.wait({serving})
        return statuses

    assert asyncio.run(ask()) == ["200", "200", "404"]
    assert [request.status for request in load_log(tmp_path)] == [200, 200, 404]
