from __future__ import annotations

import json
import logging

import pytest

from pipeline.log import LogFormat, configure_logging
from pipeline.trace_ids import trace_id


@pytest.fixture
def log():
    logger = logging.getLogger("pipeline")
    before = logger.handlers, logger.level, logger.propagate
    yield logger
    logger.handlers, logger.level, logger.propagate = before


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_no_password_of_an_address_is_logged(capsys, log, log_format):
    configure_logging(log_format=log_format)
    log.warning("GET %s failed", "http://user:secret@outlet.example/")
    try:
        int("at https://user:secret@outlet.example/x")
    except ValueError:
        log.exception("it failed")
    said = capsys.readouterr().err
    assert "secret" not in said
    assert "GET http://outlet.example/ failed" in said
    assert "at https://outlet.example/x" in said
    levels = {LogFormat.JSON: "level", LogFormat.ECS: "log.level"}
    if key := levels.get(log_format):
        assert [json.loads(line)[key] for line in said.splitlines()] == ["warning", "error"]


def test_a_line_in_elastics_form_names_the_trace_of_its_article_and_the_error(capsys, log):
    configure_logging(log_format=LogFormat.ECS)
    log.warning("fetch %s: retry", "https://outlet.example/a", extra={"article": "a1"})
    try:
        int("odd")
    except ValueError:
        log.exception("it failed")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert first["trace.id"] == trace_id("a1")
    assert first["labels.article"] == "a1"
    assert {"@timestamp", "ecs.version", "log.logger", "process.pid", "service.name"} <= first.keys()
    assert second["error.type"] == "ValueError"
    assert second["error.message"] in second["error.stack_trace"]
    assert "trace.id" not in second
