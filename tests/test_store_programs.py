"""The ledger holds what each program told last, for a day."""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys

from pipeline.figures import ProgramFigures, ProgramState, RunFigures
from tests.helpers.support import NOW


def figures(name, beat=NOW, count=0):
    total = RunFigures(new_articles_total=count)
    return ProgramFigures(program=name, version="1", command="run", started=NOW, beat=beat, total=total)


def listed(store, now=NOW):
    with store.read() as connection:
        return store.programs.list_programs(connection, now)


def test_a_program_replaces_its_row(store):
    store.programs.save(figures("h/1/a", count=1))
    store.programs.save(figures("h/1/a", count=2))
    assert [program.figures for program in listed(store)] == [figures("h/1/a", count=2)]


def test_programs_come_with_the_one_first_that_was_heard_of_last(store):
    for name, seconds in (("h/1/a", 0), ("h/2/b", 5), ("h/3/c", 5)):
        store.programs.save(figures(name, NOW + dt.timedelta(seconds=seconds)))
    assert [program.figures.program for program in listed(store)] == ["h/2/b", "h/3/c", "h/1/a"]


def test_a_program_that_nothing_was_heard_of_for_a_day_is_forgotten(store):
    store.programs.save(figures("h/1/a"))
    store.programs.save(figures("h/2/b", NOW + dt.timedelta(hours=23)))
    assert len(listed(store)) == 2
    store.programs.save(figures("h/2/b", NOW + dt.timedelta(hours=25)))
    assert [program.figures.program for program in listed(store)] == ["h/2/b"]


def test_a_program_of_this_host_whose_process_is_gone_is_dead(store):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    for pid in (ended.pid, os.getpid()):
        store.programs.save(figures(f"{socket.gethostname()}/{pid}/a"))
    states = {program.figures.pid: program.state for program in listed(store, NOW + dt.timedelta(seconds=3))}
    assert states == {ended.pid: ProgramState.DEAD, os.getpid(): ProgramState.RUNNING}


def test_of_a_program_of_another_host_that_was_killed_nothing_is_heard(store):
    store.programs.save(figures("far.example/1/a"))
    (program,) = listed(store, NOW + dt.timedelta(seconds=40))
    assert (program.state, program.silent_seconds) == (ProgramState.SILENT, 40)
