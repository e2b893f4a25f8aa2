"""The demo newsroom goes through the whole pipeline and comes out as what is known of it."""

from __future__ import annotations

import msgspec
import pytest

from pipeline.demo.server import serve_newsroom
from pipeline.editorial.explain import explain_name
from pipeline.errors import IndexAwayError, UsageError
from pipeline.index import Query
from pipeline.records import Article, Outcome, Reason, Stage
from pipeline.settings import Environment, FetchSettings, RunSettings, Settings
from pipeline.stages import Context, count_waiting, run_all, run_one
from pipeline.store import Selection
from pipeline.urls import address_key
from tests.helpers.support import REPO
from tests.helpers.transactions import ask

pytestmark = pytest.mark.slow

SETTINGS = Settings(
    fetch=FetchSettings(allow_addresses=("127.0.0.0/8",), per_host_delay_seconds=0.01),
    run=RunSettings(batch=25, ordered_batch=25, max_attempts=3),
)


def context_at(home, sources, settings=SETTINGS, **addresses):
    places = {
        "store_url": f"sqlite:///{home}/ledger.db",
        "index_url": f"sqlite:///{home}/index.db",
        "archive_url": str(home / "archive"),
        **addresses,
    }
    return Context(settings, sources, Environment(home=home, **places), config=REPO / "config")


@pytest.fixture(scope="module")
def newsroom():
    with serve_newsroom() as server:
        yield server


@pytest.fixture(scope="module")
def ran(newsroom, tmp_path_factory):
    """A context in which the first edition went through, and its reports."""
    with context_at(tmp_path_factory.mktemp("home"), newsroom.sources) as context:
        yield context, {report.stage: report for report in run_all(context)}


def item_of(context, url):
    return ask(context.store).ledger.find_article(url)


def test_every_readable_article_is_in_the_index(ran, newsroom):
    context, _ = ran
    expected = newsroom.newsroom.expected
    assert context.index.count() == len(expected.articles)
    for url in expected.articles:
        item = item_of(context, url)
        assert (item.stage, item.state) == (None, "pending"), url
        assert context.index.get(item.id).text


def test_what_cannot_be_read_is_dropped_for_the_right_reason(ran, newsroom):
    context, reports = ran
    for url, reason in newsroom.newsroom.expected.dropped.items():
        assert ask(context.store).ledger.list_outcomes(item_of(context, url).id)[-1].reason == reason
    assert reports[Stage.FETCH].counts_by_reason(Outcome.DROPPED) == {
        str(reason): 1 for reason in newsroom.newsroom.expected.dropped.values()
    }


def test_an_article_says_that_it_is_behind_a_wall_or_from_the_feed_or_without_a_date(ran, newsroom):
    context, _ = ran
    expected = newsroom.newsroom.expected
    for url in expected.articles:
        document = context.index.get(item_of(context, url).id)
        assert bool(document.paywalled) == (url in expected.paywalled), url
        assert document.from_feed == (url in expected.from_feed), url
        assert (document.published is None) == (url in expected.undated), url


def test_a_feed_that_is_a_page_is_named_and_costs_only_itself(ran, newsroom):
    context, reports = ran
    (url,) = newsroom.newsroom.expected.not_feeds
    assert reports[Stage.POLL].counts_by_reason(Outcome.DROPPED) == {Reason.NOT_FEED: 1}
    assert explain_name(context, url).history[-1].reason == Reason.NOT_FEED


def test_each_item_has_one_outcome_at_each_stage(ran):
    context, reports = ran
    for stage, report in reports.items():
        if stage is not Stage.POLL:
            counted = sum(
                1
                for one in ask(context.store).ledger.indexed_page(0, None, 999)
                for h in ask(context.store).ledger.list_outcomes(one.id)
                if h.stage == stage
            )
            assert counted == report.to_plain()["done"], stage


def test_copies_are_recognised_and_nothing_else_is(ran, newsroom):
    context, _ = ran
    expected = {frozenset(item_of(context, url).id for url in group) for group in newsroom.newsroom.expected.copies}
    found = {}
    for item in ask(context.store).ledger.indexed_page(0, None, 999):
        found.setdefault(item.copy_group, set()).add(item.id)
    assert {frozenset(group) for group in found.values() if len(group) > 1} == expected


def test_the_first_of_a_group_counts_its_copies(ran, newsroom):
    context, _ = ran
    for group in newsroom.newsroom.expected.copies:
        documents = [context.index.get(item_of(context, url).id) for url in group]
        (primary,) = [one for one in documents if one.is_primary]
        assert primary.copies == len(group) - 1


def test_articles_that_only_share_a_passage_are_no_copies(ran, newsroom):
    context, _ = ran
    for one, other in newsroom.newsroom.expected.shared:
        assert item_of(context, one).copy_group != item_of(context, other).copy_group


def test_a_moved_article_is_known_under_both_addresses(ran, newsroom):
    context, _ = ran
    for old, new in newsroom.newsroom.expected.moved.items():
        assert item_of(context, old).id == item_of(context, new).id


def test_an_article_in_two_feeds_is_one_article(ran, newsroom):
    context, _ = ran
    for url in newsroom.newsroom.expected.repeated:
        assert address_key(item_of(context, url).url) == address_key(url)


def test_an_armed_group_of_many_names_is_one_organisation(ran):
    context, _ = ran
    results = context.index.search(Query(text="Mosul", facets=("organisations",)))
    names = [name for name, _ in results.facets["organisations"]]
    assert sum("Islamic State" in name or name.upper() in {"ISIS", "ISIL"} for name in names) == 1


def test_the_same_run_again_does_nothing(ran):
    context, _ = ran
    before = context.index.count()
    ask(context.store).feeds.make_due(context.clock())
    reports = {report.stage: report for report in run_all(context)}
    assert reports[Stage.POLL].notes["new"] == reports[Stage.POLL].notes["changed"] == 0
    assert [report.taken for stage, report in reports.items() if stage is not Stage.POLL] == [0] * 6
    assert context.index.count() == before


def test_a_correction_becomes_the_next_version_and_a_page_that_is_gone_says_so(newsroom, tmp_path):
    with serve_newsroom() as server, context_at(tmp_path, server.sources) as context:
        run_all(context)
        (url,) = server.newsroom.expected.corrected
        before = context.index.get(item_of(context, url).id)
        server.edition = 2
        ask(context.store).feeds.make_due(context.clock())
        run_all(context)
        after = context.index.get(before.id)
        assert (before.version, after.version) == (1, 2)
        assert after.revision > before.revision
        assert after.text != before.text
        assert context.index.count() == len(server.newsroom.expected.articles)
        (gone,) = server.newsroom.expected.gone
        left = context.index.get(item_of(context, gone).id)
        assert (left.version, left.title.startswith("Skipper"), left.gone is None) == (1, True, False)


@pytest.mark.slow
def test_an_index_that_is_away_delays_only_the_last_stage(newsroom, tmp_path):
    with context_at(tmp_path, newsroom.sources, index_url="http://127.0.0.1:1") as context:
        with pytest.raises(IndexAwayError, match=r"127\.0\.0\.1:1"):
            run_all(context)
        missed = count_waiting(context, Stage.INDEX)
    assert missed == len(newsroom.newsroom.expected.articles)
    with context_at(tmp_path, newsroom.sources) as context:
        run_all(context)
        assert context.index.count() == missed


def test_a_lost_index_is_filled_again(ran, newsroom, tmp_path):
    context, _ = ran
    store, archive = context.environment.store_url, context.environment.archive_url
    with context_at(tmp_path, newsroom.sources, store_url=store, archive_url=archive) as fresh:
        run_one(fresh, Stage.INDEX)
        assert fresh.index.count() == context.index.count()
    run_one(context, Stage.INDEX)  # and so is the first one, for the ledger wrote elsewhere since


def test_a_stage_can_be_done_again_and_gives_the_same(ran):
    context, _ = ran
    item = ask(context.store).ledger.indexed_page(0, None, 1)[0]
    before = ask(context.store).ledger.current([item], Article)
    which = Selection(ids=(item.id,))
    assert ask(context.store).admin.redo_stage(Stage.EXTRACT, which, context.clock()) == 1
    run_all(context, [stage for stage in Stage if stage not in {Stage.POLL, Stage.FETCH}])
    assert ask(context.store).ledger.current([item], Article) == before


def test_a_source_that_is_not_there_is_wrong_use(ran):
    context, _ = ran
    with pytest.raises(UsageError, match="no source is called 'Nobody'"):
        run_one(context, Stage.FETCH, sources=["Nobody"])


def test_a_limit_and_a_source_are_kept_to(newsroom, tmp_path):
    with context_at(tmp_path, newsroom.sources) as context:
        source = newsroom.sources[1].name
        assert run_one(context, Stage.POLL, sources=[source]).taken == len(newsroom.sources[1].feeds)
        assert run_one(context, Stage.FETCH, limit=2).taken == 2


@pytest.mark.slow
def test_an_archive_that_lost_a_page_is_retried_and_then_quarantined(newsroom, tmp_path):
    settings = msgspec.structs.replace(SETTINGS, run=RunSettings(batch=25, ordered_batch=25, max_attempts=1))
    with context_at(tmp_path, newsroom.sources, settings) as context:
        run_all(context, [Stage.POLL, Stage.FETCH])
        blob = next((tmp_path / "archive").rglob("*.zst"))
        blob.unlink()
        report = run_one(context, Stage.EXTRACT)
        assert report.counts_by_reason(Outcome.QUARANTINED) == {Reason.ATTEMPTS: 1}
        assert report.counts_by_reason(Outcome.DONE) == {"no reason": report.taken - 1}
