"""Facts about headlines: what the sources of a page share, without site names and kickers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract import load_config, titles
from pipeline.extract.blocks import split_blocks
from pipeline.extract.page_signals import gather_signals, parse_page

KNOWN = load_config(Path(__file__).parent.parent / "config")
URL = "https://www.courier.example/local/old-bridge"


def page(head="", body=""):
    return gather_signals(parse_page(f"<html lang='en'><head>{head}</head><body>{body}</body></html>"), URL)


def script(text):
    return f'<script type="application/ld+json">{text}</script>'


def og(text):
    return f'<meta property="og:title" content="{text}">'


def ld(text):
    return script(f'{{"@type": "NewsArticle", "headline": "{text}"}}')


def test_a_title_loses_the_sites_name_by_evidence():
    head = '<title>Old bridge opens | The Courier</title><meta property="og:site_name" content="The Courier">'
    assert titles.choose_title(page(head)) == "Old bridge opens"
    head = '<title>Old bridge opens - Local News</title><meta property="og:title" content="Old bridge opens">'
    assert titles.choose_title(page(head)) == "Old bridge opens"


def test_a_dash_within_a_headline_stays():
    title = "Old bridge opens – and nobody comes"
    assert titles.choose_title(page(f"<title>{title}</title><meta property='og:title' content='{title}'>")) == title


def test_what_sources_share_is_the_title():
    head = "<title>Bridge news</title><meta property='og:title' content='Old bridge opens'>"
    assert titles.choose_title(page(head, "<h1>The Courier</h1><h1>Old bridge opens</h1>")) == "Old bridge opens"


def test_a_page_without_title_has_none():
    assert titles.choose_title(page()) is None


TRAIL = "<nav><ol><li><a href='/'>Home</a></li><li><h1>{}</h1></li></ol></nav>"
LEAD = "Old bridge opens after four years"


def test_the_end_of_a_breadcrumb_trail_is_not_the_headline_though_set_as_h1():
    searched = "Bridge in Harbour City: what drivers should know"
    body = TRAIL.format(searched) + f"<article><h2><span>Harbour</span> {LEAD}</h2></article>"
    head = f"<title>{searched}</title>" + ld(searched) + og(LEAD)
    assert titles.choose_title(page(head, body)) == LEAD


@pytest.mark.parametrize(
    "trail",
    [
        "<div class='breadcrumb'><h1>{}</h1></div>",
        "<div class='article__header__crumb'><a href='/'>Home</a><h1>{}</h1></div>",
        "<ul><li><h1>{}</h1></li></ul>",
    ],
)
def test_a_breadcrumb_trail_is_told_by_its_element_or_class(trail):
    assert page(body=trail.format("x")).headings[0].is_breadcrumb


def test_without_a_visible_heading_the_end_of_the_trail_counts_little():
    body = TRAIL.format("Bridge: what to know")
    assert titles.choose_title(page(ld(LEAD), body)) == LEAD
    assert titles.choose_title(page(body=body)) == "Bridge: what to know"


def test_a_kicker_in_a_run_of_its_own_goes_where_another_source_says_the_rest_alone():
    body = f"<h1><span>Harbour City</span> <span>{LEAD}</span></h1>"
    assert titles.choose_title(page(og(LEAD), body)) == LEAD


def test_what_two_sources_share_after_kickers_of_their_own_is_the_headline():
    body = f"<h1><span>Harbour City</span> - <span>{LEAD}</span></h1>"
    assert titles.choose_title(page(og(f"Traffic: {LEAD}"), body)) == LEAD


def test_a_kicker_that_all_sources_say_is_part_of_the_headline():
    body = f"<h1><span>Harbour City:</span> <span>{LEAD}</span></h1>"
    whole = f"Harbour City: {LEAD}"
    assert titles.choose_title(page(ld(whole) + og(whole), body)) == whole


def test_a_headline_that_readers_see_outweighs_one_written_for_social_networks():
    seen = "Old bridge opens, and the mayor crosses it first"
    assert titles.choose_title(page(ld(seen) + og("You won't believe who crossed it"), f"<h1>{seen}</h1>")) == seen


def test_styles_inside_a_heading_are_no_part_of_it():
    body = f"<h1><style>.a{{color:red}}</style>{LEAD}</h1>"
    assert page(body=body).headings[0].text == LEAD


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("Old bridge opens | The Harbour Courier", "Old bridge opens"),
        ("Old bridge opens - Local - The Harbour Courier", "Old bridge opens - Local"),
        ("The Harbour Courier: Old bridge opens", "Old bridge opens"),
        ("Old bridge opens – courier.example", "Old bridge opens"),
        ("Bridge-builders meet - again", "Bridge-builders meet - again"),
    ],
)
def test_only_a_name_that_the_site_gives_itself_is_cut_off(given, title):
    assert titles.strip_site_name(given, [], {"the harbour courier", "courier example"}) == title


@given(st.lists(st.text(max_size=40), max_size=4))
def test_no_headings_break_the_choice(texts):
    titles.choose_title(page("".join(map(og, texts[:1])), "".join(f"<h1>{text}</h1><h2>{text}</h2>" for text in texts)))


HEADLINE = "Ferry service to the outer islands resumes after storm"
TEXT = "".join(
    f"<p>{paragraph}</p>"
    for paragraph in (
        "The ferry company said its two ships would sail to the outer islands again from Friday, after the storm.",
        "Service was stopped for four days, and hundreds of islanders waited in a school hall in the harbour town.",
        "The mayor thanked the volunteers and promised that the breakwater would be raised before next winter.",
    )
)


def headline(head, body=f"<h1>{HEADLINE}</h1>"):
    """Return the headline of a page with this head, and with a text about the ferry."""
    signals = page(head, f"<article>{body}{TEXT}</article>")
    return titles.choose_title(signals, None, split_blocks(signals.tree, None), KNOWN.phrases)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("<title>Loading…</title>", f"<h1>{HEADLINE}</h1>"),
        ("<title>Home</title><meta property='og:title' content='Home'>", f"<h1>{HEADLINE}</h1>"),
        ("<title>Quayside Post - the harbour daily</title>", f"<h1>{HEADLINE}</h1>"),
        ("<meta property='og:title' content='Quayside Post: news you can trust'>", f"<h1>{HEADLINE}</h1>"),
        ("<title>Startseite | Quayside Post</title>", f"<h1>Quayside Post</h1><h1>{HEADLINE}</h1>"),
        (og(HEADLINE.upper()), f"<h1>{HEADLINE}</h1>"),
        (f"<meta property='og:title' content='{HEADLINE[:36]}…'>", f"<h1>{HEADLINE}</h1>"),
        (f"<meta property='og:title' content='{HEADLINE[:36]} ...'>", f"<h1>{HEADLINE}</h1>"),
        (f"<meta property='og:title' content='BREAKING: {HEADLINE}'>", f"<h1>{HEADLINE}</h1>"),
        (f"<meta property='og:title' content='{HEADLINE} (VIDEO)'>", f"<h1>{HEADLINE}</h1>"),
        (f"<meta property='og:title' content='{HEADLINE} – Video'>", f"<h1>{HEADLINE}</h1>"),
        (f"<meta property='og:title' content='[Live] {HEADLINE}'>", f"<h1>{HEADLINE}</h1>"),
        (f"<title>{HEADLINE} | Harbour | Quayside Post</title>", f"<h1>{HEADLINE}<span>12</span></h1>"),
        (f"<title>{HEADLINE} » Quayside Post</title>", f"<h1>{HEADLINE} <a>(3 comments)</a></h1>"),
        (f"<title>Quayside Post – {HEADLINE}</title><meta property='og:site_name' content='Quayside Post'>", ""),
        (f"<title>{HEADLINE} | QP</title><link rel='canonical' href='https://qp.example/ferry'>", ""),
        (ld(f"&lt;b&gt;{HEADLINE}&lt;/b&gt;"), f"<h1>{HEADLINE}</h1>"),
        (f"<title>{HEADLINE} | Quayside Post</title>", f"<h2>{HEADLINE}</h2>"),
    ],
)  # fmt: skip
def test_the_headline_is_what_the_text_is_about(head, body):
    assert headline(head, body) == HEADLINE


def test_a_logo_that_is_a_heading_is_not_the_headline():
    head = f"<title>{HEADLINE}</title><meta property='og:title' content='{HEADLINE}'>"
    assert headline(head, "<h1>The Morning Voice</h1>") == HEADLINE


def test_a_label_stays_where_nobody_states_the_headline_without_it():
    head = f"<meta property='og:title' content='Exclusive: {HEADLINE}'>"
    assert headline(head, f"<h1>Exclusive: {HEADLINE}</h1>") == f"Exclusive: {HEADLINE}"


def test_a_headline_that_plays_with_words_is_kept_where_no_heading_speaks_against_it():
    head = "<title>All aboard</title><meta property='og:title' content='All aboard at last'>"
    assert headline(head, "<h1>All aboard</h1>") in {"All aboard", "All aboard at last"}


@pytest.mark.parametrize(
    ("given", "others", "title"),
    [
        ("大桥关闭十一周-某某网", ["大桥关闭十一周"], "大桥关闭十一周"),
        ("大桥关闭十一周_新闻_某某网", ["大桥关闭十一周"], "大桥关闭十一周"),
        ("大桥-隧道关闭", ["别的标题"], "大桥-隧道关闭"),
        ("Old bridge closed - The Courier - Local news", [], "Old bridge closed"),
    ],
)
def test_what_stands_behind_a_headline_goes_in_the_forms_of_many_sites(given, others, title):
    assert titles.strip_site_name(given, others, {"the courier"}) == title


def test_a_headline_cut_within_a_word_is_completed():
    whole = "Old bridge closes for eleven weeks while engineers replace bearings"
    cut = ld(whole[:-6])
    assert titles.choose_title(page(f"<title>{whole}</title>{cut}", f"<h1>{whole}</h1>")) == whole
    assert titles.choose_title(page(cut.replace(whole[:-6], whole[:-1]), f"<h1>{whole}</h1>")) == whole[:-1]


def test_a_break_in_a_title_parts_words():
    assert (
        titles.choose_title(page('<meta property="og:title" content="Old bridge&lt;br&gt;closes">'))
        == "Old bridge closes"
    )
