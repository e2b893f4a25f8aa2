"""What every index promises: the same tests on SQLite and on a real Elasticsearch."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sqlite3
import threading
import uuid

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import IndexRefusedError, IndexVersionError, QuerySyntaxError, SearchIndexError, UsageError
from pipeline.index import Query, open_index
from pipeline.records import (
    Article,
    Caption,
    CopyKind,
    Entity,
    EntityType,
    Location,
    Names,
    Precision,
)
from pipeline.settings import IndexSettings
from tests.helpers import support
from tests.helpers.spellings import MARKED, SPELLINGS

NOON = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)


def document(number, *, title="Untitled", text="", published=NOON, first_seen=NOON, group=None, **fields):
    article = Article(id=f"{number:020x}", title=title, text=text, published=published)
    return msgspec.structs.replace(support.document(article, group=group, at=first_seen), **fields)


@contextlib.contextmanager
def sqlite(folder):
    yield open_index(f"sqlite:///{folder}/index.db", IndexSettings())


@contextlib.contextmanager
def elasticsearch(_):
    from elasticsearch import Elasticsearch

    url = os.environ.get("NEWSWIRE_TEST_ELASTICSEARCH", "http://127.0.0.1:9200")
    alias = f"test-{uuid.uuid4().hex}"
    yield open_index(url, IndexSettings(alias=alias))
    with Elasticsearch(url) as client:
        for name in client.indices.get(index=f"{alias}*"):
            client.indices.delete(index=name)
        client.options(ignore_status=404).indices.delete_index_template(name=alias)


@pytest.fixture(params=[sqlite, pytest.param(elasticsearch, marks=pytest.mark.servers)])
def unprepared(request, tmp_path):
    with request.param(tmp_path) as index:
        yield index
        index.close()


@pytest.fixture
def index(unprepared):
    unprepared.prepare()
    return unprepared


def put(index, *many):
    refused = index.upsert(many)
    index.refresh()
    return refused


def found(index, text="", **query):
    """Return the numbers of the documents found, in order."""
    return [int(hit.document.id, 16) for hit in index.search(Query(text=text, **query)).hits]


# --- its life


def test_an_index_that_was_never_prepared_says_so(unprepared):
    with pytest.raises(SearchIndexError, match="newswire run makes it"):
        unprepared.identity()
    with pytest.raises(SearchIndexError, match="newswire run makes it"):
        unprepared.search(Query())


def test_its_identity_stays_until_it_is_wiped(index):
    identity = index.identity()
    index.prepare()
    put(index, document(1))
    assert index.identity() == identity
    index.wipe()
    assert index.count() == 0
    assert index.identity() != identity
    assert put(index, document(1)) == []
    assert index.count() == 1


def set_version(index, version):
    """Let an index look as if another version of newswire had made it."""
    if path := getattr(index, "_path", None):
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
    else:
        meta = {"newswire": {"identity": index.identity(), "version": version}}
        index._client.indices.put_mapping(index=index._alias, meta=meta)


def test_an_index_of_another_version_is_refused_until_it_is_wiped(index):
    put(index, document(1, text="flood"))
    identity = index.identity()
    set_version(index, 6)
    for attempt in (index.prepare, index.identity):
        with pytest.raises(IndexVersionError, match="made by another version of newswire; newswire run makes it anew"):
            attempt()
    index.wipe()
    assert index.count() == 0
    assert index.identity() != identity
    assert put(index, document(1, text="drought")) == []
    assert found(index, "drought") == [1]


def test_a_document_comes_back_as_it_was_put(index):
    whole = document(
        1,
        title="Dam ‘holds’ — for now",
        text="First paragraph.\nSecond paragraph, with São Paulo.",
        url="https://daily.example/dam",
        source="Daily Example",
        authors=("Ana Sousa", "Jo Kim"),
        captions=(Caption(text="The dam", credit="Wire Example"),),
        published_precision=Precision.INSTANT,
        copy_kind=CopyKind.TRUNCATED,
        paywalled=False,
        entities=(
            Entity(id="e1", name="São Paulo", type=EntityType.PLACE, count=2, location=Location(lat=-23.5, lon=-46.6)),
        ),
        locations=(Location(lat=-23.5, lon=-46.6),),
    )
    put(index, whole, document(2, published=None))
    assert index.get(whole.id) == whole
    assert index.get(document(2).id).published is None
    assert index.get("unknown") is None


def test_putting_twice_changes_nothing(index):
    one = document(1, text="flood")
    put(index, one)
    put(index, one, one)
    assert index.count() == 1
    assert found(index, "flood") == [1]


def test_a_newer_revision_replaces_and_an_older_one_never_does(index):
    put(index, document(1, text="flood", revision=5, people=("Ana Sousa",)))
    assert put(index, document(1, text="drought", revision=4)) == []
    assert found(index, "drought") == []
    put(index, document(1, text="storm", revision=6))
    assert found(index, "flood") == []
    assert found(index, "storm") == [1]
    assert found(index, filters={"people": ("Ana Sousa",)}) == []
    assert list(index.revisions()) == [(document(1).id, 6)]


def test_a_document_first_seen_in_another_month_is_still_one(index):
    april = NOON + dt.timedelta(days=30)
    put(index, document(1, revision=1, text="march"))
    put(index, document(1, revision=2, text="april", first_seen=april))
    assert index.count() == 1
    assert index.get(document(1).id).text == "april"
    put(index, document(1, revision=1, text="march"))
    assert index.get(document(1).id).text == "april"
    assert index.count() == 1


def test_a_bad_document_is_named_and_the_others_go_in(index):
    refused = put(index, document(1), document(2, text="half a pair: \ud83d"), document(3))
    assert [(one.id, one.retry) for one in refused] == [(document(2).id, False)]
    assert refused[0].detail
    assert index.count() == 2


def test_what_is_deleted_is_gone_and_can_come_back(index):
    index.upsert([document(1, text="flood"), document(2, text="flood")])
    index.delete([document(1).id, "unknown"])
    index.refresh()
    assert found(index, "flood") == [2]
    assert index.count() == 1
    put(index, document(1, text="flood"))
    assert sorted(found(index, "flood")) == [1, 2]


def test_nothing_to_do_is_fine(index):
    assert index.upsert([]) == []
    index.delete([])
    assert index.search(Query(facets=("source",))).hits == ()
    assert list(index.revisions()) == []


def test_revisions_name_every_document(index):
    put(index, *(document(number, revision=number) for number in range(1, 30)))
    assert sorted(index.revisions()) == [(document(number).id, number) for number in range(1, 30)]


def test_it_serves_several_threads(index):
    put(index, document(1, text="flood"))
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(found(index, "flood"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[1]] * 8


# --- generations


def test_a_generation_that_is_being_built_is_written_first_and_read_by_nobody(index):
    put(index, document(1, text="flood"))
    number = index.add_generation()
    put(index, document(2, text="flood"))
    building = index.open_generation(number)
    building.refresh()
    assert (found(index, "flood"), dict(building.revisions())) == ([1, 2], {document(2).id: 1})
    assert [(one.number, one.is_current, one.is_of_this_version) for one in index.list_generations()] == [
        (1, True, True),
        (number, False, True),
    ]
    assert building.identity() != index.identity()


def test_what_is_deleted_is_gone_from_every_generation(index):
    put(index, document(1), document(2))
    number = index.add_generation()
    put(index, document(1), document(2))
    index.delete([document(1).id])
    index.switch_to(number)
    index.delete([document(2).id])
    index.refresh()
    former = index.open_generation(1)
    former.refresh()
    assert (found(index), list(former.revisions())) == ([], [])


def test_searches_and_writes_of_all_programs_go_over_to_the_generation_that_is_switched_to(index, request):
    other = open_again(index)
    request.addfinalizer(other.close)
    put(other, document(1), document(3))
    number = index.add_generation()
    index.open_generation(number).upsert([document(1), document(2)])
    index.refresh()
    index.open_generation(number).refresh()
    index.switch_to(number)
    assert found(other) == [1, 2]
    later = NOON + dt.timedelta(days=60)  # in a month that the new generation hasn't yet
    put(other, document(4, first_seen=later, published=later))
    assert found(index) == found(other) == [4, 1, 2]
    former = index.open_generation(1)
    assert sorted(former.revisions()) == [(document(1).id, 1), (document(3).id, 1)]
    assert index.identity() == other.identity() == index.open_generation(number).identity()


def test_its_size_is_that_of_all_its_generations(index):
    put(index, *(document(number, text=f"word{number} " * 50) for number in range(50)))
    alone = index.size_bytes()
    index.add_generation()
    put(index, document(60))
    assert index.size_bytes() > alone > 0


def test_all_but_the_current_generation_can_be_dropped(index):
    put(index, document(1))
    number = index.add_generation()
    with pytest.raises(IndexRefusedError, match="searches see generation 1"):
        index.drop_generation(1)
    index.drop_generation(number)
    index.drop_generation(7)
    assert found(index) == [1]
    number = index.add_generation()
    index.switch_to(number)
    index.drop_generation(1)
    assert (found(index), put(index, document(2)), found(index)) == ([], [], [2])
    assert [one.number for one in index.list_generations()] == [number]


def test_a_generation_that_is_not_there_is_not_switched_to(index):
    put(index, document(1))
    with pytest.raises(IndexRefusedError, match="there is no index"):
        index.switch_to(5)
    assert found(index) == [1]


def test_a_generation_that_is_given_up_under_way_keeps_nobody_from_writing(index, monkeypatch):
    put(index, document(1))
    number = index.add_generation()
    put(index, document(2))
    building = type(index.open_generation(number))
    upsert = building.upsert

    def upsert_late(generation, documents):
        if generation is index.open_generation(number):
            monkeypatch.undo()
            index.drop_generation(number)
        return upsert(generation, documents)

    monkeypatch.setattr(building, "upsert", upsert_late)
    assert put(index, document(3)) == []
    assert found(index) == [1, 2, 3]


def open_again(index):
    """Open the index as another program would."""
    if path := getattr(index, "_base", None):
        return open_index(f"sqlite:///{path}", IndexSettings())
    return open_index(index._cluster.address, IndexSettings(alias=index._alias))


# --- the query language


@pytest.fixture
def newsroom(index):
    put(
        index,
        document(
            1,
            title="Dam breaks above Rivertown",
            text="Thousands of refugees fled. The mayor’s office spoke of a state of emergency.",
            source="Daily Example",
            people=("Ana Sousa", "Jo Kim"),
            language="en",
            published=NOON - dt.timedelta(hours=2),
        ),
        document(
            2,
            title="Drought in the south",
            text="The state said that an emergency loan was agreed. The U.S. sent 1,000 tents to São Paulo.",
            source="Evening Example",
            people=("Jo Kim",),
            language="en",
            captions=(Caption(text="A dry lake near Springfield"),),
            published=NOON - dt.timedelta(hours=1),
        ),
        document(
            3,
            title="Vor dem Deich",
            text="Der Fluss stieg über die Ufer, ein Bote kam.",
            language="de",
            source="Tagblatt",
            published=NOON,
        ),
    )
    return index


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [1, 2, 3]),
        ("refugee", [1]),
        ("REFUGEES", [1]),
        ("emergency", [1, 2]),
        ("emergency dam", [1]),
        ("emergency AND dam", [1]),
        ('"state of emergency"', [1]),
        ("“state of emergency”", [1]),
        ("emergency -dam", [2]),
        ('emergency -"emergency loan"', [1]),
        ("-emergency", [3]),
        ("dam OR drought", [1, 2]),
        ("emergency dam OR tents", [1, 2]),
        ("fluss OR -emergency", [3]),
        ("sao", [2]),
        ("São", [2]),
        ("uber", [3]),
        ("mayor", [1]),
        ("mayor's", [1]),
        ("U.S.", [2]),
        ("1,000", [2]),
        ("springfield", [2]),
        ("people:sousa", [1]),
        ('people:"jo kim"', [1, 2]),
        ('people:"sousa jo"', []),
        ("person:kim -source:daily", [2]),
        ("title:dam", [1]),
        ("title:emergency", []),
        ("language:de", [3]),
        ("lang:DE", [3]),
        ("is_primary:true dam", [1]),
        ("daily", []),
    ],
)
def test_a_search_line_finds(newsroom, text, expected):
    assert sorted(found(newsroom, text)) == expected


def test_a_script_without_spaces_is_found_by_its_words(index):
    put(index, document(1, text="数千人の難民が逃げた"), document(2, text="難しい民話"))
    assert found(index, "難民") == [1]
    assert found(index, "逃") == [1]


def test_spellings_find_each_other_where_readers_expect_it(index):
    put(
        index,
        *(
            document(number, text=text, language=language)
            for number, (language, text, _, _) in enumerate(SPELLINGS, start=1)
        ),
    )
    wrong = [
        (text, line, expected)
        for number, (_, text, finding, missing) in enumerate(SPELLINGS, start=1)
        for line, expected in (*((line, True) for line in finding), *((line, False) for line in missing))
        if (number in found(index, line, size=200)) != expected
    ]
    assert wrong == [], wrong


def test_what_matched_is_marked_in_the_text_as_it_is_written(index):
    put(index, *(document(number, text=text) for number, (text, _, _) in enumerate(MARKED, start=1)))
    for number, (_, line, marked) in enumerate(MARKED, start=1):
        hits = {int(hit.document.id, 16): hit for hit in index.search(Query(text=line, size=100)).hits}
        assert hits[number].highlights == {"text": marked}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(st.sampled_from([*'"-:()*^+~\\/', "OR", "AND", "NOT", "NEAR", "title:", "dam", " "]), max_size=30).map(
            "".join
        ),
    )
)
def test_every_search_line_is_answered_or_refused(newsroom, text):
    with contextlib.suppress(QuerySyntaxError):
        newsroom.search(Query(text=text, copies=False, facets=("source",)))


def test_a_thousand_words_are_a_search_too(newsroom):
    many = " OR ".join([*(f"zz{number}" for number in range(999)), "dam"])
    assert found(newsroom, many) == [1]
    assert found(newsroom, " ".join(["state", *(f"-zz{number}" for number in range(998)), "-dam"])) == [2]
    assert found(newsroom, " OR ".join([*(f"people:zz{number}" for number in range(998)), "published:2026-03-09 -dam"]))
    with pytest.raises(QuerySyntaxError, match="more than 1,000 words"):
        newsroom.search(Query(text=f"{many} OR more"))


# --- results


def test_what_matched_is_marked_and_the_rest_is_escaped(index):
    put(index, document(1, title="Dams & <b>floods</b>", text="One. " * 400 + "The dam <i>broke</i>. " + "Two. " * 400))
    hit = index.search(Query(text="dam")).hits[0]
    assert hit.highlights["title"] == "<mark>Dams</mark> &amp; &lt;b&gt;floods&lt;/b&gt;"
    assert "<mark>dam</mark> &lt;i&gt;broke&lt;/i&gt;" in hit.highlights["text"]
    assert len(hit.highlights["text"]) < 600
    assert index.search(Query(text="dam", highlight=False)).hits[0].highlights == {}
    assert index.search(Query()).hits[0].highlights == {}


def test_a_mark_at_either_end_is_whole(index):
    put(index, document(1, title="Dam", text="Dam. A dam"))
    hit = index.search(Query(text="dam")).hits[0]
    assert hit.highlights == {"title": "<mark>Dam</mark>", "text": "<mark>Dam</mark>. A <mark>dam</mark>"}


def test_facets_count_what_was_found_most_frequent_first(newsroom):
    results = newsroom.search(Query(text="emergency", facets=("people", "source", "tags", "is_primary"), size=0))
    assert results.hits == ()
    assert results.facets == {
        "people": (("Jo Kim", 2), ("Ana Sousa", 1)),
        "source": (("Daily Example", 1), ("Evening Example", 1)),
        "tags": (),
        "is_primary": (("true", 2),),
    }
    assert newsroom.search(Query(facets=("people",), facet_size=1)).facets == {"people": (("Jo Kim", 2),)}


def test_lengths_are_counted_filtered_and_searched_by_their_range(index):
    put(index, *(document(number, text="dam " * words) for number, words in enumerate((0, 1, 99, 100, 299, 5000))))
    assert index.search(Query(facets=("words",))).facets == {
        "words": (("1-99", 2), ("100-299", 2), ("1200 or more", 1)),
    }
    assert found(index, filters={"words": ("1-99", "1200 or more")}, sort="oldest") == [1, 2, 5]
    assert found(index, filters={"words": ("40", "5000")}, sort="oldest") == [1, 2, 5]
    for line in ("words:250", "length:299", 'words:"100-299"'):
        assert found(index, line, sort="oldest") == found(index, filters={"words": ("100-299",)}, sort="oldest"), line
    assert sorted(found(index, "words:100-299")) == [3, 4]
    assert found(index, "length:1200 dam") == [5]
    assert found(index, "1200") == []


def test_filters_keep_any_of_the_values_of_every_field(newsroom):
    assert found(newsroom, filters={"source": ("Daily Example", "Tagblatt")}, sort="newest") == [3, 1]
    assert found(newsroom, filters={"source": ("Daily Example", "Tagblatt"), "language": ("en",)}) == [1]
    assert found(newsroom, filters={"source": ("daily example",)}) == []
    assert found(newsroom, filters={"is_primary": ("true",)}, text="dam") == [1]
    assert found(newsroom, filters={"source": ()}) == []


def test_ids_keep_these_documents_alone(newsroom):
    both = tuple(document(number).id for number in (1, 3))
    assert found(newsroom, ids=both, sort="newest") == [3, 1]
    assert found(newsroom, ids=both, text="dam", filters={"source": ("Daily Example",)}) == [1]
    assert found(newsroom, ids=(document(9).id,)) == []
    assert found(newsroom, ids=()) == []


def test_times_bound_the_publication_and_else_the_first_sight(newsroom):
    put(newsroom, document(4, published=None, first_seen=NOON - dt.timedelta(minutes=30)))
    assert found(newsroom, since=NOON - dt.timedelta(hours=1), until=NOON, sort="newest") == [4, 2]
    assert found(newsroom, sort="newest") == [3, 4, 2, 1]
    assert found(newsroom, sort="oldest") == [1, 2, 4, 3]


def test_a_hit_in_the_title_is_more_relevant(index):
    put(index, document(1, title="Weather", text="A dam was mentioned."), document(2, title="Dam", text="Weather."))
    assert found(index, "dam") == [2, 1]
    scores = [hit.score for hit in index.search(Query(text="dam")).hits]
    assert scores == sorted(scores, reverse=True)
    assert index.search(Query(text="dam", sort="newest")).hits[0].score is None


def test_pages_follow_each_other_without_gap_or_overlap(index):
    put(index, *(document(number, text="flood") for number in range(1, 26)))
    pages = [found(index, "flood", size=10, offset=offset) for offset in (0, 10, 20, 30)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert sorted(number for page in pages for number in page) == list(range(1, 26))
    assert index.search(Query(text="flood", size=1)).total == 25


def test_copies_fold_into_one_hit_and_nothing_is_hidden(index):
    first = document(1).id
    put(
        index,
        document(1, text="flood", copies=2, source="Wire"),
        document(2, text="flood", copies=2, source="Daily", group=first, copy_of=first, is_primary=False),
        document(
            3, text="flood and a local voice", copies=2, source="Evening", group=first, copy_of=first, is_primary=False
        ),
        document(4, text="flood"),
    )
    folded = index.search(Query(text="flood", copies=False, facets=("copy_group",)))
    assert (folded.total, folded.articles) == (2, 4)
    assert sorted(int(hit.document.id, 16) for hit in folded.hits) == [1, 4]
    assert folded.facets["copy_group"][0] == (first, 3)
    assert index.search(Query(text="flood")).total == 4
    assert found(index, "local voice", copies=False) == [3]
    assert found(index, copies=False, filters={"source": ("Daily",)}) == [2]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query(filters={"sorce": ("x",)}), "did you mean source"),
        (Query(facets=("text",)), "can't filter or count by 'text'"),
        (Query(sort="best"), "relevance, newest, oldest"),
        (Query(size=10_001), "first 10000 hits"),
        (Query(size=-1), "can't be negative"),
        (Query(since=dt.datetime(2026, 1, 1)), "time zone"),
    ],
)
def test_a_query_that_makes_no_sense_is_explained(index, query, words):
    with pytest.raises(UsageError, match=words):
        index.search(query)


def test_a_named_entity_with_odd_values_goes_in(index):
    names = Names(
        id="x", entities=(Entity(id="e", name="N" * 600, type=EntityType.PERSON, location=Location(lat=123, lon=0)),)
    )
    put(index, document(1, people=("N" * 600,), entities=names.entities, locations=(Location(lat=123, lon=0),)))
    assert index.count() == 1
    assert index.search(Query(facets=("people",))).facets == {"people": ()}
