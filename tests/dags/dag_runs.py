"""Runs of DAGs as ``scripts/airflow test`` makes them, each by a process forked from one that has imported Airflow.

They share Airflow's database, which is made once; whatever is newswire's is where the variables of a run say.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

sys.path.insert(0, str(Path(__file__).parent))
from airflow_server import REPO, airflow_environment

# One line a run comes in, and its exit code goes out. What may be tried again is tried at once.
PARENT = """
import datetime, json, os, sys
import airflow.api_fastapi.execution_api.app, airflow.dag_processing.dagbag, airflow.utils.cli
import airflow.sdk.execution_time.supervisor, airflow.sdk.execution_time.task_runner
import pipeline.housekeeping, pipeline.stages
from pipeline.airflow_plugin import dag_test, retries

for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        os.environ.update(asked["variables"])
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        retries.TASK_DEFAULTS["retry_delay"] = datetime.timedelta(0)
        for rule in retries.RETRY_POLICY.rules:
            rule.retry_delay = datetime.timedelta(0)
        sys.exit(dag_test.main(asked["words"]))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class DagRun(NamedTuple):
    """How a run ended: the exit code of its process, and what it wrote."""

    code: int
    log: str


class DagRuns:
    """``with DagRuns(folder) as runs: runs.run("ingest", {"limit": 3}, {"NEWSWIRE_HOME": ...})``."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._numbers = itertools.count()
        folders = {"AIRFLOW__CORE__DAGS_FOLDER": str(REPO / "dags"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        self._environment = airflow_environment(home, folders)
        bin_folder = Path(sys.executable).parent
        for command in (
            [bin_folder / "airflow", "db", "migrate"],
            [sys.executable, "-m", "pipeline.airflow_plugin.pools"],
        ):
            subprocess.run(command, env=self._environment, cwd=REPO, capture_output=True, check=True)
        self._parent = subprocess.Popen(
            [sys.executable, "-c", PARENT],
            env=self._environment,
            cwd=REPO,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._parent.communicate()  # the end of its input ends it

    def run(self, dag: str, conf: Mapping[str, Any], variables: Mapping[str, str]) -> DagRun:
        """Run a DAG with these parameters, in an environment with these variables."""
        log = self._home / f"{next(self._numbers)}.log"
        asked = {"words": [dag, json.dumps(dict(conf))], "variables": dict(variables), "log": str(log)}
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        print(json.dumps(asked), file=self._parent.stdin, flush=True)
        code = int(self._parent.stdout.readline())
        return DagRun(code, log.read_text(encoding="utf-8"))
