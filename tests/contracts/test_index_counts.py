"""What every index counts: facets, copies and articles over time, held to a naive count over the documents."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.index import Query
from pipeline.index.fields import facet_values
from pipeline.index.folding import fold
from pipeline.index.time_histogram import TimeCounts, bucket_number, build_histogram, resolve_interval
from tests.contracts.test_index import document, elasticsearch, put, sqlite

MONDAY = dt.datetime(2026, 3, 9, tzinfo=dt.UTC)
HOURS = (-1200, -200, -25, -24, -1, 0, 0, 1, 5, 23, 24, 47, 48, 160, 170, 700)
OUTLETS = ("Wire", "Daily Example", "Evening Example", "Tagblatt", None)
PEOPLE = ("Ana Sousa", "Jo Kim", "João Müller", "Ana Lima", "O’Brien (NY)", "a.b*c")


def _newsroom():
    """Return forty documents: every third one a copy of one before it, of few outlets, people and times."""
    documents = []
    for number in range(40):
        original = number - number % 3 if number % 3 and number % 7 else number
        documents.append(
            document(
                number,
                title=f"Story {number}",
                text=f"flood {'dam ' * (number % 4)}{'storm ' * (number % 5 == 0)}" + "word " * number,
                published=MONDAY + dt.timedelta(hours=HOURS[number * 5 % len(HOURS)]),
                group=document(original).id,
                copy_of=document(original).id if original != number else None,
                is_primary=original == number,
                source=OUTLETS[number * 7 % len(OUTLETS)],
                language=("en", "de")[number % 2],
                people=tuple(PEOPLE[(number + step) % len(PEOPLE)] for step in range(number % 3)),
            )
        )
    return documents


DOCUMENTS = _newsroom()


@pytest.fixture(scope="module", params=[sqlite, pytest.param(elasticsearch, marks=pytest.mark.servers)])
def newsroom(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("index")) as index:
        index.prepare()
        assert put(index, *DOCUMENTS) == []
        yield index
        index.close()


# --- the naive count


def has(document, field, values):
    return not set(values).isdisjoint(facet_values(document, field))


def matching(query, without=None):
    return [
        document
        for document in DOCUMENTS
        if all(word in document.text.split() for word in query.text.split())
        and all(has(document, field, values) for field, values in query.filters.items() if field != without)
        and not any(has(document, field, values) for field, values in query.exclude.items() if field != without)
        and (query.since is None or document.published >= query.since)
        and (query.until is None or document.published < query.until)
    ]


def counted(query, documents):
    return [document for document in documents if query.count == "articles" or document.is_primary]


def most_frequent(documents, field, size, within=""):
    counts = Counter(value for document in documents for value in facet_values(document, field))
    kept = [(value, count) for value, count in counts.items() if fold(within) in fold(value)]
    return tuple(sorted(kept, key=lambda item: (-item[1], item[0]))[:size])


def naive_facets(query):
    return {
        field: most_frequent(
            counted(query, matching(query, without=field)), field, query.facet_size, query.within.get(field, "")
        )
        for field in query.facets
    }


def naive_histogram(query):
    if query.interval is None:
        return None
    documents = counted(query, matching(query))
    times = [document.published for document in documents]
    asked = query.interval
    interval = resolve_interval(asked, min(times), max(times)) if times else "day" if asked == "auto" else asked

    def count(some):
        return Counter(bucket_number(document.published, interval) for document in some)

    of_all = msgspec.structs.replace(
        query,
        text="",
        filters={name: values for name, values in query.filters.items() if name in {"source", "language"}},
        exclude={name: values for name, values in query.exclude.items() if name in {"source", "language"}},
    )
    by = most_frequent(documents, query.by, query.by_size) if query.by else ()
    counts = TimeCounts(
        hits=count(documents),
        values=[(value, count(one for one in documents if has(one, query.by, [value]))) for value, _ in by],
        all=count(counted(query, matching(of_all))) if query.share else None,
    )
    return build_histogram(interval, counts, field=query.by, since=query.since, until=query.until)


def naive_hits(query):
    """Return (id, other articles of its group, their outlets) of the hits in order, for the sorts by time."""
    sign = 1 if query.sort == "oldest" else -1
    documents = sorted(matching(query), key=lambda one: (sign * one.published.timestamp(), not one.is_primary, one.id))
    shown = documents
    if not query.copies:
        leading = {}
        for one in documents:
            leading.setdefault(one.copy_group, one)
        originals = {one.copy_group: one for one in documents if one.is_primary}
        shown = [originals.get(group, one) for group, one in leading.items()]
    return [(one.id, *naive_copies(one)) for one in shown][query.offset : query.offset + query.size]


def naive_copies(shown):
    others = [one for one in DOCUMENTS if one.copy_group == shown.copy_group and one.id != shown.id]
    return len(others), len({one.source for one in others} - {None})


QUERIES = st.builds(
    Query,
    text=st.sampled_from(["", "", "flood", "dam", "storm", "dam storm", "drought"]),
    filters=st.dictionaries(
        st.sampled_from(["source", "people", "language"]),
        st.lists(st.sampled_from([*OUTLETS[:4], *PEOPLE, "en"]), min_size=1, max_size=3).map(tuple),
        max_size=2,
    )
    | st.sampled_from([{"is_primary": ("true",)}, {"is_primary": ("false", "true"), "language": ("en",)}]),
    exclude=st.dictionaries(
        st.sampled_from(["source", "people", "language"]),
        st.lists(st.sampled_from([*OUTLETS[:4], *PEOPLE, "en"]), min_size=1, max_size=2).map(tuple),
        max_size=2,
    ),
    since=st.none() | st.sampled_from([MONDAY, MONDAY - dt.timedelta(days=8)]),
    until=st.none() | st.sampled_from([MONDAY + dt.timedelta(days=2), MONDAY + dt.timedelta(hours=5)]),
    facets=st.lists(st.sampled_from(["source", "people", "language", "is_primary", "words"]), unique=True).map(tuple),
    facet_size=st.sampled_from([1, 2, 10]),
    within=st.dictionaries(
        st.just("people"), st.sampled_from(["ana", "JO", "joao", "mull", "o’brien (", ".b*", "x"]), max_size=1
    ),
    count=st.sampled_from(["articles", "originals"]),
    interval=st.sampled_from(["auto", "hour", "day", "week", "month"]),
    by=st.none() | st.sampled_from(["source", "people"]),
    by_size=st.sampled_from([1, 5]),
    share=st.booleans(),
    sort=st.sampled_from(["newest", "oldest"]),
    size=st.sampled_from([0, 3, 100]),
    offset=st.sampled_from([0, 2]),
    copies=st.booleans(),
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(query=QUERIES)
def test_any_search_counts_what_there_is(newsroom, query):
    results = newsroom.search(query)
    documents = matching(query)
    assert results.articles == len(documents)
    assert results.total == (len(documents) if query.copies else len({one.copy_group for one in documents}))
    assert [(hit.document.id, hit.copies, hit.outlets) for hit in results.hits] == naive_hits(query)
    assert results.facets == naive_facets(query)
    assert results.histogram == naive_histogram(query)


# --- facts that are worth a name


def test_a_fields_own_filter_does_not_narrow_its_counts_and_others_do(newsroom):
    chosen = {"source": ("Wire",)}
    facets = newsroom.search(Query(filters=chosen, facets=("source", "language"), size=0)).facets
    everything = newsroom.search(Query(facets=("source", "language"), size=0)).facets
    assert facets["source"] == everything["source"]
    assert sum(count for _, count in facets["language"]) == dict(everything["source"])["Wire"]
    assert newsroom.search(Query(exclude=chosen, facets=("source",), size=0)).facets["source"] == everything["source"]
    narrowed = newsroom.search(Query(filters=chosen, facets=("source",), narrow_own=True, size=0)).facets
    assert narrowed["source"] == (("Wire", dict(everything["source"])["Wire"]),)


def test_a_folded_hit_is_the_original_even_where_a_copy_matches_better(newsroom):
    folded = newsroom.search(Query(text="storm OR dam", copies=False, size=40))
    groups = {one.copy_group for one in DOCUMENTS if re.search("storm|dam", one.text)}
    assert {hit.document.copy_group for hit in folded.hits} == groups
    for hit in folded.hits:
        original = next(one for one in DOCUMENTS if one.id == hit.document.copy_group)
        assert hit.document.is_primary or not re.search("storm|dam", original.text)
        assert (hit.copies, hit.outlets) == naive_copies(hit.document)
    scores = [hit.score for hit in folded.hits]
    assert scores == sorted(scores, reverse=True)


def test_copies_are_not_counted_where_nobody_asks(newsroom):
    hit = newsroom.search(Query(copy_counts=False, size=1)).hits[0]
    assert (hit.copies, hit.outlets) == (None, None)


def test_an_interval_too_short_for_the_time_that_hits_span_is_refused_with_advice(newsroom):
    put(newsroom, document(900, text="ancient", published=dt.datetime(1990, 1, 1, tzinfo=dt.UTC)))
    put(newsroom, document(901, text="ancient", published=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    try:
        with pytest.raises(UsageError, match=r"interval=hour .* 315,\d+ pieces, more than 2,000; ask by day"):
            newsroom.search(Query(text="ancient", interval="hour"))
        histogram = newsroom.search(Query(text="ancient", interval="auto")).histogram
        assert (histogram.interval, len(histogram.buckets), histogram.buckets[0].count) == ("month", 433, 1)
    finally:
        newsroom.delete([f"{900:020x}", f"{901:020x}"])
        newsroom.refresh()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query(exclude={"sorce": ("x",)}), "did you mean source"),
        (Query(within={"text": "x"}), "can't filter or count by 'text'"),
        (Query(interval="day", by="titel"), "can't filter or count by 'titel'"),
        (Query(by="source"), "name an interval"),
        (Query(share=True), "name an interval"),
        (Query(interval="year"), "intervals: auto, hour, day, week, month"),
        (Query(count="words"), "counts: articles, originals"),
    ],
)
def test_counts_that_make_no_sense_are_explained(newsroom, query, words):
    with pytest.raises(UsageError, match=words):
        newsroom.search(query)
