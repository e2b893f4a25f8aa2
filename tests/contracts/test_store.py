"""What a ledger promises, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest
import sqlalchemy as sa
from msgspec.structs import astuple

from pipeline.errors import StoreError, StoreVersionError
from pipeline.feed_records import SEEN_KEY_BYTES, FeedState, RobotsFile
from pipeline.records import Article, Entry, Outcome, Page, Reason, Stage
from pipeline.revisit_policy import Visit
from pipeline.settings import Source
from pipeline.store import NewArticle, Selection, StageResult, Store
from pipeline.store.locks import is_dead
from pipeline.urls import article_id, key_id
from tests.helpers.support import NOW
from tests.helpers.transactions import ask

MINUTE = dt.timedelta(minutes=1)


def entry(path: str = "a", **more) -> Entry:
    url = f"https://times.example/{path}"
    return Entry(id=article_id(url), url=url, source="Times", first_seen=NOW, **more)


def enter(store, *entries, now=NOW):
    with store.write() as connection:
        return store.ledger.insert_articles(connection, [NewArticle.from_entry(one) for one in entries], now)


def claim(store, stage=Stage.FETCH, now=NOW, limit=10, seconds=60.0, **more):
    return ask(store).ledger.claim(stage, now, limit=limit, seconds=seconds, **more)


def finish(store, stage, *results, now=NOW, max_attempts=3):
    with store.write() as connection:
        return store.ledger.finish(connection, stage, results, now, max_attempts=max_attempts)


def done(article, record=None, **more):
    return StageResult(article=article, outcome=Outcome.DONE, record=record, **more)


def test_an_article_enters_once_whatever_its_address_looks_like(store):
    assert len(enter(store, entry("a"))) == 1
    again = entry("a?utm_source=feed")
    assert enter(store, again) == []
    assert [article.seq for article in claim(store)] == [1]


def test_claims_come_in_the_order_of_arrival(store):
    enter(store, *[entry(path) for path in "cab"])
    assert [article.url[-1] for article in claim(store)] == ["c", "a", "b"]


def test_two_workers_never_claim_the_same_item(store, store_url):
    enter(store, *[entry(path) for path in "abcd"])
    other = Store(store_url)
    mine, theirs = claim(store, limit=2), claim(other, limit=10)
    other.close()
    assert len(mine) == len(theirs) == 2
    assert not {article.id for article in mine} & {article.id for article in theirs}


def test_an_item_whose_lease_ran_out_is_claimed_again_and_the_late_worker_changes_nothing(store, store_url):
    enter(store, entry())
    (late,) = claim(store)
    other = Store(store_url)
    (article,) = claim(other, now=NOW + 2 * MINUTE)
    finish(other, Stage.FETCH, done(article))
    other.close()
    assert finish(store, Stage.FETCH, StageResult(article=late, outcome=Outcome.DROPPED, reason=Reason.GONE)) == []
    assert ask(store).ledger.find_article(article.id).stage == Stage.EXTRACT


def test_a_finished_item_waits_for_the_next_stage_and_its_record_can_be_read(store):
    enter(store, entry())
    (article,) = claim(store)
    page = Page(id=article.id, url=article.url, final_url=article.url, blob="b", size=1, fetched=NOW)
    finish(store, Stage.FETCH, done(article, page))
    (article,) = claim(store, Stage.EXTRACT)
    assert ask(store).ledger.current([article], Page) == {article.id: page}
    assert ask(store).ledger.stage_versions([article])[article.id]["fetch"] == "1"


def test_each_attempt_has_exactly_one_outcome_and_too_many_attempts_end_in_quarantine(store):
    enter(store, entry())
    for attempt in range(3):
        (article,) = claim(store, now=NOW + attempt * MINUTE)
        finish(
            store,
            Stage.FETCH,
            StageResult(article=article, outcome=Outcome.RETRY, reason=Reason.TIMEOUT, detail="30 s"),
        )
    assert claim(store, now=NOW + dt.timedelta(days=1)) == []
    history = ask(store).ledger.list_outcomes(article.id)
    assert [h.outcome for h in history] == ["done", "retry", "retry", "quarantined"]
    assert history[-1].reason == Reason.ATTEMPTS
    assert "timeout: 30 s" in history[-1].detail


def test_a_retry_waits_until_it_is_due(store):
    enter(store, entry())
    (article,) = claim(store)
    later = NOW + 10 * MINUTE
    finish(
        store, Stage.FETCH, StageResult(article=article, outcome=Outcome.RETRY, reason=Reason.TIMEOUT, retry_at=later)
    )
    assert claim(store, now=NOW + 9 * MINUTE) == []
    assert len(claim(store, now=later)) == 1


def test_the_next_claim_is_known_before_it_can_be_made(store):
    def due(now=NOW, stage=Stage.FETCH):
        with store.read() as connection:
            return store.ledger.next_due(connection, stage, now)

    assert due() is None
    enter(store, entry("a"), entry("b"))
    assert due() == NOW
    first, second = claim(store, seconds=60.0)
    assert due() == NOW + MINUTE  # when the leases end
    assert len(claim(store, now=NOW + MINUTE, limit=1)) == 1
    later = NOW + 5 * MINUTE
    retry = {"outcome": Outcome.RETRY, "reason": Reason.TIMEOUT}
    finish(store, Stage.FETCH, *(StageResult(article=one, retry_at=later, **retry) for one in (first, second)))
    assert due() == later
    assert due(later) == later
    assert due(stage=Stage.EXTRACT) is None


def test_an_embargo_is_waited_for_by_the_stages_behind_extract_alone(store):
    until = NOW + 90 * MINUTE
    held = Article(id=entry("a").id, title="T", text="x", embargoed=until)
    new = [NewArticle(id="a", source="S", first_seen=NOW, records=(held,), stage=Stage.DEDUPE)]
    with store.write() as connection:
        store.ledger.insert_articles(connection, new, NOW)
        assert store.ledger.next_due(connection, Stage.DEDUPE, NOW) == until
        assert store.ledger.next_due(connection, Stage.DEDUPE, until) == until
    assert claim(store, Stage.DEDUPE, until - MINUTE) == []
    assert len(claim(store, Stage.DEDUPE, until)) == 1


def test_a_claim_reads_what_waits_and_nothing_that_is_through_or_dropped(store):
    entries = [entry(f"p{number}") for number in range(300)]
    enter(store, *entries)
    dropped = [
        StageResult(article=row, outcome=Outcome.DROPPED, reason=Reason.DUPLICATE) for row in claim(store, limit=290)
    ]
    finish(store, Stage.FETCH, *dropped)
    with store.write() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        connection.exec_driver_sql("ANALYZE items")
        if not is_sqlite:  # three hundred rows are no reason to use an index
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plans = []

        def explain(conn, cursor, statement, parameters, *_):
            if "items" in statement:
                prefix = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
                plans.append(" ".join(str(row) for row in cursor.connection.execute(prefix + statement, parameters)))

        sa.event.listen(connection, "before_cursor_execute", explain)
        assert len(store.ledger.claim(connection, Stage.EXTRACT, NOW, limit=5, seconds=60.0)) == 0
        assert store.ledger.next_due(connection, Stage.EXTRACT, NOW) is None
    assert len(plans) == 3
    assert all("ix_items_waiting" in plan and "SCAN items" not in plan for plan in plans), plans


def test_released_items_can_be_claimed_at_once_and_count_no_attempt(store):
    enter(store, entry())
    ask(store).ledger.release(claim(store))
    (article,) = claim(store)
    assert article.attempts == 0
    assert len(ask(store).ledger.list_outcomes(article.id)) == 1


def lead(store, article, holder):
    """Have an article turn out to be another one: the result of it."""
    with store.write() as connection:
        store.ledger.lead_marks(connection, article.id, holder.id)
    return StageResult(article=article, outcome=Outcome.DROPPED, reason=Reason.DUPLICATE)


def test_all_addresses_of_an_article_that_turns_out_to_be_another_lead_to_that_one(store):
    enter(store, entry("old"), entry("new"))
    old, new = claim(store)
    finish(store, Stage.FETCH, lead(store, old, new), done(new))
    assert ask(store).ledger.find_article(old.id).state == "dropped"
    assert ask(store).ledger.list_outcomes(old.id)[-1].reason == Reason.DUPLICATE
    assert ask(store).ledger.find_article(old.url).id == new.id
    assert ask(store).ledger.find_article(new.id).stage == Stage.EXTRACT


def test_an_article_is_found_by_every_address_it_is_known_under(store):
    enter(store, entry("old"))
    (article,) = claim(store)
    with store.write() as connection:
        store.ledger.lock_marks(connection, ["times.example/moved"])
        store.ledger.hold_mark(connection, "times.example/moved", article.id)
    assert ask(store).ledger.find_article("http://www.times.example/moved/").id == article.id
    assert enter(store, entry("moved")) == []


def test_an_address_is_given_up_by_the_article_alone_that_has_it(store):
    enter(store, entry("a"), entry("b"))
    first, second = claim(store)
    with store.write() as connection:
        store.ledger.hold_mark(connection, "times.example/moved", first.id)
        store.ledger.release_mark(connection, "times.example/moved", second.id)
        assert store.ledger.find_ids_by_mark(connection, ["times.example/moved"]) == {"times.example/moved": first.id}
        store.ledger.release_mark(connection, "times.example/moved", first.id)
        assert store.ledger.find_ids_by_mark(connection, ["times.example/moved"]) == {}


def through(store, *entries):
    """Take articles through all stages, without records."""
    enter(store, *entries)
    for stage in list(Stage)[1:]:
        finish(store, stage, *[done(article) for article in claim(store, stage)])


def test_an_article_that_is_through_is_indexed_again_when_its_story_grows(store):
    through(store, entry("a"))
    article = ask(store).ledger.find_article(entry("a").id)
    assert article.stage is None
    with store.write() as connection:
        store.ledger.bump_revision(connection, ids=[article.id])
    (again,) = claim(store, Stage.INDEX)
    assert again.revision == article.revision + 1
    finish(store, Stage.INDEX, done(again))
    assert ask(store).ledger.find_article(article.id).indexed == again.revision


def test_what_changes_while_it_is_being_indexed_is_indexed_again(store):
    through(store, entry("a"))
    with store.write() as connection:
        store.ledger.bump_revision(connection, ids=[entry("a").id])
    (article,) = claim(store, Stage.INDEX)
    with store.write() as connection:
        store.ledger.bump_revision(connection, ids=[article.id])
    finish(store, Stage.INDEX, done(article))
    assert len(claim(store, Stage.INDEX)) == 1


def read(store, new):
    """Take an article with a text through all stages."""
    enter(store, new)
    for stage in list(Stage)[1:]:
        text = Article(id=new.id, text=new.title or "") if stage is Stage.EXTRACT else None
        finish(store, stage, *[done(one, text) for one in claim(store, stage)])
    return ask(store).ledger.find_article(new.id)


def keep_page(store, article):
    """Keep a page that an article was read from."""
    page = Page(id=article.id, url=article.url, final_url=article.url, blob=None, size=0, fetched=NOW)
    with store.write() as connection:
        store.ledger.save_records(connection, [(article.id, 1, page)], NOW)


def test_a_changed_article_becomes_its_next_version_and_falls_back_if_the_change_cannot_be_had(store):
    article = read(store, entry("a", title="Wrong"))
    with store.write() as connection:
        store.ledger.update_entry(connection, article, entry("a", title="Corrected"), NOW)
        store.ledger.start_version(connection, article, Stage.FETCH, NOW)
    (article,) = claim(store)
    assert article.version == 2
    assert ask(store).ledger.current([article], Entry)[article.id].title == "Corrected"
    assert ask(store).ledger.previous([article], Article)[article.id].text == "Wrong"
    finish(store, Stage.FETCH, StageResult(article=article, outcome=Outcome.DROPPED, reason=Reason.GONE))
    article = ask(store).ledger.find_article(article.id)
    assert (article.version, article.state, article.stage) == (1, "pending", None)


def test_pages_that_are_due_are_sent_back_to_fetch_once_and_only_those_of_articles_at_rest(store):
    one, two = read(store, entry("a")), read(store, entry("b"))
    enter(store, entry("c"))
    three = ask(store).ledger.find_article(entry("c").id)
    with store.write() as connection:
        due = [Visit(id=article.id, changed=NOW, due=NOW + n * MINUTE) for n, article in enumerate((one, two, three))]
        store.visits.save_visits(connection, due)
    assert store.visits.requeue_due(NOW + MINUTE) == 2
    assert store.visits.requeue_due(NOW + 5 * MINUTE) == 0
    assert [(article.id, article.version) for article in claim(store, now=NOW + MINUTE)] == [
        (one.id, 2),
        (two.id, 2),
        (three.id, 1),
    ]


def test_what_only_waited_for_its_host_counts_no_attempt(store):
    enter(store, entry())
    for _ in range(5):
        (article,) = claim(store)
        held = StageResult(article=article, outcome=Outcome.RETRY, reason=Reason.TOO_MANY_REQUESTS, tried=False)
        finish(store, Stage.FETCH, held)
    (article,) = claim(store)
    assert article.attempts == 0
    assert [h.outcome for h in ask(store).ledger.list_outcomes(article.id)] == ["done", *["retry"] * 5]


def test_an_article_that_turns_out_to_be_another_after_it_was_indexed_is_withdrawn(store):
    one, two = read(store, entry("a")), read(store, entry("b"))
    with store.write() as connection:
        store.ledger.start_version(connection, one, Stage.FETCH, NOW)
    (article,) = claim(store)
    finish(store, Stage.FETCH, lead(store, article, two))
    removed = []
    store.pending_removals.remove_documents(removed.extend)
    assert removed == [one.id]
    store.pending_removals.remove_documents(removed.extend)
    assert removed == [one.id]
    assert ask(store).ledger.find_article(one.url).id == two.id
    assert ask(store).ledger.find_article(one.id).state == "dropped"


def test_a_page_that_was_no_article_is_fetched_again_and_what_it_yielded_is_withdrawn(store):
    article = read(store, entry("a"))
    keep_page(store, article)
    assert ask(store).admin.redo_stage(Stage.EXTRACT, Selection(), NOW) == 1
    (again,) = claim(store, Stage.EXTRACT)
    wall = StageResult(article=again, outcome=Outcome.DROPPED, reason=Reason.WALL, again_from=Stage.FETCH)
    finish(store, Stage.EXTRACT, wall)
    removed = []
    store.pending_removals.remove_documents(removed.extend)
    assert removed == [article.id]
    assert ask(store).ledger.count_outcomes(article.id, Reason.WALL) == 1
    dropped = ask(store).ledger.find_article(article.id)
    assert (dropped.state, dropped.stage) == ("dropped", Stage.FETCH)


def test_a_wall_before_a_later_look_at_the_page_leaves_the_article_as_it_was(store):
    article = read(store, entry("a"))
    with store.write() as connection:
        store.ledger.start_version(connection, article, Stage.FETCH, NOW)
    finish(store, Stage.FETCH, done(claim(store)[0]))
    (again,) = claim(store, Stage.EXTRACT)
    finish(store, Stage.EXTRACT, StageResult(article=again, outcome=Outcome.DROPPED, reason=Reason.WALL))
    removed = []
    store.pending_removals.remove_documents(removed.extend)
    assert removed == []
    assert ask(store).ledger.find_article(article.id).version == 1


@pytest.mark.parametrize(("stage", "waits"), [(Stage.EXTRACT, Stage.EXTRACT), (Stage.FETCH, Stage.FETCH)])
def test_doing_a_stage_again_decides_on_duplicates_again(store, stage, waits):
    article, other = read(store, entry("a")), read(store, entry("b"))
    keep_page(store, article)
    assert ask(store).admin.redo_stage(Stage.EXTRACT, Selection(ids=(article.id,)), NOW) == 1
    finish(store, Stage.EXTRACT, lead(store, claim(store, Stage.EXTRACT)[0], other))
    assert ask(store).ledger.find_article(article.id).state == "dropped"
    selection = Selection(ids=(article.id,))
    assert ask(store).admin.redo_stage(stage, selection, NOW, dry_run=True) == 1
    assert ask(store).admin.redo_stage(stage, selection, NOW) == 1
    assert ask(store).ledger.find_article(article.id).stage == waits
    assert ask(store).admin.redo_stage(Stage.CLUSTER, selection, NOW) == 0


def test_blobs_that_must_go_are_named_until_they_are_gone(store):
    with store.write() as connection:
        store.pending_removals.add_blobs(connection, ["x", "y", "x"])
    removed = []

    def remove(name):
        removed.append(name)
        if len(removed) == 1:
            raise StoreError("away")

    with pytest.raises(StoreError):
        store.pending_removals.remove_blobs(remove)
    store.pending_removals.remove_blobs(remove)
    assert set(removed) == {"x", "y"}


def test_a_lock_is_held_by_one_worker_at_a_time(store, store_url):
    other = Store(store_url)
    with store.lock("dedupe", NOW, 60) as mine:
        assert mine
        with other.lock("dedupe", NOW, 60) as theirs:
            assert not theirs
    with other.lock("dedupe", NOW, 60) as theirs:
        assert theirs
    other.close()


def test_work_under_a_lock_that_another_worker_took_over_is_refused(store, store_url):
    other = Store(store_url)
    with store.lock("dedupe", NOW, 60), other.lock("dedupe", NOW + 2 * MINUTE, 60) as taken:
        assert taken
        with pytest.raises(StoreError, match=r"run\.lease_seconds"), store.write() as connection:
            store.ledger.assert_lock(connection, "dedupe")
    other.close()


def test_leases_of_a_killed_process_are_free_at_once(store, store_url):
    enter(store, entry())
    code = (
        "import sys, os, signal, datetime as dt\n"
        "from pipeline.store import Store\n"
        "from pipeline.records import Stage\n"
        "store = Store(sys.argv[1])\n"
        "now = dt.datetime.now(dt.UTC)\n"
        "with store.write() as connection:\n"
        "    assert len(store.ledger.claim(connection, Stage.FETCH, now, limit=9, seconds=9999)) == 1\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, store_url], check=False)
    assert claim(store, now=dt.datetime.now(dt.UTC)) == []
    fresh = Store(store_url)
    assert len(claim(fresh, now=dt.datetime.now(dt.UTC))) == 1
    fresh.close()


def test_a_living_process_is_not_taken_for_dead(store):
    assert not is_dead(store.owner)
    assert not is_dead("another-host/1/abcd")


def test_a_failed_transaction_leaves_nothing(store):
    def fail():
        with store.write() as connection:
            store.ledger.insert_articles(connection, [NewArticle.from_entry(entry())], NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert claim(store) == []


def test_a_ledger_of_a_newer_newswire_is_refused_with_what_to_do(store, store_url):
    with store.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreVersionError, match="update newswire"):
        Store(store_url)


def test_opening_twice_changes_nothing(store, store_url):
    enter(store, entry())
    Store(store_url).close()
    assert len(claim(store)) == 1


def test_feeds_are_due_once_and_remember_their_state(store):
    source = Source(name="Times", feeds=("https://times.example/rss",))
    store.feeds.sync_feeds([source], NOW)
    host = "times.example"

    def claim(now):
        return ask(store).feeds.claim_at_hosts({host: 9}, now, seconds=60).get(host, [])

    (state,) = claim(NOW)
    assert claim(NOW) == []
    polled = FeedState(url=state.url, source="Times", due=NOW + 15 * MINUTE, etag='"1"')
    with store.write() as connection:
        assert store.feeds.save(connection, polled)
    assert claim(NOW + 14 * MINUTE) == []
    assert claim(NOW + 15 * MINUTE) == [polled]


def test_feeds_that_are_no_longer_configured_are_forgotten_and_the_others_keep_their_state(store):
    store.feeds.sync_feeds([Source(name="Times", feeds=("https://times.example/1", "https://times.example/2"))], NOW)
    store.feeds.sync_feeds([Source(name="Times", feeds=("https://times.example/2",))], NOW + MINUTE)
    assert [(state.url, state.due) for state in ask(store).feeds.list_states()] == [("https://times.example/2", NOW)]


def test_robots_files_are_kept_for_a_day(store):
    file = RobotsFile(host="https://times.example", status=200, body="User-agent: *", fetched=NOW)
    store.robots.save(file)
    assert store.robots.get(file.host, NOW + dt.timedelta(hours=23)) == file
    assert store.robots.get(file.host, NOW + dt.timedelta(hours=25)) is None


def test_redo_sends_back_what_has_passed_the_stage_and_says_so_first(store):
    enter(store, entry("a"), entry("b"))
    for article in claim(store):
        page = Page(id=article.id, url=article.url, final_url=article.url, blob="b", size=1, fetched=NOW)
        finish(store, Stage.FETCH, done(article, page))
    (one, _) = claim(store, Stage.EXTRACT)
    finish(store, Stage.EXTRACT, done(one, Article(id=one.id, text="words")))
    everything = Selection()
    assert ask(store).admin.redo_stage(Stage.EXTRACT, everything, NOW, dry_run=True) == 1
    assert ask(store).ledger.find_article(one.id).stage == Stage.DEDUPE
    assert ask(store).admin.redo_stage(Stage.EXTRACT, everything, NOW) == 1
    assert ask(store).ledger.find_article(one.id).stage == Stage.EXTRACT


@pytest.mark.slow
def test_decisions_may_concern_more_articles_than_a_statement_has_parameters(store):
    through(store, entry("a"))
    name = entry("a").id
    many = [name, *map(str, range(260_000))]  # SQLite takes 250,000, PostgreSQL 65,535
    with store.write() as connection:
        store.ledger.bump_revision(connection, ids=many, stories=many)
        assert list(store.ledger.get_articles(connection, many)) == [name]
    assert ask(store).ledger.find_article(name).stage == Stage.INDEX
    assert list(ask(store).ledger.latest(many, Entry)) == [name]
    assert ask(store).admin.redo_stage(Stage.FETCH, Selection(ids=tuple(many)), NOW) == 1


def test_a_worker_that_claimed_an_article_just_before_it_became_its_next_version_changes_nothing(store):
    through(store, entry("a"))
    with store.write() as connection:
        store.ledger.bump_revision(connection, ids=[entry("a").id])
    read = ask(store).ledger.find_article(entry("a").id)
    (claimed,) = claim(store, Stage.INDEX)
    with store.write() as connection:
        store.ledger.start_version(connection, read, Stage.FETCH, NOW)
    assert finish(store, Stage.INDEX, done(claimed)) == []
    article = ask(store).ledger.find_article(read.id)
    assert (article.stage, article.version) == (Stage.FETCH, 2)


def test_redo_reaches_what_a_later_stage_is_working_on_and_that_changes_nothing_any_more(store):
    enter(store, entry("a"))
    (article,) = claim(store)
    page = Page(id=article.id, url=article.url, final_url=article.url, blob="b", size=1, fetched=NOW)
    finish(store, Stage.FETCH, done(article, page))
    (article,) = claim(store, Stage.EXTRACT)
    finish(store, Stage.EXTRACT, done(article, Article(id=article.id, text="words")))
    (article,) = claim(store, Stage.DEDUPE)
    assert ask(store).admin.redo_stage(Stage.EXTRACT, Selection(), NOW) == 1
    assert finish(store, Stage.DEDUPE, done(article)) == []
    (again,) = claim(store, Stage.EXTRACT)
    assert again.id == article.id


def test_what_is_taken_down_does_not_come_back(store):
    through(store, entry("a"))
    article = ask(store).ledger.find_article(entry("a").id)
    ask(store).admin.remove_articles([article], NOW)
    assert enter(store, entry("a")) == []
    assert ask(store).admin.redo_stage(Stage.FETCH, Selection(), NOW) == 0
    assert ask(store).ledger.current([article], Entry) == {}
    assert ask(store).ledger.list_outcomes(article.id)[-1].reason == Reason.TAKEN_DOWN


def test_quarantined_articles_are_listed_with_their_reason_and_can_be_tried_again(store):
    enter(store, entry("a"))
    (article,) = claim(store)
    finish(
        store,
        Stage.FETCH,
        StageResult(article=article, outcome=Outcome.QUARANTINED, reason=Reason.TOO_LARGE, detail="30 MB"),
    )
    (failure,) = ask(store).admin.list_failures(9)
    assert astuple(failure) == (article.id, article.url, "fetch", "too large", "30 MB")
    counts = ask(store).admin.count_by_stage()
    assert [(s.stage, s.state, s.count) for s in counts] == [("fetch", "quarantined", 1)]
    assert ask(store).admin.retry_articles(Selection(), NOW) == 1
    assert len(claim(store)) == 1


def test_a_database_that_cannot_be_reached_is_named_without_its_password():
    with pytest.raises(StoreError) as raised:
        Store("postgresql://reader:hunter2@127.0.0.1:1/none")
    assert "127.0.0.1" in str(raised.value)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("url", ["mysql://127.0.0.1/x", "no address", "sqlite:////proc/none/ledger.db"])
def test_an_address_that_is_no_ledger_is_refused_in_one_line(url):
    with pytest.raises(StoreError) as raised:
        Store(url)
    assert "\n" not in str(raised.value).strip()


def test_old_history_is_forgotten_and_articles_stay(store):
    enter(store, entry("a"))
    later = NOW + dt.timedelta(days=100)
    enter(store, entry("b"), now=later)
    dates = {
        "copies_before": later,
        "names_before": later,
        "history": later - dt.timedelta(days=90),
    }
    assert store.admin.delete_expired(**dates) == 1
    assert ask(store).ledger.list_outcomes(entry("a").id) == []
    assert len(ask(store).ledger.list_outcomes(entry("b").id)) == 1
    assert ask(store).ledger.find_article(entry("a").id)


OLD_KEYS = {
    "times.example/1?icid=rss1": "https://times.example/1?icid=rss1",
    "times.example/2;jsessionid=ABC": "https://times.example/2;jsessionid=ABC",
    "times.example/3/amp": "https://times.example/3/amp",
    "times.example/story?id=5&source=rss------2": "https://times.example/story?id=5&source=rss------2",
    "times.example": "https://times.example/#!/4",
}


def test_articles_known_by_an_earlier_form_of_keys_keep_their_ids_and_are_known_by_the_present_one(store, store_url):
    """An earlier version made the ids and keys; feeds show the articles under further forms of their addresses."""
    ids = [key_id(key) for key in OLD_KEYS]
    enter(store, *(Entry(id=key_id(k), url=url, source="Times", first_seen=NOW) for k, url in OLD_KEYS.items()))
    feed = Source(name="Times", feeds=("https://times.example/f",))
    store.feeds.sync_feeds([feed], NOW)
    seen = b"".join(bytes.fromhex(article[: 2 * SEEN_KEY_BYTES]) for article in ids)
    with store.write() as connection:
        store.feeds.save_pushed(connection, FeedState(url=feed.feeds[0], source="Times", due=NOW, seen=seen))
        connection.execute(sa.text("DELETE FROM addresses"))
        store.ledger.add_marks(connection, zip(OLD_KEYS, ids, strict=True))
        connection.execute(sa.text("DELETE FROM meta WHERE name = 'address keys'"))
    other = Store(store_url)
    shown = [entry(path) for path in ("1?icid=x2", "2;jsessionid=XYZ", "3", "story?source=rss-9&id=5", "#!/4?utm_id=x")]
    assert enter(other, *shown) == []
    assert [ask(other).ledger.find_article(one.url).id for one in shown] == ids
    assert [ask(other).ledger.find_article(url).id for url in OLD_KEYS.values()] == ids
    listed = ask(other).feeds.list_states()[0].seen
    assert all(bytes.fromhex(one.id[: 2 * SEEN_KEY_BYTES]) in listed for one in shown[:4])
    assert enter(other, entry("#!/5"), entry("story?id=6")) == [
        article_id("https://times.example/#!/5"),
        entry("story?id=6").id,
    ]
    other.close()


def test_of_two_articles_with_one_address_the_one_that_was_not_dropped_is_known_by_it(store, store_url):
    enter(store, entry("a"), entry("b"))
    dropped, kept = claim(store)
    finish(store, Stage.FETCH, StageResult(article=dropped, outcome=Outcome.DROPPED, reason=Reason.GONE), done(kept))
    with store.write() as connection:
        store.ledger.add_marks(
            connection, [("times.example/c?icid=1", dropped.id), ("times.example/c?icid=2", kept.id)]
        )
        connection.execute(sa.text("DELETE FROM meta WHERE name = 'address keys'"))
    other = Store(store_url)
    assert ask(other).ledger.find_article("https://times.example/c").id == kept.id
    other.close()
