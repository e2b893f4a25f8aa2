from __future__ import annotations

import pytest

from pipeline.errors import SettingsError, UsageError
from pipeline.feeds.feeds_toml import SourcesFile, sources_to_toml
from pipeline.settings import Source, load_sources

TEXT = """# whom we read

[[source]]  # the paper of record
name = "Times"
feeds = [
    "https://t.example/a",  # world
]
country = "GB"

# the other one
[[source]]
name = "Post"
feeds = ["https://p.example/f", "https://p.example/g"]
"""
MORE = Source(name="Mail", feeds=("https://m.example/f",), language="en", agency=True)


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "feeds.toml"
    made.write_text(TEXT)
    return made


def test_a_source_is_added_and_every_comment_stays(path):
    file = SourcesFile(path)
    assert file.add(MORE) == ["https://m.example/f"]
    file.save()
    assert path.read_text().startswith(TEXT + '[[source]]\nname = "Mail"')
    assert load_sources(file=path)[-1] == MORE
    assert [entry.name for entry in path.parent.iterdir()] == ["feeds.toml"]


def test_adding_it_again_changes_nothing(path):
    for _ in range(2):
        file = SourcesFile(path)
        file.add(MORE)
        file.save()
    assert len(load_sources(file=path)) == 3
    assert SourcesFile(path).add(MORE) == []


def test_new_addresses_of_a_known_source_join_it(path):
    file = SourcesFile(path)
    added = file.add(
        Source(name="Times", feeds=("https://t.example/a", "https://t.example/b"), sitemaps=("https://t.example/s",))
    )
    file.save()
    assert added == ["https://t.example/b", "https://t.example/s"]
    times = load_sources(file=path)[0]
    assert (times.feeds, times.sitemaps, times.country) == (
        ("https://t.example/a", "https://t.example/b"), ("https://t.example/s",), "GB",
    )  # fmt: skip


def test_a_feed_of_another_source_is_not_added_twice(path):
    assert SourcesFile(path).add(Source(name="X", feeds=("https://p.example/f",))) == []


def test_a_source_or_a_single_feed_is_removed_and_the_comments_of_the_others_stay(path):
    file = SourcesFile(path)
    assert file.remove("https://p.example/f") == ["https://p.example/f"]
    assert file.remove("Times") == ["https://t.example/a"]
    file.save()
    assert [(one.name, one.feeds) for one in load_sources(file=path)] == [("Post", ("https://p.example/g",))]
    assert "# whom we read" in path.read_text()
    file.remove("https://p.example/g")
    file.save()
    assert load_sources(file=path) == ()


def test_what_is_not_there_cannot_be_removed(path):
    with pytest.raises(UsageError, match="no source and no feed of this name"):
        SourcesFile(path).remove("https://nobody.example/")


def test_a_result_that_could_not_be_read_is_not_written(path):
    file = SourcesFile(path)
    file.add(Source(name="Bad", feeds=("ftp://m.example/f",)))
    with pytest.raises(SettingsError, match="not an http or https address"):
        file.save()
    assert path.read_text() == TEXT


def test_a_file_that_is_none_is_named_and_a_missing_one_is_begun(tmp_path):
    (tmp_path / "bad.toml").write_text("[[source]\n")
    with pytest.raises(SettingsError, match=r"bad\.toml: not TOML"):
        SourcesFile(tmp_path / "bad.toml")
    file = SourcesFile(tmp_path / "new.toml")
    file.add(MORE)
    file.save()
    assert load_sources(file=tmp_path / "new.toml") == (MORE,)


def test_sources_written_as_toml_are_the_same_when_read(tmp_path):
    (tmp_path / "x.toml").write_text(
        sources_to_toml([MORE, Source(name='A "b" \\ ü', feeds=("https://a.example/",), interval_minutes=2.5)])
    )
    assert [one.name for one in load_sources(file=tmp_path / "x.toml")] == ["Mail", 'A "b" \\ ü']
