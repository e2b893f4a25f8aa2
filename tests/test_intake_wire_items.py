"""Versions of one identifier are versions of one article, and only their sender withdraws or holds them back."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import pytest
from starlette.testclient import TestClient

from pipeline.decisions import DecisionAuthor
from pipeline.editorial.corrections import find_corrections
from pipeline.editorial.explain import explain_name
from pipeline.editorial.stories import resolve_story
from pipeline.editorial.takedown import take_down
from pipeline.editorial.undo import undo_decision
from pipeline.editorial.withdrawals import dismiss_notice, withdraw_by_editor
from pipeline.errors import ItemError
from pipeline.intake.submissions import submit_article
from pipeline.intake.wire_items import Receipt, read_arrival, receive_item, register_items
from pipeline.records import Page, Reason, Stage
from pipeline.settings import Settings, Source
from pipeline.stages import Context, run_all
from pipeline.store import WITHDRAWN, NewArticle, Selection, Store
from pipeline.web.app import create_app
from tests.helpers.arriving import NOW, arrive
from tests.helpers.inline_workers import InlineWorkers
from tests.helpers.support import REPO, places

AFTER_FETCH = list(Stage)[2:]
HOUR = dt.timedelta(hours=1)
STORY = (
    "The harbour authority said on Tuesday that the old swing bridge at Millgate would close for eleven weeks.",
    "Residents on the eastern quay fear that the detour will keep customers away from shops that barely recovered.",
    "Council leader Marit Solberg told a packed meeting in the fish market that the work could not wait any longer.",
)
ADVENT = dt.datetime(2026, 12, 24, 8, 30, tzinfo=dt.UTC)
EDITOR = DecisionAuthor(name="Ines", note="checked")


class Desk:
    """A newsroom into which items arrive, with a clock that is set."""

    def __init__(self, context):
        self.context = context
        self.now = NOW
        context.clock = lambda: self.now

    def receive(self, data, source="Coastwire", update=False):
        data = data.encode() if isinstance(data, str) else data
        arrival = read_arrival(data, "application/json" if data.startswith(b"{") else "application/xml", "file", source)
        with self.context.store.write() as connection:
            return receive_item(self.context, connection, arrival, update=update)

    def run(self):
        run_all(self.context, AFTER_FETCH)
        return self

    def settle(self):
        """Let what came be read, compared and taken back; the later stages cost a second."""
        run_all(self.context, [Stage.EXTRACT, Stage.DEDUPE])
        return self

    def state(self, name):
        row = self.row(name)
        return str(row.stage) if row.state == "pending" else row.state

    def titles(self):
        return sorted(self.context.index.get(name).title for name, _ in self.context.index.revisions())

    def texts(self):
        return [self.context.index.get(name).text for name, _ in self.context.index.revisions()]

    def row(self, name):
        with self.context.store.read() as connection:
            return self.context.store.ledger.find_article(connection, name)

    def corrections(self):
        return list(find_corrections(self.context, NOW - 24 * HOUR))

    def withdrawals(self):
        return [one for one in self.corrections() if one.withdrawn]

    def open_notices(self):
        return [one for one in self.corrections() if one.candidates is not None]


@pytest.fixture(scope="module")
def empty_ledger(tmp_path_factory):
    """A ledger that the migrations have been through, which takes a quarter of a second."""
    file = tmp_path_factory.mktemp("ledger") / "l.db"
    Store(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def desk(tmp_path, monkeypatch, empty_ledger):
    shutil.copy(empty_ledger, tmp_path / "l.db")
    monkeypatch.setattr("pipeline.stages.extract.Workers", InlineWorkers)
    sources = (
        Source(name="Daily"),
        Source(name="Evening"),
        Source(name="Coastwire", agency=True, time_zone="Europe/Oslo"),
    )
    with Context(Settings(), sources, places(tmp_path, f"sqlite:///{tmp_path}/l.db"), config=REPO / "config") as opened:
        yield Desk(opened)


def g2(
    *, guid="urn:x:1", version=1, status="stat:usable", provider="Quay Press", title="Bridge closes for eleven weeks",
    text=STORY, embargo="", links="", extra="", created="2026-11-20T09:00:00+01:00",
):  # fmt: skip
    named = f"<provider><name>{provider}</name></provider>" if provider else ""
    body = "".join(f"<p>{line}</p>" for line in text)
    html = f"<html><body>{body}</body></html>" if text else ""
    inline = f'<inlineXML contenttype="application/xhtml+xml">{html}</inlineXML>' if text else ""
    start = f'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="{guid}" version="{version}" xml:lang="en">'
    meta = f'{named}<versionCreated>{created}</versionCreated>{embargo}<pubStatus qcode="{status}"/>{links}'
    return (
        f"{start}<itemMeta>{meta}</itemMeta><contentMeta><headline>{title}</headline>{extra}</contentMeta>"
        f"<contentSet>{inline}</contentSet></newsItem>"
    )


def ninjs(guid="tag:x:1", **fields):
    text = {"headline": "Bridge closes for eleven weeks", "body_html": "".join(f"<p>{line}</p>" for line in STORY)}
    return json.dumps({"guid": guid, "type": "text", **text, **fields})


def nitf(doc_id="n-1", status="", regsrc="QP", title="Bridge closes for eleven weeks", docdata="", version=""):
    managed = f' management-status="{status}"' if status else ""
    body = "".join(f"<p>{line}</p>" for line in STORY)
    key = f'<du-key version="{version}"/>' if version else ""
    return (
        f'<nitf xmlns="http://iptc.org/std/NITF/2006-10-18/"><head><docdata{managed}>'
        f'<doc-id id-string="{doc_id}" regsrc="{regsrc}"/>{key}{docdata}</docdata></head><body><body.head><hedline>'
        f"<hl1>{title}</hl1></hedline></body.head><body.content>{body}</body.content></body></nitf>"
    )


# versions -------------------------------------------------------------------------------------------------------------


def test_a_newer_version_is_the_next_of_the_same_article_and_an_older_one_changes_nothing(desk):
    assert desk.receive(g2()) is Receipt.NEW
    desk.run()
    changed = tuple(line.replace("eleven", "twelve") for line in STORY)
    assert desk.receive(g2(version=2, text=changed)) is Receipt.CHANGED
    desk.run()
    assert [text.splitlines()[0] for text in desk.texts()] == [changed[0]]
    assert desk.row("urn:x:1").version == 2
    assert desk.receive(g2()) is Receipt.OLDER
    assert desk.receive(g2(version=2, text=changed)) is Receipt.KNOWN
    assert desk.run().row("urn:x:1").version == 2


@pytest.mark.parametrize("make", [ninjs, nitf])
def test_the_other_formats_have_versions_too(desk, make):
    desk.receive(make(version="1"))
    assert desk.receive(make(version="2").replace("eleven weeks.", "twelve weeks.")) is Receipt.CHANGED
    assert desk.receive(make(version="1")) is Receipt.OLDER


def test_without_a_version_the_later_time_counts_and_else_update_is_needed(desk):
    desk.receive(ninjs(versioncreated="2026-11-20T09:00:00+01:00"))
    assert desk.receive(ninjs(versioncreated="2026-11-20T09:30:00+01:00")) is Receipt.CHANGED
    assert desk.receive(ninjs(versioncreated="2026-11-20T09:10:00+01:00")) is Receipt.OLDER
    other = ninjs(versioncreated="2026-11-20T09:30:00+01:00", byline="By Ana Ruiz")
    assert desk.receive(other) is Receipt.DIFFERENT
    assert desk.receive(other, update=True) is Receipt.CHANGED


def test_items_of_other_senders_with_the_same_identifier_are_other_articles(desk):
    desk.receive(g2())
    assert desk.receive(g2(provider="Hill News", title="Another bridge opens on Monday", version=2)) is Receipt.NEW
    assert desk.receive(g2(), source="Daily") is Receipt.NEW


def test_plain_identifiers_of_unknown_senders_join_only_under_one_headline(desk):
    first, other = nitf(regsrc=""), nitf(regsrc="", title="Ferry timetable changes")
    assert desk.receive(first, source="import") is Receipt.NEW
    assert desk.receive(other, source="import") is Receipt.NEW
    assert desk.receive(first.replace("eleven weeks.", "ten weeks."), source="import", update=True) is Receipt.CHANGED


# withdrawals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "kill"),
    [
        (g2(), g2(version=2, status="stat:canceled")),
        (g2(), g2(version=2, status="stat:canceled", text=())),
        (g2(), g2(version=2, status="stat:cancelled", provider="")),
        (g2(), g2(version=2).replace('qcode="stat:usable"', 'uri="http://cv.iptc.org/newscodes/pubstatusg2/canceled"')),
        (g2(), g2(version=1, status="ps:withheld")),
        (ninjs(), ninjs(pubstatus="canceled")),
        (ninjs(), json.dumps({"guid": "tag:x:1", "pubstatus": "canceled", "version": "2"})),
        (ninjs(), ninjs(pubStatus="withheld", version="3")),
        (ninjs("a:1", uri="urn:y"), ninjs("a:1", uri="urn:y", pubstatus="canceled")),
        (nitf(), nitf(status="canceled")),
        (nitf(), nitf(status="withheld", version="2")),
    ],
)  # fmt: skip
def test_its_sender_takes_an_item_back(desk, first, kill):
    assert desk.receive(first) is Receipt.NEW
    assert desk.receive(kill) is Receipt.WITHDRAWN
    with desk.context.store.read() as connection:
        assert len(desk.context.store.wire_items.list_unsettled(connection)) == 1


def test_what_its_sender_takes_back_leaves_the_index(desk):
    desk.receive(g2())
    assert len(desk.run().titles()) == 1
    desk.receive(g2(version=2, status="stat:canceled", text=()))
    assert desk.run().titles() == []
    (withdrawn,) = desk.withdrawals()
    assert withdrawn.article.title == "Bridge closes for eleven weeks"
    assert "its sender says" in withdrawn.withdrawn
    (decision,) = explain_name(desk.context, withdrawn.article.id).withdrawals
    assert (decision.n, decision.by) == (withdrawn.decision, "its sender")


@pytest.mark.parametrize(
    ("data", "source"),
    [
        (g2(version=9, status="stat:canceled"), "Daily"),
        (g2(version=9, status="stat:canceled", provider="Hill News"), "Coastwire"),
        (ninjs("urn:x:1", pubstatus="canceled", version="9"), "Evening"),
        (g2(guid="urn:x:2", version=9, status="stat:canceled"), "Coastwire"),
    ],
)
def test_nobody_else_does(desk, data, source):
    desk.receive(g2())
    name = desk.row("urn:x:1").id
    desk.receive(data, source=source)
    assert desk.settle().state(name) == "enrich"


def test_a_kill_holds_before_the_item_comes(desk):
    assert desk.receive(g2(version=2, status="stat:canceled")) is Receipt.WITHDRAWN
    desk.settle()
    assert desk.receive(g2()) is Receipt.REFUSED
    assert desk.receive(g2(version=3)) is Receipt.REFUSED
    assert desk.settle().row("urn:x:1").state == WITHDRAWN
    undo_decision(desk.context, desk.withdrawals()[0].decision, EDITOR)
    assert desk.run().titles() == ["Bridge closes for eleven weeks"]


def test_a_withheld_item_comes_back_only_in_a_newer_version(desk):
    desk.receive(g2())
    desk.run()
    desk.receive(g2(version=3, status="stat:withheld"))
    assert desk.run().titles() == []
    assert desk.receive(g2(version=2)) is Receipt.REFUSED
    assert desk.run().titles() == []
    assert desk.receive(g2(version=4, title="Bridge closes after all")) is Receipt.REINSTATED
    assert desk.run().titles() == ["Bridge closes after all"]
    assert desk.withdrawals() == []
    assert desk.receive(g2(version=3, status="stat:withheld")) is Receipt.KNOWN


def test_an_editor_reinstates_a_canceled_item_and_the_same_kill_changes_nothing_then(desk):
    desk.receive(g2())
    desk.run()
    desk.receive(g2(version=2, status="stat:canceled"))
    desk.run()
    undo_decision(desk.context, desk.withdrawals()[0].decision, EDITOR)
    assert desk.run().titles() == ["Bridge closes for eleven weeks"]
    assert desk.receive(g2(version=2, status="stat:canceled")) is Receipt.KNOWN
    assert desk.run().titles() == ["Bridge closes for eleven weeks"]
    desk.receive(g2(version=3, status="stat:canceled"))
    assert desk.run().titles() == []


def test_nothing_brings_a_withdrawn_article_back_by_the_way(desk):
    desk.receive(g2())
    desk.run()
    desk.receive(g2(version=2, status="stat:canceled"))
    desk.run()
    row = desk.row("urn:x:1")
    with desk.context.store.write() as connection:
        admin = desk.context.store.admin
        assert admin.retry_articles(connection, Selection(ids=(row.id,)), desk.now) == 0
        assert admin.redo_stage(connection, Stage.DEDUPE, Selection(), desk.now) == 0
        desk.context.store.ledger.start_version(connection, row, Stage.EXTRACT, desk.now)
    assert desk.run().titles() == []


def test_a_withdrawn_address_is_refused_when_it_is_handed_in(desk):
    arrive(desk.context, "a1", "\n".join(STORY), source="Daily")
    desk.run()
    withdraw_by_editor(desk.context, desk.row("a1"), EDITOR)
    assert desk.titles() == []
    with desk.context.store.write() as connection, pytest.raises(ItemError) as caught:
        submit_article(desk.context, connection, {"url": "https://daily.example/a1", "text": "x " * 60})
    assert caught.value.reason is Reason.WITHDRAWN


def test_a_newspapers_own_item_is_withdrawn_by_its_address(desk):
    arrive(desk.context, "a1", "\n".join(STORY), source="Daily")
    desk.run()
    kill = json.dumps({"uri": "https://daily.example/a1", "pubstatus": "canceled"})
    desk.receive(kill, source="Evening")
    desk.receive(kill, source="import")
    assert len(desk.run().texts()) == 1
    desk.receive(kill, source="Daily")
    assert desk.run().texts() == []


def test_copies_that_others_printed_stay_and_are_named(desk):
    desk.receive(g2())
    desk.run()
    arrive(desk.context, "d1", "\n".join(STORY), source="Daily", seen=1.0)
    arrive(desk.context, "e1", "\n".join(STORY), source="Evening", seen=2.0)
    desk.run()
    desk.receive(g2(version=2, status="stat:canceled"))
    assert len(desk.run().texts()) == 2
    (withdrawn,) = desk.withdrawals()
    assert sorted(copy.id for copy in withdrawn.copies) == ["d1", "e1"]
    withdraw_by_editor(desk.context, desk.row("d1"), EDITOR)
    assert [copy.id for copy in desk.withdrawals()[0].copies] == ["e1"]


def test_a_taken_down_item_does_not_come_back_in_another_version(desk):
    desk.receive(g2())
    desk.settle()
    take_down(desk.context, desk.row("urn:x:1"))
    assert desk.receive(g2(version=2)) is Receipt.KNOWN
    assert desk.settle().row("urn:x:1").state == "removed"


def test_an_editor_is_asked_which_of_two_providers_items_a_withdrawal_without_one_means(desk):
    desk.receive(g2(), source="import")
    desk.receive(g2(provider="Hill News", title="Another bridge opens on Monday", text=STORY[::-1]), source="import")
    desk.settle().receive(g2(provider="", version=2, status="stat:canceled"), source="import")
    desk.settle()
    (notice,) = desk.open_notices()
    assert len(notice.candidates) == 2
    assert len(desk.withdrawals()) == 1  # what came itself


def test_items_of_an_older_ledger_are_known_by_their_identifiers(desk):
    for version in (1, 2):  # as an article each, under the hash of its bytes
        data = g2(version=version, title=f"Bridge closes, {version}").encode()
        page = Page(id=f"old{version}", url=None, final_url=None, blob=desk.context.archive.put(data), size=len(data),
                    fetched=NOW, media_type="application/xml")  # fmt: skip
        new = NewArticle(id=page.id, source="Coastwire", first_seen=NOW, url=None, records=(page,), stage=Stage.EXTRACT)
        with desk.context.store.write() as connection:
            desk.context.store.ledger.insert_articles(connection, [new], NOW, "imported")
    register_items(desk.context)
    assert desk.settle().receive(g2(version=2, title="Bridge closes, 2")) is Receipt.KNOWN
    assert desk.receive(g2(version=1, title="Bridge closes, 1")) is Receipt.OLDER
    assert desk.receive(g2(version=3, status="stat:canceled")) is Receipt.WITHDRAWN
    desk.settle()
    assert {desk.state("old1"), desk.state("old2")} == {WITHDRAWN}


def test_a_document_that_is_written_while_its_article_is_taken_back_leaves_the_index(desk, monkeypatch):
    desk.receive(g2())
    upsert = desk.context.index.upsert

    def withdraw_then_write(documents):
        monkeypatch.setattr(desk.context.index, "upsert", upsert)
        withdraw_by_editor(desk.context, desk.row("urn:x:1"), EDITOR)
        return upsert(documents)

    monkeypatch.setattr(desk.context.index, "upsert", withdraw_then_write)
    desk.run()
    assert desk.run().titles() == []


def test_readers_are_not_told_what_a_withdrawn_article_said(desk):
    desk.receive(g2())
    desk.settle().receive(g2(version=2, status="stat:canceled"))
    desk.settle()
    client = TestClient(create_app(desk.context), base_url="http://127.0.0.1")
    answer = client.get(f"/api/explain?address={desk.row('urn:x:1').id}").text
    assert ("Solberg" in answer, "withdrawn by its sender" in answer) == (False, True)


# notices --------------------------------------------------------------------------------------------------------------


def killed(guid, **fields):
    return g2(guid=guid, text=("The item named above is withdrawn. Please do not use it.",), **fields)


@pytest.mark.parametrize(
    "notice",
    [
        killed("urn:k", title="MANDATORY KILL", links='<link rel="irel:kills" residref="urn:x:1"/>'),
        killed("urn:k", title="MANDATORY KILL: urn:x:1"),
        killed("urn:k", title="MANDATORY KILL: Bridge closes for eleven weeks"),
        killed("urn:k", title="ACHTUNG – ZURÜCKZIEHUNG: Bridge closes for eleven weeks"),
        killed("urn:k", title="RECTIFICATIF/ANNULE - Bridge closes for eleven weeks"),
        killed("urn:k", title="ANULACIÓN: Bridge closes for eleven weeks"),
        killed("urn:k", title="Meldung zurückgezogen").replace("named above", "“Bridge closes for eleven weeks”"),
        g2(guid="urn:k", title="撤稿：Bridge closes for eleven weeks", text=("请勿使用。",)),
        killed("urn:k", status="stat:canceled", title="KILL", links='<link rel="irel:cancels" residref="urn:x:1"/>'),
        nitf("k").replace("<docdata", '<docdata management-doc-idref="urn:x:1" management-idref-status="canceled"'),
    ],
)  # fmt: skip
def test_a_notice_takes_back_the_one_article_that_it_names(desk, notice):
    desk.receive(g2(provider="QP") if "<nitf" in notice else g2())
    desk.settle().receive(notice)
    assert desk.settle().state("urn:x:1") == WITHDRAWN
    assert [one.article.title for one in desk.withdrawals() if one.article.title == "Bridge closes for eleven weeks"]
    assert desk.open_notices() == []


def test_a_notice_waits_for_the_article_that_it_names(desk):
    desk.receive(killed("urn:k", title="MANDATORY KILL", links='<link rel="irel:kills" residref="urn:x:1"/>'))
    assert [one.candidates for one in desk.settle().open_notices()] == [()]
    desk.receive(g2())
    assert desk.settle().settle().state("urn:x:1") == WITHDRAWN
    assert desk.open_notices() == []


def test_an_editor_is_asked_where_two_articles_have_the_headline(desk):
    desk.receive(g2())
    desk.receive(g2(guid="urn:x:2", text=STORY[::-1]))
    desk.settle().receive(killed("urn:k", title="MANDATORY KILL: Bridge closes for eleven weeks"))
    desk.settle()
    (notice,) = desk.open_notices()
    assert sorted(one.id for one in notice.candidates) == sorted([desk.row("urn:x:1").id, desk.row("urn:x:2").id])
    withdraw_by_editor(desk.context, desk.row("urn:x:2"), EDITOR, notice.article.id)
    assert desk.run().titles() == ["Bridge closes for eleven weeks"]
    assert desk.open_notices() == []
    assert desk.withdrawals()[0].article.id == desk.row("urn:x:2").id


def test_a_notice_of_somebody_else_takes_nothing_back(desk):
    desk.receive(g2())
    desk.settle()
    name = desk.row("urn:x:1").id
    named = "MANDATORY KILL: Bridge closes for eleven weeks"
    desk.receive(killed("urn:k", title=named, provider="Hill News"))
    desk.receive(killed("urn:l", title=named), source="Daily")
    desk.receive(killed("urn:m", title="MANDATORY KILL: urn:x:1", provider="Hill News"))
    assert desk.settle().state(name) == "enrich"
    assert len(desk.open_notices()) == 3
    dismiss_notice(desk.context, desk.open_notices()[0].article.id)
    assert len(desk.open_notices()) == 2


def test_an_article_about_a_withdrawal_is_an_article(desk):
    titles = ["KILL Bill returns to parliament", "Cancelled flights anger travellers", "WITHDRAWN troops come home"]
    for number, title in enumerate(titles):
        desk.receive(g2(guid=f"urn:x:{number}", title=title, text=[f"{line} ({number})" for line in STORY]))
    assert desk.run().titles() == sorted(titles)


# embargoes ------------------------------------------------------------------------------------------------------------


def embargo(text):
    return f"<embargoed>{text}</embargoed>" if text else "<embargoed/>"


@pytest.mark.parametrize(
    ("data", "until"),
    [
        (g2(embargo=embargo("2026-12-24T09:30:00+01:00")), ADVENT),
        (g2(embargo=embargo("2026-12-24T09:30:00")), ADVENT),
        (ninjs(embargoed="2026-12-24T09:30:00Z"), dt.datetime(2026, 12, 24, 9, 30, tzinfo=dt.UTC)),
        # of the hour that the clock strikes twice, the second one
        (g2(embargo=embargo("2026-10-25T02:30:00")), dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC)),
        (g2(text=("EMBARGOED UNTIL 24 December 2026 09:30 CET", *STORY)), ADVENT),
        (nitf(docdata='<date.release norm="20261224T093000+0100"/>'), ADVENT),
        (nitf(status="embargoed", docdata='<date.release norm="20261224T083000Z"/>'), ADVENT),
    ],
)  # fmt: skip
def test_an_embargoed_item_is_held_until_its_time_comes(desk, data, until):
    desk.receive(data)
    desk.settle()
    (name,) = [row for row in ["urn:x:1", "tag:x:1", "n-1"] if desk.row(row)]
    assert desk.row(name).embargoed == until
    with desk.context.store.read() as connection:
        count = desk.context.store.ledger.count_held(connection, desk.now)
    assert (count.count, count.without_end, count.next) == (1, 0, until)
    desk.now = until - HOUR / 60
    assert desk.settle().state(name) == "dedupe"
    desk.now = until
    assert desk.settle().state(name) == "enrich"


def test_an_item_is_in_the_index_when_its_embargo_is_over(desk):
    desk.receive(g2(embargo=embargo("2026-12-24T09:30:00+01:00")))
    assert desk.run().titles() == []
    desk.now = ADVENT
    assert desk.run().titles() == ["Bridge closes for eleven weeks"]
    (document,) = [desk.context.index.get(name) for name, _ in desk.context.index.revisions()]
    assert document.embargoed == ADVENT


def test_an_embargo_without_an_end_holds_until_the_sender_says_more(desk):
    desk.receive(g2(embargo=embargo("")))
    desk.now += 400 * 24 * HOUR
    assert desk.settle().state("urn:x:1") == "dedupe"
    assert desk.receive(g2(version=2)) is Receipt.CHANGED
    assert desk.settle().state("urn:x:1") == "enrich"


def test_neither_retry_nor_redo_releases_a_held_article(desk):
    desk.receive(g2(embargo=embargo("2026-12-24T09:30:00Z")))
    desk.settle()
    with desk.context.store.write() as connection:
        desk.context.store.admin.retry_articles(connection, Selection(ids=(desk.row("urn:x:1").id,)), desk.now)
        desk.context.store.admin.redo_stage(connection, Stage.EXTRACT, Selection(), desk.now)
    assert desk.settle().state("urn:x:1") == "dedupe"


def test_an_embargo_that_comes_later_takes_the_article_out_again_and_out_of_its_story(desk):
    desk.receive(g2())
    arrive(desk.context, "d1", "\n".join(line.replace("Tuesday", "Monday") for line in STORY), source="Daily", seen=1.0)
    assert len(desk.run().texts()) == 2
    desk.receive(g2(version=2, title="Bridge minister to resign", embargo=embargo("2026-12-24T09:30:00Z")))
    assert len(desk.run().texts()) == 1
    story = resolve_story(desk.context, "d1")
    with desk.context.store.read() as connection:
        assert desk.context.store.ledger.count_by_story(connection, [story]) == {story: 1}
        stored = desk.context.store.story_catalog.load_stories(connection, [story])[story]
    assert "minister" not in str(stored)
    assert "eleven weeks" not in (stored.summary.title or "")
    assert "minister" not in str(desk.corrections())


def test_lines_and_submissions_may_be_embargoed_too(desk):
    sent = {"id": "s1", "text": "\n".join(STORY), "title": "Bridge closes", "embargoed": "2026-12-24T09:30:00+01:00"}
    with desk.context.store.write() as connection:
        submitted = submit_article(desk.context, connection, sent)
    assert desk.run().titles() == []
    assert desk.row(submitted.id).embargoed == dt.datetime(2026, 12, 24, 8, 30, tzinfo=dt.UTC)
    with desk.context.store.write() as connection:
        submit_article(desk.context, connection, {**sent, "embargoed": None})
    assert desk.run().titles() == ["Bridge closes"]


def test_readers_are_not_told_what_a_held_article_says(desk):
    desk.receive(g2(embargo=embargo("2026-12-24T09:30:00Z")))
    desk.run()
    name = desk.row("urn:x:1").id
    client = TestClient(create_app(desk.context), base_url="http://127.0.0.1")
    paths = ["/api/corrections?all=1", "/api/stories", "/api/entities", "/api/search?q=bridge", "/"]
    paths += [f"/api/explain?address={name}", f"/api/copies/{name}", f"/api/articles/{name}", f"/articles/{name}"]
    for path in paths:
        answer = client.get(path).text
        assert "eleven weeks" not in answer, path
        assert "Solberg" not in answer, path
