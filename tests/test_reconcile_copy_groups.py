"""What changes in a copy group when articles join and leave it, from the ledger to the index."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest

from pipeline.dedupe import PrimaryCandidate
from pipeline.reconcile.copy_groups import find_earlier_newcomers, is_nearer
from pipeline.records import Copy, CopyKind, Outcome, Reason, Stage
from pipeline.stages import Context, count_waiting, run_one
from pipeline.stages.dedupe import DedupeHandler
from pipeline.stages.runner import run_handler
from pipeline.store import Selection
from tests.helpers.arriving import HOUR, NOW, SOURCES, arrive, change, finish, look, through
from tests.helpers.copies import AT, OTHER, WIRE
from tests.helpers.transactions import ask

PARAGRAPHS = WIRE.split("\n")


def test_the_first_is_primary_and_its_copies_say_what_they_took(context):
    arrive(context, "a1", WIRE, seen=0.0)
    arrive(context, "a2", "\n".join(PARAGRAPHS[:2]), source="Evening", seen=2.0)
    made = through(context)
    assert (made["a1"].is_primary, made["a1"].copies, made["a1"].copied_share) == (True, 1, 0.0)
    copy = made["a2"]
    assert (copy.is_primary, copy.copy_of, copy.copy_kind, copy.copies) == (False, "a1", CopyKind.TRUNCATED, 0)
    assert (copy.copy_behind, copy.copied_paragraphs, copy.copy_primary) == (120, (1, 2), "a1")


def test_a_copy_that_arrives_later_makes_the_primary_s_document_anew(context):
    arrive(context, "a1", WIRE)
    before = through(context)["a1"]
    arrive(context, "a2", WIRE, source="Evening", seen=1.0)
    after = through(context)["a1"]
    assert (before.copies, after.copies) == (0, 1)
    assert after.revision > before.revision


def test_an_agency_that_arrives_late_takes_over_and_every_document_says_so(context):
    arrive(context, "a1", WIRE, seen=0.0)
    arrive(context, "a2", WIRE + "\n" + OTHER.split("\n")[0], source="Evening", seen=1.0)
    assert through(context)["a1"].is_primary
    arrive(context, "w1", WIRE, source="Coastwire", seen=3.0)
    made = through(context)
    assert [name for name, one in made.items() if one.is_primary] == ["w1"]
    assert {one.copy_primary for one in made.values()} == {"w1"}
    assert {one.copy_agency for one in made.values()} == {"Coastwire"}
    assert {one.copy_group for one in made.values()} == {"a1"}
    assert (made["w1"].copy_of, made["w1"].copies, made["w1"].own_share) == (None, 2, 1.0)
    assert (made["a1"].copy_of, made["a1"].copy_kind, made["a1"].copy_behind) == ("w1", CopyKind.EXACT, -180)
    assert made["a2"].copy_of == "a1"
    assert {one.copy_earliest for one in made.values()} == {"a1"}


def test_an_article_that_was_published_earlier_but_found_later_takes_over(context):
    arrive(context, "a1", WIRE, seen=5.0, published=4.0)
    through(context)
    arrive(context, "a2", WIRE, source="Evening", seen=6.0, published=1.0)
    made = through(context)
    assert (made["a2"].is_primary, made["a2"].copy_earliest, made["a1"].copy_of) == (True, "a2", "a2")
    assert made["a1"].copy_behind == 180


def test_an_article_that_only_says_its_day_does_not_take_over_from_one_with_a_time_of_that_day(context):
    arrive(context, "a1", WIRE, seen=200.0, published=5.0)
    through(context)
    arrive(context, "a2", WIRE, source="Evening", seen=201.0, day="2026-03-02")
    assert through(context)["a1"].is_primary


def test_of_articles_that_only_say_their_days_the_earliest_day_is_first_in_whichever_order_they_come(context):
    for n, day in enumerate((9, 5, 2)):
        arrive(context, f"a{n}", WIRE, source=("Daily", "Evening", "Late")[n], seen=240.0, day=f"2026-03-0{day}")
    made = through(context)
    assert [made[f"a{n}"].is_primary for n in range(3)] == [False, False, True]
    assert {one.copy_earliest for one in made.values()} == {"a2"}
    assert [made[f"a{n}"].copy_behind for n in range(2)] == [7 * 24 * 60, -4 * 24 * 60]  # of a2, of a0
    arrive(context, "a9", WIRE, source="Weekly", seen=241.0, published=230.0)
    assert through(context)["a9"].copy_primary == "a2"


def test_a_date_years_before_the_others_makes_no_article_the_earliest_nor_others_years_later(context):
    arrive(context, "a1", WIRE, seen=2.0, published=1.0)
    arrive(context, "a2", WIRE, source="Evening", seen=3.0, published=-24.0 * 3652)
    made = through(context)
    assert (made["a1"].is_primary, made["a2"].copy_behind) == (True, 120)
    assert made["a2"].published.year == 2016


@pytest.mark.slow
def test_a_date_that_a_later_arrival_disproves_is_corrected_in_what_is_known_of_older_copies(context):
    arrive(context, "w1", WIRE, source="Coastwire", seen=1.0)
    arrive(context, "a1", WIRE, seen=2.0, published=-24.0 * 3652)
    assert through(context)["a1"].copy_behind == -(24 * 3652 + 1) * 60
    arrive(context, "a2", WIRE, source="Evening", seen=3.0, published=2.5)
    assert [one.copy_behind for one in through(context).values()] == [60, 90, None]


def test_a_credit_line_of_any_member_names_the_agency_for_all(context):
    arrive(context, "a1", WIRE)
    assert through(context)["a1"].copy_agency is None
    arrive(context, "a2", WIRE, source="Evening", seen=1.0, agency="The Associated Press")
    assert {one.copy_agency for one in through(context).values()} == {"AP"}


def test_doing_it_again_changes_nothing(context):
    arrive(context, "a1", WIRE)
    arrive(context, "a2", WIRE, source="Evening", seen=1.0)
    arrive(context, "w1", WIRE, source="Coastwire", seen=2.0)
    before = through(context)
    for _ in range(2):
        assert ask(context.store).admin.redo_stage(Stage.DEDUPE, Selection(), NOW) == 3
        after = through(context)
    for name, one in before.items():
        again = after[name]
        assert (
            again.copy_of,
            again.copy_kind,
            again.is_primary,
            again.copies,
            again.copy_group,
            again.copied_share,
        ) == (
            one.copy_of,
            one.copy_kind,
            one.is_primary,
            one.copies,
            one.copy_group,
            one.copied_share,
        )


def test_a_copy_that_is_rewritten_leaves_the_group_and_the_original_counts_one_less(context):
    arrive(context, "a1", WIRE)
    arrive(context, "a2", WIRE, source="Evening", seen=1.0)
    assert through(context)["a1"].copies == 1
    change(context, "a2", OTHER)
    made = through(context)
    assert (made["a1"].copies, made["a2"].copy_group, made["a2"].is_primary) == (0, "a2", True)


def test_when_an_original_is_rewritten_its_copies_say_what_of_them_still_stands_there(context):
    arrive(context, "a1", WIRE, published=0.0)
    arrive(context, "a2", WIRE, source="Evening", seen=1.0, published=1.0)
    arrive(context, "a3", "\n".join(PARAGRAPHS[:2]), source="Late", seen=2.0, published=2.0)
    before = through(context)
    assert (before["a2"].copied_share, before["a2"].copy_kind) == (1.0, CopyKind.EXACT)
    change(context, "a1", "\n".join([*PARAGRAPHS[:3], *OTHER.split("\n")[:2]]))
    made = through(context)
    assert (made["a2"].copy_of, made["a2"].copy_kind) == ("a1", CopyKind.REPRINT)
    assert made["a2"].copied_paragraphs == (1, 2, 3)
    assert 0.5 < made["a2"].copied_share < 0.7
    assert made["a2"].revision > before["a2"].revision
    assert (made["a3"].copied_share, made["a3"].copy_kind) == (1.0, CopyKind.TRUNCATED)


@pytest.mark.slow
def test_one_batch_relates_so_many_copies_anew_and_no_more(context):
    for n in range(3):
        arrive(context, f"a{n}", WIRE, source=("Daily", "Evening", "Late")[n], seen=n)
    through(context)
    change(context, "a0", "\n".join([*PARAGRAPHS[:3], *OTHER.split("\n")[:2]]))
    limited = DedupeHandler(context)
    limited.max_recompared = 1
    assert run_handler(limited).taken == 1
    made = through(context)
    assert [made[f"a{n}"].copied_share < 1 for n in (1, 2)] == [True, False]


def test_when_the_primary_leaves_the_others_get_a_new_one(context):
    arrive(context, "a1", WIRE)
    arrive(context, "a2", WIRE, source="Evening", seen=1.0)
    arrive(context, "w1", WIRE, source="Coastwire", seen=2.0)
    through(context)
    change(context, "w1", OTHER)
    made = through(context)
    assert (made["a1"].is_primary, made["a1"].copy_of, made["a1"].copies) == (True, None, 1)
    assert made["a2"].copy_of == "a1"
    assert made["w1"].copy_group == "w1"


def test_two_workers_that_decide_on_copies_of_each_other_at_once_put_them_in_one_group(context):
    for n in range(1, 13):
        arrive(context, f"a{n}", WIRE if n % 2 else OTHER, source=("Daily", "Evening")[n % 3 == 0], seen=n / 10)

    def work():
        with Context(context.settings, SOURCES, context.environment, config=context.config, clock=context.clock) as own:
            while count_waiting(own, Stage.DEDUPE):
                run_one(own, Stage.DEDUPE, limit=1)
            return own.store.owner

    with ThreadPoolExecutor(3) as workers:
        owners = {done.result() for done in [workers.submit(work) for _ in range(3)]}
    assert len(owners) == 3
    made = through(context)
    assert {one.copy_group for one in made.values()} == {"a1", "a2"}
    assert [name for name, one in made.items() if one.is_primary] == ["a1", "a2"]
    assert [made[name].copies for name in ("a1", "a2")] == [5, 5]


def test_a_primary_that_is_withdrawn_leaves_its_copies_with_another(context):
    for hour, (name, source) in enumerate((("a1", "Daily"), ("a2", "Evening"), ("w1", "Morning"))):
        arrive(context, name, WIRE, source=source, seen=hour)
    assert through(context)["a2"].copy_of == "a1"
    look(context, "a1", outcome=Outcome.DROPPED, reason=Reason.NO_INDEX)
    made = through(context)
    assert set(made) == {"a2", "w1"}
    assert (made["a2"].is_primary, made["a2"].copies, made["w1"].copy_of) == (True, 1, "a2")
    assert {one.story_size for one in made.values()} == {2}
    arrive(context, "a4", WIRE, source="Late", seen=9.0)
    assert through(context)["a4"].copy_of in {"a2", "w1"}


def test_a_group_that_changes_while_a_page_of_it_is_looked_at_is_right_afterwards(context):
    arrive(context, "a1", WIRE)
    through(context)
    with context.store.write() as connection:
        ledger = context.store.ledger
        ledger.start_version(connection, ledger.find_article(connection, "a1"), Stage.FETCH, NOW)
    arrive(context, "w1", WIRE, source="Coastwire", seen=3.0)
    assert through(context)["w1"].copies == 1
    finish(context, Stage.FETCH, outcome=Outcome.DROPPED, reason=Reason.NOT_MODIFIED)
    made = through(context)
    assert (made["a1"].copy_of, made["a1"].version, made["w1"].is_primary) == ("w1", 1, True)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_copied_what_does_not_depend_on_the_order_in_which_articles_come(context, order):
    for number in order:
        arrive(
            context, f"a{number}", WIRE, source=("Daily", "Evening", "Late")[number], seen=9.0, published=float(number)
        )
        through(context)
    made = through(context)
    assert [made[f"a{n}"].copy_of for n in range(3)] == [None, "a0", "a0"]
    assert [made[f"a{n}"].copy_behind for n in range(3)] == [None, 60, 120]


CANDIDATES = [
    PrimaryCandidate(id=name, seq=seq, published=AT + seq * HOUR, first_seen=NOW) for seq, name in enumerate("abcd")
]


def test_only_members_that_were_published_after_a_newcomer_are_compared_with_it():
    assert find_earlier_newcomers(CANDIDATES, {"b"}, {"a"}) == {"c": ["b"], "d": ["b"]}
    assert find_earlier_newcomers(CANDIDATES, {"a", "c"}, {"b"}) == {"d": ["a", "c"]}
    assert find_earlier_newcomers(CANDIDATES, {"d"}, set()) == {}


ORDER = {name: (AT + number * HOUR, number) for number, name in enumerate("xyz")}


def record(of, taken=1.0, kind=CopyKind.REPRINT):
    return Copy(id="copy", group="x", copy_of=of, taken=taken, kind=kind)


@pytest.mark.parametrize(
    ("other", "current", "nearer"),
    [
        (record("x"), record("y"), True),  # as much of it stands there, and it came first
        (record("y"), record("x"), False),
        (record("y", 0.9), record("x", 0.5), True),  # more of it stands there
        (record("x", 0.5), record("y", 0.9), False),
        (record("y", 0.5, CopyKind.REVISION), record("x"), True),  # its own outlet's earlier version
        (record("x"), record("y", 0.5, CopyKind.REVISION), False),
        (record("y", kind=CopyKind.REVISION), record("x", kind=CopyKind.REVISION), True),  # the latest of those
        (record("x"), Copy(id="copy", group="x"), False),
    ],
)
def test_a_copy_was_taken_from_the_article_where_most_of_it_stands_first(other, current, nearer):
    assert is_nearer(other, current, ORDER) is nearer
