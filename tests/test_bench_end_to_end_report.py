import datetime as dt

import pytest
from msgspec.structs import replace

from bench.end_to_end import Share
from bench.end_to_end_report import (
    Measured,
    attempts_of,
    cpu_by_stage,
    first_listed,
    outcomes_of,
    politeness,
    quantiles,
    report_of,
    stage_latencies,
)
from bench.web.server import Request
from bench.web.site import Page, Web

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SLOW, FAST = "127.0.0.1", "127.0.0.2"


def page(host, number):
    return Page(str(number), host, f"http://{host}/news/{number}.html", "Title", NOW, 0.0)


WEB = Web(80, (page(SLOW, 1), page(FAST, 2), page(FAST, 3)), {SLOW: 5.0})
REQUESTS = [
    Request(100.0, SLOW, "/feed.xml", 200, 1),
    Request(100.5, FAST, "/feed.xml", 200, 1),
    Request(101.5, FAST, "/news/2.html", 200),
    Request(104.0, FAST, "/feed.xml", 304, 1),
    Request(105.0, SLOW, "/news/1.html", 200),
    Request(108.0, FAST, "/feed.xml", 200, 2),
    Request(108.5, FAST, "/robots.txt", 404),
    Request(109.0, FAST, "/news/3.html", 200),
]
FIRST, SECOND, THIRD = (page.url for page in WEB.pages)


def article(url, first_seen, **stages):
    done = {stage: [at, "done", 1] for stage, at in stages.items()}
    return {"url": url, "first_seen": first_seen, "waits_for": None, "state": "pending", "stages": done}


NOTES = {
    "by_stage": {"enrich": 3.0, "fetch": 1.0},
    "sampler_cpu": 0.5,
    "stages": [[10.0, "extract"], [20.0, "enrich"]],
    "alone": {"a.py:f": 2.0},
    "calls": {"Store.save": [24, 3.0], "Store.load": [12, 6.0]},
}
MEASURED = Measured(
    started=99.0,
    began=100.0,
    seconds=12.0,
    ending_seconds=0.2,
    cpu_by_role={"main": 8.5, "workers": 2.0, "extract": 1.0},
    timeline=[(12.0, {"main": 1.0, "workers": 1.5}), (25.0, {"workers": 0.5, "extract": 1.0})],
    peak_memory=300 * 2**20,
    peak_by_role={"main": 300 * 2**20},
    beside={"server": 0.5},
    searches={"searches": 4},
    found={FIRST: 111.0, SECOND: 102.5, THIRD: 111.0},
    requests=REQUESTS,
    articles=[
        article(FIRST, 100.0, fetch=105.0, extract=106.0, dedupe=106.5, enrich=107.0, cluster=107.5, index=108.0),
        article(SECOND, 100.5, fetch=101.5, extract=101.8, dedupe=102.0, enrich=102.1, cluster=102.2, index=102.3),
        article(THIRD, 108.0, fetch=109.0, extract=109.5, dedupe=110.0, enrich=110.3, cluster=110.4, index=110.5),
    ],
    notes=NOTES,
)


def test_an_article_counts_as_listed_from_the_first_poll_that_showed_it():
    assert first_listed(WEB, REQUESTS) == {FIRST: 100.0, SECOND: 100.5, THIRD: 108.0}


def test_quantiles_of_nothing_are_none_and_of_a_hundred_seconds_are_their_ranks():
    assert quantiles([]) is None
    assert quantiles(range(100)) == {"n": 100, "p50": 50, "p95": 95, "max": 99}
    assert quantiles([1.5]) == {"n": 1, "p50": 1.5, "p95": 1.5, "max": 1.5}


def test_the_server_log_tells_the_least_spacing_and_what_was_asked_for_twice():
    again = Request(120.0, FAST, "/news/3.html", 200)
    assert politeness([*REQUESTS, again], WEB) == {
        "requests": 9,
        "pages_twice": 1,
        "least_gap": {"ordinary": 1.0, "heavy": 5.0},
    }


def test_the_time_of_workers_goes_to_the_stage_that_they_name_or_at_which_the_main_thread_was():
    assert cpu_by_stage(MEASURED) == pytest.approx(
        {"enrich": 6.0, "fetch": 2.0, "extract (workers)": 2.5, "enrich (workers)": 0.5}
    )


def test_each_stage_is_timed_from_the_end_of_the_one_before():
    latencies = stage_latencies(MEASURED.articles)
    assert latencies["fetch"] == {"n": 3, "p50": 1.0, "p95": 5.0, "max": 5.0}
    assert latencies["index"] == pytest.approx({"n": 3, "p50": 0.1, "p95": 0.5, "max": 0.5})


def test_it_is_counted_how_often_a_stage_took_an_article():
    again = article(FIRST, 1.0, fetch=2.0, extract=3.0)
    again["stages"]["extract"] = [3.0, "done", 3]
    assert attempts_of([again, article(SECOND, 1.0, fetch=2.0, extract=3.0)]) == {"fetch": 1.0, "extract": 2.0}


def test_outcomes_name_what_articles_wait_for_and_why_they_ended():
    dropped = article(THIRD, 1.0, fetch=2.0) | {"state": "dropped"}
    dropped["stages"]["extract"] = [3.0, "dropped: a wall in place of the article", 2]
    waiting = article(FIRST, 1.0, fetch=2.0) | {"waits_for": "extract"}
    assert outcomes_of([dropped, waiting, article(SECOND, 1.0)]) == {
        "dropped: dropped: a wall in place of the article": 1,
        "waits for extract": 1,
        "through": 1,
    }


def test_the_slow_host_counts_for_throughput_and_not_for_latency():
    report = report_of(MEASURED, WEB, alone=Share(10, 1.0, 0.5), heavy=SLOW)
    assert report["latency_from_listing"] == {"n": 2, "p50": 3.0, "p95": 3.0, "max": 3.0}
    assert report["articles"] == 3
    assert report["cpu_ms_per_article"] == pytest.approx(11_000 / 3, abs=0.1)
    assert report["alone_per_second"] == 10.0
    assert report["alone_cpu_ms"] == 50.0
    assert report["listed_but_not_found"] == 0
    assert report["latency_when_warm"] is None
    assert list(report["calls_on_threads"].items()) == [("Store.load", [1.0, 2000.0]), ("Store.save", [2.0, 1000.0])]


def test_an_article_that_no_search_finds_is_counted():
    measured = MEASURED._replace(found={SECOND: 102.5})
    report = report_of(measured, replace(WEB, crawl_delays={}), alone=Share(1, 1.0, 1.0), heavy=None)
    assert report["listed_but_not_found"] == 2
