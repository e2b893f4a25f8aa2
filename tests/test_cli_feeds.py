from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from pipeline.cli import cli
from pipeline.errors import UsageError
from tests.helpers.support import REPO

SETTINGS = '[fetch]\nallow_addresses = ["127.0.0.0/8"]\nper_host_delay_seconds = 0.0\n'


@pytest.fixture
def config(tmp_path, monkeypatch):
    folder = tmp_path / "config"
    shutil.copytree(REPO / "config", folder)
    (folder / "newswire.toml").write_text(SETTINGS)
    (folder / "feeds.toml").write_text("# ours\n")
    monkeypatch.setenv("NEWSWIRE_CONFIG", str(folder))
    monkeypatch.setenv("NEWSWIRE_HOME", str(tmp_path / "var"))
    return folder


def run(*words, code=0):
    result = CliRunner().invoke(cli, ["feeds", *words])
    assert result.exit_code == code, result.output
    return result


def feed(*names, title="The Times"):
    items = "".join(f"<item><title>{n}</title><link>/{n}</link></item>" for n in names)
    return f'<rss version="2.0"><channel><title>{title}</title>{items}</channel></rss>'


def text(config):
    return (config / "feeds.toml").read_text()


def test_a_feed_is_added_checked_listed_and_removed(site, config):
    url = site.page("/feed", feed("a", "b"))
    assert "The Times" in run("add", url, "--country", "GB", "--dry-run").stdout
    assert text(config) == "# ours\n"
    run("add", url, "--country", "GB")
    assert text(config).startswith("# ours\n")
    assert 'country = "GB"' in text(config)
    assert "nothing new" in run("add", url).stdout
    (line,) = run("check", "--json").stdout.splitlines()
    assert (json.loads(line)["entries"], json.loads(line)["fault"]) == (2, None)
    assert url in run("list").stdout
    assert run("remove", "The Times").stdout.strip() == url
    assert text(config).strip() == "# ours"


def test_what_cannot_be_added_or_read_is_named_and_the_rest_goes_on(site, config):
    good, bad = site.page("/feed", feed("a")), site.url("/missing")
    result = run("add", bad, good, code=1)
    assert f"{bad}: not found" in result.stderr
    assert good in text(config)
    site.handlers.clear()
    assert "status 404" in run("check", code=1).stderr


def test_wrong_names_are_wrong_use(site, config):
    for words in (("remove", "Nobody"), ("check", "Nobody"), ("health", "--source", "Nobody"), ("import", "/no/such")):
        assert isinstance(CliRunner().invoke(cli, ["feeds", *words]).exception, UsageError)


def test_lists_of_feeds_come_and_go_as_opml_and_toml(config, tmp_path):
    opml = tmp_path / "list.opml"
    opml.write_text(
        '<opml><body><outline text="A" xmlUrl="https://a.example/f"/><outline text="B" xmlUrl="nowhere"/></body></opml>'
    )
    assert run("import", str(opml), "--dry-run", code=1).stdout == "A\thttps://a.example/f\n"
    assert "a.example" not in text(config)
    assert "B: 'nowhere'" in run("import", str(opml), code=1).stderr
    out = tmp_path / "out.toml"
    run("export", "--format", "toml", "-o", str(out))
    assert run("import", str(out)).stdout == ""
    assert 'xmlUrl="https://a.example/f"' in run("export").stdout


def test_health_shows_what_fails_and_why_and_is_json_where_asked(site, config):
    good, bad = site.page("/feed", feed("a")), site.page("/bad", "<html>Sorry</html>")
    (config / "feeds.toml").write_text(f'[[source]]\nname = "T"\nfeeds = ["{good}", "{bad}"]\n')
    assert CliRunner().invoke(cli, ["run", "--stage", "poll"]).exit_code == 0
    shown = run("health").stdout
    assert shown.startswith("2 feeds of 1 sources: 1 failing, 1 well")
    assert bad in shown
    assert good not in shown
    assert good in run("health", "--all").stdout
    lines = [json.loads(line) for line in run("health", "--json").stdout.splitlines()]
    assert [line.get("condition") for line in lines] == ["failing", "well", None]
    assert (lines[2]["source"], lines[2]["named"], lines[2]["share"]) == ("T", 1, 1.0)
    assert "100.0%" in run("health", "--source", "T").stdout


def test_an_address_with_a_password_is_neither_added_nor_shown(site, config, tmp_path):
    site.page("/feed", feed("a"))
    result = run("add", site.url("/feed").replace("://", "://user:secret@"), code=1)
    assert "holds a user or password" in result.output
    outlines = "".join(
        f'<outline type="rss" text="{name}" xmlUrl="https://{login}{name}.example/f"/>'
        for name, login in (("a", "user:secret@"), ("b", ""))
    )
    (tmp_path / "x.opml").write_text(f"<opml version='2.0'><body>{outlines}</body></opml>")
    imported = run("import", str(tmp_path / "x.opml"), code=1)
    assert "source 'a': the address at a.example holds a user or password" in imported.output
    assert "https://b.example/f" in text(config)
    assert "secret" not in result.output + imported.output + text(config)
    assert site.requests == []
