"""newswire kibana: the objects as a file, held to the rules, loaded."""

from __future__ import annotations

import json

from click.testing import CliRunner

from pipeline.cli.kibana import kibana_command
from pipeline.kibana.catalog import build_catalog
from tests.helpers.support import REPO


def run(*words, **environ):
    settings = {"NEWSWIRE_CONFIG": str(REPO / "config"), **environ}
    return CliRunner().invoke(kibana_command, words, env=settings)


def test_print_writes_what_the_settings_name(tmp_path):
    file = tmp_path / "objects.ndjson"
    assert run("print", "-o", str(file), NEWSWIRE_SERVE_URL="https://news.example.org/").exit_code == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(lines) == len(build_catalog().objects)
    assert "https://news.example.org/articles/{{value}}" in lines[0]["attributes"]["fieldFormatMap"]


def test_check_tells_each_fault_and_fails(tmp_path):
    assert run("check").exit_code == 0
    file = tmp_path / "broken.ndjson"
    file.write_text('{"type": "lens"}\n')
    done = run("check", str(file))
    assert done.exit_code == 1
    assert "object 1: Object missing required field `id`" in done.output


def test_load_asks_for_an_address():
    done = run("load", NEWSWIRE_KIBANA_URL="")
    assert "NEWSWIRE_KIBANA_URL is not set" in str(done.exception)


def test_preview_needs_an_index_in_elasticsearch(tmp_path):
    done = run("preview", NEWSWIRE_INDEX_URL=f"sqlite:///{tmp_path}/index.db")
    assert "Kibana reads an index in Elasticsearch alone" in str(done.exception)
