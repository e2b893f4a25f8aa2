"""Whatever is asked, by whomever: an answer below 500, and errors in one form."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
from urllib.parse import quote, urlencode

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from pipeline.stages import Stage, run_all
from pipeline.web.app import create_app
from tests.helpers.arriving import arrive
from tests.helpers.support import elasticsearch_alias

KEY = {"X-API-Key": "s3cret"}
TIMES = """
0 -1 0000-01-01 0001-01-01 9999-12-31 10000-01-01 2026-13-45 2026-11-20 2026-11-20T15:30Z 2026-11-20T15:30+13:00 now 24h
0001-01-01T00:00+14:00 9999-12-31T23:59:59-14:00 99999999999999999999 2026-W47 1e400 nan
""".split()
NUMBERS = ["0", "1", "-1", "10", "1000", "1001", "10000", "1.5", "x", "9" * 400, *(str(2**n) for n in (31, 62, 63, 64))]
SIGNS = "* % _ \\ \" ' - OR ( source: -x: \0 \ud7ff 🔥 http://[::1 a1 b1".split(" ")
WORDS = ["", "a OR", "x" * 3000, *SIGNS]
VALUES = st.sampled_from([*TIMES, *NUMBERS, *WORDS]) | st.text(max_size=20)
NUMERALS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
BODIES = st.recursive(
    st.none() | st.booleans() | NUMERALS | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(VALUES, inner, max_size=3),
    max_leaves=8,
)
FIELDS = "note articles story other entity into surfaces name title url text id".split()
KINDS = st.sampled_from(["merge", "split", "rename", "hide"])
DECISIONS = st.fixed_dictionaries(
    {"by": VALUES, "kind": KINDS}, optional={name: VALUES | st.lists(VALUES, max_size=3) for name in FIELDS}
)


@pytest.fixture(params=["sqlite", pytest.param("elasticsearch", marks=pytest.mark.servers)])
def client(request, context, tmp_path):
    context.environment = msgspec.structs.replace(context.environment, api_key="s3cret")
    with contextlib.ExitStack() as stack:
        if request.param == "elasticsearch":
            alias = stack.enter_context(elasticsearch_alias())
            address = os.environ["NEWSWIRE_TEST_ELASTICSEARCH"]
            context.environment = msgspec.structs.replace(context.environment, index_url=address)
            index = msgspec.structs.replace(context.settings.index, alias=alias)
            context.settings = msgspec.structs.replace(context.settings, index=index)
        yield stack.enter_context(filled(context))


def filled(context):
    arrive(context, "a1", "A dam leaks above the town, and Ana Sousa knows for how long.")
    arrive(context, "b1", "The harbour of Lisbon opens again after the storm of last week.")
    run_all(context, [Stage.INDEX])
    return TestClient(create_app(context), base_url="http://localhost", raise_server_exceptions=False)


def operations(client):
    described = client.get("/openapi.json").json()
    return [
        (method, path, operation)
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    ]


def is_problem(path, answer):
    return path.startswith("/api/v1/") and not (path.endswith("/ingest") and {"error", "items"} & set(answer.json()))


def check(answer, path):
    assert answer.status_code < 500, (answer.request.method, str(answer.request.url)[:300], answer.text[:300])
    if answer.status_code >= 400 and path.startswith(("/api", "/ingest", "/health")):
        media = "application/problem+json" if is_problem(path, answer) else "application/json"
        assert answer.headers["Content-Type"] == media, (str(answer.request.url)[:300], answer.text[:300])
        ingested = path.endswith("/ingest") and {"error", "items"} & set(answer.json())
        names = {"type", "title", "status", "detail"} if is_problem(path, answer) else {"error"}
        assert set(answer.json()) == names or ingested


def fits_description(client, operation, answer):
    """Fail where an answer is of a status or kind that the description does not name, or not of its schema."""
    where = (str(answer.request.url)[:300], answer.status_code)
    assert str(answer.status_code) in operation["responses"], where
    content = operation["responses"][str(answer.status_code)].get("content", {})
    media = answer.headers.get("Content-Type", "").partition(";")[0]
    assert media in {kind.partition(";")[0] for kind in content} or not answer.content, (*where, media)
    if media.endswith("json") and (schema := content[media]["schema"]):
        components = client.get("/openapi.json").json()["components"]
        jsonschema.Draft202012Validator({**schema, "components": components}).validate(answer.json())


def test_every_answer_has_a_schema_and_every_parameter_too(client):
    for method, path, operation in operations(client):
        done = [body for status, body in operation["responses"].items() if status < "300"]
        assert len(done) == 1, (method, path)
        for media, content in done[0].get("content", {}).items():
            assert content["schema"] or media != "application/json", (method, path)
        assert all(parameter["schema"] for parameter in operation.get("parameters", ())), (method, path)
        is_former = path.startswith(("/api/", "/ingest")) and not path.startswith("/api/v1/")
        assert operation.get("deprecated", False) is is_former


def test_the_description_is_openapi_3_1_whose_references_lead_somewhere(client):
    described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.1.")
    text = json.dumps(described)
    assert "x-parts" not in text
    for reference in set(re.findall(r'"\$ref": "([^"]*)"', text)):
        name = reference.removeprefix("#/components/schemas/")
        jsonschema.Draft202012Validator.check_schema(described["components"]["schemas"][name])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_parameters_of_any_path_are_answered(client, data):
    method, path, operation = data.draw(st.sampled_from(operations(client)))
    address, query = path, []
    for place, name in [(p["in"], p["name"]) for p in operation.get("parameters", ())]:
        if place == "path":
            address = address.replace(f"{{{name}}}", quote(data.draw(VALUES), safe="", errors="replace"))
        elif data.draw(st.booleans()):
            query.append((name, data.draw(VALUES)))
    address += "?" + urlencode(query, errors="replace")
    body = data.draw(DECISIONS | BODIES | st.lists(DECISIONS, max_size=2)) if method == "post" else None
    content = None if body is None else json.dumps(body, allow_nan=False).encode("utf-8", "surrogatepass")
    answer = client.request(method, address, content=content, headers=KEY)
    check(answer, path)
    if not answer.history:  # an empty name leads to the list of all
        fits_description(client, operation, answer)


def test_any_bound_of_time_is_an_answer_or_a_400(client):
    bounds = [(path, name) for path in ("/api/search", "/") for name in ("since", "until")]
    bounds += [("/api/stories", "since"), ("/api/corrections", "since")]
    for time, (path, name) in itertools.product(TIMES, bounds):
        assert client.get(path, params={name: time}).status_code in {200, 400}, (time, path, name)


def test_methods_that_a_path_has_not_are_refused_with_those_that_it_has(client):
    for method, path, _ in operations(client):
        address = path.replace("{", "").replace("}", "").replace("number", "1")
        allowed = client.options(address).headers["Allow"].split(", ")
        assert method.upper() in allowed
        for foreign in {"PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - set(allowed):
            answer = client.request(foreign, address)
            assert (answer.status_code, answer.headers["Allow"]) == (405, ", ".join(allowed))


PAGES = """
/entities /entities/{} /stories /stories/{} /corrections /articles/{} /articles/{}/versions /articles/{}/cite.bib
/decisions /login /edit/entities/{} /edit/stories/{} /edit/articles/{} /sources/{} /explain/{} /runs/{} /replays/{}
""".split()
SUBJECTS = ("entities", "stories", "copies")
PARAMS = "q text kind days all language places next page stage".split()


@pytest.fixture
def editor(client):
    assert client.post("/login", data={"name": "Ana", "key": "s3cret"}).status_code == 200
    return client, re.search(r'name="token" value="(\w+)"', client.get("/decisions").text)[1]


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_value_in_any_page_and_form_is_answered(editor, data):
    client, token = editor
    address = data.draw(st.sampled_from(PAGES)).replace("{}", quote(data.draw(VALUES), safe="", errors="replace"))
    query = {name: data.draw(VALUES) for name in data.draw(st.sets(st.sampled_from(PARAMS), max_size=3))}
    check(client.get(f"{address}?{urlencode(query, errors='replace')}"), address)
    form = {"token": token, "kind": data.draw(KINDS), "subject": data.draw(st.sampled_from([*SUBJECTS, "x"]))}
    form |= {name: data.draw(VALUES) for name in data.draw(st.sets(st.sampled_from(FIELDS), max_size=4))}
    body = urlencode(form, errors="replace")
    check(client.post("/decisions", content=body, follow_redirects=False), "/decisions")
