"""Answers are counted by status, failures by host too; of hosts no more are told apart than are to be kept."""

from __future__ import annotations

import collections

import pytest

from pipeline.fetch import answer_counts
from pipeline.fetch.answer_counts import MOST_HOSTS, OTHERS, count_answer, failure_counts
from pipeline.fetch.statuses import stated_status, status_error
from tests.helpers.arriving import NOW


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(answer_counts, "_counts", collections.Counter())
    monkeypatch.setattr(answer_counts, "_failures", collections.Counter())
    monkeypatch.setattr(answer_counts, "_hosts", set())


def test_failures_are_counted_by_host_and_all_answers_by_status():
    for host, status in (("a.example", 200), ("a.example", 503), ("b.example", 404), ("a.example", 503)):
        count_answer(host, status)
    assert answer_counts.answer_counts() == {"200": 1, "503": 2, "404": 1}
    assert failure_counts() == {"a.example 503": 2, "b.example 404": 1}


def test_hosts_beyond_the_first_are_counted_together_and_no_count_falls():
    before: dict[str, int] = {}
    for number in range(MOST_HOSTS + 50):
        count_answer(f"h{number}.example", 500)
        count_answer("h0.example", 500)
        counts = failure_counts()
        assert all(counts[key] >= count for key, count in before.items())
        before = counts
    assert len(counts) == MOST_HOSTS + 1
    assert counts[f"{OTHERS} 500"] == 50
    assert sum(counts.values()) == 2 * (MOST_HOSTS + 50)


@pytest.mark.parametrize("status", [400, 403, 404, 410, 429, 500, 503])
def test_the_detail_of_an_outcome_states_the_status(status):
    assert stated_status(status_error(status, None, NOW).detail) == status
    assert stated_status(f"status {status}; taken from the feed") == status


@pytest.mark.parametrize("detail", [None, "", "slow", "redirected to /status 404", "status 5031"])
def test_another_detail_states_none(detail):
    assert stated_status(detail) is None
