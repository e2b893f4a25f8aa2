"""Facts about when an article was published: what a page shows, where it stands, and what its address says."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dates import DateHabits
from pipeline.extract import RawPage, extract, load_config
from pipeline.extract.address_dates import find_address_date
from pipeline.extract.date_lines import is_date_line, parse_date_line
from pipeline.records import Precision
from pipeline.settings import Source

KNOWN = load_config(Path(__file__).parent.parent / "config")
HEADLINE = "Ferry service to the outer islands resumes after storm"
PARAGRAPHS = [
    "The ferry company said on Friday its two ships would sail from the harbour at six in the morning.",
    "Hundreds of islanders had waited for four days in a school hall, where the town served soup and lent blankets.",
    "The mayor thanked the volunteers and promised that the breakwater would be raised by a metre before next winter.",
    "Fishermen doubt that the money will be there in time, because the state has put off the work three times already.",
]
URL = "https://herald.example/news/ferry-service-resumes"


def published(*, above="", below="", after="", head="", lang="en", url=URL, **more):
    """Return time and precision of a page with these parts around headline and text."""
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    html = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{HEADLINE}</title>{head}</head><body>'
        f"<main><article>{above}<h1>{HEADLINE}</h1>{below}{text}</article></main>{after}</body></html>"
    )
    article = extract(RawPage(data=html.encode(), url=url, **more), KNOWN)
    assert article.text == "\n".join(PARAGRAPHS)  # a line that states the time is not among it
    return article.published_local or article.published, article.published_precision


@pytest.mark.parametrize(
    "line",
    [
        "20 November 2026, 15:07 Uhr", "Published: 20 November 2026 at 3.07 pm", "Stand: 20.11.2026, 15:07 Uhr",
        "November 20, 2026, 3:07 pm", "Friday, Nov. 20, 2026 | 3:07 p.m.", "发布时间：2026-11-20 15:07",
        "Опубликовано 20 ноября 2026 в 15:07", "20 พ.ย. 2569 15:07 น.", "2026年11月20日 15時07分",
        "2026年11月20日(金) 15:07", "2026년 11월 20일 오후 3시 7분", "입력 2026.11.20. 오후 3:07",
        "20. listopadu 2026 15:07", "2026. november 20. 15:07", "20.11.2026 klo 15.07", "20 Kasım 2026 Cuma, 15:07",
        "Giriş: 20.11.2026 - 15:07",
        "جمعه ۲۹ آبان ۱۴۰۵ - ۱۵:۰۷", "نُشر في: 20 نوفمبر 2026 - 15:07", "٢٠ نوفمبر ٢٠٢٦ - ١٥:٠٧", "२० नवंबर 2026, 15:07",
        "פורסם: 20 בנובמבר 2026, 15:07", "Thứ sáu, 20/11/2026, 15:07", "Jumat, 20 November 2026 15:07",
        "Δημοσίευση: 20 Νοεμβρίου 2026, 15:07", "20 листопада 2026, 15:07", "20 ноември 2026 г., 15:07 ч.",
        "20 noiembrie 2026, 15:07", "Dodano: 20 listopada 2026, godz. 15:07", "令和8年11月20日 15時07分",
        "Publié le 20 novembre 2026 à 15h07", "Publicado el 20 de noviembre de 2026 a las 15:07 h",
        "Publicerad 2026-11-20 15.07", "20 November 2026, 15:07 (9 days ago)", "中華民國115年11月20日 15:07",
        "الجمعة 10 جمادى الآخرة 1448 هـ - 20 نوفمبر 2026 م 15:07",
        "2026 m. lapkričio 20 d. 15:07", "2026. gada 20. novembrī, 15:07", "20. studenoga 2026. u 15:07",
    ],
)  # fmt: skip
def test_the_line_under_the_headline_states_day_and_time(line):
    assert published(below=f'<p class="date">{line}</p>') == ("2026-11-20T15:07:00", Precision.LOCAL)


@pytest.mark.parametrize(
    "markup",
    [
        "<div class='meta'><span>By Ana Ruiz</span><span>20 November 2026, 15:07</span><b>3 min</b></div>",
        "<p>Ana Ruiz, 20 November 2026, 15:07</p>",
        "<p>By Ana Ruiz | 20 November 2026, 15:07 | Updated: 21 November 2026, 9:00</p>",
        "<p>Updated: 21 November 2026, 9:00</p><p>Published: 20 November 2026, 15:07</p>",
        "<time datetime='2026-11-20T15:07'></time>",
        "<p>Updated <time datetime='2026-11-21T09:00'></time>, posted <time datetime='2026-11-20T15:07'>20</time></p>",
        "<ul class='meta'><li>Ana Ruiz</li><li><time datetime='2026-11-20T15:07'>20 November</time></li></ul>",
        "<div><p>Stand: <time datetime='2026-11-20T15:07'>20.</time></p><p>Update: 21.11.2026, 9:00 Uhr</p></div>",
        "<time datetime='2026-11-20T15:07'>20 Nov</time><time datetime='2026-11-21T09:00' class='updated'>21</time>",
    ],
)
def test_byline_and_updates_beside_the_time_of_publication_are_told_apart(markup):
    html = f"<html lang='en'><title>{HEADLINE}</title><body><article><h1>{HEADLINE}</h1>{markup}"
    html += "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    article = extract(RawPage(data=html.encode(), url=URL), KNOWN)
    assert (article.published_local, article.published_precision) == ("2026-11-20T15:07:00", Precision.LOCAL)


def test_the_time_may_stand_above_the_headline():
    line = '<div class="kicker">Harbour</div><div class="date">20 November 2026, 15:07</div>'
    assert published(above=line)[0] == "2026-11-20T15:07:00"


@pytest.mark.parametrize(
    "after",
    [
        "<footer><p>Registered on 12.03.2001 at the county court</p></footer>",
        "<footer><p>Terms of use, last changed on 5 May 2018</p><p>© 1998-2026</p></footer>",
        "<footer><time datetime='2018-05-05'>5 May 2018</time></footer>",
        "<aside class='related'><a href='/x'>Storm</a><time datetime='2026-11-16T08:00Z'>16 Nov</time></aside>",
        "<section id='comments'><time datetime='2026-11-22T08:00Z'>22 Nov</time><p>20 Nov 2026, 16:00</p></section>",
        "<ul class='latest'><li><time datetime='2026-11-22T08:00Z'></time> Snow</li></ul>",
        "<div class='opening'>Founded 3 May 1921 · open since 4 June 1999</div>",
    ],
)
def test_times_elsewhere_in_the_page_are_not_the_articles(after):
    assert published(after=after) == (None, None)
    assert published(after=after, url="https://herald.example/2026/11/20/ferry")[0] == "2026-11-20"


def test_a_time_in_a_sentence_is_what_the_news_is_about():
    html = f"<html lang='en'><title>{HEADLINE}</title><body><article><h1>{HEADLINE}</h1>"
    html += "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    html += '<p>The harbour was last shut on <time datetime="1998-05-04">4 May 1998</time>.</p></article>'
    assert extract(RawPage(data=html.encode(), url=URL), KNOWN).published_local is None


@pytest.mark.parametrize(
    ("lang", "country", "day"),
    [
        ("en", None, None), ("en", "US", "2026-11-05"), ("en", "GB", "2026-05-11"), ("en-US", None, "2026-11-05"),
        ("en-GB", None, "2026-05-11"), ("fr", None, "2026-05-11"), ("de", None, "2026-05-11"), ("en", "CA", None),
    ],
)  # fmt: skip
def test_day_and_month_are_told_apart_by_language_and_country(lang, country, day):
    source = Source(name="Herald", country=country)
    assert published(below="<p>11/05/2026</p>", lang=lang, source=source)[0] == day


def test_day_and_month_are_told_apart_by_what_else_is_known():
    line = "<p>11/05/2026</p>"
    assert published(below=line, url="https://herald.example/2026/11/ferry")[0] == "2026-11-05"
    fetched = dt.datetime(2026, 11, 6, tzinfo=dt.UTC)
    assert published(below=line, fetched=fetched)[0] == "2026-11-05"
    assert published(below=line, fetched=dt.datetime(2026, 6, 6, tzinfo=dt.UTC))[0] == "2026-05-11"
    assert published(below="<p>Thursday, 11/05/2026</p>")[0] == "2026-11-05"
    assert published(below=line, after="<div>12/31/2025</div>")[0] == "2026-11-05"


def test_the_address_outweighs_a_line_of_another_day():
    assert published(below="<p>3 May 2019</p>", url="https://herald.example/2026/11/20/ferry")[0] == "2026-11-20"
    assert published(below="<p>3 May 2019</p>", url="https://herald.example/2026/11/ferry")[0] is None
    assert published(below="<p>20 November 2026, 15:07</p>", url="https://herald.example/2026/11/20/ferry") == (
        "2026-11-20T15:07:00",
        Precision.LOCAL,
    )


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ('"2026/11/20 15:07:41"', "2026-11-20T15:07:41"),
        ("1795187261", dt.datetime(2026, 11, 20, 15, 7, 41, tzinfo=dt.UTC)),
        ("1795187261000", dt.datetime(2026, 11, 20, 15, 7, 41, tzinfo=dt.UTC)),
        ('["2026-11-20T15:07:41Z"]', dt.datetime(2026, 11, 20, 15, 7, 41, tzinfo=dt.UTC)),
        ('{"@value": "2026-11-20T15:07:41Z"}', dt.datetime(2026, 11, 20, 15, 7, 41, tzinfo=dt.UTC)),
        ('{"date": "2026-11-20 15:07:41.000000", "timezone_type": 3}', "2026-11-20T15:07:41"),
        ('{"$date": 1795187261000}', dt.datetime(2026, 11, 20, 15, 7, 41, tzinfo=dt.UTC)),
        ('"9999-12-31T23:59:59Z"', None), ('"0001-01-01T00:00:00Z"', None), ("0", None), ("true", None),
        ('"1970-01-01T00:00:00Z"', None), ('"2301-01-01"', None), ("null", None), ("[]", None), ("{}", None),
    ],
)  # fmt: skip
def test_json_ld_may_state_a_time_as_text_number_or_object(value, instant):
    data = f'{{"@type": "NewsArticle", "headline": "{HEADLINE}", "datePublished": {value}}}'
    assert published(head=f'<script type="application/ld+json">{data}</script>')[0] == instant


def test_what_is_changed_was_published_by_then():
    assert published(below="<p>Updated: 20 November 2026, 15:07</p>")[0] == "2026-11-20T15:07:00"


@pytest.mark.parametrize(
    ("path", "date"),
    [
        ("/2026/11/20/ferry.html", (2026, 11, 20)), ("/news/2026/nov/20/ferry", (2026, 11, 20)),
        ("/2026-11/20/content_123.htm", (2026, 11, 20)), ("/n1/2026/1120/c90-1.html", (2026, 11, 20)),
        ("/2026-11-20-ferry", (2026, 11, 20)), ("/20261120/ferry", (2026, 11, 20)),
        ("/202611201507123.html", None), ("/202611201507.html", (2026, 11, 20)), ("/t20261120_5.shtml", (2026, 11, 20)),
        ("/ferry-20261120.html", (2026, 11, 20)), ("/20-11-2026/ferry", (2026, 11, 20)),
        ("/2026/11/ferry", (2026, 11, None)),
        ("/news/20262620", None), ("/2026/13/40/x", None), ("/route-66/12/34", None), ("/2026", None), ("", None),
    ],
)  # fmt: skip
def test_an_address_may_hold_the_day_or_the_month(path, date):
    found = find_address_date(f"https://herald.example{path}")
    assert (found and tuple(found)) == date


@given(st.text(max_size=80))
def test_no_address_and_no_line_breaks_the_reader(text):
    find_address_date(f"https://herald.example/{text}")
    parse_date_line(text, KNOWN.phrases, DateHabits())


@pytest.mark.parametrize(
    "line",
    [
        "Protesters in Kyiv on 20 November 2025", "The last closure began on 4 May 1998.",
        "Photo: Ana Ruiz, 3 May 2019", "Registered on 12.03.2001 at the county court",
        "Vote Set For 3 May 2024", "Copyright 2026",
        "Terms of 5 May 2018", "Opening hours: 10:00-18:00", "20 November", "Issue 20/2026",
        "Founded 3 May 1921", "+49 30 20112026",
    ],
)  # fmt: skip
def test_lines_that_say_more_than_a_time_state_none(line):
    assert not is_date_line(line, KNOWN.phrases)
    assert parse_date_line(line, KNOWN.phrases, DateHabits("en")) == []


NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "line", ["5 hours ago", "Published: 5 hours ago", "Harbour | Published: 5 hours ago", "vor 3 Minuten"]
)
def test_how_long_ago_it_was_gives_the_day_where_it_is_known_when_the_page_was_sent(line):
    below = (
        f"<p class='meta'>{line}</p>"
        if "|" not in line
        else f"<div class='meta'><b>By Ana Ruiz</b> <i>{line}</i></div>"
    )
    assert published(below=below, fetched=NOON) == ("2026-11-20", Precision.DAY)
    assert published(below=below) == (None, None)
    assert published(below=below, fetched=NOON, saved=True) == (None, None)


def test_an_abbreviation_may_spell_the_time_out():
    line = '<abbr class="published" title="2026-11-20T15:07:00+01:00">9 days ago</abbr>'
    assert published(below=line) == (dt.datetime(2026, 11, 20, 14, 7, tzinfo=dt.UTC), Precision.INSTANT)


def test_what_states_a_date_outweighs_how_long_ago_it_was():
    line = "<p>5 hours ago</p>"
    assert published(below=line, url="https://herald.example/2026/11/18/ferry", fetched=NOON)[0] == "2026-11-18"
    assert published(below=f"<p>18 November 2026</p>{line}", fetched=NOON)[0] == "2026-11-18"
    assert published(below="<p>1 day ago</p>", fetched=NOON) == (None, None)
    assert published(after=f"<ul class='latest'><li>{line}</li></ul>", fetched=NOON) == (None, None)
