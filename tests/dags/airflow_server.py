"""A real Airflow for tests: ``scripts/airflow standalone`` in a folder of its own, on free ports, over its REST API."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import psutil

REPO = Path(__file__).parents[2]
SCRIPT = REPO / "scripts" / "airflow"
FINAL = {"success", "failed"}


def airflow_environment(home: Path, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which Airflow and newswire keep everything under ``home``."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "NEWSWIRE_", "PYTHONPATH"))}
    return inherited | {"AIRFLOW_HOME": str(home / "airflow"), "NEWSWIRE_HOME": str(home)} | dict(variables or {})


def ask(script: str, home: Path, config: Path) -> Any:
    """Run a Python script, with everything of Airflow and newswire under ``home``; return the JSON of its last line."""
    environment = airflow_environment(home, {"NEWSWIRE_CONFIG": str(config)})
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, cwd=REPO, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def free_ports(count: int) -> list[str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Airflow:
    """``with Airflow(folder, {"NEWSWIRE_INDEX_URL": ...}) as airflow: airflow.wait(airflow.trigger({"limit": 5}))``."""

    def __init__(self, home: Path, variables: Mapping[str, str] | None = None) -> None:
        page, worker_logs, trigger_logs = free_ports(3)
        self.url = f"http://127.0.0.1:{page}"
        self.log = home / "standalone.log"
        self._environment = airflow_environment(home, variables) | {
            "AIRFLOW__API__PORT": page,
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": worker_logs,
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": trigger_logs,
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",  # only the runs that the test triggers
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._token: str | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, seconds: float = 420) -> None:
        """Start and wait until the dag can be triggered."""
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [SCRIPT, "standalone"], env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + seconds
        while not self._ready():
            if time.monotonic() > end or self._process.poll() is not None:
                self.stop()
                raise AssertionError("Airflow did not start:\n" + self.log.read_text()[-3000:])
            time.sleep(1)

    def stop(self) -> None:
        """End all of it: politely, then for good."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
        for pid in psutil.pids():  # a task is in a process group of its own, but in the session that we made
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(pid) == process.pid:
                    os.kill(pid, signal.SIGKILL)
        process.wait()

    def trigger(self, conf: Mapping[str, Any] | None = None, dag: str = "ingest") -> str:
        """Start a run with these parameters; return its id."""
        return self.call(f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None, "conf": dict(conf or {})})["dag_run_id"]

    def wait(self, run: str, dag: str = "ingest", seconds: float = 900) -> str:
        """Wait until the run has ended; return its state, "success" or "failed"."""
        end = time.monotonic() + seconds
        while (state := self.call(f"/api/v2/dags/{dag}/dagRuns/{run}")["state"]) not in FINAL:
            if time.monotonic() > end:
                raise AssertionError(f"the run is still {state} after {seconds} s:\n" + self.log.read_text()[-3000:])
            time.sleep(1)
        return state

    def tasks(self, run: str, dag: str = "ingest") -> dict[str, dict[str, Any]]:
        """Return task id → task instance: "state", "rendered_map_index" (the counts in words), "try_number" ..."""
        found = self.call(f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"]
        return {one["task_id"]: one for one in found}

    def counts(self, run: str, task: str, dag: str = "ingest") -> dict[str, Any]:
        """Return what the task returned."""
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/return_value?deserialize=true"
        return self.call(path)["value"]

    def task_log(self, run: str, task: str, attempt: int = 1, dag: str = "ingest") -> str:
        """Return the log of one attempt of a task."""
        return json.dumps(self.call(f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}"))

    def call(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call the REST API; raise HTTPError where it refuses."""
        if self._token is None and not path.startswith("/auth"):
            self._token = self.call("/auth/token")["access_token"]
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json", "Accept": "application/json"}
            | ({"Authorization": f"Bearer {self._token}"} if self._token else {}),
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def _ready(self) -> bool:
        try:
            health = self.call("/api/v2/monitor/health")
            self.call("/api/v2/dags/ingest/details")
        except OSError:  # nobody listens yet, or the dag is not yet known
            return False
        return health["scheduler"]["status"] == "healthy"
