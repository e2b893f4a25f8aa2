from __future__ import annotations

import pytest
from fastapi import Depends, FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient

from pipeline.web.auth import require_api_key


def client(api_key):
    app = FastAPI()

    @app.post("/write", dependencies=[Depends(require_api_key(api_key))])
    def write():
        return "written"

    return TestClient(app, base_url="http://localhost")


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer s3cret"}, {"Authorization": "bearer  s3cret"}, {"X-API-Key": "s3cret"}]
)
def test_who_says_the_key_may_write(headers):
    assert client("s3cret").post("/write", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "no API key"),
        ({"Authorization": "Basic s3cret"}, "no API key"),
        ({"Authorization": "Bearer S3CRET"}, "the API key is wrong"),
        ({"Authorization": "Bearer"}, "the API key is wrong"),
        ({"X-API-Key": "s3cretx"}, "the API key is wrong"),
        ({"X-API-Key": ""}, "the API key is wrong"),
    ],
)
def test_who_does_not_say_the_key_is_told_how(headers, said):
    answer = client("s3cret").post("/write", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert said in answer.json()["detail"]


@pytest.mark.parametrize("unset", [None, ""])
def test_without_a_key_of_its_own_a_server_lets_nobody_write(unset):
    for headers in ({}, {"Authorization": "Bearer "}, {"X-API-Key": ""}, {"Authorization": "Bearer None"}):
        assert client(unset).post("/write", headers=headers).status_code == 403


@given(st.binary(min_size=1, max_size=40))
def test_no_other_bytes_pass_for_the_key(sent):
    request = Request({"type": "http", "headers": [(b"x-api-key", sent)]})
    if sent == b"s3cret":
        require_api_key("s3cret")(request)
        return
    with pytest.raises(HTTPException):
        require_api_key("s3cret")(request)
