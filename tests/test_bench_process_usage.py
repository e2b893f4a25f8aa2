import subprocess
import sys

import pytest

from bench.process_usage import TreeUsage, list_processes, memory_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")

BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {BURN.format(seconds=0.4)!r}])
child.wait()
print("ended", flush=True)
sys.stdin.read()
"""
NAMED = """
from pathlib import Path
import sys
Path("/proc/self/comm").write_text("nw-extract")
print("named", flush=True)
sys.stdin.read()
"""


def started(program):
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    return process


def test_what_a_child_spent_before_it_ended_counts_even_if_nobody_looked_meanwhile():
    with started(PARENT) as process:
        usage = TreeUsage(process.pid)
        spent = usage.look(memory=False)
        process.stdin.close()
    assert spent["workers"] >= 0.35
    assert spent == usage.cpu


def test_cpu_time_is_counted_once_however_often_it_is_looked_at():
    with started(PARENT) as process:
        usage = TreeUsage(process.pid)
        looks = [usage.look(memory=False) for _ in range(3)]
        process.stdin.close()
    assert all(seconds < 0.1 for look in looks[1:] for seconds in look.values())
    assert usage.cpu["workers"] == pytest.approx(looks[0]["workers"], abs=0.1)


def test_a_worker_has_the_role_that_it_names():
    program = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {NAMED!r}], stdin=sys.stdin)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        usage = TreeUsage(process.pid)
        usage.look()
        process.stdin.close()
    assert set(usage.cpu) == {"main", "extract"}
    assert usage.peak_by_role["extract"] > 1_000_000
    assert usage.peak_memory == sum(usage.peak_by_role.values())


def test_a_process_that_has_ended_has_no_memory_and_stands_in_no_list():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert memory_of(process.pid) == 0
    assert process.pid not in list_processes()
