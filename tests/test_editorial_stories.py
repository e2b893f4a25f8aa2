"""Stories in the ledger: how they are merged, split, renamed, repaired, and how that is taken back."""

from __future__ import annotations

import concurrent.futures
import datetime as dt

import msgspec
import pytest

from pipeline.decisions import DecisionAuthor, Subject
from pipeline.editorial import stories, story_repair
from pipeline.editorial.story_repair import REPAIR
from pipeline.editorial.undo import undo_decision
from pipeline.errors import BusyError, UsageError
from pipeline.records import Article, Copy, Entity, EntityType, Names, Stage
from pipeline.settings import EnrichSettings, RunSettings, Settings
from pipeline.stage_lock import exclusive
from pipeline.stages import Context, run_one
from pipeline.stages.index import build_documents
from pipeline.store import NewArticle
from tests.helpers.copies import AT, OTHER, WIRE, invented
from tests.helpers.support import REPO, places
from tests.helpers.transactions import ask
from tests.test_cluster import CHOIR, HARBOUR
from tests.test_cluster_retelling import vector, voter

ANA = DecisionAuthor(name="ana", note="as I know")
NOW = AT + dt.timedelta(days=1)


@pytest.fixture
def context(store_url, tmp_path):
    with Context(
        Settings(run=RunSettings(batch=50, ordered_batch=50), enrich=EnrichSettings(vectors="never")),
        [],
        places(tmp_path, store_url),
        config=REPO / "config",
        clock=lambda: NOW,
    ) as made:
        yield made


def tell(context, *told, group=None):
    """Let articles (id, text) arrive and go through cluster."""
    arrive(context, *told, group=group)
    run_one(context, Stage.CLUSTER)


def arrive(context, *told, group=None, language="en"):
    arrivals = [
        NewArticle(
            id=name,
            source="Times",
            first_seen=AT + dt.timedelta(hours=n),
            stage=Stage.CLUSTER,
            records=(
                Article(id=name, title=f"Title {name}", text=text, language=language),
                Copy(id=name, group=group or name, copy_of=group),
                Names(id=name, entities=(Entity(id="q1", name="Velmark", type=EntityType.PLACE),)),
            ),
        )
        for n, (name, text) in enumerate(told)
    ]
    with context.store.write() as connection:
        context.store.ledger.insert_articles(connection, arrivals, AT)
        for arrival in arrivals:
            connection.exec_driver_sql(
                "UPDATE items SET copy_group = " + f"'{group or arrival.id}' WHERE id = '{arrival.id}'"
            )


def now(context):
    """Return article → story, as the documents say it."""
    made = build_documents(context, ask(context.store).ledger.indexed_page(0, None, limit=500))
    return {document.id: document.story for document in made}


def indexed(context):
    run_one(context, Stage.INDEX)
    context.index.refresh()
    return {name: context.index.get(name).story for name, _ in context.index.revisions()}


def titles(context, *names):
    facts = ask(context.store).story_catalog.load_facts(names)
    return [facts[name].title for name in names]


def unrelated(n):
    """Return a text that has only its most common words in common with the others."""
    return " ".join(word if len(word) < 4 else f"{word}{n}" for word in invented(n).split())


@pytest.fixture
def told(context):
    """Two stories: an accident in a harbour (a, b), and a choir (c, d), among others."""
    tell(context, *((f"x{n}", unrelated(n)) for n in range(19)))
    tell(context, ("a", WIRE), ("b", HARBOUR), ("c", OTHER), ("d", CHOIR))
    assert [now(context)[name] for name in "abcd"] == ["sa", "sa", "sc", "sc"]
    return context


def test_a_merger_moves_all_articles_and_the_old_id_leads_to_the_story(told):
    indexed(told)
    assert stories.merge_stories(told, "sa", "sc", ANA).story == "sa"
    assert {now(told)[name] for name in "abcd"} == {"sa"}
    assert {indexed(told)[name] for name in "abcd"} == {"sa"}
    assert ask(told.store).story_catalog.resolve("sc") == "sa"
    facts = ask(told.store).story_catalog.load_facts(["sa"])["sa"]
    assert (facts.aliases, facts.first, facts.last) == (("sc",), AT, AT + dt.timedelta(hours=3))
    (change,) = ask(told.store).decisions.list_story_decisions("sc")
    assert (change.kind, change.story, change.counterpart, change.by, change.note) == (
        "merge",
        "sa",
        "sc",
        "ana",
        "as I know",
    )


def test_what_arrives_later_joins_the_merged_story(told):
    stories.merge_stories(told, "sa", "sc", ANA)
    tell(told, ("e", CHOIR + " A second concert is planned."))
    assert now(told)["e"] == "sa"


def test_ids_of_ids_lead_on(told):
    stories.merge_stories(told, "sc", "sa", ANA)
    stories.merge_stories(told, "sx0", "sa", ANA)
    assert {ask(told.store).story_catalog.resolve(name) for name in ("sa", "sc", "sx0")} == {"sx0"}


def test_a_split_gives_an_id_to_what_leaves_and_later_articles_go_where_they_belong(told):
    stories.merge_stories(told, "sa", "sc", ANA)
    assert stories.split_story(told, "sc", ["c", "d"], ANA).counterpart == "sc"
    assert [now(told)[name] for name in "abcd"] == ["sa", "sa", "sc", "sc"]
    tell(told, ("e", CHOIR), ("f", HARBOUR))
    assert (now(told)["e"], now(told)["f"]) == ("sc", "sa")


def test_what_opened_a_story_can_leave_it_and_the_id_stays_with_the_others(told):
    assert stories.split_story(told, "sa", ["a"], ANA).counterpart == "sa-2"
    assert (now(told)["a"], now(told)["b"]) == ("sa-2", "sa")


def test_copies_follow_in_a_split(told):
    tell(told, ("a2", WIRE), group="a")
    assert now(told)["a2"] == "sa"
    stories.split_story(told, "sa", ["a2"], ANA)
    assert now(told)["a"] == now(told)["a2"] != now(told)["b"]


def test_a_title_that_was_given_stays_until_it_is_taken_back(told):
    stories.rename_story(told, "sa", "Crane falls in Port Ansel", ANA)
    tell(told, ("e", HARBOUR))
    assert ask(told.store).story_catalog.load_facts(["sa"])["sa"].title == "Crane falls in Port Ansel"
    undo_decision(told, 1, ANA, Subject.STORIES)
    assert ask(told.store).story_catalog.load_facts(["sa"])["sa"].title == "Title a"


def test_what_was_taken_back_by_somebody_else_meanwhile_is_not_taken_back_again(told):
    stories.rename_story(told, "sa", "Crane falls in Port Ansel", ANA)
    undo_decision(told, 1, ANA, Subject.STORIES)
    stories.rename_story(told, "sa", "Crane kills two", ANA)
    with pytest.raises(UsageError, match="taken back already"):
        stories.rename_story(told, "sa", None, msgspec.structs.replace(ANA, undoes=1))
    assert ask(told.store).story_catalog.load_facts(["sa"])["sa"].title == "Crane kills two"


def test_a_title_that_a_merger_brought_goes_with_its_story_when_that_is_taken_back(told):
    stories.rename_story(told, "sa", "Crane falls in Port Ansel", ANA)
    stories.merge_stories(told, "sc", "sa", ANA)
    assert titles(told, "sc") == ["Crane falls in Port Ansel"]
    undo_decision(told, 2, ANA, Subject.STORIES)
    assert titles(told, "sa", "sc") == ["Crane falls in Port Ansel", "Title c"]
    undo_decision(told, 1, ANA, Subject.STORIES)
    assert titles(told, "sa", "sc") == ["Title a", "Title c"]


@pytest.mark.slow
def test_each_of_two_stories_has_the_title_that_it_was_given_when_their_merger_is_taken_back(told):
    stories.rename_story(told, "sa", "Crane falls in Port Ansel", ANA)
    stories.rename_story(told, "sc", "Miners sing", ANA)
    stories.merge_stories(told, "sc", "sa", ANA)
    assert titles(told, "sc") == ["Miners sing"]
    undo_decision(told, 3, ANA, Subject.STORIES)
    assert titles(told, "sa", "sc") == ["Crane falls in Port Ansel", "Miners sing"]


@pytest.mark.slow
def test_a_title_that_was_taken_back_after_a_merger_does_not_return_with_its_story(told):
    stories.rename_story(told, "sa", "Crane falls in Port Ansel", ANA)
    stories.merge_stories(told, "sc", "sa", ANA)
    undo_decision(told, 1, ANA, Subject.STORIES)
    undo_decision(told, 2, ANA, Subject.STORIES)
    assert titles(told, "sa", "sc") == ["Title a", "Title c"]


@pytest.mark.parametrize("times", [1, 2])
def test_a_merger_is_taken_back_and_back_again(told, times):
    stories.merge_stories(told, "sa", "sc", ANA)
    tell(told, ("e", HARBOUR))
    for n in range(1, times + 1):
        undo_decision(told, n, ANA, Subject.STORIES)
    assert [now(told)[name] for name in "abcde"] == (["sa", "sa", "sc", "sc", "sa"] if times == 1 else ["sa"] * 5)
    assert ask(told.store).story_catalog.resolve("sc") == ("sc" if times == 1 else "sa")
    with pytest.raises(UsageError, match="taken back already"):
        undo_decision(told, 1, ANA, Subject.STORIES)


def test_what_cannot_be_done_is_said_and_changes_nothing(told):
    before = now(told)
    for wrong in (
        lambda: stories.merge_stories(told, "sa", "sa", ANA),
        lambda: stories.merge_stories(told, "sa", "s-nobody", ANA),
        lambda: stories.split_story(told, "sa", ["c"], ANA),
        lambda: stories.split_story(told, "sa", ["a", "b"], ANA),
        lambda: undo_decision(told, 99, ANA, Subject.STORIES),
    ):
        with pytest.raises(UsageError):
            wrong()
    assert now(told) == before
    assert ask(told.store).decisions.list_story_decisions("sa") == []


def test_decisions_stand_when_articles_are_decided_again(told):
    stories.merge_stories(told, "sa", "sc", ANA)
    stories.split_story(told, "sa", ["b"], ANA)
    before = now(told)
    with told.store.write() as connection:  # what cluster remembers of groups and stories is lost with time
        for table in ("story_groups", "story_postings", "stories"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
        connection.exec_driver_sql("UPDATE items SET stage = 'cluster'")
    run_one(told, Stage.CLUSTER)
    assert now(told) == before


def wrongly_grouped(context):
    """Let the accident be two stories, and the choir's be among the articles of another one."""
    who = DecisionAuthor(name=REPAIR, stands=False)
    stories.split_story(context, "sa", ["b"], who)
    stories.merge_stories(context, "sx0", "sc", who)
    return now(context)


def test_repair_brings_together_and_takes_apart_and_then_changes_nothing(told):
    tell(told, *((f"x0{n}", f"{unrelated(0)} {n}") for n in range(3)))
    assert now(told)["x00"] == "sx0"
    before = wrongly_grouped(told)
    dry = story_repair.repair_stories(told, days=9, dry_run=True)
    assert (dry.merged, dry.split) == (1, 1)
    assert now(told) == before
    story_repair.repair_stories(told, days=9)
    after = now(told)
    assert after["a"] == after["b"]
    assert after["c"] == after["d"] != after["x0"]
    assert {after[name] for name in ("x0", "x00", "x01")} == {"sx0"}
    assert ask(told.store).story_catalog.resolve(before["b"]) == after["a"]
    again = story_repair.repair_stories(told, days=9)
    assert (again.merged, again.split, again.changes) == (0, 0, [])


def test_repair_brings_together_what_is_told_in_two_languages_and_then_changes_nothing(told):
    german = [f"{word} der Kran im Hafen" for word in ("Eingestürzt:", "Ein Toter:")]
    arrive(told, ("de1", f"{german[0]} {unrelated(70)}"), ("de2", f"{german[1]} {unrelated(70)}"), language="de")
    run_one(told, Stage.CLUSTER)
    memory = told.store.story_index(told.settings.cluster)
    day = AT.timestamp() / 86_400
    for name, language in (("a", "en"), ("b", "en"), ("c", "en"), ("de1", "de"), ("de2", "de")):
        event = 5 if name == "c" else 1
        packed, later = vector(sum(map(ord, name)), event, 0.9), 0.1 * (language == "de")
        memory.add_voter(voter("1", language, packed, day=day + later)._replace(group=name), AT)
    with told.store.write() as connection:
        memory.flush(connection)
    dry = story_repair.repair_stories(told, days=9, dry_run=True)
    done = story_repair.repair_stories(told, days=9)
    assert dry.changes == done.changes
    assert (done.merged, done.split) == (1, 0)
    after = now(told)
    assert {after[name] for name in ("a", "b", "de1", "de2")} == {"sa"}
    assert after["c"] == "sc"
    again = story_repair.repair_stories(told, days=9)
    assert (again.merged, again.split) == (0, 0)


def test_repair_keeps_to_what_editors_decided(told):
    stories.split_story(told, "sa", ["b"], ANA)
    stories.merge_stories(told, "sx0", "sc", ANA)
    tell(told, *((f"x0{n}", f"{unrelated(0)} {n}") for n in range(3)))
    before = now(told)
    done = story_repair.repair_stories(told, days=9)
    assert (done.merged, done.split) == (0, 0)
    assert now(told) == before


def test_what_an_editor_takes_back_repair_does_not_do_again(told):
    stories.split_story(told, "sa", ["b"], DecisionAuthor(name=REPAIR, stands=False))
    story_repair.repair_stories(told, days=9)
    assert now(told)["a"] == now(told)["b"]
    undo_decision(told, 2, ANA, Subject.STORIES)
    apart = now(told)
    assert apart["a"] != apart["b"]
    story_repair.repair_stories(told, days=9)
    assert now(told) == apart


def test_a_story_says_nothing_more_of_an_article_that_was_taken_down(told):
    assert ask(told.store).story_catalog.load_facts(["sa"])["sa"].title == "Title a"
    ask(told.store).admin.remove_articles([ask(told.store).ledger.find_article("a")], NOW)
    stories.refresh_story(told, "sa")
    assert ask(told.store).story_catalog.load_facts(["sa"])["sa"].title == "Title b"
    ask(told.store).admin.remove_articles([ask(told.store).ledger.find_article("b")], NOW)
    stories.refresh_story(told, "sa")
    assert ask(told.store).story_catalog.resolve("sa") is None


def test_no_story_changes_while_cluster_is_at_work(told):
    other = type(told.store)(told.environment.store_url)
    told.lock_wait_seconds = 0.2
    with (
        other.lock(Stage.CLUSTER, NOW, 60),
        pytest.raises(BusyError, match="cluster has been at work"),
        exclusive(told, Stage.CLUSTER),
    ):
        pass
    other.close()


def test_the_document_tells_of_its_story(told):
    (made,) = build_documents(told, [ask(told.store).ledger.find_article("a")])
    assert (made.story, made.story_size, made.story_title, made.story_names) == ("sa", 2, "Title a", ("Velmark",))
    assert (made.story_first, made.story_last) == (AT, AT + dt.timedelta(hours=1))


def test_two_workers_place_each_article_once_and_as_one_alone_would(told, tmp_path):
    texts = [(f"y{n}", f"{WIRE if n % 2 else CHOIR} {invented(90 + n, 8)}") for n in range(12)]
    arrive(told, *texts)
    others = [Context(told.settings, [], told.environment, config=REPO / "config", clock=told.clock) for _ in range(2)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        taken = sum(report.taken for report in pool.map(lambda one: run_one(one, Stage.CLUSTER, limit=50), others))
    taken += run_one(told, Stage.CLUSTER).taken  # what a worker left that found the other one at it
    for other in others:
        other.store.close()
    assert taken == len(texts)
    assert {now(told)[name] for name, _ in texts[1::2]} == {"sa"}
    assert {now(told)[name] for name, _ in texts[::2]} == {"sc"}
    with told.store.read() as connection:
        stories = told.store.story_catalog.load_stories(connection, ["sa"])
    ((votes, size),) = [(one.summary.votes, 2 + len(texts[1::2])) for one in stories.values()]
    assert votes == size
