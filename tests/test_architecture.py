"""The code keeps its own rules: small modules that say which question they answer, functions that fit a screen."""

from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path

import pytest

REPO = Path(__file__).parent.parent
MODULES = sorted(path for path in (REPO / "pipeline").rglob("*.py") if "migrations" not in path.parts)

LONG = {
    "documents": {"build_document"},  # a line per field of the document, and nothing else
    "0001_the_ledger": {"upgrade"},
}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_is_longer_than_400_lines_and_most_are_below_150():
    sizes = {path: lines(path) for path in MODULES}
    assert {str(path): size for path, size in sizes.items() if size > 400} == {}
    assert statistics.median(sizes.values()) < 150


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPO)))
def test_a_module_says_what_it_is_for_and_its_functions_fit_a_screen(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    long = {f.name for f in functions if f.end_lineno - f.lineno >= 60}
    assert long <= LONG.get(path.stem, set())


def test_nothing_is_called_utils():
    assert [path for path in MODULES if re.search("util|helper|misc|common", path.stem)] == []


def test_config_holds_no_python():
    # Airflow puts a folder of this name on the import path
    assert list((REPO / "config").rglob("*.py")) == []
