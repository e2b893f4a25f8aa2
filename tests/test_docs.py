"""The documentation names what there is, and what it names is there."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from pipeline.cli import _COMMANDS
from pipeline.settings import Environment, Source
from tests.helpers.support import REPO

PAGES = [REPO / name for name in ("README.md", "ARCHITECTURE.md", "DECISIONS.md", "CHANGELOG.md")]
PAGES += sorted((REPO / "docs").glob("*.md"))


def text(name: str) -> str:
    return (REPO / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", sorted(_COMMANDS))
def test_every_command_is_documented(command):
    assert f"newswire {command}" in text("docs/commands.md")


def test_every_address_and_every_trait_of_a_source_is_documented():
    page = text("docs/settings.md")
    for variable in Environment.__struct_fields__:
        name = {"index_ca_file": "index_ca", "kibana_ca_file": "kibana_ca"}.get(variable, variable)
        assert f"NEWSWIRE_{name.upper()}" in page
    for field in msgspec.structs.fields(Source):
        assert f"{field.name} = " in page


def test_every_dependency_has_its_reason():
    decisions = text("DECISIONS.md")
    named = re.findall(r'^    "([a-z0-9-]+)', text("pyproject.toml").partition("dependencies = [")[2], re.MULTILINE)
    for name in named[: named.index("zstandard") + 1]:
        assert re.search(rf"\b{name}\b", decisions), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_shown_exist(page):
    shown = set(
        re.findall(r"(?:^    |`|\$ |&& |bin/)newswire ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert shown <= _COMMANDS.keys()


def test_folders_that_the_architecture_names_are_there():
    for name in re.findall(
        r"`((?:pipeline|tests|docs|config|dags|deploy|scripts|bench)/[\w/.]*)`", text("ARCHITECTURE.md")
    ):
        assert (REPO / name).exists(), name


def rooms() -> list[list[list[str]]]:
    """Return the rows of the architecture's table of rooms: places, central names, and where to start reading."""
    rows = re.findall(r"^\| (`.*) \|$", text("ARCHITECTURE.md").partition("## Rooms")[2], re.MULTILINE)
    cells = [[re.findall("`([^`]+)`", cell) for cell in row.split(" | ")] for row in rows]
    return [[places, names, start] for places, _, names, start, _ in cells]


def paths_of(places: list[str]) -> list[Path]:
    """Return the paths of places; in ``pipeline/urls.py text.py`` the second lies beside the first."""
    paths = []
    for first, *further in (place.replace("…", "").split() for place in places):
        folder = (REPO / first).parent
        paths += [REPO / first, *(REPO / name if "/" in name else folder / name for name in further)]
    return paths


def names_defined_in(path: Path) -> set[str]:
    """Return what a module, or each module of a folder, defines; also with the module before it: ``dates.parse``."""
    names: set[str] = set()
    for module in [path] if path.suffix == ".py" else path.rglob("*.py"):
        for node in ast.parse(module.read_text(encoding="utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
            defined = [getattr(target, "id", None) or getattr(target, "name", None) for target in targets]
            names.update(*((name, f"{module.stem}.{name}") for name in defined if name))
    return names


@pytest.mark.parametrize(("places", "names", "start"), rooms(), ids=" ".join)
def test_a_room_of_the_architecture_defines_its_central_names_and_has_the_page_to_start_at(places, names, start):
    paths = paths_of(places)
    assert all(path.exists() for path in paths)
    assert set(names) <= set().union(*map(names_defined_in, paths))
    folders = [REPO, *paths, *(path.parent for path in paths)]
    assert all(any((folder / page).exists() for folder in folders) for page in start)


def test_the_architecture_draws_the_layers_that_imports_obey():
    settings = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"][0]
    drawn = re.findall(r'^    layer\d+\["(.*)"\]$', text("ARCHITECTURE.md"), re.MULTILINE)
    assert [box.split(" · ") for box in drawn] == [re.split(r" [|:] ", layer) for layer in settings["layers"]]


def test_tests_that_the_documentation_names_are_there():
    written = "".join(path.read_text(encoding="utf-8") for path in (REPO / "tests").rglob("test_*.py"))
    named = {name for page in PAGES for name in re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8"))}
    assert {name for name in named if f"def {name}(" not in written} == set()
