"""What is done once a day is done once a day."""

from __future__ import annotations

import datetime as dt

from pipeline import maintenance
from pipeline.decisions import DecisionAuthor
from pipeline.editorial import stories
from pipeline.editorial.story_repair import REPAIR
from tests.helpers.arriving import NOW, arrive, through
from tests.helpers.copies import WIRE
from tests.test_cluster import HARBOUR


def test_stories_are_repaired_and_old_things_forgotten_a_day_after_the_last_time(context):
    clock = [NOW]
    context.clock = lambda: clock[0]
    assert maintenance.run_daily(context) == "0 stories merged, 0 split; 0 lines of history forgotten"
    arrive(context, "a1", WIRE)
    arrive(context, "a2", HARBOUR, seen=1.0)
    assert {one.story for one in through(context).values()} == {"sa1"}
    stories.split_story(context, "sa1", ["a2"], DecisionAuthor(name=REPAIR, stands=False))
    clock[0] += maintenance.DAILY_INTERVAL - dt.timedelta(seconds=1)
    assert maintenance.run_daily(context) is None
    clock[0] += dt.timedelta(seconds=1)
    assert maintenance.run_daily(context).startswith("1 stories merged, 0 split")
    assert {one.story for one in through(context).values()} == {"sa1"}
    assert maintenance.run_daily(context) is None
    clock[0] += dt.timedelta(days=maintenance.HISTORY_DAYS + 1)
    assert not maintenance.run_daily(context).endswith(" 0 lines of history forgotten")
