"""Names across articles in the stages: what enrich counts, and how editors' decisions reach the documents."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.decisions import DecisionAuthor, Subject
from pipeline.editorial import entities
from pipeline.editorial.undo import undo_decision
from pipeline.enrich.name_workers import NameWorkers
from pipeline.errors import UsageError
from pipeline.records import Article, Names, Stage
from pipeline.settings import RunSettings, Settings
from pipeline.stages import Context, run_all, run_one
from pipeline.store import NewArticle, Selection
from pipeline.workers import Workers
from tests.helpers.support import NOW, places
from tests.helpers.transactions import ask

CONFIG = Path(__file__).parent.parent / "config"
AFTER_FETCH = (Stage.DEDUPE, Stage.ENRICH, Stage.CLUSTER, Stage.INDEX)
CLERK, BERG = "person:hilda-clerk", "person:tom-berg"

DESK = DecisionAuthor(name="desk")


@pytest.fixture
def context(store_url, tmp_path):
    with Context(Settings(), [], places(tmp_path, store_url), config=CONFIG, clock=lambda: NOW) as made:
        yield made


def enter(context, **texts: str) -> None:
    arrivals = [
        NewArticle(
            id=name,
            source="Times",
            first_seen=NOW,
            records=(Article(id=name, text=text, language="en"),),
            stage=Stage.DEDUPE,
        )
        for name, text in texts.items()
    ]
    with context.store.write() as connection:
        context.store.ledger.insert_articles(connection, arrivals, NOW)


def people(context) -> dict[str, tuple[str, ...]]:
    """Each document's people."""
    run_all(context, AFTER_FETCH)
    context.index.refresh()
    return {name: context.index.get(name).people for name, _ in context.index.revisions()}


TEXTS = {
    "a": "Hilda Clerk won the race on Sunday, said Tom Berg. Clerk smiled.",
    "b": "Hilda Clerk lost the race on Monday. The rain was heavy, said Tom Berg.",
}


def test_a_merged_person_is_shown_as_the_other_one_in_every_document_and_undone_again(context):
    enter(context, **TEXTS)
    assert people(context) == {"a": ("Hilda Clerk", "Tom Berg"), "b": ("Hilda Clerk", "Tom Berg")}
    decision = entities.merge_entities(context, "Tom Berg", CLERK, DESK)
    assert people(context) == {"a": ("Hilda Clerk",), "b": ("Hilda Clerk",)}
    undo_decision(context, decision.n, DESK, Subject.ENTITIES)
    assert people(context) == {"a": ("Hilda Clerk", "Tom Berg"), "b": ("Hilda Clerk", "Tom Berg")}


def test_a_decision_holds_for_articles_that_come_later_and_for_a_new_index(context):
    enter(context, a=TEXTS["a"])
    people(context)
    entities.rename_entity(context, CLERK, "Hilda Clerk-Sowe", DESK)
    enter(context, b=TEXTS["b"])
    assert people(context)["b"] == ("Hilda Clerk-Sowe", "Tom Berg")
    context.index.wipe()
    assert people(context)["a"] == ("Hilda Clerk-Sowe", "Tom Berg")


def test_a_decision_changes_only_the_documents_that_it_concerns(context):
    enter(context, **TEXTS, c="Ann Stone slept. Nobody else did, said Ann Stone.")
    people(context)
    before = {name: context.index.get(name).revision for name in "abc"}
    entities.hide_entity(context, BERG, DESK)
    assert people(context) == {"a": ("Hilda Clerk",), "b": ("Hilda Clerk",), "c": ("Ann Stone",)}
    after = {name: context.index.get(name).revision for name in "abc"}
    assert {name for name in "abc" if after[name] != before[name]} == {"a", "b"}


def test_a_split_person_is_two_in_the_documents(context):
    enter(context, a="Hilda Clerk won. Later Hilda R. Clerk, her aunt, said Tom Berg, won too.")
    assert people(context)["a"] == ("Hilda R. Clerk", "Tom Berg")
    entities.split_entity(context, "Hilda R. Clerk", ["Hilda Clerk"], DESK, name="Hilda Clerk the younger")
    assert people(context)["a"] == ("Hilda Clerk the younger", "Hilda R. Clerk", "Tom Berg")


def test_an_article_that_is_enriched_again_is_counted_once(context):
    enter(context, **TEXTS)
    people(context)
    assert ask(context.store).admin.redo_stage(Stage.ENRICH, Selection(), NOW) == 2
    people(context)
    assert ask(context.store).entities.get([CLERK])[CLERK].articles == 2
    assert [(w.surface, w.articles) for w in ask(context.store).entities.list_forms(CLERK)] == [("Hilda Clerk", 2)]


def test_an_article_that_is_taken_down_is_counted_no_more(context):
    enter(context, **TEXTS)
    people(context)
    ask(context.store).admin.remove_articles([ask(context.store).ledger.find_article("a")], NOW)
    assert ask(context.store).entities.get([CLERK])[CLERK].articles == 1


def test_documents_follow_when_a_person_is_shown_under_another_name(context):
    enter(context, a="Hilda Rosam Clerk won, said Tom Berg. Hilda Clerk smiled.")
    assert people(context)["a"] == ("Hilda Rosam Clerk", "Tom Berg")
    enter(context, **{f"l{n}": f"Hilda Clerk won race number {n}." for n in range(3)})
    assert people(context)["a"] == ("Hilda Clerk", "Tom Berg")


def test_two_workers_come_to_one_entity(context, store_url):
    enter(context, a="Hilda Rosam Clerk won, said Tom Berg. Hilda Clerk smiled.", b="Hilda Clerk won the cup.")
    run_one(context, Stage.DEDUPE)
    with Context(context.settings, [], context.environment, config=CONFIG, clock=lambda: NOW) as other:
        run_one(context, Stage.ENRICH, limit=1)
        run_one(other, Stage.ENRICH)
        items = [ask(other.store).ledger.find_article(name) for name in "ab"]
        found = ask(other.store).ledger.current(items, Names)
    assert {m.entity for names in found.values() for m in names.mentions} == {"person:hilda-rosam-clerk", BERG}


WIRE = (
    "Harbourton lost its old sea wall on Sunday, when a storm surge broke the last of its three gates at noon.\n"
    "Nobody was hurt, said Mayor Hilda Clerk, who had asked the parliament for a new wall twice in the last year.\n"
    "Engineers led by Tom Berg will look at the two other gates on Monday, and close the road until they are done.\n"
    "The port stays open, its director Ann Stone said, but ships of more than forty metres have to wait outside."
)


def test_a_copy_inherits_the_names_of_unchanged_passages(context, monkeypatch):
    tasks = {}

    def recording(self, task):
        tasks[task.article.id] = task
        return Workers.submit(self, task)

    monkeypatch.setattr(NameWorkers, "submit", recording)
    enter(context, a=WIRE, b=f"{WIRE}\nThe Daily Kite has asked Paul Reed, a fisherman, to write down what he saw.")
    found = people(context)
    assert set(found["a"]) == {"Hilda Clerk", "Tom Berg", "Ann Stone"}
    assert set(found["b"]) == {*found["a"], "Paul Reed"}
    assert tasks["a"].inherited is None
    assert len(tasks["b"].inherited) == len(WIRE.splitlines())


def test_two_workers_at_once_count_every_article_once(context):
    settings = Settings(run=RunSettings(batch=5))
    surnames = "Clerk Berg Stone Reed Sowe".split()
    texts = {
        f"a{n}": f"Hilda {surnames[n % 5]} won, said Tom {surnames[n % 3]} of Vellamo Biologics Inc in Paris."
        for n in range(60)
    }
    enter(context, **texts)
    run_one(context, Stage.DEDUPE)

    def work() -> None:
        with Context(settings, [], context.environment, config=CONFIG, clock=lambda: NOW) as mine:
            run_one(mine, Stage.ENRICH)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work) for _ in range(2)]:
            done.result()
    items = [ask(context.store).ledger.find_article(name) for name in texts]
    read = ask(context.store).ledger.current(items, Names)
    counted = Counter(e.id for names in read.values() for e in names.entities)
    assert len(read) == 60
    assert {k: one.articles for k, one in ask(context.store).entities.get(counted).items()} == counted
    assert sum(w.articles for w in ask(context.store).entities.list_forms("person:hilda-clerk")) == 12


def test_what_is_decided_is_shown_with_the_entity(context):
    enter(context, **TEXTS)
    people(context)
    entities.rename_entity(context, CLERK, "Hilda Clerk-Sowe", DecisionAuthor(name="desk", note="her own wish"))
    shown = entities.load_entity(context, "Hilda Clerk-Sowe")
    assert (shown.entity.id, shown.entity.name, shown.entity.articles) == (CLERK, "Hilda Clerk-Sowe", 2)
    assert [(d.kind, d.by, d.note) for d in shown.decisions] == [("rename", "desk", "her own wish")]
    assert shown.articles == ["b", "a"]
    assert [e.name for e in entities.list_entities(context, "clerk")] == ["Hilda Clerk-Sowe"]


@pytest.mark.parametrize(
    ("decide", "why"),
    [
        (lambda c: entities.merge_entities(c, "Nobody", CLERK, DESK), "no entity is called 'Nobody'"),
        (lambda c: entities.merge_entities(c, CLERK, "Hilda Clerk", DESK), "are one entity already"),
        (lambda c: entities.split_entity(c, CLERK, [], DESK, name="X"), "name the ways of writing"),
        (
            lambda c: entities.split_entity(c, CLERK, ["Clerk"], DESK, name="Hilda Clerk"),
            "would be person:hilda-clerk itself",
        ),
        (lambda c: entities.rename_entity(c, CLERK, " ", DESK), "the new name is empty"),
        (lambda c: undo_decision(c, 7, DESK, Subject.ENTITIES), "there is no decision 7"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_in_one_line(context, decide, why):
    enter(context, **TEXTS)
    people(context)
    with pytest.raises(UsageError, match=why):
        decide(context)
