from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.testclient import TestClient

from pipeline.web.static_files import add_static_routes, file_address


def test_files_have_their_types_and_an_address_that_changes_with_their_content():
    app = FastAPI()
    add_static_routes(app)
    client = TestClient(app)
    for name, kind in (("style.css", "text/css"), ("page.js", "text/javascript"), ("favicon.svg", "image/svg+xml")):
        assert re.fullmatch(rf"/{re.escape(name)}\?[0-9a-f]{{8}}", file_address(name))
        answer = client.get(file_address(name))
        assert answer.headers["Content-Type"].startswith(kind)
        assert answer.text


def test_the_script_is_small_and_asks_nothing_of_any_server():
    app = FastAPI()
    add_static_routes(app)
    script = TestClient(app).get("/page.js").text
    assert len(script) < 4096
    assert not re.search(r"fetch\(|XMLHttpRequest|import |innerHTML|eval|cookie|localStorage", script)
