"""Facts about what a page says of itself: JSON-LD in its shapes, times and plain facts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract import RawPage, jsonld, load_config, metadata, times
from pipeline.extract.article_head import locate_head
from pipeline.extract.blocks import split_blocks
from pipeline.extract.page_signals import gather_signals, parse_page
from pipeline.extract.text_repair import repair_text
from pipeline.records import Precision
from pipeline.settings import Source

KNOWN = load_config(Path(__file__).parent.parent / "config")
URL = "https://www.courier.example/local/old-bridge"


def page(head="", body="", url=URL):
    return gather_signals(parse_page(f"<html lang='en'><head>{head}</head><body>{body}</body></html>"), url)


def script(text):
    return f'<script type="application/ld+json">{text}</script>'


NEWS = '{"@type": "NewsArticle", "headline": "Old bridge", "datePublished": "2031-03-04"}'


@pytest.mark.parametrize(
    "text",
    [
        NEWS,
        f"[{NEWS}]",
        f'{{"@graph": [{{"@type": "WebSite", "name": "x"}}, {NEWS}]}}',
        f'{{"@type": "WebPage", "mainEntity": {NEWS}}}',
        NEWS.replace('"}', '",}'),
        f"<![CDATA[{NEWS}]]>",
        f"<!-- {NEWS} -->",
        NEWS.replace("Old bridge", "Old\nbridge").replace("Old\nbridge", "Old bridge"),
        f"{NEWS};",
        f'{{"@type": "Organization", "name": "x"}}{NEWS}',
        NEWS.replace("NewsArticle", "http://schema.org/NewsArticle"),
        NEWS.replace('"NewsArticle"', '["Article", "NewsArticle"]'),
    ],
)
def test_json_ld_is_read_in_all_its_shapes(text):
    assert page(script(text)).article["headline"] == "Old bridge"


def test_another_pages_article_in_json_ld_is_not_this_ones():
    other = '{"@type": "NewsArticle", "headline": "Flood", "url": "https://www.courier.example/local/flood-in-town"}'
    own = '{"@type": "NewsArticle", "headline": "Old bridge", "url": "https://www.courier.example/local/old-bridge"}'
    assert page(script(other) + script(own)).article["headline"] == "Old bridge"
    assert page(script(f'{{"@type": "ItemList", "itemListElement": [{other}]}}')).article == {}


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["@type", "author", "name", "@id", "headline", "@graph"]), inner)
        ),
    )
)
def test_no_json_ld_breaks_its_reader(value):
    node = jsonld.find_article_node([value], URL)
    jsonld.list_people(node, [value])
    jsonld.text_of(node, "headline")


def choose(head, body="", **more):
    signals, raw = page(head, body), RawPage(data=b"", url=URL, **more)
    blocks = split_blocks(signals.tree, URL)
    habits = times.habits_of(raw, signals, blocks)
    return times.choose_times(signals, raw, locate_head(signals, blocks, None), habits, KNOWN.phrases)


def test_a_later_statement_of_the_same_day_gives_the_time_of_day():
    head = script(NEWS) + '<meta property="article:published_time" content="2031-03-04T09:30:00+01:00">'
    assert choose(head).published == dt.datetime(2031, 3, 4, 8, 30, tzinfo=dt.UTC)


def test_a_time_of_another_day_does_not():
    head = script(NEWS) + '<meta property="article:published_time" content="2031-03-09T09:30:00+01:00">'
    assert (choose(head).published, choose(head).local, choose(head).precision) == (None, "2031-03-04", Precision.DAY)


def test_a_naive_time_gets_the_offset_that_the_page_states_elsewhere():
    head = '<meta name="date" content="2031-03-04T09:30:00"><meta name="lastmod" content="2031-03-04T11:30:00+01:00">'
    made = choose(head)
    assert made.published == dt.datetime(2031, 3, 4, 8, 30, tzinfo=dt.UTC)
    assert made.modified == dt.datetime(2031, 3, 4, 10, 30, tzinfo=dt.UTC)


def test_a_naive_time_of_an_unknown_zone_stays_local():
    made = choose('<meta name="date" content="2031-07-04T09:30:00">')
    assert (made.published, made.local, made.precision) == (None, "2031-07-04T09:30:00", Precision.LOCAL)
    sydney = choose(
        '<meta name="date" content="2031-07-04T09:30:00">', source=Source(name="x", time_zone="Australia/Sydney")
    )
    assert sydney.published == dt.datetime(2031, 7, 3, 23, 30, tzinfo=dt.UTC)


def test_a_time_after_the_page_was_fetched_is_not_believed():
    fetched = dt.datetime(2031, 3, 5, tzinfo=dt.UTC)
    head = '<meta name="date" content="2041-03-04T09:30:00Z"><meta name="pubdate" content="2031-03-04T09:30:00Z">'
    assert choose(head, fetched=fetched).published == dt.datetime(2031, 3, 4, 9, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        "20. März 2031 um 9.30 Uhr", "le 20 mars 2031 à 9h30", "20 de marzo de 2031, 9:30", "20 marzo 2031 - 9:30",
        "20 de março de 2031 às 9h30", "20 maart 2031, 9:30", "20 marca 2031, 9:30", "20 марта 2031 г., 9:30",
        "20 Mart 2031, 9:30", "March 20, 2031, 9:30 a.m.",
    ],
)  # fmt: skip
def test_a_time_that_stands_as_text_in_the_page_is_read_in_its_language(text):
    chosen = choose("", f"<p>An old bridge.</p><time class='published'>{text}</time>")
    assert (chosen.local, chosen.precision) == ("2031-03-20T09:30:00", Precision.LOCAL)


def test_the_canonical_address_is_believed_on_its_own_site_only():
    def canonical(address):
        return metadata.gather_metadata(
            page(f'<link rel="canonical" href="{address}">'), RawPage(data=b"", url=URL)
        ).canonical_url

    assert canonical("/local/old-bridge?utm_source=x") == URL
    assert canonical("https://www.courier.example/") is None
    assert canonical("https://elsewhere.example/local/old-bridge") is None
    assert canonical("javascript:void(0)") is None


def test_the_language_is_read_from_the_text_and_the_template_corrected():
    text = "Der Rat der Stadt hat am Dienstag beschlossen, die alte Brücke bis zum Herbst neu zu bauen. " * 4
    assert metadata.detect_language(text, "en-US", None) == "de"
    assert metadata.detect_language("OK", "fr", None) == "fr"
    assert metadata.detect_language("OK", None, "de") == "de"
    assert metadata.detect_language("", None, None) is None


@pytest.mark.parametrize(
    ("damaged", "whole"),
    [
        ("Iraq`s army", "Iraq's army"),
        ("the soldiers´ pay", "the soldiers' pay"),
        ("``We go,'' she said", '"We go," she said'),
        ("he said `no` to it", "he said 'no' to it"),
        ("cafÃ© schÃ¶n", "café schön"),
        ("Tom &amp;amp; Ann &quot;met&quot;", 'Tom & Ann "met"'),
        ("Donau\u00addampf\u200bschiff", "Donaudampfschiff"),
        ("a\u00a0b\n c", "a b c"),
        ("“We go” – he’s here", "“We go” – he’s here"),
        ("AT&T and R&D", "AT&T and R&D"),
    ],
)
def test_typographic_damage_is_mended_and_typography_kept(damaged, whole):
    assert repair_text(damaged) == whole


@given(st.text(max_size=200))
def test_mending_twice_is_mending_once(text):
    assert "\n" not in repair_text(text)
