from __future__ import annotations

import datetime as dt
import multiprocessing
import sqlite3

import msgspec
import pytest

from pipeline.errors import IndexAwayError, IndexRefusedError, SettingsError
from pipeline.index import Query, open_index
from pipeline.index.fields import FACETS, QUERY_FIELDS
from pipeline.records import Article
from pipeline.settings import IndexSettings
from tests.helpers import support

NOON = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)


def document(number, text="A dam broke."):
    return support.document(Article(id=f"{number:020x}", text=text))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "var" / "index.db"


@pytest.fixture
def index(file):
    made = open_index(f"sqlite:///{file}", IndexSettings(timeout_seconds=0.2))
    made.prepare()
    yield made
    made.close()


def opened(file):
    return open_index(f"sqlite:///{file}", IndexSettings(timeout_seconds=0.2))


def test_the_folder_is_made_and_the_file_reopened(index, file):
    index.upsert([document(1)])
    again = opened(file)
    again.prepare()
    assert again.identity() == index.identity()
    assert again.search(Query(text="dams")).total == 1
    again.close()


@pytest.mark.parametrize(
    ("text", "word", "part"),
    [
        ("人気アイドルグループが解散", "アイドル", "アイル"),
        ("यात्रा की दर घटी", "की", "के"),
        ("ลดภาษีดีเซล", "ภาษี", "ภาษ่"),
        ("កាត់បន្ថយពន្ធលើប្រេង", "ពន្ធ", "ពន្ធា"),
        ("ຫຼຸດພາສີນໍ້າມັນ", "ພາສີ", "ພາສັ"),
        ("ဒီဇယ်ဆီအခွန်ကို", "အခွန်", "အခွန့်"),
    ],
)
def test_words_are_found_and_marked_with_their_vowels_and_inside_of_compounds(index, text, word, part):
    index.upsert([document(1, text)])
    hit = index.search(Query(text=word)).hits[0]
    assert hit.highlights["text"] == text.replace(word, f"<mark>{word}</mark>")
    assert index.search(Query(text=part)).total == 0


def test_a_foreign_file_is_refused_and_left_as_it_is(file):
    file.parent.mkdir()
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = file.read_bytes()
    foreign = opened(file)
    with pytest.raises(IndexRefusedError, match="not a newswire index"):
        foreign.prepare()
    with pytest.raises(IndexRefusedError, match="not a newswire index"):
        opened(file).count()
    foreign.close()
    assert file.read_bytes() == before


def test_what_is_no_database_is_refused(file):
    file.parent.mkdir()
    file.write_text("not a database, " * 100)
    with pytest.raises(IndexRefusedError, match="is not an SQLite file"):
        opened(file).prepare()


def test_another_version_is_refused(index, file):
    index.close()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(IndexRefusedError, match="made by another version of newswire"):
        opened(file).search(Query())


def test_a_place_where_no_file_can_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexRefusedError, match="no folder can be made"):
        opened(tmp_path / "file" / "index.db").prepare()
    with pytest.raises(IndexRefusedError, match="can't be opened"):
        opened(tmp_path).prepare()


def test_a_writer_that_never_ends_makes_it_away(index, file):
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(IndexAwayError, match="another process keeps it locked"):
        index.upsert([document(1)])
    assert index.count() == 0  # readers don't wait
    other.execute("ROLLBACK")
    other.close()
    assert index.upsert([document(1)]) == []


def test_a_full_disk_makes_it_away_and_leaves_it_whole(index):
    index.upsert([document(1)])
    connection = index.open_generation(1)._connection()
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0] + 2}")
    with pytest.raises(IndexAwayError, match="make room"):
        index.upsert([document(number, "word " * 5000) for number in range(2, 20)])
    connection.execute("PRAGMA max_page_count = 100000")
    assert index.search(Query(text="dam")).articles == index.count() == 1


def _write(file, start):
    index = open_index(f"sqlite:///{file}", IndexSettings())
    for number in range(start, start + 40):
        index.upsert([document(number)])
    index.close()


@pytest.mark.slow
def test_two_processes_write_at_once_and_nothing_is_lost(index, file):
    context = multiprocessing.get_context("forkserver")
    writers = [context.Process(target=_write, args=(file, start)) for start in (100, 120)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert index.count() == 60
    assert index.search(Query(text="dam")).total == 60


@pytest.mark.parametrize(
    "url", ["", "index.db", "sqlite://", "sqlite:///", "postgresql://h/x", "http://", "ftp://u:secret@h"]
)
def test_an_address_of_no_engine_is_a_settings_error_without_its_password(url):
    with pytest.raises(SettingsError, match="NEWSWIRE_INDEX_URL") as caught:
        open_index(url, IndexSettings())
    assert "secret" not in str(caught.value)


def test_a_document_whose_words_stay_is_replaced_without_being_indexed_again(index, file):
    article = Article(id=f"{1:020x}", text="A dam broke.")
    index.upsert([support.document(article)])
    grown = msgspec.structs.replace(support.document(article), revision=2, story_size=7, published=NOON)
    connection = sqlite3.connect(file)
    before = connection.execute("SELECT number FROM document").fetchone()
    index.upsert([grown])
    assert connection.execute("SELECT number FROM document").fetchone() == before
    connection.close()
    assert index.get(grown.id) == grown
    assert index.search(Query(text="dam", since=NOON)).hits[0].document == grown
    index.upsert([support.document(article)])  # an older revision changes nothing
    assert index.get(grown.id) == grown


def test_a_document_with_other_words_or_facets_is_found_by_them_alone(index):
    article = Article(id=f"{1:020x}", text="A dam broke.")
    index.upsert([support.document(article)])
    other = msgspec.structs.replace(support.document(article), revision=2, text="A bridge fell.", is_primary=False)
    index.upsert([other])
    assert index.search(Query(text="dam")).total == 0
    assert index.search(Query(text="bridge")).total == 1
    assert index.search(Query(facets=("is_primary",))).facets["is_primary"] == (("false", 1),)


def test_all_that_facets_count_is_among_what_words_are_looked_for_in():
    assert set(FACETS) <= set(QUERY_FIELDS)  # so that equal words mean equal facets
