"""A run in which whatever was tried failed has not gone well; single failures belong to their feeds and articles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.figures import RunCounts, SourcePolls, StageFigures, describe_run, judge_run
from pipeline.records import Outcome, Reason, Stage


def polls(*failed, asked=1):
    return tuple(SourcePolls(source=f"S{n}", asked=asked, failed=count) for n, count in enumerate(failed))


def counts(*failed, asked=1, **others):
    figures = StageFigures()
    for count in failed:
        figures.add(Outcome.RETRY, Reason.TIMEOUT, count)
        figures.add(Outcome.DONE, count=asked - count)
    return RunCounts(stages={"poll": figures}, polls=polls(*failed, asked=asked), **others)


def tried(stage, *outcomes):
    figures = StageFigures()
    for outcome in outcomes:
        figures.add(outcome, Reason.CRASHED if outcome is not Outcome.DONE else None)
    return RunCounts(stages={stage: figures})


def test_a_run_that_had_nothing_to_do_went_well():
    assert judge_run(RunCounts()) == ()


def test_a_run_in_which_every_source_failed_did_not_go_well():
    (fault,) = judge_run(counts(1, 1, 1, 1))
    assert fault == "poll: none of the 4 sources asked could be read (S0, S1, S2 …): 4 timeout"


def test_one_source_that_answers_makes_it_a_good_run():
    assert judge_run(counts(1, 1, 0, 1)) == ()


def test_a_source_has_failed_when_all_its_feeds_have():
    assert judge_run(counts(1, 1, asked=2)) == ()
    assert judge_run(counts(2, 2, asked=2))


def test_few_sources_that_are_known_to_be_broken_may_be_all_that_is_due():
    assert judge_run(counts(1, 1, well_besides=5)) == ()
    assert judge_run(counts(1, 1)), "nobody else is well"
    assert judge_run(counts(1, 1, 1, well_besides=5)), "so many don't fail by chance"


def test_a_stage_that_could_do_nothing_with_many_articles_failed():
    assert judge_run(tried("extract", *[Outcome.QUARANTINED] * 19)) == ()
    (fault,) = judge_run(tried("extract", *[Outcome.QUARANTINED] * 20, *[Outcome.RETRY] * 5))
    assert fault == "extract: none of 25 articles got through: 25 crashed its worker"
    assert judge_run(tried("extract", *[Outcome.QUARANTINED] * 20, Outcome.DONE)) == ()
    assert judge_run(tried("extract", *[Outcome.DROPPED] * 20)) == (), "there was nothing to index"


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4))), st.integers(0, 3))
def test_a_run_with_a_feed_that_answered_is_never_judged_by_its_polls(sizes, besides):
    asked = tuple(SourcePolls(source=str(n), asked=a, failed=min(f, a)) for n, (a, f) in enumerate(sizes))
    is_failed = bool(judge_run(RunCounts(polls=asked, well_besides=besides)))
    assert not is_failed or all(each.failed == each.asked for each in asked)


@pytest.mark.parametrize(
    ("run", "line"),
    [
        (RunCounts(), "nothing waited"),
        (counts(1, 0, 0, new_articles=2), "3 feeds asked, 1 failed; 2 new articles"),
        (tried("index", Outcome.DONE, Outcome.DONE), "2 indexed"),
        (tried(Stage.FETCH, Outcome.RETRY, Outcome.DROPPED), "1 dropped, 1 to be tried again"),
    ],
)
def test_a_run_is_told_on_a_line(run, line):
    assert describe_run(run) == line


def test_a_feed_that_has_not_changed_has_answered():
    figures = StageFigures()
    figures.add(Outcome.DROPPED, Reason.NOT_MODIFIED)
    assert describe_run(RunCounts(stages={"poll": figures})) == "1 feeds asked"
