"""A mirror that follows the changes of a program which is killed again and again holds what the index holds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

import pytest

from pipeline.change_feed import ChangeReader, iter_changes
from pipeline.change_records import ENDINGS, ChangeKind
from pipeline.records import Stage
from pipeline.settings import Settings
from pipeline.stages import Context, run_one
from tests.helpers.support import REPO, places
from tests.test_change_feed import NOW, Mirror, in_index

# Puts articles in, changes and removes them until it is killed; says after each step that it was done.
WRITER = """
import random, sys
from pathlib import Path
from pipeline.records import Stage
from pipeline.settings import Settings
from pipeline.stages import Context, run_one
from tests.helpers.support import REPO, places
from tests.test_change_feed import NOW, TEXTS, put_in

folder, store_url, seed = Path(sys.argv[1]), sys.argv[2] or None, sys.argv[3]
chance = random.Random(seed)
with Context(Settings(), [], places(folder, store_url), config=REPO / "config", clock=lambda: NOW) as context:
    store, names = context.store, []
    for number in range(10_000):
        names.append(f"{seed}-{number}")
        put_in(context, names[-1], TEXTS[number % 3])
        with store.write() as connection:
            store.ledger.bump_revision(connection, ids=chance.sample(names, min(3, len(names))))
            chosen = store.ledger.get_articles(connection, [chance.choice(names)])
            store.admin.remove_articles(connection, chosen.values(), NOW)
        run_one(context, Stage.INDEX)
        print(number, flush=True)
"""
ROUNDS = 5
LONGEST_SECONDS = 0.3  # a step takes some hundredths: the writer is killed at any place of it


@pytest.mark.slow
def test_a_mirror_misses_nothing_of_a_program_that_is_killed_at_any_moment(tmp_path, store_url):
    chance = random.Random(8)
    with Context(Settings(), [], places(tmp_path, store_url), config=REPO / "config", clock=lambda: NOW) as context:
        run_one(context, Stage.INDEX)
        mirror, kept = Mirror(context), ({}, None)
        for number in range(ROUNDS):
            command = [sys.executable, "-c", WRITER, str(tmp_path), store_url or "", str(number)]
            with subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
                assert writer.stdout.readline() == b"0\n", writer.stderr.read().decode()
                try:
                    writer.wait(chance.uniform(0, LONGEST_SECONDS))
                except subprocess.TimeoutExpired:
                    mirror.read(limit=chance.randrange(1, 9))
                os.kill(writer.pid, signal.SIGKILL)
            assert writer.returncode == -signal.SIGKILL
            if chance.random() < 0.5:  # the mirror dies too, and what it has read since it saved is lost
                mirror.documents, mirror.cursor = dict(kept[0]), kept[1]
            mirror.read(limit=chance.randrange(1, 30))
            kept = (dict(mirror.documents), mirror.cursor)
        run_one(context, Stage.INDEX)
        mirror.read_all()
        assert mirror.documents == in_index(context)
        assert mirror.documents
        assert_each_comes_and_goes_once(context)


def assert_each_comes_and_goes_once(context):
    reader, present, gone = ChangeReader(context), set(), set()
    for batch in iter_changes(reader, reader.place(None), 7):
        for entry in batch.changes:
            if entry.kind == ChangeKind.CREATED:
                assert entry.id not in present | gone
                present.add(entry.id)
            elif entry.kind in ENDINGS:
                assert entry.id in present
                present.remove(entry.id)
                gone.add(entry.id)
            else:
                assert entry.id in present
    assert present == set(in_index(context))
