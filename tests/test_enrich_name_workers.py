"""Facts about finding names in worker processes: what copies inherit, and that no text stops the others."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future

import pytest

from pipeline.enrich.name_workers import NameReader, NameReading, NameTask, NameWorkers
from pipeline.errors import ItemError, SettingsError
from pipeline.records import Article, Outcome, Reason
from pipeline.settings import EnrichSettings, EntitySettings
from tests.helpers.support import REPO

LISTS = EntitySettings(model="lists")
FIRST = "The mayor, Hilda Clerk, said on Sunday in Paris that the old sea wall would not be built again this year."
SECOND = "Tom Berg, who leads the engineers of Vellamo Biologics Inc, disagreed with her on Monday."
NEW = "The minister, Ann Stone, will visit the port of Hamburg with the governor, Paul Reed, next week."


def article(name, *paragraphs):
    return Article(id=name, title="A wall breaks", text="\n".join(paragraphs), language="en")


@pytest.fixture
def pool():
    with NameWorkers(LISTS, EnrichSettings(), REPO / "config", count=2) as opened:
        yield opened


def names_of(names):
    return [mention.name for mention in names.mentions]


def test_names_are_those_that_this_process_finds_too(pool):
    articles = [article("a", FIRST), article("b", NEW, SECOND)]
    reader = NameReader(LISTS, REPO / "config")
    expected = [reader(NameTask(one, None, None)) for one in articles]
    assert list(pool.read_names([NameReading(one) for one in articles])) == expected


def recorded(pool, monkeypatch):
    """Return the tasks by the ids of their articles, as they are submitted."""
    tasks, submit = {}, pool.submit

    def record(task):
        tasks[task.article.id] = task
        return submit(task)

    monkeypatch.setattr(pool, "submit", record)
    return tasks


def test_a_copy_inherits_from_an_original_of_the_same_batch(pool, monkeypatch):
    tasks = recorded(pool, monkeypatch)
    pool.promise({"a": 1, "b": 2})
    original, copy = pool.read_names(
        [
            NameReading(article("a", FIRST, SECOND)),
            NameReading(article("b", FIRST, NEW), original=pool.promised("a", 2)),
        ]
    )
    assert tasks["a"].inherited is None
    assert len(tasks["b"].inherited) == 2
    assert "Hilda Clerk" in names_of(original)
    assert {"Hilda Clerk", "Paul Reed"} <= set(names_of(copy))


def test_a_copy_waits_for_an_original_that_another_thread_reads(pool, monkeypatch):
    tasks = recorded(pool, monkeypatch)
    pool.promise({"a": 1})
    pool.promise({"b": 2})
    results = []
    reading = NameReading(article("b", FIRST, NEW), original=pool.promised("a", 2))
    lane = threading.Thread(target=lambda: results.extend(pool.read_names([NameReading(article("c", NEW)), reading])))
    lane.start()
    while "c" not in tasks:
        time.sleep(0.01)
    assert "b" not in tasks
    list(pool.read_names([NameReading(article("a", FIRST, SECOND))]))
    lane.join()
    assert tasks["b"].inherited
    assert "Hilda Clerk" in names_of(results[1])


def test_a_copy_whose_original_is_not_read_after_all_is_read_by_itself(pool, monkeypatch):
    tasks = recorded(pool, monkeypatch)
    pool.promise({"a": 1, "b": 2})
    promised = pool.promised("a", 2)
    pool.withdraw(["a"])
    (copy,) = pool.read_names([NameReading(article("b", FIRST), original=promised)])
    assert tasks["b"].inherited is None
    assert "Hilda Clerk" in names_of(copy)


def test_nobody_waits_for_what_came_later(pool):
    pool.promise({"a": 1, "b": 2})
    assert pool.promised("b", 1) is None
    assert pool.promised("a", 1) is None
    assert isinstance(pool.promised("a", 2), Future)
    assert pool.promised("unknown", 2) is None


def test_a_text_that_takes_too_long_has_its_outcome_and_the_others_go_on():
    limits = EnrichSettings(timeout_seconds=0.5)
    long = article("long", *("Ann Stone and Paul Reed of Paris, Texas, met Hilda Clerk. " * 40_000 for _ in range(4)))
    with NameWorkers(LISTS, limits, REPO / "config", count=1) as pool:
        slow, after = pool.read_names([NameReading(long), NameReading(article("a", FIRST))])
    assert isinstance(slow, ItemError)
    assert (slow.outcome, slow.reason) == (Outcome.QUARANTINED, Reason.TOO_SLOW)
    assert "Hilda Clerk" in names_of(after)


def test_a_worker_that_is_killed_costs_no_names(pool):
    list(pool.read_names([NameReading(article("a", FIRST)), NameReading(article("b", FIRST))]))
    for worker in tuple(pool._active):
        os.kill(worker.pid, signal.SIGKILL)
    again = list(pool.read_names([NameReading(article(name, FIRST)) for name in "cdef"]))
    assert all("Hilda Clerk" in names_of(names) for names in again)


def test_a_recogniser_that_cannot_be_used_is_an_error_of_the_settings():
    settings = EntitySettings(model="spacy:")
    with (
        NameWorkers(settings, EnrichSettings(), REPO / "config", count=1) as pool,
        pytest.raises(SettingsError, match="name the spaCy pipeline"),
    ):
        list(pool.read_names([NameReading(article("a", FIRST))]))


def test_the_process_that_has_the_workers_loads_no_network():
    program = (
        "import sys\n"
        "import pipeline.stages.enrich\n"
        "print(sorted({'onnxruntime', 'tokenizers', 'spacy', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPO, capture_output=True, text=True, check=True)
    assert "onnxruntime" not in done.stdout
    assert "tokenizers" not in done.stdout
