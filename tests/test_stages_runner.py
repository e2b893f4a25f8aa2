"""The loop of all stages: how many articles are taken at a time."""

from __future__ import annotations

from pipeline.records import Stage
from pipeline.settings import RunSettings, Settings
from pipeline.stages import HANDLERS, Context
from pipeline.stages.dedupe import DedupeHandler
from pipeline.stages.runner import run_handler
from tests.helpers.arriving import NOW, SOURCES, arrive
from tests.helpers.copies import invented
from tests.helpers.support import REPO, places


class Counted(DedupeHandler):
    """Dedupe that notes the sizes of its batches."""

    def __init__(self, context):
        super().__init__(context)
        self.sizes = []

    def decide(self, claimed, emit):
        self.sizes.append(len(claimed))
        return super().decide(claimed, emit)


class Unordered(Counted):
    """The same, as if the order of arrival didn't matter."""

    ordered = False


def test_a_stage_that_works_in_order_takes_batches_of_its_own_size(tmp_path, store_url):
    settings = Settings(run=RunSettings(batch=2, ordered_batch=5))
    with Context(settings, SOURCES, places(tmp_path, store_url), config=REPO / "config", clock=lambda: NOW) as context:
        for kind, taken in ((Counted, [5, 2, 0]), (Unordered, [2, 2, 2, 1, 0])):
            for n in range(7):
                arrive(context, f"{kind.__name__}{n}", invented(n))
            work = kind(context)
            assert (run_handler(work).taken, work.sizes) == (7, taken)


def test_a_limit_ends_a_batch_early(tmp_path, store_url):
    settings = Settings(run=RunSettings(ordered_batch=5))
    with Context(settings, SOURCES, places(tmp_path, store_url), config=REPO / "config", clock=lambda: NOW) as context:
        for n in range(7):
            arrive(context, f"a{n}", invented(n))
        work = Counted(context)
        assert (run_handler(work, limit=6).taken, work.sizes) == (6, [5, 1])


def test_every_stage_but_poll_has_a_handler_of_its_own():
    assert list(HANDLERS) == [stage for stage in Stage if stage is not Stage.POLL]
    assert [load().stage for load in HANDLERS.values()] == list(HANDLERS)
