"""Facts about pages that stand in place of an article, and articles that only look like them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from pipeline.errors import ItemError
from pipeline.extract import RawPage, extract, load_config
from pipeline.records import Entry, Outcome, Reason
from tests.helpers.phrases import NO_WALLS, WALLS

KNOWN = load_config(Path(__file__).parent.parent / "config")
URL = "https://courier.example/local/old-bridge-closed-in-january"
TITLE = "Old swing bridge at Millgate to close for eleven weeks"
TEXT = (
    "The harbour authority said on Tuesday that the old swing bridge would close for eleven weeks from January.",
    "Residents on the eastern quay fear that the detour will keep customers away from shops that have just recovered.",
    "The council leader told a packed meeting in the fish market that the work could not wait any longer, they said.",
)
NOTICE = (
    "Members read the whole archive of the paper, the puzzles and the weekend magazine on all their devices.",
) * 4
FORM = '<form><input type="text" name="user"><input type="password" name="word"></form>'


def read(headline, text=TEXT, *, title=None, feed=None, head="", more=""):
    """Extract a page; the article, or the error."""
    paragraphs = "".join(f"<p>{line}</p>" for line in text)
    page = (
        f"<!doctype html><html><head><meta charset=utf-8><title>{title or headline}</title>{head}</head>"
        f"<body><h1>{headline}</h1>{more}{paragraphs}</body></html>"
    )
    seen = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    entry = Entry(id="a", url=URL, source="Courier", first_seen=seen, title=feed) if feed else None
    try:
        return extract(RawPage(data=page.encode(), url=URL, media_type="text/html", entry=entry), KNOWN)
    except ItemError as error:
        return error


def reason(result):
    return result.reason if isinstance(result, ItemError) else None


@pytest.mark.parametrize(("kind", "headline"), [(kind, line) for kind, lines in WALLS.items() for line in lines])
def test_a_page_with_nothing_but_such_a_headline_and_a_notice_is_no_article(kind, headline):
    error = read(headline, NOTICE, feed=TITLE)
    assert reason(error) == (Reason.NOT_FOUND if "no such page" in kind else Reason.WALL)
    assert kind in error.detail


@pytest.mark.parametrize("headline", NO_WALLS)
def test_an_article_about_such_things_is_one(headline):
    assert read(headline).title == headline


@pytest.mark.parametrize("headline", ["Before you continue", "Access denied", "Cookie settings", "Just a moment"])
def test_an_article_that_its_feed_announces_under_such_a_headline_is_one(headline):
    assert read(headline, feed=headline).text.startswith("The harbour")


def test_an_article_that_says_so_itself_may_have_such_a_headline():
    head = '<meta property="article:published_time" content="2026-11-20T10:00Z">'
    assert read("Access denied", head=head).title == "Access denied"
    assert reason(read("Access denied", NOTICE[:1], head=head)) == Reason.WALL


def test_only_a_check_that_the_next_visit_may_pass_is_retried():
    assert read("Just a moment...", NOTICE).outcome is Outcome.RETRY
    assert read("Sign in to continue", NOTICE).outcome is Outcome.DROPPED


def test_a_banner_or_a_login_beside_the_article_changes_nothing():
    banner = f"<div class=cookie><h2>We value your privacy</h2></div><div class=login><h2>Sign in</h2>{FORM}</div>"
    assert read(TITLE, more=banner).title == TITLE
    assert read(TITLE, more=banner, feed=TITLE).title == TITLE
    modal = f"<div class=modal><h1>Sign in</h1>{FORM}</div>"
    assert read(TITLE, more=modal).text.endswith(TEXT[-1])


def test_a_teaser_before_a_wall_is_an_article():
    assert read(TITLE, (*TEXT[:1], "Subscribe to continue reading."), feed=TITLE).text.startswith(TEXT[0])


def test_a_headline_with_nothing_but_a_wall_below_is_none():
    stub = ("This article is for subscribers only.", "Already a subscriber? Sign in.")
    assert reason(read(TITLE, stub, feed=TITLE)) == Reason.WALL


def test_a_page_in_an_unknown_language_that_asks_for_a_password_is_none_where_another_text_is_announced():
    text = ("Tafadhali jiandikishe ili uendelee kusoma habari zote za gazeti letu kila siku bila malipo.",)
    assert reason(read("Karibu msomaji wetu", text, more=FORM, feed=TITLE)) == Reason.WALL
    assert reason(read("Karibu msomaji wetu", text, feed=TITLE)) is None
    assert reason(read("Karibu msomaji wetu", text, more=FORM)) is None


def test_a_page_that_only_a_script_fills_is_none():
    script = '<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script>'
    assert read("courier.example", ("A few more seconds, please.",), head=script).outcome is Outcome.RETRY
    assert read(TITLE, head=script).title == TITLE


@pytest.mark.parametrize(
    ("target", "expected"),
    [("/login?to=/x", Reason.WALL), (URL, None), ("/local/old-bridge-closed-in-january?amp=1", None)],
)
def test_a_page_that_sends_its_readers_on_at_once_is_none(target, expected):
    head = f'<meta http-equiv="refresh" content="0; url={target}">'
    assert reason(read("Redirecting to another page", TEXT[:1], head=head)) == expected
    assert read(TITLE, head=head.replace('"0;', '"600;')).title == TITLE
