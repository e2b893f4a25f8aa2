"""newswire decisions and undo: all that editors decided, from the command line."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from pipeline.cli import cli, copies, decisions, entities
from tests.helpers.arriving import arrive, through
from tests.helpers.copies import OTHER, WIRE


@pytest.fixture
def newswire(context, monkeypatch):
    """Return a function that runs a command on the ledger of ``context``; it returns what was printed."""
    for module in (copies, decisions, entities):
        monkeypatch.setattr(module, "open_context", lambda: context)
    monkeypatch.setattr(type(context), "__exit__", lambda *_: None)

    def run(*arguments, code=0):
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == code, result.output
        return result.output

    arrive(context, "a1", WIRE)
    arrive(context, "b1", OTHER, source="Evening", seen=1.0)
    through(context)
    yield run
    monkeypatch.undo()


def test_what_was_decided_is_listed_and_taken_back_by_its_number(newswire, context):
    assert "one group now: a1; the next run writes their documents again (decision 1)" in newswire(
        "copies", "merge", "a1", "b1", "--by", "ana", "--note", "one dispatch"
    )
    assert "  decision 1  " in newswire("copies", "show", "b1")
    assert newswire("decisions").endswith("  ana: copy groups became one, a1: one dispatch\n")
    assert "decision 1 is taken back (copy groups became one, a1)" in newswire(
        "undo", "1", "--by", "bo", "--note", "two dispatches"
    )
    assert through(context)["b1"].copy_group == "b1"
    log = newswire("decisions", "--subject", "copies")
    assert "  ana: copy groups became one, a1: one dispatch, taken back " in log
    assert log.endswith(" by bo: two dispatches\n")
    assert newswire("decisions", "--subject", "stories") == ""
    plain = json.loads(newswire("decisions", "--json"))
    assert {name: plain[name] for name in ("n", "subject", "kind", "by", "note", "undone_by", "group")} == {
        "n": 1,
        "subject": "copies",
        "kind": "merge",
        "by": "ana",
        "note": "one dispatch",
        "undone_by": "bo",
        "group": "a1",
    }


def test_decisions_on_copies_are_taken_back_where_they_are_made(newswire, context):
    newswire("copies", "merge", "a1", "b1")
    assert "decision 1 is taken back" in newswire("copies", "undo", "1", "--note", "two dispatches")
    assert through(context)["b1"].copy_group == "b1"
    assert newswire("decisions", "--limit", "1").count("\n") == 1


def test_a_decision_without_an_author_is_somebodys(newswire, context):
    newswire("copies", "merge", "a1", "b1")
    with context.store.write() as connection:
        connection.execute(sa.text('UPDATE decisions SET "by" = NULL'))
    assert "  somebody: copy groups became one, a1\n" in newswire("decisions")
    assert "  somebody: b1 belongs to this group\n" in newswire("copies", "show", "b1")


def test_a_row_that_cannot_be_read_is_named_and_the_others_are_listed(newswire, context):
    newswire("copies", "merge", "a1", "b1", "--by", "ana")
    newswire("copies", "split", "b1", "--by", "ana")
    with context.store.write() as connection:
        connection.execute(sa.text("UPDATE decisions SET kind = 'eat' WHERE n = 1"))
    told = newswire("decisions", code=1)
    assert "  ana: copy group b1 was taken out of a1\n" in told
    assert "newswire: decision 1: can't be read, it is left as it stands: Invalid enum value 'eat'" in told
    assert newswire("entities", "decisions") == ""
