"""Facts about extract as a stage: what the memory of a site does to its articles, and what it holds back."""

from __future__ import annotations

import logging

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from bench.site_profile import SIGN_OFF
from bench.site_profile import page as generated
from pipeline.cli.ledger import explain_command, status_command
from pipeline.records import Article, Outcome, Page, Reason, Stage
from pipeline.settings import RunSettings, Settings, Source
from pipeline.stages import Context, run_one
from pipeline.stages.extract import ExtractHandler
from pipeline.store import NewArticle, Selection, schema, site_profiles, site_readings
from pipeline.store.site_readings import SiteReadings
from pipeline.urls import article_id
from pipeline.workers import Workers
from tests.helpers.support import NOW, REPO, places
from tests.helpers.transactions import ask

AFTER = (Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER, Stage.INDEX)


def url(number):
    return f"https://www.herald.example/{number}"


def name(number):
    return article_id(url(number))


@pytest.fixture
def context(tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    settings = Settings(run=RunSettings(batch=30))
    with Context(
        settings, [Source(name="Herald")], places(tmp_path), config=REPO / "config", clock=lambda: NOW
    ) as made:
        yield made


def enter(context, pages, source="Herald", *, addressed=True):
    """Let pages (number → HTML) wait for extract."""
    arrivals = []
    for number, html in pages.items():
        data, own = html.encode(), url(number) if addressed else None
        page = Page(
            id=name(number), url=own, final_url=own, blob=context.archive.put(data), size=len(data),
            fetched=NOW, media_type="text/html",
        )  # fmt: skip
        arrivals.append(
            NewArticle(
                id=name(number), source=source, first_seen=NOW, url=own, records=(page,),
                stage=Stage.EXTRACT,
            )
        )  # fmt: skip
    with context.store.write() as connection:
        context.store.ledger.insert_articles(connection, arrivals, NOW)


def article(context, number):
    row = ask(context.store).ledger.find_article(name(number))
    return ask(context.store).ledger.current([row], Article).get(row.id)


def test_boilerplate_is_cut_from_all_articles_of_a_source_also_from_the_earlier_ones(context):
    enter(context, {number: generated(number).html for number in range(12)})
    report = run_one(context, Stage.EXTRACT)
    assert report.taken > 12  # the first ones were done again
    for number in range(12):
        lines = article(context, number).text.splitlines()
        assert not set(lines) & set(generated(number).boilerplate), number
        assert set(lines) >= set(generated(number).own)


def test_what_had_gone_through_all_stages_becomes_a_revision_of_our_own(context):
    enter(context, {number: generated(number).html for number in range(3)})
    for stage in (Stage.EXTRACT, *AFTER):
        run_one(context, stage)
    before = context.index.get(name(0))
    assert SIGN_OFF in before.text
    enter(context, {number: generated(number).html for number in range(3, 12)})
    for stage in (Stage.EXTRACT, *AFTER):
        run_one(context, stage)
    after = context.index.get(name(0))
    assert SIGN_OFF not in after.text
    assert after.version == before.version
    assert after.revision > before.revision


def test_doing_all_again_changes_nothing_and_counts_nothing_twice(context):
    enter(context, {number: generated(number).html for number in range(12)})
    run_one(context, Stage.EXTRACT)
    before = [article(context, number) for number in range(12)]
    assert ask(context.store).admin.redo_stage(Stage.EXTRACT, Selection(), NOW) == 12
    assert run_one(context, Stage.EXTRACT).taken == 12
    assert [article(context, number) for number in range(12)] == before


def test_explain_shows_which_line_was_cut_by_what(context):
    enter(context, {number: generated(number).html for number in range(12)})
    run_one(context, Stage.EXTRACT)
    said = CliRunner().invoke(explain_command, [url(0)]).output
    assert f"cut (site memory: 5 articles about different things have it): {SIGN_OFF}" in said


def test_imported_pages_without_an_address_belong_to_the_site_that_they_name_themselves(context):
    pages = {
        number: generated(number).html.replace("<head>", f'<head><link rel="canonical" href="{url(number)}">')
        for number in range(12)
    }
    enter(context, pages, source="import", addressed=False)
    run_one(context, Stage.EXTRACT)
    assert all(SIGN_OFF not in article(context, number).text for number in pages)


def test_pages_of_one_source_teach_nothing_about_another(context):
    enter(context, {number: generated(number).html for number in range(12)}, source="import")
    run_one(context, Stage.EXTRACT)
    with context.store.write() as connection:
        assert len(site_profiles.SiteProfiles(connection, ["herald.example"], NOW)["herald.example"].pages) == 12
        assert not site_profiles.SiteProfiles(connection, ["Herald"], NOW)["Herald"].pages


def usual(number):
    html = generated(number).html
    meta = (
        '<meta name="author" content="Ines Okafor"><meta property="article:published_time" content="2026-11-20T10:00Z">'
    )
    return html.replace("</head>", f"{meta}</head>")


def walled(number):
    return (
        f"<html lang=en><head><title>Matter {number} of the day | Lakeside Herald</title></head><body><article><p>"
        f"The whole of matter {number} is told by our colleagues elsewhere, it only takes a minute of your time.</p>"
        "</article></body></html>"
    )


@pytest.fixture
def drifted(context, caplog):
    enter(context, {number: usual(number) for number in range(30)})
    enter(context, {number: walled(number) for number in range(30, 44)})
    with caplog.at_level(logging.WARNING):
        report = run_one(context, Stage.EXTRACT)
    return report, caplog.text


def test_a_source_whose_pages_change_is_told_with_samples_and_its_new_pages_are_held_back(context, drifted):
    report, said = drifted
    held = report.counts_by_reason(Outcome.QUARANTINED)[str(Reason.DRIFT)]
    assert 6 <= held <= 10
    assert said.count("the pages of Herald have changed: shorter") == 1
    assert "before: " in said
    assert "after: Matter 3" in said
    assert "no author, no time" in said
    shown = CliRunner().invoke(status_command).output
    assert "the pages of Herald have changed" in shown
    assert "newswire retry --quarantined --source 'Herald'" in shown
    assert ask(context.store).ledger.list_outcomes(name(43))[-1].reason == Reason.DRIFT


def test_pages_that_are_as_usual_pass_while_an_alarm_holds(context, drifted):
    enter(context, {50: usual(50)})
    assert run_one(context, Stage.EXTRACT).counts_by_reason(Outcome.DONE) == {"no reason": 1}


def test_a_person_who_says_that_the_new_pages_are_right_releases_them(context, drifted):
    report, _ = drifted
    held = report.counts_by_reason(Outcome.QUARANTINED)[str(Reason.DRIFT)]
    assert ask(context.store).admin.retry_articles(Selection(sources=("Herald",)), NOW) == held
    assert not run_one(context, Stage.EXTRACT).failed
    assert ask(context.store).site_alarms.list_alarms() == {}
    assert "matter 43" in article(context, 43).text


def test_an_alarm_ends_and_releases_by_itself_when_the_pages_are_as_before(context, drifted):
    enter(context, {number: usual(number) for number in range(50, 60)})
    assert not run_one(context, Stage.EXTRACT).failed
    assert ask(context.store).site_alarms.list_alarms() == {}
    assert "matter 43" in article(context, 43).text


def test_single_odd_pages_are_no_alarm(context):
    enter(context, {number: walled(number) if number % 5 == 4 else usual(number) for number in range(45)})
    report = run_one(context, Stage.EXTRACT)
    assert not report.failed


def count_parses(monkeypatch):
    """Return the list to which each page that a worker parses from now on adds its id."""
    parsed, submit = [], Workers.submit

    def counted(self, item):
        parsed.append(item.id)
        return submit(self, item)

    monkeypatch.setattr(Workers, "submit", counted)
    return parsed


def test_an_article_is_cleaned_again_without_a_second_parse(context, monkeypatch):
    parsed = count_parses(monkeypatch)
    enter(context, {number: generated(number).html for number in range(12)})
    report = run_one(context, Stage.EXTRACT)
    assert report.taken > 12
    assert sorted(parsed) == sorted(name(number) for number in range(12))


def test_what_is_cleaned_again_is_as_a_second_parse_would_give_it(context, monkeypatch, tmp_path):
    parsed = count_parses(monkeypatch)
    (tmp_path / "parsed").mkdir()
    environment, sources = places(tmp_path / "parsed"), [Source(name="Herald")]
    with Context(context.settings, sources, environment, config=REPO / "config", clock=lambda: NOW) as other:
        for ledger in (context, other):
            if ledger is other:
                monkeypatch.setattr(SiteReadings, "list_wanted", lambda *_: {})
            for start in range(0, 24, 6):
                enter(ledger, {number: generated(number).html for number in range(start, start + 6)})
                run_one(ledger, Stage.EXTRACT)
        assert [article(context, number) for number in range(24)] == [article(other, number) for number in range(24)]
    assert len(parsed) > 2 * 24  # the second ledger's articles were parsed again


def do_again(context, *, wanted):
    """Send all articles back to extract, as editors do or (``wanted``) as the memory of their site does."""
    ask(context.store).admin.redo_stage(Stage.EXTRACT, Selection(), NOW)
    if wanted:
        with context.store.write() as connection:
            site_readings.mark_wanted(connection, [name(number) for number in range(3)])
    run_one(context, Stage.EXTRACT)


def test_pages_are_parsed_again_where_they_are_done_again_or_would_be_read_otherwise(context, monkeypatch):
    enter(context, {number: generated(number).html for number in range(3)})
    run_one(context, Stage.EXTRACT)
    parsed = count_parses(monkeypatch)
    do_again(context, wanted=True)
    assert len(parsed) == 0
    do_again(context, wanted=False)
    assert len(parsed) == 3
    german = Source(name="Herald", language="de")
    with Context(context.settings, [german], context.environment, config=REPO / "config", clock=lambda: NOW) as other:
        do_again(other, wanted=True)
    assert len(parsed) == 6


def test_what_was_read_of_a_page_goes_with_the_page(context):
    enter(context, {number: generated(number).html for number in range(3)})
    run_one(context, Stage.EXTRACT)
    assert count_readings(context) == 3
    ask(context.store).admin.remove_articles([ask(context.store).ledger.find_article(name(0))], NOW)
    assert count_readings(context) == 2


def count_readings(context):
    with context.store.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(schema.sites.site_readings))


def test_what_was_noted_of_a_batch_is_forgotten_with_the_next_one(context):
    with ExtractHandler(context) as handler:
        for numbers in (range(45, 48), range(48, 50)):
            enter(context, {number: usual(number) for number in numbers})
            with context.store.write() as connection:
                claimed = context.store.ledger.claim(connection, Stage.EXTRACT, NOW, limit=10, seconds=60.0)
            handler.decide(claimed, lambda _: None)  # nothing is saved, as where the leases were lost
            assert set(handler._extractions) == {name(number) for number in numbers}
