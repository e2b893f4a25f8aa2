"""Facts about extraction as a whole: a page or a text in, an article or a reason out."""

from __future__ import annotations

import datetime as dt
import gzip
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ItemError
from pipeline.extract import RawPage, extract, load_config, make_extractor
from pipeline.extract.page import distinct_standfirst
from pipeline.jsonlines import article_to_line, error_to_line
from pipeline.records import Caption, Entry, Outcome, Precision, Reason
from pipeline.settings import Source
from pipeline.workers import Workers

DATA = Path(__file__).parent / "data" / "extract"
KNOWN = load_config(Path(__file__).parent.parent / "config")
URL = "https://www.courier.example/local/old-bridge-rebuilt-2031?utm_source=feed"
TEXT = "".join(
    f"<p>Paragraph {n} says that the council voted to repair bridge number {n}, which was closed in spring.</p>"
    for n in range(8)
)


def test_the_language_model_is_loaded_by_warm_up_and_not_by_an_import():
    script = (
        "import pipeline.extract, pipeline.stages\n"
        "from py3langid import langid\n"
        "assert langid.IDENTIFIER is None\n"
        "import pipeline.extract.preload\n"
        "assert langid.IDENTIFIER is not None\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def page(body=TEXT, head="<title>Bridges to be repaired</title>", attributes='lang="en"'):
    return (
        f"<!doctype html><html {attributes}><head>{head}</head><body><article>{body}</article></body></html>".encode()
    )


def read(data, **more):
    more.setdefault("url", "https://news.example/a/bridges-repaired")
    return extract(RawPage(data=data, **more), KNOWN)


def reason(data, **more):
    with pytest.raises(ItemError) as caught:
        read(data, **more)
    return caught.value.outcome, caught.value.reason


@pytest.fixture(scope="module")
def council():
    return extract(RawPage(data=(DATA / "council.html").read_bytes(), url=URL), KNOWN)


@pytest.fixture(scope="module")
def pasted():
    return extract(RawPage(data=(DATA / "pasted.txt").read_bytes(), media_type="text/plain"), KNOWN)


def test_a_page_gives_its_title_without_the_sites_name(council):
    assert council.title == "Old bridge to be rebuilt by autumn"


def test_a_page_gives_its_authors_each_apart_without_roles(council):
    assert council.authors == ("Mira Lindqvist", "Tomas Okafor")


def test_a_page_gives_its_times_in_utc(council):
    assert council.published == dt.datetime(2031, 3, 4, 8, 30, tzinfo=dt.UTC)
    assert council.modified == dt.datetime(2031, 3, 4, 10, 5, tzinfo=dt.UTC)
    assert council.published_precision is Precision.INSTANT


def test_a_page_gives_its_plain_facts(council):
    assert council.canonical_url == "https://www.courier.example/local/old-bridge-rebuilt-2031"
    assert (council.language, council.section, council.tags) == ("en", "Local", ("bridges", "council"))
    assert council.image == "https://www.courier.example/images/bridge.jpg"
    assert council.paywalled is True
    assert council.rights == ("noarchive", "noai")
    assert council.standfirst == "The council has found the money."


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("RIVERTON, May 3 (Wire) - The old bridge will be rebuilt by autumn, the council ...", False),
        ("The old bridge will be rebuilt by autumn, the council said on Monday.", False),
        ("All that is known of the bridge.", True),
        ("The old bridge will be rebuilt by autumn; the road that leads there will not.", True),
        ("…", False),
        (None, False),
    ],
)
def test_how_the_text_begins_is_no_standfirst(said, kept):
    text = "The old bridge will be rebuilt by autumn, the council said on Monday.\nIt was closed in 2029."
    assert distinct_standfirst(said, text) == (said if kept else None)


def test_the_text_is_the_article_and_nothing_else(council):
    lines = council.text.splitlines()
    assert lines[0].startswith("The council voted on Tuesday")
    assert lines[-1].startswith("Shopkeepers on the eastern side")
    for foreign in ("newsletter", "Flood damage", "Who pays", "Copyright", "Home", "Editing by", "after the flood."):
        assert foreign not in council.text


def test_lists_quotes_and_sub_headings_stay_in_the_text(council):
    assert council.subheadings == ("What it costs",)
    for own in ("What it costs", "Two million for the deck", "We have waited long enough"):
        assert own in council.text.splitlines() or own in council.text


def test_dateline_and_agency_are_cut_off_but_told_ap_stays(council):
    assert (council.dateline, council.agency) == ("HARBOUR CITY", "Reuters")
    assert "The mayor told AP that" in council.text


def test_a_caption_is_kept_with_its_credit(council):
    assert council.captions == (Caption(text="The bridge after the flood.", credit="Anna Moreau/AFP"),)


def test_a_pasted_text_gives_dateline_caption_and_sub_heading(pasted):
    assert pasted.dateline == "Damascus"
    assert [caption.credit for caption in pasted.captions] == ["AFP"]
    assert pasted.captions[0].text.endswith("on March 3, 2031.")
    assert pasted.subheadings == ("No money yet",)
    assert pasted.text.splitlines()[0].startswith("Eleven boats sank")
    assert "2.7719034" not in pasted.text
    assert pasted.captions[0].number == "2.7719034-1180042377"
    assert "PHOTO" not in pasted.text


def test_a_pictures_number_is_kept_though_no_caption_follows():
    article = read(
        b"1.1345264-3993115206\n\nBeirut: Eleven boats sank on Monday, officials said.\n\nTwo are missing.", url=None
    )
    assert article.captions == (Caption(text="", number="1.1345264-3993115206"),)
    assert (article.dateline, article.text.splitlines()[0][:12]) == ("Beirut", "Eleven boats")


def test_the_agency_is_known_from_a_copyright_line_that_is_cut():
    article = read(page(TEXT + "<p>© 2031 AFP</p>"))
    assert article.agency == "AFP"
    assert "©" not in article.text


def test_a_live_blog_is_told_by_its_type_or_its_address():
    script = '<script type="application/ld+json">{{"@type": "{}", "headline": "Bridges"}}</script>'
    assert read(page(head=script.format("LiveBlogPosting"))).live is True
    assert read(page(head=script.format("NewsArticle"))).live is False
    assert read(page(), url="https://news.example/live-blog/bridges").live is True
    assert read(page(), url="https://news.example/alive-and-well").live is None


def test_backticks_used_as_apostrophes_are_mended(pasted):
    assert "harbour's eastern wall" in pasted.text
    assert "`" not in pasted.text


def test_an_article_without_address_and_title_has_its_bytes_hash_as_id_and_no_title(pasted):
    again = extract(RawPage(data=(DATA / "pasted.txt").read_bytes(), media_type="text/plain"), KNOWN)
    assert pasted.title is None
    assert pasted.url is None
    assert len(pasted.id) == 20
    assert again.id == pasted.id


def test_a_bureau_byline_gives_bureau_and_author():
    text = "Coast Media Bureau/Lina Haddad\n\nBeirut: Eleven boats sank on Monday, officials said.\n\nTwo are missing."
    article = read(text.encode(), url=None)
    assert (article.bureau, article.authors, article.dateline) == ("Coast Media Bureau", ("Lina Haddad",), "Beirut")


def test_a_pasted_headline_byline_and_date_are_fields_not_text():
    top = "Eleven boats sink in storm\nBy Lina Haddad and Omar Said\nMarch 3, 2031 10:15 UTC\n\n"
    article = read(f"{top}Eleven boats sank on Monday, officials said.\n\nTwo men are missing.".encode(), url=None)
    assert article.title == "Eleven boats sink in storm"
    assert article.authors == ("Lina Haddad", "Omar Said")
    assert article.published == dt.datetime(2031, 3, 3, 10, 15, tzinfo=dt.UTC)
    assert article.text.startswith("Eleven boats sank on Monday")


def test_lines_broken_by_a_mail_program_are_joined():
    text = (
        b"The council of the harbour town voted on Tuesday evening to\nrebuild the old bridge before the winter comes "
        b"and the\nschools open again.\n\nThe mayor said that the money would be taken from the\nreserves of the town "
        b"and from a loan that the bank of the\nregion has promised."
    )
    assert len(read(text, url=None).text.splitlines()) == 2


def test_a_feed_fills_what_the_page_leaves_open():
    seen = dt.datetime(2031, 3, 4, 12, tzinfo=dt.UTC)
    entry = Entry(
        id="x", url="https://news.example/a", source="News", first_seen=seen, title="Bridges to be repaired - News",
        authors=("Lina Haddad",), published=dt.datetime(2031, 3, 4, 11, tzinfo=dt.UTC), summary="All eight of them.",
    )  # fmt: skip
    article = read(page(head=""), entry=entry, fetched=seen)
    assert article.authors == ("Lina Haddad",)
    assert article.published == entry.published
    assert article.standfirst == "All eight of them."


def test_a_local_time_gets_the_zone_of_its_source():
    head = '<title>Bridges</title><meta property="article:published_time" content="2031-07-04T09:30:00">'
    assert read(page(head=head)).published is None
    assert article_to_line(read(page(head=head)))["published"] == "2031-07-04T09:30:00"
    berlin = read(page(head=head), source=Source(name="News", time_zone="Europe/Berlin"))
    assert berlin.published == dt.datetime(2031, 7, 4, 7, 30, tzinfo=dt.UTC)


def test_a_line_says_how_exactly_its_time_is_known():
    head = '<title>Bridges</title><meta name="date" content="2031-07-04">'
    line = article_to_line(read(page(head=head)))
    assert (line["published"], line["published_precision"]) == ("2031-07-04", "day")
    assert "published_local" not in line


def test_an_item_that_yields_nothing_has_a_line_with_its_reason():
    error = ItemError(Outcome.DROPPED, Reason.EMPTY, "there is nothing in it")
    assert error_to_line("x", error) == {"id": "x", "error": {"reason": "empty", "detail": "there is nothing in it"}}


def test_what_is_no_article_is_refused_with_its_reason():
    assert reason(b"  \n ") == (Outcome.DROPPED, Reason.EMPTY)
    assert reason(b"%PDF-1.7 and so on") == (Outcome.QUARANTINED, Reason.BINARY)
    assert reason(gzip.compress(page())) == (Outcome.QUARANTINED, Reason.BINARY)
    assert reason(bytes(range(256)) * 10) == (Outcome.QUARANTINED, Reason.BINARY)
    assert reason(b"<?xml version='1.0'?><rss version='2.0'><channel></channel></rss>") == (
        Outcome.DROPPED,
        Reason.NOT_HTML,
    )
    assert reason(b'{"title": "no page"}') == (Outcome.DROPPED, Reason.NOT_HTML)
    assert reason(b"some text", media_type="application/xml") == (Outcome.DROPPED, Reason.NOT_HTML)
    assert reason(page("<script>only()</script>")) == (Outcome.DROPPED, Reason.NO_TEXT)
    assert reason(b"<p>x</p>" * 2_000_000) == (Outcome.QUARANTINED, Reason.TOO_LARGE)


def test_text_inside_three_hundred_nested_elements_is_found():
    assert "bridge number 7" in read(page("<div>" * 300 + TEXT + "</div>" * 300)).text


@pytest.mark.parametrize(
    "odd",
    [
        '<table><tr><td colspan="1000000000">a</td><td rowspan="999999999">b</td></tr></table>',
        "<br>" * 10_000,
        "<ul>" + "".join(f'<li><a href="/x/{n}">Another event in town {n}</a></li>' for n in range(2_000)) + "</ul>",
        "<script>" + "var text = 'nothing';" * 400_000 + "</script>",
        "<p>" + "(" * 50_000 + "</p>",
        "<p>" + "`a " * 50_000 + "</p>",
        "<p>" + "A" * 50_000 + "1</p>",
    ],
    ids=["colspan", "line breaks", "links", "script", "brackets", "ticks", "capitals"],
)
def test_odd_pages_are_answered(odd):
    assert "bridge number 7" in read(page(TEXT + odd)).text


LONG = {
    "lines": "Some words of a line<br>" * 20_000,
    "links": "".join(f'<li><a href="/x/{n}">Another event in town {n}</a></li>' for n in range(10_000)),
    "paragraphs": "<p>The council voted on Tuesday to repair the bridge closed in spring, officials said.</p>" * 18_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LONG)
def test_the_text_of_a_page_of_tens_of_thousands_of_elements_is_found(kind):
    """Pages that are larger yet are answered: test_extract_hazards."""
    assert "bridge number 7" in read(page(TEXT + LONG[kind])).text


def test_a_worker_extracts_in_its_own_process_and_can_be_sent_there():
    function = make_extractor(KNOWN)
    assert pickle.loads(pickle.dumps(function))(RawPage(data=page())).article.title == "Bridges to be repaired"
    with Workers(function, count=1, seconds=60) as workers:
        first, second = workers.map([RawPage(data=page()), RawPage(data=b"")])
    assert first.article.title == "Bridges to be repaired"
    assert second.reason is Reason.EMPTY


@settings(max_examples=40)
@given(st.binary(max_size=400), st.integers(0, 3000), st.integers(0, 300))
def test_a_damaged_page_is_read_or_refused(noise, place, removed):
    data = (DATA / "council.html").read_bytes()
    data = data[:place] + noise + data[place + removed :]
    try:
        article = extract(RawPage(data=data, url=URL), KNOWN)
    except ItemError as error:
        assert error.reason in {Reason.BINARY, Reason.NO_TEXT, Reason.NOT_HTML}  # noqa: PT017
    else:
        assert article.text
        assert article.published is None or article.published.tzinfo


def test_the_outlet_itself_is_no_author():
    body = (
        f'<div class="byline">By <span itemprop="author"><span itemprop="name">The Daily Tide</span></span></div>{TEXT}'
    )
    assert read(page(body), source=Source(name="The Daily Tide")).authors == ()
    assert read(page(body.replace("The Daily Tide", "Jo Doe")), source=Source(name="The Daily Tide")).authors == (
        "Jo Doe",
    )
