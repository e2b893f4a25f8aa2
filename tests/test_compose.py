"""docker-compose.yml: what a compose validator checks, and what this project asks of it beyond that."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPO = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((REPO / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
RETRIES = REPO / "pipeline/airflow_plugin/retries.py"

# what the Compose specification allows in a service, as far as it is used here
KEYS = set(
    "image build init restart security_opt cap_drop volumes environment secrets depends_on shm_size healthcheck deploy"
    " command ports ulimits user entrypoint stop_grace_period profiles".split()
)
HEALTH_KEYS = {"test", "interval", "timeout", "retries", "start_period", "start_interval"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}

JOBS = {name for name, service in SERVICES.items() if service["restart"] == "no"}
services = pytest.mark.parametrize("name", SERVICES)


def sources(service):
    return [volume.split(":")[0] for volume in service.get("volumes", [])]


@services
def test_a_service_uses_known_keys(name):
    assert set(SERVICES[name]) <= KEYS
    assert set(SERVICES[name].get("healthcheck", {})) <= HEALTH_KEYS


@services
def test_images_have_a_fixed_version(name):
    assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?", SERVICES[name]["image"])


@services
def test_what_a_service_waits_for_exists_and_can_happen(name):
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        assert wait["condition"] in CONDITIONS
        if wait["condition"] == "service_completed_successfully":
            assert other in JOBS
        if wait["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]


@services
def test_a_service_is_a_job_or_says_whether_it_is_well(name):
    assert ("healthcheck" in SERVICES[name]) != (name in JOBS)


def test_somebody_waits_for_each_job_to_end():
    """Otherwise ``docker compose up --wait`` takes its end for a failure."""
    awaited = {
        other
        for service in SERVICES.values()
        for other, wait in service.get("depends_on", {}).items()
        if wait["condition"] == "service_completed_successfully"
    }
    assert awaited == {name for name in JOBS if "profiles" not in SERVICES[name]}  # others start when they are called


@services
def test_secrets_and_volumes_are_declared_and_files_are_there(name):
    assert set(SERVICES[name].get("secrets", [])) <= set(COMPOSE["secrets"])
    for source in sources(SERVICES[name]):
        if source.startswith("./"):
            assert (REPO / source).exists()
        else:
            assert source in COMPOSE["volumes"]


def test_nothing_is_declared_in_vain():
    assert {s for service in SERVICES.values() for s in service.get("secrets", [])} == set(COMPOSE["secrets"])
    named = {s for service in SERVICES.values() for s in sources(service) if not s.startswith("./")}
    assert named == set(COMPOSE["volumes"])


@services
def test_a_file_of_a_secret_is_read_only_where_the_secret_is_given(name):
    text = json.dumps({key: value for key, value in SERVICES[name].items() if key != "secrets"})
    assert set(re.findall(r"/run/secrets/(\w+)", text)) <= set(SERVICES[name].get("secrets", []))


@services
def test_ports_are_open_to_this_machine_alone(name):
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


@services
def test_memory_is_limited(name):
    assert SERVICES[name]["deploy"]["resources"]["limits"]["memory"]


def test_no_secret_stands_in_the_file():
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|API_KEY|FERNET|CONN|BROKER|STORE_URL", key):
                assert key.endswith(("_FILE", "_CMD", "VISIBILITY_TIMEOUT"))
                assert "://" not in value


def test_search_gets_the_key_that_may_only_read():
    assert SERVICES["api"]["environment"]["NEWSWIRE_INDEX_API_KEY_FILE"].endswith("/read")
    assert SERVICES["airflow-worker"]["environment"]["NEWSWIRE_INDEX_API_KEY_FILE"].endswith("/write")


def test_a_message_stays_hidden_longer_than_a_task_may_run():
    seconds = int(
        SERVICES["airflow-worker"]["environment"]["AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"]
    )
    files = [*(REPO / "dags").glob("*.py"), REPO / "pipeline" / "airflow_plugin" / "retries.py"]
    limits = re.findall(r"execution_timeout\W+dt\.timedelta\(hours=(\d+)\)", "".join(f.read_text() for f in files))
    assert seconds > 3600 * max(map(int, limits)) >= 12 * 3600


def test_secrets_are_made_once(tmp_path):
    make = [REPO / "scripts" / "secrets", tmp_path / "secrets"]
    subprocess.run(make, check=True, capture_output=True)
    made = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    assert {f"./secrets/{name}" for name in made} == {one["file"] for one in COMPOSE["secrets"].values()}
    assert made["airflow_database_password"] in made["airflow_database_url"]
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    subprocess.run(make, check=True, capture_output=True)
    assert made == {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}


def test_the_image_is_made_of_files_that_are_there():
    docker = (REPO / "deploy/Dockerfile").read_text()
    wanted = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", docker, re.MULTILINE)
        for source in line.split()[:-1]
    }  # fmt: skip
    kept = {line[1:] for line in (REPO / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert wanted <= kept
    assert all((REPO / name).exists() for name in kept)
    assert "\nUSER newswire\n" in docker


COMMANDS = [" ".join(service["command"]) for service in SERVICES.values() if "command" in service]


@pytest.mark.slow
@pytest.mark.parametrize("command", sorted(one for one in COMMANDS if one.startswith(("airflow ", "newswire "))))
def test_the_command_of_a_service_exists(command, tmp_path):
    program, *words = command.split(" --")[0].split()
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *words, "--help"],
        env={"AIRFLOW_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert words[-1] in done.stdout
