from __future__ import annotations

import datetime as dt
import gzip
import http.client
import io
import itertools
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from urllib.parse import urlsplit

import feedparser
import pytest
from lxml import etree

from pipeline import settings
from pipeline.demo import articles, newsroom, server, templates
from pipeline.demo.articles import Draft, Feed, Outlet, Piece
from pipeline.errors import SettingsError, UsageError
from pipeline.records import Reason
from pipeline.text import split_words
from pipeline.urls import article_id, canonicalise


@pytest.fixture(scope="module")
def running():
    with server.serve_newsroom() as web:
        yield web


def fetch(url, method="GET", **headers):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), headers=headers)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def links(media_type, body):
    if "json" in media_type:
        return [item["url"] for item in json.loads(body)["items"]]
    if b"<urlset" in body:
        return [loc.text for loc in etree.fromstring(body).iterfind("{*}url/{*}loc")]
    return [entry.link for entry in feedparser.parse(io.BytesIO(body.decode(errors="replace").encode())).entries]


def shingles(piece):
    text = split_words(" ".join(piece.paragraphs))
    return {tuple(text[place : place + 5]) for place in range(len(text) - 4)}


def pages():
    return [piece for piece in articles.load_pieces() if piece.paragraphs]


# what is served


def test_the_feeds_name_exactly_the_articles_that_are_expected(running):
    expected = running.newsroom.expected
    named = set()
    for feed in [feed for source in running.sources for feed in source.feeds if feed not in expected.not_feeds]:
        answer, body = fetch(feed)
        assert answer.status == 200
        found = links(answer.headers["Content-Type"], body)
        assert found
        named |= {canonicalise(link) for link in found}
    assert named == {*expected.articles, *expected.dropped}


def test_every_kind_of_feed_is_there():
    kinds = {feed.format for outlet in articles.load_outlets() for feed in outlet.feeds}
    assert kinds == {"rss", "atom", "rdf", "json", "sitemap", "html"}
    assert {feed.content for outlet in articles.load_outlets() for feed in outlet.feeds} == {"full", "summary", "none"}


def test_every_article_answers_with_a_page_that_holds_its_title_and_text(running):
    addresses = dict(zip([p.key for p in articles.load_pieces()], _addresses(running), strict=True))
    for piece in pages():
        answer, body = fetch(addresses[piece.key])
        if piece.draft.status != 200:
            assert answer.status == piece.draft.status
            continue
        if piece.draft.moved_from:
            assert answer.status == 301
            answer, body = fetch(answer.headers["Location"])
        assert (answer.status, answer.headers.get_content_type()) == (200, "text/html")
        tree = etree.fromstring(body, etree.HTMLParser(encoding="utf-8"))
        text = " ".join("".join(tree.itertext()).split())
        assert all(paragraph.removeprefix("## ") in text for paragraph in piece.paragraphs)
        assert "".join(tree.find(".//h1").itertext()) in text
        assert tree.find(".//link[@rel='canonical']").get("href").endswith(piece.path)
    assert len(addresses) == len(articles.load_pieces())


def _addresses(running):
    bases = [source.home.rstrip("/") for source in running.sources]
    order = [outlet.key for outlet in articles.load_outlets()]
    return [bases[order.index(piece.outlet.key)] + piece.feed_path for piece in articles.load_pieces()]


def test_what_can_not_be_read_answers_as_expected(running):
    dropped = running.newsroom.expected.dropped
    assert sorted(dropped.values()) == sorted([Reason.ROBOTS, Reason.NOT_FOUND, Reason.NOT_HTML])
    by_reason = {reason: url for url, reason in dropped.items()}
    assert fetch(by_reason[Reason.NOT_FOUND])[0].status == 404
    pdf, body = fetch(by_reason[Reason.NOT_HTML])
    assert pdf.headers["Content-Type"] == "application/pdf"
    assert body.startswith(b"%PDF-")
    robots = fetch(f"http://{urlsplit(by_reason[Reason.ROBOTS]).netloc}/robots.txt")[1].decode()
    assert "Disallow: /members/" in robots
    assert "Crawl-delay: 0.1" in robots


def test_a_page_that_is_refused_has_its_whole_text_in_the_feed(running):
    (address,) = running.newsroom.expected.from_feed
    assert fetch(address)[0].status == 403
    (feed,) = [source.feeds[0] for source in running.sources if address.startswith(source.home)]
    (entry,) = [entry for entry in feedparser.parse(io.BytesIO(fetch(feed)[1])).entries if entry.link == address]
    (piece,) = [piece for piece in pages() if piece.draft.status == 403]
    assert all(paragraph in entry.content[0].value for paragraph in piece.paragraphs)


def test_one_page_says_that_it_is_not_free_and_one_does_not_say_when_it_was_published(running):
    (walled,) = running.newsroom.expected.paywalled
    assert b'"isAccessibleForFree":false' in fetch(walled)[1]
    (undated,) = running.newsroom.expected.undated
    (piece,) = [piece for piece in pages() if not piece.draft.dated]
    (feed, _) = next(source.feeds for source in running.sources if undated.startswith(source.home))
    listed = [
        item for item in etree.fromstring(fetch(feed)[1]).iter("item") if piece.draft.title in item.findtext("title")
    ]
    assert [item.find("pubDate") for item in listed] == [None]
    assert all(str(piece.draft.published.year) not in line for line in fetch(undated)[1].decode().splitlines()[3:14])


def test_one_feed_address_answers_with_a_page(running):
    (address,) = running.newsroom.expected.not_feeds
    answer, body = fetch(address)
    assert (answer.status, answer.headers.get_content_type()) == (200, "text/html")
    assert b"<rss" not in body


def test_the_broken_feed_has_a_bad_byte_and_no_end_and_still_holds_its_entries(running):
    (feed,) = [source.feeds[0] for source in running.sources if source.name == "The Strait Ledger"]
    body = fetch(feed)[1]
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert b"caf\xe9" in body
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(body.decode(errors="replace").encode())
    assert len(links("application/rss+xml", body)) == 9


def test_a_tracking_parameter_does_not_change_what_is_sent_but_another_one_does(running):
    base = running.sources[7].home
    (address,) = [url for url in running.newsroom.expected.articles if url.startswith(base)][:1]
    assert fetch(f"{address}&src=rss")[1] == fetch(address)[1]
    assert fetch(f"{base}story.php?id=1")[0].status == 404


def test_any_other_address_is_answered_with_404(running):
    for target in ("nothing", "story/", "story.php?id=1", "news/../../outlets.toml", "[::"):
        assert fetch(running.sources[1].home + target)[0].status == 404


def test_an_unchanged_feed_answers_304(running):
    for source in running.sources:
        if source.feeds[0] in running.newsroom.expected.not_feeds:
            continue
        first = fetch(source.feeds[0])[0].headers
        for known in ({"If-None-Match": first["ETag"]}, {"If-Modified-Since": first["Last-Modified"]}):
            answer, body = fetch(source.feeds[0], **known)
            assert (answer.status, body) == (304, b"")
            assert answer.headers["ETag"] == first["ETag"]
        other = {"If-None-Match": '"other"', "If-Modified-Since": first["Last-Modified"]}
        assert fetch(source.feeds[0], **other)[0].status == 200


def test_head_tells_the_size_and_sends_nothing(running):
    feed = running.sources[0].feeds[0]
    answer, body = fetch(feed, "HEAD")
    assert body == b""
    assert int(answer.headers["Content-Length"]) == len(fetch(feed)[1])


def test_a_client_that_accepts_gzip_gets_it(running):
    feed = running.sources[0].feeds[0]
    plain = fetch(feed)[1]
    answer, packed = fetch(feed, **{"Accept-Encoding": "gzip, deflate"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) < len(plain)
    assert gzip.decompress(packed) == plain


def test_every_outlet_has_its_own_loopback_host(running):
    hosts = [urlsplit(source.home).netloc for source in running.sources]
    assert len(set(hosts)) == len(articles.load_outlets()) == 12
    assert all(host.startswith("127.0.0.") for host in hosts)
    for source in running.sources:
        assert all(urlsplit(feed).netloc == urlsplit(source.home).netloc for feed in source.feeds)


def test_a_connection_serves_several_requests(running):
    connection = http.client.HTTPConnection(urlsplit(running.sources[0].home).netloc, timeout=10)
    for _ in range(3):
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
    connection.close()


def test_a_client_that_ends_its_connection_at_once_is_not_told_of(capfd):
    with server.serve_newsroom() as web:
        host, port = urlsplit(web.sources[0].home).netloc.split(":")
        before = threading.active_count()
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"GET / HT")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        deadline = time.monotonic() + 10
        while threading.active_count() > before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert fetch(web.sources[0].home)[0].status == 200
    assert capfd.readouterr().err == ""


# editions


def test_edition_2_differs_only_in_the_articles_that_are_corrected_or_gone_and_what_lists_them():
    first, second = newsroom.load_newsroom(1), newsroom.load_newsroom(2)
    (corrected,), (gone,) = second.expected.corrected, second.expected.gone
    assert first.responses.keys() == second.responses.keys()
    changed = {url for url, sent in first.responses.items() if sent != second.responses[url]}
    outlet, other = (f"http://{urlsplit(url).netloc}" for url in (corrected, gone))
    lists = {f"{outlet}/", f"{outlet}/feed/rdf/", f"{other}/", f"{other}/feeds/latest.rss"}
    assert changed == {corrected, gone} | lists
    assert [room.responses[gone].status for room in (first, second)] == [200, 410]
    assert first.expected == second.expected
    feeds = [room.responses[f"{outlet}/feed/rdf/"] for room in (first, second)]
    assert [b"CORRECTED: " in feed.body for feed in feeds] == [False, True]
    assert feeds[0].headers["ETag"] != feeds[1].headers["ETag"]
    assert feeds[0].headers["Last-Modified"] != feeds[1].headers["Last-Modified"]


def test_the_edition_can_be_changed_while_the_server_runs():
    with server.serve_newsroom() as web:
        (corrected,) = web.newsroom.expected.corrected
        before = fetch(corrected)[1]
        web.edition = 2
        after = fetch(corrected)[1]
    assert b"CORRECTED: " not in before
    assert b"CORRECTED: " in after
    assert b"Correction, November 20" in after


# what is printed


def test_there_are_about_sixty_articles_and_no_two_have_one_id():
    expected = newsroom.load_newsroom().expected
    assert 55 <= len(expected.articles) <= 70
    everything = [*expected.articles, *expected.dropped]
    assert len({article_id(url) for url in everything}) == len(everything) == len(articles.load_pieces())


def test_every_article_has_120_to_500_words():
    for piece in pages():
        count = len(" ".join(piece.paragraphs).split())
        assert 120 <= count <= 500, (piece.key, count)


def test_all_is_printed_in_one_week_of_november_in_several_time_zones():
    times = [piece.draft.published for piece in articles.load_pieces()]
    assert min(times) >= dt.datetime(2026, 11, 14, tzinfo=dt.UTC)
    assert max(piece.draft.updated or piece.draft.published for piece in articles.load_pieces(2)) < dt.datetime(
        2026, 11, 21, tzinfo=dt.UTC
    )
    assert len({time.utcoffset() for time in times}) >= 6


def test_the_original_of_a_copy_is_published_first():
    by_key = {piece.key: piece for piece in articles.load_pieces()}
    for piece in articles.load_pieces():
        assert by_key[piece.original].draft.published <= piece.draft.published, piece.key


def test_agency_stories_are_printed_by_two_to_five_other_outlets():
    groups = newsroom.load_newsroom().expected.copies
    agency = [group for group in groups if group[0].startswith("http://127.0.0.1:")]
    assert len(agency) == 6
    assert all(2 <= len(group) - 1 <= 5 for group in agency)
    assert len(groups) == 9
    for group in groups:
        assert len({urlsplit(url).netloc for url in group}) == len(group)


def test_a_copy_of_what_is_corrected_keeps_the_error():
    former, present = ({piece.key: piece for piece in articles.load_pieces(edition)} for edition in (1, 2))
    corrected = [key for key in present if present[key].paragraphs != former[key].paragraphs]
    assert corrected == ["kilima/mau-farmers-award"]
    copies = [piece for piece in present.values() if piece.original in corrected and piece.key not in corrected]
    assert [piece.key for piece in copies] == ["kauri/kenya-tea-payout"]
    assert all("Sh1.2 billion" in piece.paragraphs[0] for piece in copies)


def test_copies_share_most_of_their_text_and_have_headlines_of_their_own():
    by_key = {piece.key: piece for piece in articles.load_pieces()}
    for piece in pages():
        if piece.original != piece.key:
            original = shingles(by_key[piece.original])
            assert len(original & shingles(piece)) / min(len(original), len(shingles(piece))) > 0.6, piece.key
            assert piece.paragraphs != by_key[piece.original].paragraphs
    groups = itertools.groupby(sorted(pages(), key=lambda p: p.original), key=lambda p: p.original)
    for group in map(list, (members for _, members in groups)):
        assert len({piece.draft.title for piece in group}) == len(group)


def test_articles_that_are_no_copies_share_no_passage_but_the_declared_ones():
    declared = {frozenset((piece.original, other)) for piece in pages() for other in piece.draft.shares}
    found = {piece.key: shingles(piece) for piece in pages()}
    for one, other in itertools.combinations(pages(), 2):
        if one.original == other.original:
            continue
        share = len(found[one.key] & found[other.key]) / min(len(found[one.key]), len(found[other.key]))
        if frozenset((one.original, other.original)) in declared:
            assert share < 0.35, (one.key, other.key)
        else:
            assert share < 0.03, (one.key, other.key)


def test_one_event_is_told_independently_by_three_outlets():
    stories = newsroom.load_newsroom().expected.stories
    copies = {url: place for place, group in enumerate(newsroom.load_newsroom().expected.copies) for url in group}
    independent = [story for story in stories if not any(url in copies for url in story)]
    assert [len(story) for story in independent] == [3]
    assert len({urlsplit(url).netloc for url in independent[0]}) == 3


def test_one_armed_group_is_named_in_many_ways():
    text = " ".join(paragraph for piece in pages() for paragraph in piece.paragraphs)
    for name in (
        "Islamic State in Iraq and the Levant (Isil)",
        "Islamic State of Iraq and Syria (ISIS)",
        "Estado Islámico",
        "ISIL",
        "Isis",
        "Daesh",
        "the Islamic State group",
        "International Organization for Migration (IOM)",
        "International Organisation for Migration (IOM)",
        "United Nations",
        "United States",
        "U.S.",
        "NATO",
    ):
        assert name in text, name


def test_some_articles_are_in_six_other_languages():
    languages = Counter(piece.outlet.language for piece in pages())
    assert {code: count for code, count in languages.items() if code != "en"} == {
        "de": 3,
        "es": 3,
        "fr": 2,
        "it": 2,
        "ru": 2,
        "pt": 2,
    }


def test_one_event_is_told_in_three_languages():
    told = defaultdict(set)
    for piece in pages():
        told[piece.story].add(piece.outlet.language)
    assert [languages for languages in told.values() if len(languages) == 3] == [{"en", "fr", "ru"}]


def test_one_page_lies_about_its_charset():
    (piece,) = [piece for piece in pages() if piece.draft.declared_charset != "utf-8"]
    room = newsroom.load_newsroom()
    sent = room.responses["http://127.0.0.6:8900" + piece.path]
    assert sent.headers["Content-Type"] == "text/html; charset=iso-8859-1"
    assert b"charset=iso-8859-1" in sent.body
    assert "Über die 1894 erbaute".encode() in sent.body


def test_one_page_has_backticks_for_apostrophes_and_an_entity_encoded_twice():
    (piece,) = [piece for piece in pages() if "`" in "".join(piece.paragraphs)]
    body = newsroom.load_newsroom().responses[canonicalise("http://127.0.0.8:8900" + piece.path)].body
    assert b"Matheson`s" in body
    assert b"Smith &amp;amp; Daughters" in body


def test_some_articles_stand_in_two_feeds_under_different_addresses():
    room = newsroom.load_newsroom()
    assert room.expected.repeated
    named = [
        link
        for feed in room.sources[0].feeds
        for link in links("application/rss+xml", room.responses[feed].body)
        if canonicalise(link) == room.expected.repeated[0]
    ]
    assert len(named) == len(set(named)) == 2


# how it is made


def test_the_newsroom_is_the_same_each_time_it_is_loaded():
    assert newsroom.load_newsroom() == newsroom.load_newsroom()


def _draft(text="", **more):
    return Draft(title="T", section="S", published=dt.datetime(2026, 11, 14, tzinfo=dt.UTC), text=text, **more)


def test_a_reprint_is_made_of_its_originals_paragraphs_with_the_declared_changes():
    drafts = {
        "a/one": _draft("First\nline.\n\nSecond.\n\n\nThird."),
        "b/two": _draft("{1}\n\nOwn.\n\n{2-3} AGENCY", of="a/one", replace=(("Second", "2nd"),)),
    }
    assert articles._print("b/two", drafts) == ["First line.", "Own.", "2nd.", "Third. AGENCY"]


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (_draft("{4}", of="a/one"), "'a/one' has no paragraphs {4}"),
        (_draft("{2-1}", of="a/one"), "'a/one' has no paragraphs {2-1}"),
        (_draft("{1}", of="a/one", replace=(("x", "nowhere"),)), "'nowhere' replaces nothing"),
    ],
)
def test_a_wrong_reference_is_named(draft, message):
    with pytest.raises(SettingsError, match="demo article b/two") as error:
        articles._print("b/two", {"a/one": _draft("One."), "b/two": draft})
    assert message in str(error.value)


def test_a_reprint_of_nothing_is_named():
    with pytest.raises(SettingsError, match="there is no article 'a/gone'"):
        articles._original("b/two", {"b/two": _draft("x", of="a/gone")})


def test_curly_quotes_open_and_close():
    assert articles.curl_quotes('"It\'s \'new\'," she said ("quite").') == "“It’s ‘new’,” she said (“quite”)."
    assert articles.curl_quotes("'I have \"it\"' – the dogs' day") == "‘I have “it”’ – the dogs’ day"


def test_american_spelling_spares_names():
    spelling = {"metres": "meters", "centre": "center"}
    assert articles._respell("Centre of 3 metres, Pontcentre", spelling) == "Center of 3 meters, Pontcentre"


def test_a_line_of_a_template_without_its_value_is_left_out():
    assert templates.fill_template("<p>$a</p>\n<p>$b</p>\n$$1\n", {"a": "", "b": "x"}) == "<p>x</p>\n$1\n"


def test_values_are_escaped_for_their_place():
    outlet = Outlet(
        key="courier",
        name="A & B",
        country="GB",
        language="en",
        time_zone="Europe/London",
        feeds=(Feed(path="/f", format="rss"),),
        address="/$name",
        date_format="%d",
    )
    draft = _draft("1 < 2", standfirst='</script> "x"')
    piece = Piece(
        key="courier/x", outlet=outlet, draft=draft, paragraphs=("1 < 2",), original="courier/x", story="x", path="/x"
    )
    values = templates.piece_values(piece, "http://127.0.0.1")
    assert values["name"] == "A &amp; B"
    assert values["content"] == "<p>1 &lt; 2</p>"
    assert values["summary"] == "&lt;/script&gt; &quot;x&quot;"
    assert values["summary_json"] == '"<\\/script> \\"x\\""'


def test_the_written_feeds_file_is_read_as_the_sources(tmp_path):
    sources = newsroom.load_newsroom().sources
    (tmp_path / "feeds.toml").write_text(newsroom.feeds_toml(sources), encoding="utf-8")
    assert settings.load_sources(tmp_path) == sources
    assert [source.agency for source in sources].count(True) == 1


# as a command


def test_the_command_serves_until_it_is_told_to_stop(tmp_path):
    command = [sys.executable, "-m", "pipeline.demo.server", "--port", "0", "--edition", "2"]
    with subprocess.Popen(
        [*command, "--write-feeds", str(tmp_path / "feeds.toml")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        line = process.stdout.readline().decode()
        assert line.startswith("demo newsroom, edition 2: http://127.0.0.1:")
        sources = settings.load_sources(tmp_path)
        assert fetch(sources[3].feeds[0])[1].count(b"CORRECTED: ") == 1
        os.kill(process.pid, signal.SIGTERM)
        assert process.communicate(timeout=10) == (b"", b"")
        assert process.returncode == 0


def test_a_port_that_is_taken_is_named(running, capsys):
    with (
        pytest.raises(UsageError, match=f"127.0.0.1:{running.ports[0]} can't be served"),
        server.serve_newsroom(port=running.ports[0]),
    ):
        pass
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert server.main(["--port", str(running.ports[0])]) == 1
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert "name another port" in capsys.readouterr().err
