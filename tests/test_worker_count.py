"""Facts about how many worker processes there are: by settings, else by cores and memory, also a container's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.settings import AirflowSettings, EnrichSettings, ExtractSettings, RunSettings, Settings
from pipeline.worker_count import (
    Machine,
    WorkerCounts,
    choose_worker_counts,
    count_shards,
    count_usable,
    inspect_machine,
    share_workers,
)

GIB = 1024**3


@pytest.mark.parametrize(
    ("machine", "count"),
    [
        (Machine(1, 1 * GIB), 1),
        (Machine(2, 2 * GIB), 2),
        (Machine(2, None), 2),
        (Machine(16, 64 * GIB), 16),
        (Machine(16, 4 * GIB), 7),
        (Machine(8, GIB // 4), 1),
    ],
)
def test_workers_are_as_many_as_there_are_cores_and_memory_for(machine, count):
    assert choose_worker_counts(Settings(), machine) == WorkerCounts(count, count)


def test_settings_go_before_what_the_machine_has_and_a_stage_s_own_before_both():
    settings = Settings(run=RunSettings(workers=3), enrich=EnrichSettings(workers=5))
    assert choose_worker_counts(settings, Machine(2, GIB)) == WorkerCounts(3, 5)
    own = Settings(extract=ExtractSettings(workers=1))
    assert choose_worker_counts(own, Machine(4, 16 * GIB)) == WorkerCounts(1, 4)


@given(st.integers(1, 512), st.none() | st.integers(0, 2**45))
def test_there_is_at_least_one_worker_and_at_most_one_a_core(cores, memory):
    assert 1 <= count_usable(Machine(cores, memory)) <= cores


def machine_of(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return inspect_machine(root)


def test_a_container_s_limits_count(tmp_path):
    files = {
        "proc/meminfo": "MemTotal:       16000000 kB\nMemFree: 1 kB\n",
        "proc/self/cgroup": "0::/system.slice/newswire.service\n",
        "sys/fs/cgroup/system.slice/memory.max": f"{3 * GIB}\n",
        "sys/fs/cgroup/system.slice/newswire.service/memory.max": "max\n",
        "sys/fs/cgroup/system.slice/newswire.service/cpu.max": "150000 100000\n",
    }
    assert machine_of(tmp_path, files) == Machine(1, 3 * GIB)


def test_the_limits_of_older_control_groups_count_too(tmp_path):
    files = {
        "proc/meminfo": "MemTotal: 16000000 kB\n",
        "proc/self/cgroup": "4:memory:/a\n1:cpu:/a\n",
        "sys/fs/cgroup/memory/a/memory.limit_in_bytes": f"{GIB}\n",
        "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
    }
    machine = machine_of(tmp_path, files)
    assert machine.memory == GIB
    assert machine.cores == inspect_machine(tmp_path / "none").cores


def test_a_system_that_says_nothing_of_its_memory_has_workers_by_its_cores(tmp_path):
    assert inspect_machine(tmp_path).memory is None


@pytest.mark.parametrize(
    ("machine", "machines", "shards", "workers"),
    [
        (Machine(1, 8 * GIB), 1, 1, 1),
        (Machine(2, 8 * GIB), 1, 2, 1),
        (Machine(16, 64 * GIB), 1, 2, 8),
        (Machine(16, 64 * GIB), 3, 6, 8),
        (Machine(2, GIB), 1, 1, 1),  # memory for one program alone
        (Machine(8, 4 * GIB), 1, 2, 2),  # beside two programs there is room for five pairs of workers
    ],
)
def test_the_shards_of_a_machine_share_its_workers(machine, machines, shards, workers):
    settings = Settings(airflow=AirflowSettings(machines=machines))
    assert count_shards(settings, machine) == shards
    assert choose_worker_counts(share_workers(settings, machine), machine) == WorkerCounts(workers, workers)


def test_shards_and_workers_that_are_set_are_kept_to():
    settings = Settings(airflow=AirflowSettings(machines=2, shards=6), run=RunSettings(workers=9))
    assert count_shards(settings, Machine(2, GIB)) == 6
    assert choose_worker_counts(share_workers(settings, Machine(2, GIB))) == WorkerCounts(3, 3)
