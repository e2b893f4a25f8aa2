"""deploy/kubernetes: manifests that fit each other, the image and the settings, as far as no cluster is needed."""

from __future__ import annotations

import re

import msgspec
import pytest
import yaml

from pipeline.settings import Environment
from tests.helpers.support import REPO

FOLDER = REPO / "deploy" / "kubernetes"
VALUES = yaml.safe_load((FOLDER / "airflow-values.yaml").read_text(encoding="utf-8"))
MANIFESTS = [
    document
    for name in ("elasticsearch.yaml", "kibana.yaml", "newswire.yaml")
    for document in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
]
BY_KIND = {manifest["kind"]: manifest for manifest in MANIFESTS}
API = BY_KIND["Deployment"]["spec"]["template"]["spec"]
JOB = BY_KIND["Job"]["spec"]["template"]["spec"]  # that brings Kibana its dashboards
COMPOSE = (REPO / "docker-compose.yml").read_text(encoding="utf-8")
GUIDE = (REPO / "docs" / "deploy.md").read_text(encoding="utf-8")

# Keys of the chart's values that are used here, as its documentation of version 1.22 and older values have them.
CHART_KEYS = set(
    "airflowVersion defaultAirflowRepository defaultAirflowTag executor uid gid postgresql data fernetKeySecretName"
    " apiSecretKeySecretName jwtSecretName redis env extraEnvFrom volumes volumeMounts config workers apiServer"
    " scheduler dagProcessor triggerer createUserJob statsd".split()
)


def variables(env):
    return {item["name"]: item["value"] for item in env}


def mounts(spec):
    return {mount["mountPath"]: mount["name"] for mount in spec["volumeMounts"]}


@pytest.mark.parametrize(
    "manifest", MANIFESTS, ids=lambda manifest: f"{manifest['kind']} {manifest['metadata']['name']}"
)
def test_a_manifest_says_what_it_is(manifest):
    assert manifest["apiVersion"]
    assert manifest["metadata"]["name"].startswith("newswire")


def test_the_values_use_keys_that_the_chart_has():
    assert set(VALUES) <= CHART_KEYS
    assert set(VALUES["workers"]) == {"celery"}


def test_versions_are_those_of_the_lock_and_of_compose():
    lock = (REPO / "requirements.lock").read_text(encoding="utf-8")
    assert f"\napache-airflow=={VALUES['airflowVersion']} " in lock
    assert f"image: newswire:{VALUES['defaultAirflowTag']}" in COMPOSE
    assert API["containers"][0]["image"] == f"{VALUES['defaultAirflowRepository']}:{VALUES['defaultAirflowTag']}"
    assert JOB["containers"][0]["image"] == API["containers"][0]["image"]
    assert f"elasticsearch:{BY_KIND['Elasticsearch']['spec']['version']}" in COMPOSE
    assert BY_KIND["Kibana"]["spec"]["version"] == BY_KIND["Elasticsearch"]["spec"]["version"]


@pytest.mark.parametrize(
    ("env", "spec"),
    [
        (VALUES["env"], VALUES),
        (API["containers"][0]["env"], API["containers"][0]),
        (JOB["containers"][0]["env"], JOB["containers"][0]),
    ],
)
def test_the_environment_names_settings_that_there_are_and_files_that_are_mounted(env, spec):
    short = {"index_ca_file": "index_ca", "kibana_ca_file": "kibana_ca"}
    known = {f"NEWSWIRE_{short.get(f.name, f.name).upper()}" for f in msgspec.structs.fields(Environment)}
    for name, value in variables(env).items():
        assert name.removesuffix("_FILE") in known
        if value.startswith("/"):
            assert value.rpartition("/")[0] in mounts(spec)
    assert variables(env).get("NEWSWIRE_ARCHIVE_URL", "s3://").startswith("s3://")  # no folder is shared by pods


def test_what_is_mounted_is_there():
    pods = ((API["containers"][0], API["volumes"]), (JOB["containers"][0], JOB["volumes"]))
    for spec, volumes in ((VALUES, VALUES["volumes"]), *pods):
        assert set(mounts(spec).values()) == {volume["name"] for volume in volumes}


def test_the_guide_makes_every_secret_and_configmap_that_is_named_but_those_of_its_operator():
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml"))
    named = set(re.findall(r"(?:secretName|SecretName): ([a-z0-9-]+)", text))
    named |= set(re.findall(r"secretRef:\s+name: ([a-z0-9-]+)", text))
    made = set(re.findall(r"kubectl create secret generic ([a-z0-9-]+)", GUIDE))
    assert named - made == {"newswire-es-http-certs-public", "newswire-kb-http-certs-public"}
    assert made <= named
    assert "kubectl create configmap newswire-config" in GUIDE


def test_services_and_budgets_choose_the_pods_of_the_deployment():
    labels = BY_KIND["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert BY_KIND["Service"]["spec"]["selector"] == labels
    assert BY_KIND["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert BY_KIND["Deployment"]["spec"]["selector"]["matchLabels"] == labels


def test_pods_run_as_the_user_of_the_image_and_without_privileges():
    image = (REPO / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    (user,) = re.findall(r"useradd --uid (\d+)", image)
    assert API["securityContext"]["runAsUser"] == VALUES["uid"] == int(user) == JOB["securityContext"]["runAsUser"]
    assert API["containers"][0]["securityContext"]["allowPrivilegeEscalation"] is False
    assert VALUES["config"]["core"]["dags_folder"] == re.findall(r"AIRFLOW__CORE__DAGS_FOLDER=(\S+)", image)[0]


def test_the_probe_asks_by_a_name_that_the_server_answers_to():
    container = API["containers"][0]
    (header,) = container["readinessProbe"]["httpGet"]["httpHeaders"]
    assert header["value"] == container["command"][container["command"].index("--known-as") + 1]
    assert header["value"] == BY_KIND["Service"]["metadata"]["name"]
