"""What a program uses is told with that of the processes that it started."""

from __future__ import annotations

import subprocess
import sys

from pipeline.stream.process_usage import measure_processes

HOLD = "import sys; block = bytearray(b'x' * 64 * 2**20); print('ready', flush=True); sys.stdin.read()"


def test_processes_that_this_one_started_are_counted_with_their_memory_and_time():
    before = measure_processes()
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"ready\n"
        during = measure_processes()
        child.stdin.close()
        child.wait()
    after = measure_processes()
    assert during.processes == before.processes + 1
    assert during.memory_bytes > before.memory_bytes + 48 * 2**20
    assert after.processes == before.processes
    assert after.cpu_seconds >= during.cpu_seconds > before.cpu_seconds
