"""newswire init writes settings where the user is, and never overwrites any."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from pipeline import settings
from pipeline.cli import main
from pipeline.settings import SETTINGS_FILES, Settings, load_settings, load_sources
from tests.helpers.support import REPO

OLD = "[run]\nbatch = 3\n"


@pytest.fixture
def newswire(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder; return its exit code, and what it says on stdout and on stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEWSWIRE_CONFIG", raising=False)

    def run(*words):
        monkeypatch.setattr("sys.argv", ["newswire", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The settings folder of a wheel, among the installed modules."""
    folder = tmp_path / "site-packages" / "pipeline" / "config"
    shutil.copytree(REPO / "config", folder)
    monkeypatch.setattr(settings, "_INSTALLED_CONFIG", folder)
    return folder


def contents(folder):
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_it_writes_every_file_of_the_settings_and_every_command_finds_them(newswire, tmp_path):
    code, said, _ = newswire("init")
    assert code == 0
    assert set(contents(Path("config"))) == set(SETTINGS_FILES) == {path.name for path in REPO.glob("config/*")}
    assert settings.config_folder() == Path("config")
    assert "newswire feeds add" in said


def test_settings_are_the_defaults_and_hold_no_value_that_a_later_version_might_change(newswire):
    newswire("init")
    assert load_settings(Path("config")) == Settings()
    text = Path("config/newswire.toml").read_text(encoding="utf-8")
    assert "# interval_minutes = 15.0 " in text
    assert [line for line in text.splitlines() if line and line[0] not in "#["] == []


def test_a_commented_key_is_set_by_taking_its_mark_away(newswire):
    newswire("init")
    file = Path("config/newswire.toml")
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("# ") and " = " in line:
            file.write_text(file.read_text(encoding="utf-8").replace(line, line[2:], 1), encoding="utf-8")
    settings_without_examples = load_settings(Path("config"))
    assert settings_without_examples.poll.interval_minutes == 15.0
    assert settings_without_examples.entities.model == "lists"  # an example, as the file says


def test_feeds_are_empty_and_the_lists_are_those_of_the_package(newswire, installed):
    (installed / "feeds.toml").write_text('# Whom\n\n[[source]]\nname = "Theirs"\n# ours\n', encoding="utf-8")
    newswire("init")
    written = contents(Path("config"))
    assert (load_sources(Path("config")), written["feeds.toml"]) == ((), "# Whom\n\n")
    for name in ("aliases.toml", "agencies.toml", "extract.toml"):
        assert written[name] == (REPO / "config" / name).read_text(encoding="utf-8")


def test_settings_of_another_working_folder_are_made_with_its_parents_and_found_in_it(newswire, monkeypatch):
    code, said, _ = newswire("init", "desks/my paper")
    assert (code, said.count("desks/my paper/config/")) == (0, len(SETTINGS_FILES))
    assert "Next:  cd 'desks/my paper'; newswire feeds add ADDRESS" in said
    assert set(contents(Path("desks/my paper/config"))) == set(SETTINGS_FILES)
    monkeypatch.chdir("desks/my paper")
    assert settings.config_folder() == settings.writable_config_folder() == Path("config")


def test_another_folder_that_newswire_config_names_is_said_and_how_that_is_changed(newswire, tmp_path, monkeypatch):
    Path("desk").mkdir()
    monkeypatch.setenv("NEWSWIRE_CONFIG", "desk")
    code, said, _ = newswire("init")
    assert code == 0
    assert "NEWSWIRE_CONFIG names another folder, desk, which every command reads instead of this one." in said
    assert f"export NEWSWIRE_CONFIG={tmp_path}/config\n" in said
    assert list(Path("desk").iterdir()) == []
    monkeypatch.setenv("NEWSWIRE_CONFIG", str(tmp_path / "paper" / "config"))
    said = newswire("init", "paper")[1]
    assert ("NEWSWIRE_CONFIG" in said, "Next:  newswire feeds add" in said) == (False, True)


@pytest.mark.parametrize("name", SETTINGS_FILES)
def test_a_folder_that_has_settings_is_refused_and_left_as_it_is(newswire, name):
    Path("config").mkdir()
    Path("config", name).write_text(OLD, encoding="utf-8")
    code, said, error = newswire("init")
    assert (code, said) == (2, "")
    lacking = ", ".join(other for other in SETTINGS_FILES if other != name)
    assert error == f"newswire: config holds {name}; nothing was written: newswire init --missing adds {lacking}\n"
    assert contents(Path("config")) == {name: OLD}


@pytest.mark.parametrize("name", ["newswire.toml", "feeds.toml"])
def test_a_folder_whose_settings_are_not_in_its_config_is_refused_and_can_be_added_to(newswire, name):
    Path("desk").mkdir()
    Path("desk", name).write_text(OLD, encoding="utf-8")
    code, said, error = newswire("init", "desk")
    assert (code, said, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"newswire: desk holds {name}; nothing was written: newswire init --missing desk adds ")
    assert newswire("init", "--missing", "desk")[0] == 0
    assert set(contents(Path("desk"))) == set(SETTINGS_FILES)
    assert Path("desk", name).read_text(encoding="utf-8") == OLD


def test_the_toml_files_of_another_program_are_not_mixed_with_settings_unasked(newswire):
    Path("shop/config").mkdir(parents=True)
    Path("shop/config/prices.toml").write_text("", encoding="utf-8")
    code, said, error = newswire("init", "shop")
    assert (code, said) == (2, "")
    assert error.startswith(
        "newswire: shop/config holds prices.toml; nothing was written: newswire init --missing shop"
    )
    assert list(contents(Path("shop/config"))) == ["prices.toml"]


def test_twice_is_refused_and_what_was_set_meanwhile_stays(newswire):
    newswire("init")
    Path("config/newswire.toml").write_text(OLD, encoding="utf-8")
    before = contents(Path("config"))
    code, _, error = newswire("init")
    assert (code, error.count("\n")) == (2, 1)
    assert error.endswith("; nothing was written: edit them, or name another folder\n")
    assert contents(Path("config")) == before


def test_what_a_folder_of_an_older_version_lacks_is_named_and_can_be_added(newswire, tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    Path("config").mkdir()
    for name in ("newswire.toml", "feeds.toml", "agencies.toml"):
        Path("config", name).write_text("", encoding="utf-8")
    Path("config/newswire.toml").write_text(OLD, encoding="utf-8")
    lacking = "not in config: aliases.toml, extract.toml (newswire init --missing adds them)"
    assert f"ok    settings  config/newswire.toml; {lacking}\n" in newswire("check")[1]
    assert newswire("init", "--missing")[:2] == (0, "config/aliases.toml\nconfig/extract.toml\n")
    assert Path("config/newswire.toml").read_text(encoding="utf-8") == OLD
    assert Path("config/agencies.toml").read_text(encoding="utf-8") == ""
    assert lacking not in newswire("check")[1]
    assert newswire("init", "--missing")[1] == "config lacks nothing; nothing was written\n"


def test_a_key_that_an_older_version_had_is_named(newswire):
    Path("config").mkdir()
    Path("config/newswire.toml").write_text("[run]\nbatches = 3\n", encoding="utf-8")
    code, said, _ = newswire("check")
    assert code == 1
    assert "FAIL  settings  config/newswire.toml: unknown key run.batches; did you mean batch?" in said


def test_a_config_that_lacks_only_newswire_toml_is_named_by_every_command_that_would_read_it(
    newswire, tmp_path, monkeypatch
):
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    newswire("init")
    Path("config/newswire.toml").unlink()
    unread = "./config is not read, as it lacks newswire.toml: newswire init --missing adds it\n"
    assert f"ok    settings  the defaults; {unread}" in newswire("check")[1]
    assert newswire("feeds", "add", "https://times.example/")[::2] == (1, f"newswire: {unread}")
    assert newswire("run")[2] == f"no sources are named yet: {unread}"
    assert newswire("init", "--missing")[:2] == (0, "config/newswire.toml\n")
    assert "ok    settings  config/newswire.toml\n" in newswire("check")[1]


@pytest.mark.parametrize("folder", ["file", "file/desk"])
def test_a_folder_that_is_a_file_is_one_clear_line(newswire, folder):
    Path("file").write_text("mine", encoding="utf-8")
    code, said, error = newswire("init", folder)
    assert (code, said) == (1, "")
    assert error.startswith(f"newswire: {folder}/config: can't be written: ")
    assert error.count("\n") == 1
    assert Path("file").read_text(encoding="utf-8") == "mine"


def test_a_file_in_the_way_of_config_is_one_clear_line(newswire):
    Path("config").write_text("mine", encoding="utf-8")
    assert newswire("init") == (1, "", "newswire: config: can't be written: File exists\n")
    assert Path("config").read_text(encoding="utf-8") == "mine"


def closed_to_all(folder):
    """Take all rights from a folder of root's or of ours; whoever runs the tests keeps its rights otherwise."""
    user = os.geteuid()
    os.seteuid(os.getuid())
    folder.chmod(0)
    os.seteuid(user)


@pytest.fixture
def closed():
    """A folder that this process may read and not change, also where it is root's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config").mkdir()
        for path in (folder / "config", folder):
            path.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            for path in (folder, folder / "config"):
                path.chmod(0o755)


@pytest.mark.parametrize("name", [".", "new"])
def test_without_permission_it_is_one_clear_line(newswire, closed, name):
    code, said, error = newswire("init", str(closed / name))
    assert (code, said) == (1, "")
    assert error.startswith(f"newswire: {closed / name}")
    assert error.endswith(": can't be written: Permission denied\n")
    assert error.count("\n") == 1


def test_a_config_that_may_not_be_read_is_one_clear_line(newswire, closed, monkeypatch):
    monkeypatch.chdir(closed)
    closed_to_all(closed / "config")
    for words in (("init",), ("init", "--missing"), ("feeds", "list")):
        assert newswire(*words) == (1, "", "newswire: config: can't be read: Permission denied\n")


def test_a_disk_that_is_full_leaves_no_file(newswire, monkeypatch):
    def full(path, mode="r", **options):
        if path.name == "aliases.toml" and mode == "x":
            raise OSError(28, "No space left on device", str(path))
        return opened(path, mode, **options)

    opened = Path.open
    monkeypatch.setattr(Path, "open", full)
    code, _, error = newswire("init")
    assert (code, error) == (1, "newswire: config/aliases.toml: can't be written: No space left on device\n")
    assert list(Path("config").iterdir()) == []


def test_an_installation_without_its_lists_is_one_clear_line(newswire, installed):
    (installed / "extract.toml").unlink()
    code, _, error = newswire("init")
    assert code == 1
    assert (
        error
        == f"newswire: {installed}/extract.toml: can't be read: No such file or directory; install newswire anew\n"
    )
    assert not Path("config").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("add", "https://times.example/"),
        ("import", "list.opml"),
        ("remove", "Times"),
        ("add", "--dry-run", "x.example"),
    ],
)
def test_without_settings_of_ones_own_feeds_are_not_changed_in_the_package(newswire, installed, words):
    Path("list.opml").write_text("<opml/>", encoding="utf-8")
    before = contents(installed)
    code, _, error = newswire("feeds", *words)
    assert (code, error) == (1, "newswire: there are no settings in ./config; make them first: newswire init\n")
    assert contents(installed) == before


def test_the_settings_of_the_package_may_be_read(newswire, installed, tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    assert newswire("feeds", "list")[0] == 0
    assert "the defaults; newswire init makes a folder of your own" in newswire("check")[1]


def test_a_run_without_sources_says_how_they_are_named(newswire, installed, tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    assert newswire("run")[2] == "no sources are named yet: newswire init, then newswire feeds add ADDRESS\n"
    newswire("init")
    assert newswire("run")[2] == "no sources are named yet: newswire feeds add ADDRESS\n"


@pytest.mark.parametrize("named", ["desk", "desk/config"])
def test_a_folder_that_is_named_and_not_there_says_how_it_is_made(newswire, monkeypatch, named):
    monkeypatch.setenv("NEWSWIRE_CONFIG", named)
    code, _, error = newswire("feeds", "list")
    assert code == 1
    assert error.endswith("or make it: newswire init desk writes desk/config\n")
    assert newswire("init", "desk")[0] == 0
    monkeypatch.setenv("NEWSWIRE_CONFIG", "desk/config")
    assert newswire("feeds", "list")[0] == 0


def test_a_working_folder_that_is_named_for_its_settings_is_one_clear_line(newswire, monkeypatch):
    newswire("init", "desk")
    monkeypatch.setenv("NEWSWIRE_CONFIG", "desk")
    wrong = "newswire: NEWSWIRE_CONFIG: desk holds no settings, its folder config does: name desk/config\n"
    assert newswire("feeds", "list") == (1, "", wrong)


def test_what_a_named_folder_lacks_can_be_added_as_check_says(newswire, tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path))
    for settings_folder, folder in (("desk", "desk"), ("paper/config", "paper")):
        Path(settings_folder).mkdir(parents=True)
        Path(settings_folder, "newswire.toml").write_text(OLD, encoding="utf-8")
        monkeypatch.setenv("NEWSWIRE_CONFIG", settings_folder)
        assert f"(newswire init --missing {folder} adds them)" in newswire("check")[1]
        assert newswire("init", "--missing", folder)[0] == 0
        assert f"ok    settings  {settings_folder}/newswire.toml\n" in newswire("check")[1]
