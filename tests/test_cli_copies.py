"""newswire copies and corrections, from the command line to the next run."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pipeline.cli import copies as commands
from pipeline.errors import UsageError
from tests.helpers.arriving import arrive, change, through
from tests.helpers.copies import OTHER, WIRE
from tests.helpers.transactions import ask


@pytest.fixture
def run(context, monkeypatch):
    """Return a function that runs one of the commands on the ledger of ``context`` and returns what it printed."""
    monkeypatch.setattr(commands, "open_context", lambda: context)
    monkeypatch.setattr(type(context), "__exit__", lambda *_: None)

    def made(command, *arguments):
        result = CliRunner().invoke(command, arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    yield made
    monkeypatch.undo()


def test_a_group_is_shown_with_its_primary_and_what_each_took(context, run):
    arrive(context, "a1", WIRE, agency="AP")
    arrive(context, "a2", "\n".join(WIRE.split("\n")[:2]), source="Evening", seen=1.5)
    through(context)
    shown = run(commands.copies_command, "show", "a2")
    assert "group a1: 2 articles, earliest a1, AP copy" in shown
    assert "primary  a1" in shown
    assert "truncated of a1, 0% its own, 1 h 30 min later" in shown
    plain = json.loads(run(commands.copies_command, "show", "https://daily.example/a1", "--json"))
    assert (plain["group"], plain["lead"]["primary"], plain["copies"][1]["paragraphs"]) == ("a1", "a1", [1, 2])


def test_what_an_article_says_of_its_time_is_shown_and_no_more(context, run):
    arrive(context, "a1", WIRE, seen=200.0, day="2026-03-04")
    arrive(context, "a2", WIRE, source="Evening", seen=201.0, published=80.0)
    arrive(context, "a3", WIRE, source="Late", seen=202.0)
    through(context)
    assert [" ".join(line.split()) for line in run(commands.copies_command, "show", "a1").splitlines()[2:]] == [
        "primary a1 Daily 2026-03-04 copies nothing",
        "a2 Evening 2026-03-05 16:00 exact of a1, 0% its own, at about the same time",
        "a3 Late exact of a1, 0% its own, about 5 d later",
    ]


def test_two_articles_are_compared_whichever_is_named_first(context, run):
    paragraphs, others = WIRE.split("\n"), OTHER.split("\n")
    arrive(context, "a1", WIRE)
    arrive(context, "a2", "\n".join([*others[:3], *paragraphs[2:]]), source="Evening", seen=1.0)
    arrive(context, "a3", "Nobody was hurt, officials said on Monday.", source="Late", seen=2.0)
    through(context)
    for pair in (("a1", "a2"), ("https://evening.example/a2", "a1")):
        said = run(commands.copies_command, "compare", *pair)
        assert "of a2, the later one, 51% stands in a1, and of that 58% in a2" in said
        assert "of the beginnings 0% is the same; 3 fingerprints lead to both" in said
        assert "no copy: they begin otherwise" in said
        assert "decided: a2 copies nothing" in said
    assert "fewer than 12 words" in run(commands.copies_command, "compare", "a1", "a3")
    plain = json.loads(run(commands.copies_command, "compare", "a1", "a2", "--json"))
    assert (plain["verdict"], plain["later"], plain["terms"], plain["beginnings"]) == ("other beginning", "a2", 3, 0.0)
    with pytest.raises(UsageError, match="both are this article"):
        run(commands.copies_command, "compare", "a1", "a1")


def test_groups_are_merged_and_split_by_address_or_id(context, run):
    arrive(context, "a1", WIRE)
    arrive(context, "a2", OTHER, source="Evening", seen=1.0)
    through(context)
    merge = ("merge", "a2", "https://daily.example/a1", "--by", "ana", "--note", "one dispatch")
    assert "one group now: a1" in run(commands.copies_command, *merge)
    assert "ana: a2 belongs to this group: one dispatch" in run(commands.copies_command, "show", "a1")
    assert through(context)["a2"].copy_group == "a1"
    assert "two groups now: a1 and a2" in run(commands.copies_command, "split", "a2")
    assert through(context)["a2"].copy_group == "a2"
    compared = run(commands.copies_command, "compare", "a1", "a2")
    assert "a1 belongs to group a1\n" in compared
    assert "a2 belongs to group a2" in compared
    (decision,) = json.loads(run(commands.copies_command, "show", "a2", "--json"))["decisions"]
    assert (decision["id"], decision["copy_group"], decision["reason"]) == ("a2", "a2", None)
    assert decision["made_by"]


def test_of_what_was_taken_down_it_is_said_so(context, run):
    arrive(context, "a1", WIRE)
    assert "has not decided" in CliRunner().invoke(commands.copies_command, ["show", "a1"]).stderr
    ask(context.store).admin.remove_articles([ask(context.store).ledger.find_article("a1")], context.clock())
    assert run(commands.copies_command, "show", "a1") == ""
    assert "taken down" in CliRunner().invoke(commands.copies_command, ["show", "a1"]).stderr


def test_corrections_name_the_old_sentence_the_new_one_and_who_still_has_the_old(context, run):
    arrive(context, "w1", WIRE, source="Coastwire")
    arrive(context, "a1", WIRE, source="Evening", seen=1.0)
    through(context)
    assert run(commands.corrections_command) == ""
    change(context, "w1", WIRE.replace("six cranes", "five cranes"))
    through(context)
    (one,) = json.loads(run(commands.corrections_command, "--json"))
    assert "six cranes" in one["old"]
    assert "five cranes" in one["new"]
    assert [copy["url"] for copy in one["copies"]] == ["https://evening.example/a1"]
    table = run(commands.corrections_command)
    assert "Engineers began to inspect the remaining five cranes, which were built" in table  # whole: no terminal
    assert "https://evening.example/a1" in table
    change(context, "a1", WIRE.replace("six cranes", "five cranes"))
    through(context)
    assert run(commands.corrections_command) == ""
    assert "no copy" in run(commands.corrections_command, "--all")
