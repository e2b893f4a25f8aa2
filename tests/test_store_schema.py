"""One module of the store writes each table, as the schema's docstring says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pipeline.store
from pipeline.store import schema

FOLDER = Path(pipeline.store.__file__).parent
MODULES = sorted(path for path in FOLDER.glob("*.py"))
WRITES = {"insert", "update", "delete"}  # of a table, or as sa.delete(table)
HELPERS = {"upsert", "insert_new", "upsert_columns", "delete_columns"}  # (connection, table, …)


def owners() -> dict[str, str]:
    """Return table → the module that the docstring names."""
    rows = re.findall(r"^(\w+(?:, \w+)*) {2,}\S.*? {2,}(\w+)$", schema.__doc__, re.MULTILINE)
    return {name: owner for names, owner in rows if owner != "by" for name in names.split(", ")}


def written_tables(path: Path) -> set[str]:
    """Return the tables that a module's statements change."""
    tree = ast.parse(path.read_text())
    tables = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline.store.schema")
        for alias in node.names
    }
    written = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        function = call.func
        if isinstance(function, ast.Attribute) and function.attr in WRITES:
            # items.update(), sa.delete(items); tables that a function only gets belong to posting_tables
            written |= {name.id for name in (function.value, *call.args[:1]) if isinstance(name, ast.Name)}
        elif isinstance(function, ast.Name) and function.id in HELPERS:
            written |= {name.id for name in call.args[1:2] if isinstance(name, ast.Name)}
    written &= tables
    if path.stem == "posting_tables":
        written |= tables
    assigned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    values = [value for node in assigned for value in (node.elts if isinstance(node, ast.Tuple) else [node])]
    aliases = {value.id for value in values if isinstance(value, ast.Name)} & tables
    assert not aliases, f"{path.name}: a table under another name would not be seen here"
    return written


def test_every_table_has_an_owner():
    assert owners().keys() == schema.metadata.tables.keys()


def test_no_module_writes_the_table_of_another():
    owner_of = owners()
    foreign = [
        f"{path.stem} writes {table}, which is {owner_of[table]}'s"
        for path in MODULES
        for table in sorted(written_tables(path))
        if owner_of[table] != path.stem
    ]
    assert foreign == []


def test_every_owner_writes_its_tables():
    written = {(path.stem, table) for path in MODULES for table in written_tables(path)}
    assert {owner for owner, _ in written} == set(owners().values())
