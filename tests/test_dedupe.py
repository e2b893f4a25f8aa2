"""Which articles are copies, and of what."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dedupe import PrimaryCandidate, summarise_group
from pipeline.dedupe.sketch import sketch_text
from pipeline.records import Copy, CopyKind, from_json, to_json
from pipeline.store import Store
from tests.helpers.copies import OTHER, STATEMENT, WIRE, arrival, decided, invented

PARAGRAPHS = WIRE.split("\n")


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path}/ledger.db")
    yield made
    made.close()


def second(store, first, then, **of_then):
    """Return what is decided of ``then``, after ``first`` and some unrelated texts."""
    others = [arrival(n, invented(n)) for n in range(1, 9)]
    arrivals = [*others, arrival(10, first, source="wire"), arrival(11, then, **{"source": "daily"} | of_then)]
    return decided(store, arrivals)[-1]


def test_the_same_words_are_an_exact_copy(store):
    copy = second(store, WIRE, WIRE.replace("\n", "\n\n"))
    assert (copy.copy_of, copy.group, copy.kind, copy.score) == ("a10", "a10", CopyKind.EXACT, 1.0)


def test_a_reprint_with_a_dateline_house_style_and_a_footer_is_a_copy(store):
    printed = "PORT ANSEL (Wire) - " + WIRE.replace("Monday", "Mon.").replace("miles", "mi") + "\nSend us your photos!"
    copy = second(store, WIRE, printed)
    assert (copy.copy_of, copy.kind) == ("a10", CopyKind.REPRINT)


def test_the_first_paragraphs_alone_are_truncated_copy(store):
    assert second(store, WIRE, "\n".join(PARAGRAPHS[:2])).kind == CopyKind.TRUNCATED


def test_a_part_that_leaves_the_beginning_out_is_an_excerpt(store):
    middle = WIRE.split(maxsplit=33)[-1].split("Transport minister")[0]
    copy = second(store, WIRE, middle)
    assert (copy.copy_of, copy.kind) == ("a10", CopyKind.EXCERPT)


def test_a_text_that_lost_its_first_half_is_an_excerpt(store):
    copy = second(store, WIRE + "\n" + OTHER, PARAGRAPHS[4] + "\n" + OTHER)
    assert (copy.copy_of, copy.kind) == ("a10", CopyKind.EXCERPT)


def test_a_copy_that_begins_with_much_of_its_own_is_extended(store):
    copy = second(store, WIRE, OTHER + "\n" + WIRE)
    assert (copy.copy_of, copy.kind) == ("a10", CopyKind.EXTENDED)


def test_a_copy_with_much_of_its_own_is_extended(store):
    copy = second(store, WIRE, WIRE + "\n" + OTHER + "\n" + invented(77, 60))
    assert (copy.copy_of, copy.kind) == ("a10", CopyKind.EXTENDED)


def test_a_later_version_by_the_same_outlet_is_a_revision(store):
    later = WIRE.replace("Nobody was hurt.", "Two workers were hurt.")
    copy = second(store, WIRE, later, source="wire")
    assert (copy.copy_of, copy.kind) == ("a10", CopyKind.REVISION)


@pytest.mark.parametrize("source", ["import", "ingest", None])
def test_articles_whose_outlet_nobody_named_are_not_taken_for_versions_of_one(store, source):
    later = WIRE.replace("Nobody was hurt.", "Two workers were hurt.")
    first = arrival(10, WIRE, source=source)
    assert decided(store, [first, arrival(11, later, source=source)])[1].kind == CopyKind.REPRINT


def test_articles_that_only_share_a_long_quotation_stay_apart(store):
    one = PARAGRAPHS[0] + "\n" + STATEMENT + " said the director.\n" + PARAGRAPHS[2]
    two = OTHER.split("\n")[0] + "\n" + STATEMENT + " a spokesman wrote.\n" + OTHER.split("\n")[2]
    assert second(store, one, two).copy_of is None


@pytest.mark.parametrize("marks", ["“”", "»«", "«»", "„“", "””", "‘’", "''", "『』", '""'])
def test_the_same_quotation_at_the_beginning_makes_no_copy_in_whatever_marks_it_stands(store, marks):
    said = f"{marks[0]}{STATEMENT[1:-2]}{marks[1]}"
    one, two = f"{said} the director wrote.\n{PARAGRAPHS[1]}", f"{said} it was said.\n{OTHER}"
    assert second(store, one, two).copy_of is None


def test_an_outlet_s_later_version_is_a_revision_of_its_own_though_another_printed_that_first(store):
    later = WIRE.replace("Nobody was hurt.", "Two workers were hurt.")
    sent = [(WIRE, "Coastwire"), (WIRE, "Daily"), (later, "Late"), (later, "Coastwire")]
    copies = decided(store, [arrival(n, text, source=source) for n, (text, source) in enumerate(sent, 1)])
    assert [(one.copy_of, one.kind) for one in copies[2:]] == [("a1", CopyKind.REPRINT), ("a1", CopyKind.REVISION)]


def test_a_letter_printed_without_quotation_marks_makes_no_copy(store):
    letter = STATEMENT.strip("“”,")
    one = "\n".join([*PARAGRAPHS[:2], letter])
    two = "\n".join([*OTHER.split("\n")[:3], letter])
    assert second(store, one, two).copy_of is None


def test_an_article_that_prints_one_foreign_paragraph_is_its_own(store):
    assert second(store, WIRE, OTHER + "\n" + PARAGRAPHS[2]).copy_of is None


def test_a_roundup_is_no_copy_of_what_it_lists(store):
    roundup = "\n".join([PARAGRAPHS[0], *(invented(n, 40) for n in range(60, 66))])
    assert second(store, WIRE, roundup).copy_of is None


def test_a_short_roundup_of_whole_beginnings_is_its_own(store):
    ledes = [f"{invented(n, 40)}." for n in range(20, 24)]
    articles = [arrival(n, f"{lede}\n{invented(n + 50, 60)}", source=f"s{n}") for n, lede in enumerate(ledes)]
    copies = decided(store, [*articles, arrival(9, "\n".join(ledes), source="Daily")])
    assert [one.copy_of for one in copies] == [None] * 5


def test_a_statement_reprinted_whole_is_a_copy(store):
    assert second(store, STATEMENT, STATEMENT).kind == CopyKind.EXACT


def test_short_notices_are_no_copies(store):
    assert second(store, "The desk is closed today.", "The desk is closed today.").copy_of is None


def test_an_empty_text_is_no_copy(store):
    assert second(store, "", "").copy_of is None


def test_the_original_is_the_one_that_the_text_was_taken_from_not_its_brief(store):
    arrivals = [arrival(1, "\n".join(PARAGRAPHS[:2])), arrival(2, WIRE), arrival(3, WIRE + "\nMore to follow.")]
    copies = decided(store, arrivals)
    assert [copy.group for copy in copies] == ["a1", "a1", "a1"]
    assert copies[2].copy_of == "a2"


def test_of_equal_originals_the_earliest_is_named(store):
    copies = decided(store, [arrival(n, WIRE) for n in (1, 2, 3)])
    assert [copy.copy_of for copy in copies] == [None, "a1", "a1"]


def test_groups_are_never_united(store):
    copies = decided(store, [arrival(1, WIRE), arrival(2, OTHER), arrival(3, WIRE + "\n" + OTHER)])
    assert [copy.group for copy in copies[:2]] == ["a1", "a2"]
    assert copies[2].group == "a1"


def test_what_lies_before_the_window_is_not_looked_for(store):
    copies = decided(store, [arrival(1, WIRE), arrival(2, WIRE, hours=24 * 20)])
    assert copies[1].copy_of is None


def test_an_article_decided_again_does_not_copy_itself(store):
    decided(store, [arrival(1, WIRE)])
    assert decided(store, [arrival(1, WIRE + "\nCorrected.")])[0].copy_of is None


def test_an_article_decided_again_copies_nothing_that_came_after_it(store):
    decided(store, [arrival(1, WIRE), arrival(2, WIRE)])
    again = decided(store, [arrival(1, WIRE), arrival(2, WIRE)])
    assert [copy.copy_of for copy in again] == [None, "a1"]


def test_a_corrected_article_is_found_by_its_new_text_alone(store):
    decided(store, [arrival(1, WIRE)])
    decided(store, [arrival(1, OTHER)])
    copies = decided(store, [arrival(2, WIRE), arrival(3, OTHER)])
    assert [copy.copy_of for copy in copies] == [None, "a1"]


def test_a_text_that_became_too_short_is_forgotten(store):
    decided(store, [arrival(1, WIRE)])
    decided(store, [arrival(1, "Withdrawn.")])
    assert decided(store, [arrival(2, WIRE)])[0].copy_of is None


def test_boilerplate_that_all_articles_carry_makes_no_copies(store):
    footer = "Sign up for our morning letter and have the day's best stories in your inbox before breakfast, free."
    arrivals = [arrival(n, footer + "\n" + invented(n, 30)) for n in range(1, 120)]
    copies = decided(store, arrivals)[60:]
    assert [copy.copy_of for copy in copies] == [None] * len(copies)


def test_a_copy_says_how_much_it_took_which_paragraphs_and_how_much_later(store):
    text = "\n".join([OTHER.split("\n")[0], PARAGRAPHS[0], PARAGRAPHS[1], OTHER.split("\n")[3], PARAGRAPHS[2]])
    decided(store, [arrival(1, WIRE)])
    (copy,) = decided(store, [arrival(2, text, hours=1.5)])
    assert (copy.copy_of, copy.behind, copy.paragraphs) == ("a1", 90, (2, 3, 5))
    words = [len(paragraph.split()) for paragraph in text.split("\n")]
    assert copy.taken == pytest.approx((words[1] + words[2] + words[4]) / sum(words), abs=0.05)


def test_what_is_said_of_a_copy_can_be_written_as_json(store):
    copy = second(store, WIRE, WIRE + "\n" + OTHER)
    assert from_json(to_json(copy), Copy) == copy


def test_a_quotation_that_was_taken_over_is_told_as_taken(store):
    text = "\n".join([PARAGRAPHS[0], STATEMENT, PARAGRAPHS[1], PARAGRAPHS[2]])
    (copy,) = decided(store, [arrival(1, text), arrival(2, text + "\n" + OTHER.split("\n")[1])])[1:]
    assert copy.paragraphs == (1, 2, 3, 4)


def test_a_long_text_tells_the_paragraphs_from_a_sample(store):
    long = [invented(n, 60) for n in range(30)]
    decided(store, [arrival(1, "\n".join(long))])
    (copy,) = decided(store, [arrival(2, "\n".join([*long[:6], *(invented(n, 60) for n in range(90, 93))]))])
    assert copy.paragraphs == (1, 2, 3, 4, 5, 6)
    assert copy.taken == pytest.approx(6 / 9, abs=0.1)


def test_blank_lines_are_no_paragraphs(store):
    (copy,) = decided(store, [arrival(1, WIRE), arrival(2, "\n \n" + WIRE.replace("\n", "\n\n"))])[1:]
    assert copy.paragraphs == (1, 2, 3, 4, 5)


def test_an_article_that_was_overtaken_by_its_copy_is_in_one_group_with_it(store):
    first = decided(store, [arrival(2, WIRE, hours=1)])
    late = decided(store, [arrival(1, WIRE)])
    assert (first[0].copy_of, late[0].copy_of) == (None, "a2")
    assert late[0].behind == -60


def test_an_article_that_was_copied_stays_the_first_when_it_is_corrected(store):
    decided(store, [arrival(1, WIRE), arrival(2, WIRE)])
    decided(store, [arrival(3, OTHER)])
    (again,) = decided(store, [arrival(1, WIRE.replace("Nobody was hurt.", "Two workers were hurt."))])
    assert (again.copy_of, again.group) == (None, "a1")


def test_a_sketch_is_small_whatever_the_length_of_the_text():
    for length in (30, 300, 3000, 30_000):
        made, terms, _ = sketch_text(invented(1, length))
        assert len(msgspec.msgpack.encode(made)) < 2000
        assert len(terms) <= 32


def test_a_short_part_of_a_very_long_text_is_found(store):
    long = invented(5, 20_000)
    copy = second(store, long, " ".join(long.split()[:400]))
    assert (copy.copy_of, copy.kind) == ("a10", CopyKind.TRUNCATED)


@given(st.text())
def test_any_text_has_a_sketch_or_is_too_short(text):
    made = sketch_text(text)
    assert made is None or 0 < len(made[0].body_shingles()[0]) == len(made[0].body_shingles()[1])


def newsday():
    """Return 40 arrivals: copies whole, cut and extended among their originals, and an article decided twice."""
    arrivals = []
    for n in range(1, 40):
        text = invented(n % 11, 100)
        if n % 3 == 0:
            text = " ".join(text.split()[: 40 + n])
        if n % 5 == 0:
            text += " " + invented(100 + n, 30)
        arrivals.append(arrival(n, text, hours=n))
    return [*arrivals, arrival(7, invented(3, 100), hours=7)]


@settings(max_examples=15)
@given(st.lists(st.integers(1, 39), max_size=6))
@pytest.mark.slow
def test_where_batches_begin_and_end_changes_nothing(tmp_path_factory, sizes):
    made = []
    for cuts in ((), sizes):
        store = Store(f"sqlite:///{tmp_path_factory.mktemp('batches')}/ledger.db")
        made.append(decided(store, newsday(), sizes=cuts))
        store.close()
    assert made[0] == made[1]
    assert any(copy.copy_of for copy in made[0])


def partition(copies):
    """Return the groups as sets of ids, whatever they are called."""
    groups = {}
    for copy in copies:
        groups.setdefault(copy.group, set()).add(copy.id)
    return {frozenset(group) for group in groups.values()}


@pytest.mark.slow
@settings(max_examples=15)
@given(st.permutations(range(8)))
def test_a_day_in_another_order_of_batches_gives_the_same_groups_and_primaries(tmp_path_factory, order):
    arrivals = newsday()[:-1]
    batches = [arrivals[n * 5 : n * 5 + 5] for n in range(8)]
    made = []
    for each in (range(8), order):
        store = Store(f"sqlite:///{tmp_path_factory.mktemp('orders')}/ledger.db")
        made.append(partition([copy for n in each for copy in decided(store, batches[n])]))
        store.close()
    assert made[0] == made[1]
    assert len(made[0]) == 11
    members = {
        one.article.id: PrimaryCandidate(
            id=one.article.id, seq=one.seq, published=one.published, first_seen=one.first_seen
        )
        for one in arrivals
    }
    primaries = [{summarise_group(members[name] for name in group).primary for group in groups} for groups in made]
    assert primaries[0] == primaries[1] == {f"a{n}" for n in range(1, 12)}
