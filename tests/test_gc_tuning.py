"""How often garbage is looked for."""

from __future__ import annotations

import gc

import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.gc_tuning import tune_gc
from pipeline.stages import open_context


@pytest.fixture(autouse=True)
def _thresholds():
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_the_objects_of_two_batches_are_made_without_a_look_for_garbage():
    tune_gc()
    looks = []
    gc.callbacks.append(lambda phase, _: looks.append(phase))
    try:
        kept = [[n] for n in range(40_000)]
    finally:
        gc.callbacks.pop()
    assert len(kept) == 40_000
    assert looks == []


def test_commands_and_tasks_look_for_garbage_seldom(tmp_path, monkeypatch):
    CliRunner().invoke(cli, ["dedupe", "/dev/null"])
    assert gc.get_threshold() == (50_000, 10, 10)
    gc.set_threshold(700, 10, 10)
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    with open_context():
        assert gc.get_threshold() == (50_000, 10, 10)
