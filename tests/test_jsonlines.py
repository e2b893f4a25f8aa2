"""Lines that the filters read become articles, whatever a line leaves out."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ItemError
from pipeline.jsonlines import article_from_line, copy_from_line, names_from_line
from pipeline.records import Article, Precision, Reason, to_plain
from pipeline.urls import article_id

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def test_a_text_alone_is_an_article():
    article = article_from_line({"text": "Rain fell."})
    assert article.text == "Rain fell."
    assert article.id == article_from_line({"text": "Rain fell."}).id


def test_a_language_may_be_called_lang():
    assert article_from_line({"text": "Es regnet.", "lang": "de"}).language == "de"
    assert article_from_line({"text": "Es regnet.", "lang": "de", "language": "fr"}).language == "fr"


def test_without_an_id_the_address_names_the_article():
    url = "https://times.example/rain"
    assert article_from_line({"text": "Rain fell.", "url": url}).id == article_id(url)


def test_a_number_is_a_fine_id():
    assert article_from_line({"id": 7, "text": "Rain fell."}).id == "7"


def test_times_with_and_without_a_zone_are_kept_apart():
    aware = article_from_line({"text": "x", "published": "2026-11-20T10:00:00+02:00"})
    assert aware.published == dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)
    local = article_from_line({"text": "x", "published": "2026-11-20T10:00:00"})
    assert (local.published, local.published_local) == (None, "2026-11-20T10:00:00")
    assert local.published_precision is Precision.LOCAL
    assert article_from_line({"text": "x", "published": "2026-11-20"}).published_precision is Precision.DAY


@pytest.mark.parametrize(
    "zero", ["1970-01-01T00:00:00Z", "1969-12-31T19:00:00-05:00", "1970-01-01", "0001-01-01T00:00"]
)
def test_the_zero_of_a_clock_is_no_date(zero):
    article = article_from_line({"text": "x", "published": zero, "modified": zero})
    assert (article.published, article.published_local, article.published_precision) == (None, None, None)
    assert article.modified is None


@pytest.mark.parametrize("far", ["9999-12-31T23:59:59Z", "9999-12-31T23:00:00-05:00", "2541-01-01", "0900-01-01"])
def test_a_time_when_there_is_no_news_is_left_out(far):
    article = article_from_line({"text": "x", "published": far, "modified": far})
    assert (article.published, article.published_local, article.published_precision) == (None, None, None)
    assert article.modified is None


def test_a_time_after_tomorrow_is_left_out_where_it_is_known_what_day_it_is():
    now = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    assert article_from_line({"text": "x", "published": "2026-11-22T12:00:01Z"}, now).published is None
    assert article_from_line({"text": "x", "published": "2026-11-21T11:00:00Z"}, now).published is not None
    assert article_from_line({"text": "x", "published": "1912-04-15"}, now).published_local == "1912-04-15"


def test_what_an_article_holds_survives_being_a_line():
    article = Article(id="a", text="Rain fell.", title="Rain", authors=("Ana Ruiz",), tags=("weather",), language="en")
    assert article_from_line(to_plain(article)) == article


@pytest.mark.parametrize("line", [{}, {"text": None}, {"text": "  "}, {"text": 5}])
def test_a_line_without_text_is_refused(line):
    with pytest.raises(ItemError) as raised:
        article_from_line(line)
    assert raised.value.reason is Reason.NO_TEXT


@given(st.dictionaries(st.sampled_from(Article.__struct_fields__), JSON, max_size=8))
def test_any_line_is_an_article_or_refused(line):
    try:
        assert article_from_line(line).text
    except ItemError as error:
        assert error.detail  # noqa: PT017  (either is right; which one depends on the line)


@pytest.mark.parametrize(
    ("value", "until"),
    [
        (None, None),
        ("", None),
        ("2026-12-24T09:30:00Z", "2026-12-24T09:30:00+00:00"),
        ("2026-12-24T09:30:00", "2026-12-24T14:30:00+00:00"),
        ("2026-11-01T01:30", "2026-11-01T06:30:00+00:00"),  # the clock strikes this hour twice
        ("2026-12-24", "2026-12-24T05:00:00+00:00"),
        ("9999-12-31T23:59:59-14:00", "9999-12-31T00:00:00+00:00"),
    ],
)
def test_an_embargo_without_a_zone_ends_by_the_clock_of_the_source(value, until):
    article = article_from_line({"text": "a", "embargoed": value}, zone=zoneinfo.ZoneInfo("America/New_York"))
    assert (article.embargoed.isoformat() if article.embargoed else None) == until


@pytest.mark.parametrize("value", [5, True, {}, [], "soon", "2026-12-24T25:00"])
def test_an_embargo_that_cannot_be_read_is_refused(value):
    with pytest.raises(ItemError) as caught:
        article_from_line({"text": "a", "embargoed": value})
    assert caught.value.reason is Reason.BAD_RECORD


def test_a_line_says_whose_copy_it_is():
    line = {"id": "b", "copy_of": "a", "copy": {"score": 0.9, "kind": "reprint"}}
    assert (copy_from_line(line, "b").copy_of, copy_from_line(line, "b").group) == ("a", "a")
    assert copy_from_line({"id": "b"}, "b").group == "b"


def test_names_and_stories_are_read_where_they_are():
    assert names_from_line({}, "a") is None
    assert names_from_line({"mentions": [], "entities": []}, "a").mentions == ()
    with pytest.raises(ItemError):
        names_from_line({"mentions": [{"start": "x"}]}, "a")
