"""The pages of those who run newswire show runs, sources, what waits, and why an article is where it is."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from starlette.testclient import TestClient

from pipeline.alert_records import Alert, AlertCondition, AlertPhase, AlertRule
from pipeline.feed_records import FeedGap, SourceDay
from pipeline.figures import ProgramFigures, RunFigures
from pipeline.records import Outcome, Reason, Stage
from pipeline.runs import begin_run, end_run
from pipeline.settings import ServeSettings, Source
from pipeline.stages import run_all
from pipeline.telemetry.sampling import keep_sample
from pipeline.web.app import create_app
from tests.helpers.arriving import NOW, STAGES, arrive, finish, through

TEXT = "The council met on Monday and agreed to mend the old bridge over the river before winter comes."
RUN = "ingest/manual__2026-03-10T12:00:00+00:00"
ADDRESS = "/runs/ingest/manual__2026-03-10T12%3A00%3A00%2B00%3A00"  # as Airflow writes it
FEED = "https://daily.example/feed"


@pytest.fixture
def client(context):
    context.index.prepare()
    with TestClient(create_app(context), base_url="http://localhost") as made:
        yield made


@pytest.fixture
def run(context):
    """A run with two articles that came through, one that was quarantined, and a feed that failed."""
    begin_run(context, RUN, command="airflow: ingest", started_by="ann <b>")
    log(context, FEED, Outcome.DONE)
    for name in ("a1", "a2"):
        arrive(context, name, f"{TEXT} {name}")
    run_all(context, STAGES)
    arrive(context, "a3", TEXT, source="Evening")
    finish(context, Stage.DEDUPE, outcome=Outcome.QUARANTINED, reason=Reason.CRASHED, detail="<i>odd</i>")
    end_run(context, RUN)


def log(context, feed, outcome, reason=None):
    with context.store.write() as connection:
        context.store.ledger.log_outcome(connection, feed, Stage.POLL, outcome, reason, None, NOW)


def text_of(answer):
    assert answer.status_code == 200, answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def test_runs_are_listed_with_what_they_did(client, run):
    page = text_of(client.get("/runs"))
    assert f"airflow: ingest by ann <b> well {NOW:%-d %b %Y, %H:%M} UTC" in page
    assert "1 feeds asked; 3 new articles, 2 indexed, 1 quarantined" in page
    (listed,) = client.get("/api/runs").json()
    assert (listed["id"], listed["state"], listed["started_by"]) == (RUN, "well", "ann <b>")


@pytest.mark.parametrize("address", [ADDRESS, f"/runs/{RUN}"])
def test_a_run_shows_its_stages_and_its_articles_with_links(client, run, address):
    answer = client.get(address)
    page = text_of(answer)
    assert "dedupe 3 2 – – 1 crashed its worker" in page
    assert "<i>odd</i>" in page
    for link in ('href="/articles/a1"', 'href="/explain/a3"', f'href="/runs/{RUN}?stage=dedupe#articles"'):
        assert link in answer.text
    assert "<i>" not in answer.text


def test_the_articles_of_a_run_are_narrowed_by_stage_and_outcome(client, run):
    def shown(query):
        return {each["outcome"]["id"] for each in client.get(f"/api{ADDRESS}{query}").json()["articles"]}

    assert shown("") == {"a1", "a2", "a3"}
    assert shown("?stage=index") == {"a1", "a2"}
    assert shown("?outcome=quarantined") == {"a3"}
    assert shown("?outcome=quarantined&stage=index") == set()
    assert client.get(f"{ADDRESS}?stage=no").status_code == 422
    assert client.get(f"{ADDRESS}?page=0").status_code == 400


def test_a_run_without_end_shows_what_it_did_so_far(client, context):
    begin_run(context, RUN, command="airflow: ingest")
    arrive(context, "a1", TEXT)
    assert "so far" in text_of(client.get(ADDRESS))
    assert client.get(f"/api{ADDRESS}").json()["run"]["counts"]["new_articles"] == 1


def test_a_run_in_which_every_source_failed_says_so(client, context):
    context.store.feeds.sync_feeds([Source(name="Daily", feeds=(FEED,))], NOW)
    begin_run(context, RUN, command="airflow: ingest")
    log(context, FEED, Outcome.RETRY, Reason.TIMEOUT)
    end_run(context, RUN)
    page = text_of(client.get(ADDRESS))
    assert "failed" in page
    assert "none of the 1 sources asked could be read (Daily): 1 timeout" in page


def test_what_may_not_be_told_of_an_article_stands_on_no_page(client, context, run):
    with context.store.write() as connection:
        article = context.store.ledger.find_article(connection, "a1")
        context.store.ledger.withdraw(connection, article, "its sender asked", NOW)
    titles = {each["outcome"]["id"]: each["title"] for each in client.get(f"/api{ADDRESS}").json()["articles"]}
    assert titles["a1"] is None
    page = text_of(client.get("/explain/a1"))
    assert "What it says is withheld: it was withdrawn" in page


def test_an_unknown_run_source_or_article_is_a_clear_404(client):
    for path in ("/runs/no/such", "/sources/None", "/explain/no"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "there is no " in answer.text
        assert client.get(f"/api{path}" if path != "/explain/no" else "/api/explain?address=no").status_code == 404


def test_the_history_of_an_article_and_a_feed_is_a_page(client, run):
    page = text_of(client.get("/explain/a3"))
    assert "quarantined at dedupe" in page
    assert "crashed its worker" in page
    assert "Feed" in text_of(client.get("/explain", params={"address": FEED}))
    assert "Explain" in text_of(client.get("/explain"))


def test_sources_are_shown_with_their_last_days(client, context):
    today = NOW.date()
    days = [
        SourceDay(source="Daily", day=today, polls=4, failed=1, articles=10),
        SourceDay(source="Daily", day=today - dt.timedelta(days=1), polls=3, failed=3, articles=0),
        SourceDay(source="Daily", day=today - dt.timedelta(days=14), polls=3, failed=0, articles=9),
    ]
    with context.store.write() as connection:
        for day in (*days, days[0]):
            context.store.source_days.add(connection, [day])
    (daily,) = (source for source in client.get("/api/sources").json() if source["name"] == "Daily")
    assert [(day["polls"], day["failed"], day["articles"]) for day in daily["days"]][-3:] == [
        (0, 0, 0),
        (3, 3, 0),
        (8, 2, 20),
    ]
    answer = client.get("/sources")
    assert f"{NOW:%-d %b}: 20 new articles, 8 polls, 2 failed" in answer.text
    assert answer.text.count("<rect") == 3 * 14
    page = text_of(client.get("/sources/Daily"))
    assert f"{NOW:%a %-d %b} 20 8 2" in page
    assert "What its feeds failed to show Nothing in the last 14 days." in page


def test_a_source_shows_what_its_feeds_missed_and_its_latest_articles(client, context):
    ended = NOW - dt.timedelta(days=2)
    gaps = [
        FeedGap(feed=FEED, source=source, since=ended - dt.timedelta(hours=1), until=ended, missed=30, filled=10)
        for source in ("Daily", "Evening")
    ]
    with context.store.write() as connection:
        context.store.gaps.record_round(connection, gaps, [], NOW)
    arrive(context, "a9", TEXT)
    through(context)
    page = text_of(client.get("/sources/Daily"))
    assert "About 20 articles in the last 14 days scrolled off a feed" in page
    assert page.count(FEED) == 1
    assert "Latest articles" in page
    assert client.get("/api/sources/Daily").json()["gaps"][0]["missed"] == 30


def test_operations_show_the_alerts_that_are_open(client, context):
    assert client.get("/api/alerts").json() == {"alerts": []}
    assert "Alerts" not in text_of(client.get("/operations"))
    condition = AlertCondition(
        rule=AlertRule.SOURCE, subject="Daily", what="Daily <b> fails", advice="Mend it.", page="/sources/Daily"
    )
    wrong = Alert(id="a", phase=AlertPhase.OPEN, condition=condition, since=NOW, seen=NOW, opened=NOW)
    past = Alert(id="b", phase=AlertPhase.OVER, condition=condition, since=NOW, seen=NOW, over=NOW)
    with context.store.write() as connection:
        context.store.alerts.save(connection, [wrong, past])
    answer = client.get("/operations")
    assert f"Daily <b> fails since {NOW:%-d %b %Y, %H:%M} UTC Mend it. Look there" in text_of(answer)
    assert 'href="/sources/Daily"' in answer.text
    assert [alert["id"] for alert in client.get("/api/alerts").json()["alerts"]] == ["a"]


def test_operations_show_what_waits_and_what_runs(client, context, run):
    total = RunFigures(new_articles_total=3)
    figures = ProgramFigures(program="far/1/a", version="1", command="run --follow", started=NOW, beat=NOW, total=total)
    context.store.programs.save(figures)
    arrive(context, "a4", TEXT)
    page = text_of(client.get("/operations"))
    assert "running: 1 program" in page
    assert "dedupe 1 " in page
    assert "run --follow far 1 running" in page
    assert client.get("/api/operations").json()["running"] == 1


def test_nobody_may_frame_our_pages_unless_the_settings_name_them(context):
    for origins, policy in (
        ((), "'none'"),
        (("http://airflow:8080", "https://a.b"), "http://airflow:8080 https://a.b"),
    ):
        app = create_app(context, serve=ServeSettings(frame_ancestors=origins))
        with TestClient(app, base_url="http://localhost") as client:
            policies = client.get("/runs").headers["Content-Security-Policy"]
        assert policies.endswith(f"; frame-ancestors {policy}")
        assert policies.startswith("default-src 'none'; style-src 'self';")


def test_the_last_day_is_told_by_hour(client, context, monkeypatch):
    arrive(context, "a1", TEXT, seen=23)
    for minutes in (0, 1, 61):
        monkeypatch.setattr(context, "clock", lambda minutes=minutes: NOW + dt.timedelta(minutes=minutes))
        assert keep_sample(context)
    latest, earlier = client.get("/api/operations/hours").json()
    assert (latest["samples"], earlier["samples"]) == (1, 2)
    assert (earlier["waiting"], earlier["held_hosts"]) == (1, 0)
    assert latest["oldest_seconds"] >= 3600
    assert "Most that waited" in text_of(client.get("/operations"))
