"""What the ledger promises of the memory of sites, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import threading

import pytest
import sqlalchemy as sa

from pipeline.records import Entry, Outcome, Reason, Stage
from pipeline.sites import Alarm, Measures, SiteLine, fingerprint_page
from pipeline.store import NewArticle, Selection, StageResult, Store, site_profiles
from pipeline.store.schema.sites import site_lines, site_pages
from pipeline.store.site_cache import SiteCache
from pipeline.store.site_profiles import SiteProfiles, SiteStanding
from pipeline.urls import article_id
from tests.helpers.support import NOW
from tests.helpers.transactions import ask
from tests.test_sites import PROMOTION, article

ALARM = Alarm(since=3, what=("shorter",), detail="shorter: 8 of 8", before=(), after=())


def fingerprint(number, lines, name=None):
    measures = Measures(length=1, boilerplate_share=0.0, author=True, time=True, language="en")
    return fingerprint_page(name or f"a{number}", number, None, lines, [line.text for line in lines], measures)


def learn(store, number, *more, site="Times", name=None, now=NOW, cache=None):
    """Let a site's memory see the ``number``-th page in a transaction of its own; return what it said."""
    lines = article(number, *more)
    sheet = fingerprint(number, lines, name)
    with store.write() as connection:
        memory = SiteProfiles(connection, [site], now, cache)
        memory[site].add_page(sheet)
        verdict = memory[site].judge_lines(number, lines, memory.day)
        memory.mark_for_cleaning(site, verdict.affected_ids)
        memory.flush()
        memory.requeue_for_cleaning()
    return verdict


def count(store, table):
    with store.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table))


def test_a_memory_is_read_as_it_was_saved(store):
    for number in range(5):
        verdict = learn(store, number, SiteLine(text=PROMOTION, slot=1))
    assert [reason for reason in verdict.reasons if reason]
    assert (count(store, site_pages), count(store, site_lines)) == (5, 1)
    with store.write() as connection:
        memory = SiteProfiles(connection, ["Times", "Post"], NOW)
        assert [page.id for page in memory["Times"].pages_in_order()] == [f"a{n}" for n in range(5)]
        (known,) = memory["Times"].learnt.values()
        assert (known.text, known.articles, known.anywhere) == (PROMOTION, 5, True)
        assert memory["Post"].pages_in_order() == []


def test_workers_that_save_pages_of_one_site_at_the_same_time_lose_none_and_agree(store_url):
    Store(store_url).close()
    ready = threading.Barrier(4)

    def work(part):
        other = Store(store_url)
        ready.wait(30)
        clean = set()
        for number in range(part, 40, 4):
            verdict = learn(other, number, SiteLine(text=PROMOTION, slot=1))
            clean |= {*verdict.affected_ids, *([f"a{number}"] if any(verdict.reasons) else [])}
        other.close()
        return clean

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        clean = set().union(*pool.map(work, range(4)))
    store = Store(store_url)
    assert count(store, site_pages) == 40
    assert count(store, site_lines) == 1
    assert clean == {f"a{number}" for number in range(40)}  # cut, or named to be cleaned again
    store.close()


def test_a_transaction_that_fails_leaves_the_memory_as_it_was(store):
    learn(store, 1)

    def fail():
        with store.write() as connection:
            memory = SiteProfiles(connection, ["Times"], NOW)
            del memory["Times"].pages[1]
            memory.flush()
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert count(store, site_pages) == 1


def test_a_learnt_line_that_was_long_not_seen_is_forgotten(store):
    for number in range(5):
        learn(store, number, SiteLine(text=PROMOTION, slot=1))
    learn(store, 6, now=NOW + dt.timedelta(days=100))
    assert count(store, site_lines) == 1
    learn(store, 7, now=NOW + dt.timedelta(days=300))
    assert count(store, site_lines) == 0


def through(store, count):
    """Take articles through all stages, without records; return their ids."""
    urls = [f"https://times.example/{n}" for n in range(count)]
    entries = [Entry(id=article_id(url), url=url, source="Times", first_seen=NOW) for url in urls]
    with store.write() as connection:
        store.ledger.insert_articles(connection, [NewArticle.from_entry(entry) for entry in entries], NOW)
    for stage in list(Stage)[1:]:
        claimed = ask(store).ledger.claim(stage, NOW, limit=100, seconds=60)
        with store.write() as connection:
            done = [StageResult(article=row, outcome=Outcome.DONE) for row in claimed]
            store.ledger.finish(connection, stage, done, NOW, max_attempts=3)
    return [entry.id for entry in entries]


def test_articles_that_hold_what_was_learnt_are_sent_back_as_revisions_of_our_own(store):
    ids = through(store, 5)
    before = ask(store).ledger.find_article(ids[0])
    for number, name in enumerate(ids):
        learn(store, number, SiteLine(text=PROMOTION, slot=1), name=name)
    after = [ask(store).ledger.find_article(name) for name in ids]
    assert [row.stage for row in after] == ["extract"] * 4 + [None]
    assert (after[0].version, after[0].revision) == (before.version, before.revision + 1)


def test_one_that_a_worker_has_just_then_is_sent_back_later(store, store_url):
    ids = through(store, 5)
    with store.write() as connection:
        store.ledger.bump_revision(connection, ids=ids[:1])
    other = Store(store_url)
    claimed = ask(other).ledger.claim(Stage.INDEX, NOW, limit=1, seconds=60)
    for number, name in enumerate(ids):
        learn(store, number, SiteLine(text=PROMOTION, slot=1), name=name)
    assert ask(store).ledger.find_article(ids[0]).stage == "index"
    ask(other).ledger.release(claimed)
    other.close()
    learn(store, 9)
    assert ask(store).ledger.find_article(ids[0]).stage == "extract"
    with store.write() as connection:
        assert SiteProfiles(connection, ["Times"], NOW).standing["Times"].again == ()


def quarantine(store, ids, reason):
    with store.write() as connection:
        for name in ids:
            store.ledger.log_outcome(connection, name, Stage.EXTRACT, Outcome.QUARANTINED, reason, None, NOW)
        connection.exec_driver_sql("UPDATE items SET state = 'quarantined', stage = 'extract'")
        SiteProfiles(connection, ["Times"], NOW)
        site_profiles._save_standings(connection, {"Times": SiteStanding(alarm=ALARM)})


def test_trying_again_what_an_alarm_held_back_says_that_the_new_pages_are_right(store):
    ids = through(store, 2)
    quarantine(store, ids, Reason.DRIFT)
    assert ask(store).site_alarms.list_alarms() == {"Times": ALARM}
    assert ask(store).admin.retry_articles(Selection(ids=(ids[0],)), NOW) == 1
    assert ask(store).site_alarms.list_alarms() == {}
    with store.write() as connection:
        assert SiteProfiles(connection, ["Times"], NOW).standing["Times"].accepted == ALARM.since


def test_trying_again_what_failed_otherwise_ends_no_alarm(store):
    ids = through(store, 2)
    quarantine(store, ids, Reason.TOO_SLOW)
    assert ask(store).admin.retry_articles(Selection(sources=("Times",)), NOW) == 2
    assert ask(store).site_alarms.list_alarms() == {"Times": ALARM}


def test_the_end_of_an_alarm_releases_what_it_held_back_and_nothing_else(store):
    ids = through(store, 2)
    quarantine(store, ids, Reason.TOO_SLOW)
    quarantine(store, ids[1:], Reason.DRIFT)
    with store.write() as connection:
        assert store.site_alarms.release_held(connection, "Times", NOW) == 1
    assert [ask(store).ledger.find_article(name).state for name in ids] == ["quarantined", "pending"]


def test_what_is_taken_down_is_forgotten_in_the_memory_too(store):
    (name,) = through(store, 1)
    row = ask(store).ledger.find_article(name)
    learn(store, row.seq, name=name)
    ask(store).admin.remove_articles([row], NOW)
    assert count(store, site_pages) == 0


def test_a_profile_that_stayed_in_memory_is_as_the_ledger_has_it(store, store_url):
    cache, other = SiteCache(), Store(store_url)
    for number in range(8):
        learn(store, number, SiteLine(text=PROMOTION, slot=1), cache=cache)
        if number % 3 == 2:  # another process is at the site in between
            learn(other, 100 + number, SiteLine(text=PROMOTION, slot=1))
    other.close()
    with store.write() as connection:
        kept, read = (SiteProfiles(connection, ["Times"], NOW, known)["Times"] for known in (cache, None))
        assert kept.pages == read.pages
        assert len(read.pages) == 10
        assert kept.learnt == read.learnt


def test_a_transaction_that_fails_leaves_nothing_in_memory(store):
    cache = SiteCache()
    learn(store, 1, cache=cache)

    def fail():
        with store.write() as connection:
            memory = SiteProfiles(connection, ["Times"], NOW, cache)
            memory["Times"].add_page(fingerprint(2, article(2)))
            memory.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.write() as connection:
        assert list(SiteProfiles(connection, ["Times"], NOW, cache)["Times"].pages) == [1]


def test_a_page_that_is_taken_down_leaves_the_memory_too(store):
    cache = SiteCache()
    for number in range(2):
        learn(store, number, cache=cache)
    with store.write() as connection:
        site_profiles.delete_pages(connection, [0])
    with store.write() as connection:
        assert list(SiteProfiles(connection, ["Times"], NOW, cache)["Times"].pages) == [1]


def test_a_site_whose_profile_is_in_memory_is_not_read_again(store):
    cache = SiteCache()
    learn(store, 1, cache=cache)
    read = []
    listen = lambda _connection, _cursor, statement, *_: read.append(statement)  # noqa: E731
    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    learn(store, 2, cache=cache)
    sa.event.remove(sa.Engine, "before_cursor_execute", listen)
    assert read
    assert not [statement for statement in read if "FROM site_pages" in statement and "SELECT" in statement]
