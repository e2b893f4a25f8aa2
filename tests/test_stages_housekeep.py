"""What is done once a day is done once a day."""

from __future__ import annotations

import datetime as dt

from pipeline.stages import housekeep, stories
from pipeline.stages.stories import Who
from pipeline.store.storybook import REPAIR
from tests.helpers.arriving import NOW, arrive, through
from tests.helpers.copies import WIRE
from tests.test_cluster import HARBOUR


def test_stories_are_repaired_and_old_things_forgotten_a_day_after_the_last_time(context):
    clock = [NOW]
    context.clock = lambda: clock[0]
    assert housekeep.daily(context) == "0 stories merged, 0 split; 0 lines of history forgotten"
    arrive(context, "a1", WIRE)
    arrive(context, "a2", HARBOUR, seen=1.0)
    assert {one.story for one in through(context).values()} == {"sa1"}
    stories.split(context, "sa1", ["a2"], Who(name=REPAIR, stands=False))
    clock[0] += housekeep.DAILY - dt.timedelta(seconds=1)
    assert housekeep.daily(context) is None
    clock[0] += dt.timedelta(seconds=1)
    assert housekeep.daily(context).startswith("1 stories merged, 0 split")
    assert {one.story for one in through(context).values()} == {"sa1"}
    assert housekeep.daily(context) is None
    clock[0] += dt.timedelta(days=housekeep.HISTORY_DAYS + 1)
    assert not housekeep.daily(context).endswith(" 0 lines of history forgotten")
