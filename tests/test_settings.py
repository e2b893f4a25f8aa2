"""What an operator may set, and what is said of a mistake."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest

from pipeline.errors import SettingsError
from pipeline.settings import Settings, config_folder, load_environment, load_settings, load_sources

REPO = Path(__file__).parent.parent


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_file_in_config_says_just_the_defaults():
    assert load_settings(REPO / "config") == Settings()


def test_the_file_in_config_names_every_key():
    text = (REPO / "config/newswire.toml").read_text(encoding="utf-8")
    for section in msgspec.structs.fields(Settings):
        assert f"[{section.name}]" in text
        for key in msgspec.structs.fields(section.type):
            forms = (f"{key.name} = ", f"{key.name}.", f"[[{section.name}.{key.name}]]")
            assert any(form in text for form in forms), f"{section.name}.{key.name}"


def test_the_notifiers_that_the_file_shows_as_examples_name_every_key_and_can_be_read(tmp_path):
    text = (REPO / "config/newswire.toml").read_text(encoding="utf-8")
    lines = [line.removeprefix("# ") for line in text.splitlines() if line.startswith(("# webhook = ", "# mail = "))]
    example = "\n".join(lines)
    alerts = load_settings(write(tmp_path, "newswire.toml", f"[alerts]\n{example}\n")).alerts
    assert alerts.webhook
    assert alerts.mail
    for notifier in (*alerts.webhook, *alerts.mail):
        for key in notifier.__struct_fields__:
            assert f"{key} = " in example, key


def test_a_folder_without_files_gives_the_defaults(tmp_path):
    assert load_settings(tmp_path) == Settings()
    assert load_sources(tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[fetch]\nper_host_delay = 2\n", r"unknown key fetch\.per_host_delay; did you mean per_host_delay_seconds\?"),
        ("[fetsch]\n", r"unknown key fetsch; did you mean fetch\?"),
        ("[run]\nbatch = 'many'\n", r"run\.batch: Expected `int`, got `str`"),
        ("[run\n", "not TOML"),
    ],
)
def test_a_mistake_is_named_by_file_and_key(tmp_path, text, said):
    with pytest.raises(SettingsError, match=said) as raised:
        load_settings(write(tmp_path, "newswire.toml", text))
    assert str(tmp_path / "newswire.toml") in str(raised.value)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('feeds = ["ftp://times.example/rss"]', "not an http or https address"),
        ('country = "Germany"', "code of two capitals"),
        ('language = "English"', "language"),
        ('time_zone = "CEST"', "Europe/Berlin"),
        ('feed = ["https://times.example/rss"]', "unknown key source.*feed; did you mean feeds"),
    ],
)
def test_a_source_that_cannot_be_used_is_named(tmp_path, lines, said):
    with pytest.raises(SettingsError, match=said):
        load_sources(write(tmp_path, "feeds.toml", f'[[source]]\nname = "Times"\n{lines}\n'))


def test_two_sources_of_one_name_are_refused(tmp_path):
    text = '[[source]]\nname = "Times"\n' * 2
    with pytest.raises(SettingsError, match="two sources are called 'Times'"):
        load_sources(write(tmp_path, "feeds.toml", text))


def test_sources_are_read_with_their_traits(tmp_path):
    text = '[[source]]\nname = "Times"\nfeeds = ["https://times.example/rss"]\ncountry = "GB"\nagency = true\n'
    (source,) = load_sources(write(tmp_path, "feeds.toml", text))
    assert (source.name, source.country, source.agency) == ("Times", "GB", True)


def test_without_an_environment_everything_lies_under_var():
    addresses = load_environment({})
    assert addresses.store_url == f"sqlite:///{Path('var').absolute()}/ledger.db"
    assert addresses.index_url.startswith("sqlite:///")


def test_a_secret_is_read_from_the_file_that_its_variable_names(tmp_path):
    (tmp_path / "key").write_text("abc\n", encoding="utf-8")
    assert load_environment({"NEWSWIRE_INDEX_API_KEY_FILE": str(tmp_path / "key")}).index_api_key == "abc"


def test_a_variable_and_its_file_contradict_each_other(tmp_path):
    with pytest.raises(SettingsError, match="unset one"):
        load_environment({"NEWSWIRE_STORE_URL": "sqlite:///x", "NEWSWIRE_STORE_URL_FILE": str(tmp_path / "x")})


def test_a_secret_file_that_is_missing_is_named():
    with pytest.raises(SettingsError, match="NEWSWIRE_INDEX_API_KEY_FILE: /nowhere/key can't be read"):
        load_environment({"NEWSWIRE_INDEX_API_KEY_FILE": "/nowhere/key"})


def test_the_settings_folder_that_is_named_must_be_there():
    with pytest.raises(SettingsError, match="is not a folder"):
        config_folder({"NEWSWIRE_CONFIG": "/nowhere"})


def test_the_settings_file_is_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (config_folder({}) / "newswire.toml").is_file()


def test_the_distribution_carries_the_settings_files():
    packed = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = packed["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"config": "pipeline/config"}


@pytest.mark.parametrize("key", ["feeds", "sitemaps", "pages", "home"])
def test_an_address_with_a_password_is_refused_with_the_remedy_and_not_shown(tmp_path, key):
    address = "https://user:secret@outlet.example/feed"
    value = f'"{address}"' if key == "home" else f'["{address}"]'
    (tmp_path / "feeds.toml").write_text(f'[[source]]\nname = "A"\n{key} = {value}\n')
    with pytest.raises(
        SettingsError, match=r'outlet.example holds a user or password.*set credentials = "X"'
    ) as refused:
        load_sources(tmp_path)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("address", ["http://[::1", "javascript:x", "http://a:0/", "http://a:99999/", "ftp://a/"])
def test_a_feed_at_no_address_is_refused(tmp_path, address):
    (tmp_path / "feeds.toml").write_text(f'[[source]]\nname = "A"\nfeeds = ["{address}"]\n')
    with pytest.raises(SettingsError, match="is not an http or https address"):
        load_sources(tmp_path)


@pytest.mark.parametrize("line", ["port = 0", "port = 65536", "port = -1", "max_connections = 0", "body_seconds = 0"])
def test_a_limit_of_the_server_that_is_none_is_refused(tmp_path, line):
    (tmp_path / "newswire.toml").write_text(f"[serve]\n{line}\n")
    with pytest.raises(SettingsError, match=f"serve.{line.partition(' ')[0]}"):
        load_settings(tmp_path)
