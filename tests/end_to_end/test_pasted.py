"""Two articles that somebody pasted into text files are imported, on both indexes, and found.

The project's own two always; with NEWSWIRE_TEST_SEEDS (a folder) also the two of 2014 that they resemble.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.helpers.support import REPO, elasticsearch_alias


class Pair(NamedTuple):
    """A folder of two articles and what has to be found in them."""

    folder: Path
    author: str
    bureau: str
    datelines: tuple[str, str]
    organisation: str
    sub_heading: str
    photo: str  # how the caption begins
    number: str  # of the photo
    mended: str
    query: str
    places: frozenset[str]


OWN = Pair(
    folder=Path(__file__).parent.parent / "data" / "pasted",
    author="Leena Okafor",
    bureau="Meridian Media Bureau",
    datelines=("Port Sudan", "El Fasher"),
    organisation="Rapid Support Forces",
    sub_heading="Southern road plan",
    photo="Sudanese women wait",
    number="2.4471902-118300527",
    mended="Sudan's El Fasher",
    query="El Fasher refugees",
    places=frozenset({"El Fasher", "North Darfur", "Sudan"}),
)
SEEDS = Pair(
    folder=Path(os.environ.get("NEWSWIRE_TEST_SEEDS") or "seeds"),
    author="Supriya Jha",
    bureau="Zee Media Bureau",
    datelines=("Beirut", "Mosul"),
    organisation="Islamic State",
    sub_heading="Islamic state plan",
    photo="Iraqi soldiers gather",
    number="1.1345264-3993115206",
    mended="Iraq's Mosul",
    query="Mosul refugees",
    places=frozenset({"Mosul", "Iraq", "Nineveh"}),
)


@pytest.fixture(params=["sqlite", pytest.param("elasticsearch", marks=pytest.mark.servers)], scope="module")
def index(request):
    """Return the environment that names an empty index, and the alias in it."""
    if request.param == "sqlite":
        yield {}, None
        return
    with elasticsearch_alias() as alias:
        yield {"NEWSWIRE_INDEX_URL": os.environ["NEWSWIRE_TEST_ELASTICSEARCH"]}, alias


@pytest.fixture(
    params=[OWN, SEEDS] if "NEWSWIRE_TEST_SEEDS" in os.environ else [OWN], scope="module", ids=lambda p: p.folder.name
)
def imported(request, index, tmp_path_factory):
    """Import a pair; return it, its two documents in the order of the files, and a function that runs a command."""
    pair = request.param
    environment, alias = index
    home = tmp_path_factory.mktemp("home")
    (home / "config").mkdir()
    for file in REPO.joinpath("config").glob("*.toml"):
        (home / "config" / file.name).write_bytes(file.read_bytes())
    (home / "config" / "newswire.toml").write_text(
        f'[index]\nalias = "{alias}-{pair.folder.name}"\n' if alias else "", encoding="utf-8"
    )

    def newswire(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *map(str, arguments)],
            env=os.environ | {"NEWSWIRE_HOME": str(home), "NEWSWIRE_CONFIG": str(home / "config")} | environment,
            cwd=REPO,
            capture_output=True,
            check=True,
            text=True,
            timeout=120,
        ).stdout

    files = sorted(pair.folder.glob("*.txt"))
    newswire("import", *files)
    made = [json.loads(line) for line in newswire("export").splitlines()]
    return pair, sorted(made, key=lambda one: one["bureau"] is None), newswire


def test_what_stands_around_the_text_goes_into_fields(imported):
    pair, (first, second), _ = imported
    assert (first["authors"], first["bureau"]) == ([pair.author], pair.bureau)
    assert (first["dateline"], second["dateline"]) == pair.datelines
    assert second["subheadings"] == [pair.sub_heading]
    (caption,) = second["captions"]
    assert caption["credit"] == "AFP"
    assert caption["text"].startswith(pair.photo)
    assert not any(one in second["text"] for one in (pair.photo, pair.number, "AFP", pair.datelines[1] + ":"))
    assert pair.mended in first["text"]
    assert "`" not in first["text"] + second["text"]


def test_both_are_one_story_and_neither_is_a_copy(imported):
    _, (first, second), _ = imported
    assert first["story"] == second["story"]
    assert first["copy_of"] is second["copy_of"] is None


def test_all_names_of_one_organisation_are_one_entry(imported):
    pair, both, _ = imported
    for one in both:
        assert [name for name in one["organisations"] if pair.organisation in name] == [pair.organisation]


def test_a_search_finds_them_with_facets_and_marks(imported):
    pair, _, newswire = imported
    found = json.loads(newswire("search", pair.query, "--facet", "organisations", "--facet", "places", "--json"))
    assert found["total"] >= 1
    assert "<mark>" in found["hits"][0]["highlights"]["text"]
    assert pair.organisation in dict(found["facets"]["organisations"])
    assert pair.places <= dict(found["facets"]["places"]).keys()
