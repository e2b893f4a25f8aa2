"""The recipes of docs/recipes.md run as they stand, against a running newswire."""

from __future__ import annotations

import re

import pytest

from pipeline.alert_records import Message
from pipeline.notifiers.signature import sign_body
from tests.helpers.support import NOW, REPO

PAGE = (REPO / "docs" / "recipes.md").read_text(encoding="utf-8")
RECIPES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run(recipe, address="http://127.0.0.1:8000"):
    names = {}
    exec(compile(recipe.replace("http://127.0.0.1:8000", address), "docs/recipes.md", "exec"), names)
    return names


def recipe_with(words):
    (recipe,) = [recipe for recipe in RECIPES if words in recipe]
    return recipe


def test_the_newest_articles_are_named_with_their_copies(service, capsys):
    run(recipe_with("copies)"), service[1])
    assert re.search(r"^Daily: .* \(\d+ copies\)$", capsys.readouterr().out, re.MULTILINE)


def test_the_articles_of_a_month_are_gathered(service):
    recipe = recipe_with("iter_articles").replace("2026-11-01", "2000-01-01")
    assert set(run(recipe, service[1])["titles"]) == {"a0", "a1", "a2", "a3", "a4"}


def test_a_mirror_goes_on_where_it_was_cut_off(service, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        mirror = run(recipe_with("mirror.db"), service[1])["mirror"]
        assert mirror.execute("SELECT count(*) FROM article").fetchone() == (5,)
        assert mirror.execute("SELECT count(*) FROM place").fetchone() == (1,)
        mirror.close()


def test_several_searches_are_asked_at_once(service):
    assert run(recipe_with("asyncio.gather"), service[1])["counts"] == {"bridge": 5, "ferries": 5, "drought": 0}


def test_a_webhook_is_checked_as_newswire_signs_it(monkeypatch):
    is_genuine = run(recipe_with("is_genuine"))["is_genuine"]
    monkeypatch.setattr("time.time", NOW.timestamp)
    message, key = Message(id="m1", at=NOW, subject="s", text="t"), "whsec_c2l4dGVlbi1jaGFyYWN0ZXJz"
    headers = sign_body(key, message.id, b"{}", NOW)
    assert is_genuine(key, headers, b"{}")
    assert not is_genuine(key, headers, b"{ }")


def test_a_result_is_a_table_of_pandas(service):
    pytest.importorskip("pandas")
    table = run(recipe_with("pandas"), service[1])["by_day"]
    assert table.to_numpy().sum() == 5
