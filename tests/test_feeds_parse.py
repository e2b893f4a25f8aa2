from __future__ import annotations

import contextlib
import datetime as dt
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ItemError
from pipeline.feeds import FeedResponse, parse
from pipeline.feeds.markup import html_text, title_text
from pipeline.jsonlines import feed_item_to_line
from pipeline.records import Reason

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
URL = "https://outlet.example/feeds/all.xml"


def read(data, **changes):
    data = data.encode() if isinstance(data, str) else data
    return parse(FeedResponse(**{"data": data, "url": URL, "now": NOW, **changes}))


def rss(*items, head=""):
    inner = "".join(f"<item>{item}</item>" for item in items)
    spaces = (
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom"'
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0" {spaces}><channel><title>Outlet</title>{head}{inner}</channel></rss>'
    )


def item(text, **changes):
    (one,) = read(rss(text), **changes).items
    return one


def fails(data, **changes):
    with pytest.raises(ItemError) as caught:
        read(data, **changes)
    return caught.value


def test_rss_is_read_in_full():
    head = '<language>de-de</language><ttl>30</ttl><atom:link rel="hub" href="https://hub.example/"/>'
    text = (
        "<title>Harbour reopens</title><link>https://outlet.example/harbour?a=1&amp;b=2</link><guid>h-1</guid>"
        "<dc:creator>Ann Lee</dc:creator><dc:creator>Bo Ek</dc:creator>"
        "<category>Port</category><category>City</category>"
        "<pubDate>Fri, 20 Nov 2026 10:00:00 +0100</pubDate><description>Short &lt;b&gt;text&lt;/b&gt;.</description>"
        "<content:encoded><![CDATA[<p>The <i>whole</i> text.</p><p>And more of it.</p>]]></content:encoded>"
        '<media:content url="https://outlet.example/small.jpg" width="90" medium="image"/>'
        '<media:content url="https://outlet.example/large.jpg" width="900" medium="image"/>'
    )
    feed = read(rss(text, head=head))
    assert (feed.format, feed.title, feed.language, feed.hub) == ("rss20", "Outlet", "de-de", "https://hub.example/")
    assert feed.declared_seconds == 1800
    (one,) = feed.items
    assert one.title == "Harbour reopens"
    assert one.link == "https://outlet.example/harbour?a=1&b=2"
    assert one.guid == "h-1"
    assert set(one.authors) == {"Ann Lee", "Bo Ek"}
    assert one.tags == ("Port", "City")
    assert one.published == dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    assert one.published_raw == "Fri, 20 Nov 2026 10:00:00 +0100"
    assert one.summary == "Short text."
    assert one.content == "<p>The <i>whole</i> text.</p><p>And more of it.</p>"
    assert one.image == "https://outlet.example/large.jpg"


def test_atom_is_read_in_full():
    feed = read(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr"><title>Le Quai</title><entry><id>tag:1</id>'
        '<title type="html">Le &amp;lt;port&amp;gt; &lt;b&gt;rouvre&lt;/b&gt;</title><link href="../port"/>'
        "<author><name>Ann Lee</name><email>a@outlet.example</email></author><updated>2026-11-20T10:00:00Z</updated>"
        "<summary>Bref.</summary></entry></feed>"
    )
    (one,) = feed.items
    assert (feed.format, feed.language) == ("atom10", "fr")
    assert one.link == "https://outlet.example/port"
    assert one.title == "Le <port> rouvre"
    assert one.authors == ("Ann Lee",)
    assert one.published == one.updated == dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)


def test_rdf_is_read():
    feed = read(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title></channel>'
        '<item rdf:about="https://outlet.example/1"><title>One</title><link>https://outlet.example/1</link>'
        "<dc:date>2026-11-20T10:00:00+01:00</dc:date></item></rdf:RDF>"
    )
    assert [(one.title, one.link) for one in feed.items] == [("One", "https://outlet.example/1")]
    assert feed.items[0].published == dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)


def test_json_feed_is_read_in_full():
    plain = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Outlet",
        "language": "en",
        "hubs": [{"type": "WebSub", "url": "https://hub.example/"}],
        "authors": [{"name": "The desk"}],
        "items": [
            {
                "id": 7, "url": "/7", "title": "Seven &amp; more", "content_html": "<p>Text</p>", "tags": ["a", 1],
                "date_published": "2026-11-20T10:00:00Z", "image": "https://outlet.example/7.jpg",
            },
            {
                "id": "8", "external_url": "https://elsewhere.example/8", "content_text": "Ei\0ght",
                "author": {"name": "Bo"},
            },
            "nonsense",
        ],
    }  # fmt: skip
    feed = read(json.dumps(plain), content_type="text/html")
    seven, eight = feed.items
    assert (feed.format, feed.hub) == ("json", "https://hub.example/")
    assert (seven.link, seven.title, seven.content) == ("https://outlet.example/7", "Seven & more", "<p>Text</p>")
    assert (seven.authors, seven.tags, seven.guid) == (("The desk",), ("a",), "7")
    assert (eight.link, eight.authors, eight.title) == ("https://elsewhere.example/8", ("Bo",), None)
    assert eight.content == "Eight"


SITEMAP = (
    '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
    "<url><loc>https://outlet.example/1</loc><image:image><image:loc>https://outlet.example/1.jpg</image:loc></image:image>"
    "<news:news><news:publication><news:name>Outlet</news:name><news:language>en</news:language></news:publication>"
    "<news:publication_date>2026-11-20T10:00:00Z</news:publication_date><news:title>One &amp; all</news:title>"
    "<news:keywords>port, city</news:keywords></news:news></url>"
    "<url><loc>https://outlet.example/about</loc></url></urlset>"
)


def test_a_news_sitemap_is_read_and_its_other_pages_left_out():
    feed = read(SITEMAP)
    (one,) = feed.items
    assert feed.format == "sitemap"
    assert (one.link, one.title, one.tags) == ("https://outlet.example/1", "One & all", ("port", "city"))
    assert (one.image, one.language) == ("https://outlet.example/1.jpg", "en")
    assert one.published == dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)


def test_a_sitemap_that_breaks_off_gives_what_stood_before():
    assert len(read(SITEMAP[: SITEMAP.index("<url><loc>https://outlet.example/about")]).items) == 1


def test_a_sitemap_without_news_says_so():
    plain = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://a.example/</loc></url></urlset>'
    )
    assert "none of them marked as news" in fails(plain).detail


def index(*places):
    inner = "".join(f"<sitemap><loc>{place}</loc><lastmod>{when}</lastmod></sitemap>" for place, when in places)
    return f"<sitemapindex>{inner}</sitemapindex>"


def test_an_index_names_its_news_sitemaps_else_those_that_changed_lately():
    old, new = ("https://a.example/2019.xml", "2019-12-31"), ("https://a.example/2026-11.xml", "2026-11-20")
    news = ("https://a.example/news.xml", "")
    assert read(index(old, news, new)).sitemaps == (news[0],)
    assert read(index(old, new)).sitemaps == (new[0],)
    assert read(index(old)).sitemaps == ()
    assert read(index(old)).format == "sitemapindex"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", Reason.EMPTY),
        (" \n\0", Reason.EMPTY),
        ("\ufeff", Reason.EMPTY),
        ("<!DOCTYPE html><html><body>Hello</body></html>", Reason.NOT_FEED),
        ("<html><p>rss</p></html>", Reason.NOT_FEED),
        ("Not found", Reason.NOT_FEED),
        ("{}", Reason.NOT_FEED),
        ("[1]", Reason.NOT_FEED),
        ('{"items": 1}', Reason.NOT_FEED),
        ("{", Reason.NOT_FEED),
        ("[" * 100_000, Reason.NOT_FEED),
        ("<!--", Reason.NOT_FEED),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), Reason.NOT_FEED),
        ("/etc/passwd", Reason.NOT_FEED),
        ("https://outlet.example/", Reason.NOT_FEED),
    ],
)
def test_what_is_no_feed_is_named_as_such(data, reason):
    assert fails(data).reason is reason


@pytest.mark.parametrize("kind", [None, "text/html", "application/octet-stream", "image/png", "application/json", ";;"])
def test_a_feed_is_told_by_its_content_whatever_it_is_called(kind):
    assert len(read(rss("<title>A</title>"), content_type=kind).items) == 1


def test_a_feed_without_entries_is_a_feed():
    assert read(rss()).items == ()


def test_a_lying_charset_and_a_bad_byte_do_not_spoil_the_titles():
    data = rss(*["<title>Café Zürich</title>"] * 50).encode()
    assert {one.title for one in read(data, content_type="text/xml; charset=windows-1251").items} == {"Café Zürich"}
    broken = data.replace(b"</channel>", b"<item><title>\xff</title></item></channel>")
    assert [one.title for one in read(broken).items].count("Café Zürich") == 50


def test_entities_and_files_are_never_opened():
    for target in ("file:///etc/passwd", "http://127.0.0.1:1/x"):
        text = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{target}">]>' + rss("<title>a&x;b</title>").partition("?>")[2]
        assert "root" not in (read(text).items[0].title or "")


def test_an_entity_that_multiplies_is_not_expanded():
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<!DOCTYPE rss [<!ENTITY e0 "ha">{lines}]>' + rss("<title>a&e9;b</title>").partition("?>")[2]
    began = time.process_time()
    assert len(read(text).items[0].title or "") < 100
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("//a.example/x", "https://a.example/x"),
        ("/x", "https://outlet.example/x"),
        ("x?y=1", "https://outlet.example/feeds/x?y=1"),
        ("https://a.example/a b", "https://a.example/a b"),
        ("https://a.example/a\n\t-b", "https://a.example/a-b"),
        ("HTTPS://A.example/X#part", "HTTPS://A.example/X#part"),
        ("https://a.example/x?a=1&copy=2&lang=en&reg=1", "https://a.example/x?a=1&copy=2&lang=en&reg=1"),
        ("https://a.example/x?a=1&amp;amp;copy=2", "https://a.example/x?a=1&copy=2"),
        ("<![CDATA[https://a.example/x?a=1&amp;b=2&#038;c=3]]>", "https://a.example/x?a=1&b=2&c=3"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:a@b.example", None),
        ("http://", None),
        ("http://[", None),
        ("", None),
    ],
)
def test_links_are_absolute_and_http_or_none(link, expected):
    assert item(f"<title>A</title><link>{link}</link>").link == expected


def test_control_characters_and_passwords_are_left_out_of_what_is_kept():
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [
            {
                "id": "a\0b\x1b",
                "url": "https://me:word@a.example/1",
                "title": "x\x1b[2J\x9b y",
                "content_html": "c\0d\ufffe",
                "tags": ["t\0"],
                "image": "https://me@a.example/i",
            }
        ],
    }
    entry = read(json.dumps(feed)).items[0]
    assert (entry.guid, entry.link, entry.title) == ("ab", "https://a.example/1", "x[2J› y")
    assert (entry.content, entry.tags, entry.image) == ("cd", ("t",), "https://a.example/i")
    assert item("<title>&amp;#27;[31mred &lt;b&gt;&amp;#x9b;</title>").title == "[31mred ›"


def test_a_guid_is_a_link_only_where_it_says_so():
    assert item("<guid>https://a.example/1</guid>").link == "https://a.example/1"
    assert item('<guid isPermaLink="false">https://a.example/1</guid>').link is None


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Plain", "Plain"),
        ("A &amp;amp; B", "A & B"),
        ("It&amp;#8217;s late", "It’s late"),
        ("&lt;b&gt;Bold&lt;/b&gt; news", "Bold news"),
        ("&lt;script&gt;x()&lt;/script&gt;Hi", "Hi"),
        ("&amp;lt;script&amp;gt;x()&amp;lt;/script&amp;gt;Hi", "Hi"),
        ("Profits &lt; losses", "Profits < losses"),
        ("List&lt;T&gt; in C#", "List<T> in C#"),
        ("AT&amp;T", "AT&T"),
        ("R&D at AT&T, Q&A: S&P;", "R&D at AT&T, Q&A: S&P;"),
        ("Price &pound;5 & up&hellip;", "Price £5 & up…"),
        ("R&amp;D &amp;eacute; &amp;lang=en &amp;notit;", "R&D é &lang=en &notit;"),
        ("<![CDATA[AT&T &amp; R&D &nbsp;caf&eacute;]]>", "AT&T & R&D café"),
        ("smile &#xD83D;&#xDE00;, &#147;quoted&#148;", "smile 😀, “quoted”"),
        ("  Two\n  lines ", "Two lines"),
        ("<![CDATA[R&D &amp; <i>more</i>]]>", "R&D & more"),
        ("", None),
        ("&lt;br/&gt;", None),
    ],
)
def test_titles_are_text(title, expected):
    assert item(f"<title>{title}</title>").title == expected


def test_ampersands_of_texts_enclosures_and_sitemaps_are_what_was_meant():
    address = "https://a.example/x?a=1&copy=2"
    summary = "<description>A&E, <![CDATA[R&D <b>&copy=2</b>]]></description>"
    entry = item(f'<title>A</title>{summary}<enclosure url="{address}" type="image/jpeg"/>')
    assert (entry.summary, entry.image) == ("A&E, R&D &copy=2", address)
    sitemap = (
        '<urlset xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url>'
        f"<loc>{address}</loc><news:news><news:title>R&D at AT&T</news:title></news:news></url></urlset>"
    )
    assert [(one.link, one.title) for one in read(sitemap).items] == [(address, "R&D at AT&T")]


def test_the_longer_of_two_texts_is_the_content_whatever_it_is_called():
    one = item("<description>The much longer text of all.</description><content:encoded>Short.</content:encoded>")
    assert (one.content, one.summary) == ("The much longer text of all.", "Short.")


def test_a_sole_text_is_what_it_is_called():
    one = item("<description>Short.</description>")
    assert (one.summary, one.content) == ("Short.", None)
    one = item("<content:encoded>&lt;p&gt;Text&lt;/p&gt;</content:encoded>")
    assert (one.summary, one.content) == (None, "<p>Text</p>")


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("<author>ann@outlet.example (Ann Lee)</author>", ("Ann Lee",)),
        ("<author>ann@outlet.example</author>", ()),
        ("<author>Ann Lee</author>", ("Ann Lee",)),
        ("<dc:creator><![CDATA[ Ann  Lee ]]></dc:creator>", ("Ann Lee",)),
        ("<author></author>", ()),
    ],
)
def test_authors_are_names_not_mail_addresses(author, names):
    assert item(author).authors == names


def test_a_date_that_cannot_be_read_is_kept_as_it_stands():
    one = item("<pubDate>yesterday noon</pubDate>")
    assert (one.published, one.published_raw) == (None, "yesterday noon")


def test_a_date_without_a_zone_is_in_that_of_the_outlet():
    one = item("<pubDate>Fri, 20 Nov 2026 10:00:00</pubDate>", time_zone="Europe/Berlin")
    assert one.published == dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)


def test_a_huge_feed_is_cut_at_the_cap_and_the_rest_counted():
    began = time.process_time()
    feed = read(rss(*["<title>A</title>"] * 50_000), max_items=2000)
    assert (len(feed.items), feed.left_out) == (2000, 48_000)
    assert time.process_time() - began < 5


def test_the_entries_before_damage_are_kept():
    feed = read(rss("<title>One</title>", "<title>Two</title>").replace("</channel></rss>", "<item><title>Thr"))
    assert [one.title for one in feed.items[:2]] == ["One", "Two"]
    feed = read(rss("<title>A & B</title>", "<title>Two</title>"))
    assert [one.title for one in feed.items] == ["A & B", "Two"]


@pytest.mark.parametrize(
    "data",
    [
        "\n" * 40_000 + rss("<title>A</title>"),
        "\n" * 40_000 + "<!DOCTYPE rss>" + "\n" * 40_000 + rss("<title>A</title>").partition("?>")[2],
        rss(f'<title>A</title><description>&lt;p style="{"a" * 40_000}"&gt;x&lt;/p&gt;</description>'),
        rss(f"<title>A</title><description>{'&lt;!--' * 40_000}</description>"),
        rss("<title>" + "&lt;b" * 40_000 + "</title>"),
        rss("<title>" + "&amp;amp;" * 40_000 + "</title>"),
        rss("<title>A</title><description>" + "&lt;div&gt;" * 40_000 + "</description>"),
    ],
    ids=["newlines", "doctype", "style", "comments", "tags", "ampersands", "nesting"],
)  # fmt: skip
def test_crafted_feeds_are_read_in_time(data):
    began = time.process_time()
    assert len(read(data).items) == 1
    assert time.process_time() - began < 3


def test_a_line_has_an_id_even_where_there_is_no_link():
    lines = [
        feed_item_to_line(one)
        for one in read(rss("<title>A</title><link>/a</link>", "<title>B</title>", "<guid>c</guid>")).items
    ]
    assert len({line["id"] for line in lines}) == 3
    assert {"id", "link", "title", "published", "summary", "content", "authors"} <= set(lines[0])
    assert lines[0]["link"] == "https://outlet.example/a"
    assert lines[1]["link"] is None
    line = feed_item_to_line(item("<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate>"))
    assert dt.datetime.fromisoformat(line["published"]) == dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)


def test_html_becomes_lines_without_code():
    assert html_text("<p>One<br>two</p><script>x()</script><ul><li>a</li><li>b</li></ul>") == "One\ntwo\na\nb"
    assert html_text("a &amp; b") == "a & b"
    assert html_text("<!-- -->") is None


WORDS = st.sampled_from(
    """
    <rss> <channel> <item> </item> <title> </title> <link> </link> <feed> <entry> <pubDate> <urlset> <url> <loc>
    <![CDATA[ ]]> &amp; &#0; &#xD800; &#99999999; <!DOCTYPE [ ]> <author> a@b.c <guid> <category> <media:content_url=
    <content:encoded> <enclosure_url='x'/> <ttl> 99999999999999999999999 \ud800 é <a:b_xmlns:a='c'> <source> <image>
    <div> x { } " _ &
    """.replace("_", "\n").split(" ")
)


def parses_or_says_why(data, **changes):
    with contextlib.suppress(ItemError):
        for one in read(data, **changes).items:
            json.dumps(feed_item_to_line(one)).encode()


@given(st.lists(WORDS, max_size=40).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass")))
def test_any_soup_of_tags_is_parsed_or_refused(data):
    parses_or_says_why(data)
    parses_or_says_why(b'<rss version="2.0"><channel><item>' + data)
    parses_or_says_why(b'<feed xmlns="http://www.w3.org/2005/Atom"><entry>' + data)
    parses_or_says_why(b"<urlset><url>" + data)


@given(st.binary(max_size=300), st.none() | st.text(max_size=30))
def test_any_bytes_are_parsed_or_refused(data, content_type):
    parses_or_says_why(data, content_type=content_type)


plain_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["items", "url", "id", "title", "authors", "author", "name", "tags", "hubs", "image", "date_published"]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(plain_json)
def test_any_json_is_parsed_or_refused(plain):
    parses_or_says_why(json.dumps({"items": [plain], "hubs": plain, "authors": plain}))
    parses_or_says_why(json.dumps(plain))


@given(st.text(max_size=200))
def test_any_title_becomes_one_line(value):
    text = title_text(value)
    assert text is None or ("\n" not in text and text == text.strip() != "")
    html_text(value)
