"""deploy/elasticsearch_setup.py makes keys, templates and policies, ends in time, and names what is wrong."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets

import pytest
from elasticsearch import Elasticsearch

from pipeline.errors import IndexRefusedError
from pipeline.index.operations import open_operations
from pipeline.settings import OperationsSettings
from pipeline.telemetry.fields import DocumentFamily
from pipeline.telemetry.sending import list_families
from tests.helpers.elasticsearch_stand_in import ElasticsearchStandIn, error
from tests.helpers.support import REPO, write_config

INFO = {"version": {"number": "9.4.3"}, "cluster_uuid": "u"}


@pytest.fixture(scope="module")
def setup():
    spec = importlib.util.spec_from_file_location("elasticsearch_setup", REPO / "deploy/elasticsearch_setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def server():
    with ElasticsearchStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def environ(tmp_path, monkeypatch):
    """Addresses and files as docker-compose.yml names them; names of indices are those of one test."""
    prefix = f"test-{secrets.token_hex(6)}"
    config = write_config(tmp_path / "config", ())
    with (config / "newswire.toml").open("a") as file:
        file.write(f'[index]\nalias = "{prefix}-articles"\n[operations]\nprefix = "{prefix}"\n')
    monkeypatch.setenv("NEWSWIRE_CONFIG", str(config))
    (tmp_path / "keys").mkdir()
    for name in ("elastic", "kibana", "editor"):
        (tmp_path / name).write_text(f"{name}-password\n")
    return {
        "prefix": prefix,
        "ELASTIC_PASSWORD_FILE": str(tmp_path / "elastic"),
        "KIBANA_PASSWORD_FILE": str(tmp_path / "kibana"),
        "EDITOR_PASSWORD_FILE": str(tmp_path / "editor"),
        "KEYS_FOLDER": str(tmp_path / "keys"),
        "WAIT_SECONDS": "0",
    }


@pytest.fixture
def end(setup, environ, monkeypatch, capsys):
    """Return a function that runs the command; it returns the exit code and what the command says."""

    def run(**more):
        for name, value in (environ | more).items():
            monkeypatch.setenv(name, value)
        return setup.main(), capsys.readouterr().err

    return run


def test_one_that_does_not_answer_is_waited_for_no_longer_than_is_said(end):
    code, said = end(ELASTICSEARCH_URL="http://127.0.0.1:9")
    assert code == 1
    assert "Connection refused" in said


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (401, error("security_exception", "unable to authenticate"), "doesn't take the password of elastic"),
        (403, error("security_exception", "unauthorized"), "doesn't allow it"),
        (200, {"version": {"number": "8.19.2"}}, "Elasticsearch is 8.19.2; newswire needs 9.x"),
        (503, error("master_not_discovered_exception", "no master"), "no master"),
    ],
)
def test_what_is_wrong_is_named(server, end, status, answer, words):
    server.answer = lambda *_: (status, answer)
    code, said = end(ELASTICSEARCH_URL=server.url)
    assert (code, words in said) == (1, True), said


def test_a_time_that_is_no_number_and_a_variable_that_is_missing_are_named(end, monkeypatch):
    wrong = {"ELASTICSEARCH_URL": "http://127.0.0.1:9", "WAIT_SECONDS": "soon"}
    assert end(**wrong) == (1, "setup: WAIT_SECONDS: 'soon' is no number of seconds\n")
    monkeypatch.delenv("ELASTICSEARCH_URL")
    code, said = end()
    assert (code, said) == (1, "setup: the variable 'ELASTICSEARCH_URL' is not set\n")


class Lifecycle:
    """The answers of a server that has index lifecycle management, as its documentation states them."""

    def __init__(self, status=200, may_put=True):
        self.policies, self.templates, self.status, self.may_put = {}, {}, status, may_put

    def answer(self, method, path, body):
        path = path.partition("?")[0]
        kind, _, name = path.lstrip("/").rpartition("/")
        if path == "/":
            return 200, INFO
        if path == "/_ilm/status":
            return self.status, {"operation_mode": "RUNNING"} if self.status == 200 else error("e", "no handler")
        if kind == "_ilm/policy" and method == "GET":
            present = self.policies.get(name)
            return (200, {name: {"policy": present}}) if present else (404, error("resource_not_found", name))
        if kind == "_ilm/policy":
            if not self.may_put:
                return 403, error("security_exception", "action is unauthorized")
            self.policies[name] = json.loads(body)["policy"]
        if kind == "_index_template":
            self.templates[name] = json.loads(body)["template"]["settings"]["index"]
        return (404, {}) if method == "HEAD" else (200, {"acknowledged": True})


def prepare(server, **settings):
    index = open_operations(server.url, "paper", timeout=30, api_key="key")
    index.prepare(list_families(OperationsSettings(prefix="paper", **settings)))
    index.close()


def test_a_server_with_lifecycle_management_gets_a_policy_for_each_kind_that_goes(server):
    server.answer = (lifecycle := Lifecycle()).answer
    prepare(server, outcome_days=9)
    assert lifecycle.policies.keys() == {"paper-outcomes", "paper-runs"}
    assert lifecycle.policies["paper-outcomes"]["phases"]["delete"] == {"min_age": "9d", "actions": {"delete": {}}}
    named = {name: settings.get("lifecycle.name") for name, settings in lifecycle.templates.items()}
    assert named == {"paper-outcomes": "paper-outcomes", "paper-runs": "paper-runs", "paper-sources": None}
    puts = [path for method, path, _ in server.requests if method == "PUT" and "_ilm" in path]
    prepare(server, outcome_days=9)
    assert [path for method, path, _ in server.requests if method == "PUT" and "_ilm" in path] == puts
    prepare(server, outcome_days=8)
    assert lifecycle.policies["paper-outcomes"]["phases"]["delete"]["min_age"] == "8d"


def test_a_key_that_may_not_change_policies_goes_on_with_those_that_there_are(server):
    server.answer = (lifecycle := Lifecycle(may_put=False)).answer
    prepare(server)
    assert lifecycle.policies == {}
    assert not any("lifecycle.name" in settings for settings in lifecycle.templates.values())
    lifecycle.policies["paper-runs"] = {"phases": {"delete": {"min_age": "1d"}}}
    prepare(server)
    assert [name for name, each in lifecycle.templates.items() if "lifecycle.name" in each] == ["paper-runs"]


@pytest.mark.parametrize("status", [400, 403, 405])
def test_a_server_without_lifecycle_management_gets_templates_alone(server, status):
    server.answer = (lifecycle := Lifecycle(status=status)).answer
    prepare(server)
    assert lifecycle.templates.keys() == {"paper-outcomes", "paper-runs", "paper-sources"}
    assert lifecycle.policies == {}


@pytest.mark.servers
def test_keys_that_may_do_what_they_must_stay_and_others_are_made_anew(environ, end, tmp_path):
    secured = os.environ.get("NEWSWIRE_TEST_ELASTICSEARCH_SECURED")
    if not secured:
        pytest.fail("NEWSWIRE_TEST_ELASTICSEARCH_SECURED is not set: run `eval $(scripts/services start)` first")
    credentials, _, host = secured.partition("://")[2].rpartition("@")
    (tmp_path / "elastic").write_text(credentials.partition(":")[2])
    address = {"ELASTICSEARCH_URL": f"http://{host}", "WAIT_SECONDS": "60"}
    prefix, folder = environ["prefix"], tmp_path / "keys"
    with Elasticsearch(secured) as client:
        try:
            code, said = end(**address)
            assert (code, said.count("made ")) == (0, 3), said
            first = {file.name: file.read_text() for file in folder.iterdir()}
            assert first.keys() == {"write", "operations", "read"}
            templates = client.indices.get_index_template(name=f"{prefix}-*")["index_templates"]
            assert {each["name"] for each in templates} == {f"{prefix}-{family}" for family in DocumentFamily}
            assert end(**address) == (0, "")
            # one that may do less than it must, and one that isn't known any more
            weak = {"cluster": [], "indices": [{"names": [f"{prefix}-articles*"], "privileges": ["read"]}]}
            made = client.security.create_api_key(name="newswire-read", role_descriptors={"newswire": weak})
            (folder / "read").write_text(made["encoded"])
            (folder / "write").write_text("d3Jvbmc6d3Jvbmc=")
            code, said = end(**address)
            assert (code, said.count("made ")) == (0, 2), said
            now = {file.name: file.read_text() for file in folder.iterdir()}
            assert now["operations"] == first["operations"]
            assert now["read"] not in {made["encoded"], first["read"]}
            index = open_operations(f"http://{host}", prefix, timeout=30, api_key=now["read"])
            with pytest.raises(IndexRefusedError):
                index.prepare(list_families(OperationsSettings(prefix=prefix)))
            index.close()
        finally:
            client.options(ignore_status=404).indices.delete_index_template(name=f"{prefix}-*")
