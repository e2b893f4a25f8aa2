"""The code keeps its own rules: one name for one thing, modules that say what they do, functions that fit a screen."""

from __future__ import annotations

import ast
import re

import pytest

from scripts.structure import measure, public_functions
from tests.helpers.support import REPO

# a migration stays as it was written, and may list what a ledger then had
MODULES = sorted(path for path in (REPO / "pipeline").rglob("*.py") if "migrations" not in path.parts)
MOST_LINES = 600
MOST_LINES_OF_A_FUNCTION = 60
QUESTION_WORDS = frozenset("What How When Who Why Which Where Whether Is Does".split())


@pytest.fixture(scope="module")
def measures():
    return measure()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPO)))
def test_a_module_says_what_it_does_and_fits_a_head_and_its_functions_a_screen(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert len(text.splitlines()) <= MOST_LINES
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [f.name for f in functions if f.end_lineno - f.lineno + 1 > MOST_LINES_OF_A_FUNCTION] == []


def first_word(node) -> str:
    return (ast.get_docstring(node) or "").partition(" ")[0].strip(",:")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPO)))
def test_a_docstring_asks_no_question_and_that_of_a_function_begins_with_a_verb(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert first_word(tree) not in QUESTION_WORDS
    no_verbs = QUESTION_WORDS | {"The"}
    assert [function.name for function in public_functions(tree) if first_word(function) in no_verbs] == []


def test_no_public_class_name_stands_in_two_modules(measures):
    assert measures.repeated_classes == {}


def test_the_shortest_verbs_are_public_names_of_three_modules_at_most(measures):
    assert {name: paths for name, paths in measures.generic.items() if len(paths) > 3} == {}


def test_local_names_say_what_they_hold(measures):
    assert measures.vague_share <= 0.02


def test_nothing_is_called_utils():
    assert [path for path in MODULES if re.search("util|helper|misc|common", path.stem)] == []


def test_config_holds_no_python():
    # Airflow puts a folder of this name on the import path
    assert list((REPO / "config").rglob("*.py")) == []
