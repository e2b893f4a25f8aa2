from __future__ import annotations

import json
import logging

import pytest

from pipeline.log import configure_logging


@pytest.fixture
def log():
    logger = logging.getLogger("pipeline")
    before = logger.handlers, logger.level, logger.propagate
    yield logger
    logger.handlers, logger.level, logger.propagate = before


@pytest.mark.parametrize("as_json", [False, True])
def test_no_password_of_an_address_is_logged(capsys, log, as_json):
    configure_logging(as_json=as_json)
    log.warning("GET %s failed", "http://user:secret@outlet.example/")
    try:
        int("at https://user:secret@outlet.example/x")
    except ValueError:
        log.exception("it failed")
    said = capsys.readouterr().err
    assert "secret" not in said
    assert "GET http://outlet.example/ failed" in said
    assert "at https://outlet.example/x" in said
    if as_json:
        assert [json.loads(line)["level"] for line in said.splitlines()] == ["warning", "error"]
