from __future__ import annotations

import datetime as dt

import pytest

from pipeline.dedupe import GroupSummary
from pipeline.documents import ArticleRecords, build_document
from pipeline.records import (
    Article,
    Copy,
    CopyKind,
    Entity,
    EntityType,
    Entry,
    Location,
    Names,
    Page,
    Placement,
    Precision,
    from_json,
    to_json,
)
from pipeline.records import Document as DocumentRecord
from pipeline.settings import Source

NOON = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)

ENTRY = Entry(
    id="a1",
    url="https://daily.example/dam?utm_source=rss",
    source="Daily Example",
    first_seen=NOON,
    title="Dam breaks",
    authors=("Desk",),
    published=NOON - HOUR,
    image="https://daily.example/feed.jpg",
    tags=("floods",),
    language="en",
)
PAGE = Page(
    id="a1",
    url=ENTRY.url,
    final_url="https://daily.example/dam",
    blob="sha256:aa",
    size=10,
    fetched=NOON,
    rights=("noarchive", "noai"),
)
SOURCE = Source(name="Daily Example", country="PT", language="pt")


def document(**changes):
    records = {
        "id": "a1",
        "entry": ENTRY,
        "page": PAGE,
        "article": Article(id="a1"),
        "copy": Copy(id="a1", group="a1"),
        "placement": Placement(id="a1", story="s1"),
        "source": SOURCE,
        "revision": 7,
        "version": 2,
        "first_seen": NOON,
        "group": GroupSummary(primary="a1", earliest="a1", agency=None),
        "group_size": 4,
        "story_size": 4,
        "stages": {"extract": "1"},
    }
    return build_document(ArticleRecords(**(records | changes)), NOON + HOUR)


def entity(name, kind, count, **more):
    return Entity(id=name.lower(), name=name, type=kind, count=count, **more)


def test_what_the_page_says_comes_before_what_the_feed_says():
    article = Article(
        id="a1",
        url="https://daily.example/dam",
        source="Daily",
        title="Dam breaks above Rivertown",
        authors=("Ana Sousa",),
        published=NOON - 2 * HOUR,
        published_precision=Precision.DAY,
        language="fr",
        tags=("dams",),
        image="https://daily.example/page.jpg",
    )
    made = document(article=article)
    assert (made.title, made.authors, made.language) == ("Dam breaks above Rivertown", ("Ana Sousa",), "fr")
    assert (made.published, made.published_precision) == (NOON - 2 * HOUR, Precision.DAY)
    assert (made.source, made.tags, made.image) == ("Daily", ("dams",), "https://daily.example/page.jpg")


def test_what_the_page_does_not_say_is_taken_from_the_feed_and_the_settings():
    made = document()
    assert (made.title, made.language) == ("Dam breaks", "en")
    assert (made.published, made.published_precision) == (NOON - HOUR, Precision.INSTANT)
    assert (made.url, made.source, made.source_country) == ("https://daily.example/dam", "Daily Example", "PT")
    assert (made.tags, made.image, made.archive) == (("floods",), "https://daily.example/feed.jpg", "sha256:aa")


def test_whom_the_feed_names_is_no_author_where_extract_took_none_for_one():
    assert document().authors == ()


def test_an_imported_file_needs_neither_feed_nor_page_nor_source():
    made = document(entry=None, page=None, source=None, article=Article(id="a1", text="A dam broke."))
    assert made.url is made.title is made.published is made.source is made.archive is None
    assert made.authors == made.tags == made.rights == ()
    assert made.word_count == 3


def test_names_are_sorted_by_how_often_they_are_named():
    names = Names(
        id="a1",
        entities=(
            entity("Jo Kim", EntityType.PERSON, 1),
            entity("Ana Sousa", EntityType.PERSON, 3),
            entity("Bea Alves", EntityType.PERSON, 1),
            entity("Lisbon", EntityType.PLACE, 2, country="PT", location=Location(lat=38.7, lon=-9.1)),
            entity("Spaniards", EntityType.GROUP, 5, country="ES"),
            entity("Porto", EntityType.PLACE, 4, country="PT", location=Location(lat=41.1, lon=-8.6)),
            entity("UN", EntityType.ORG, 1),
            entity("Carnival", EntityType.EVENT, 1),
        ),
    )
    made = document(names=names)
    assert made.people == ("Ana Sousa", "Bea Alves", "Jo Kim")
    assert (made.places, made.groups) == (("Porto", "Lisbon"), ("Spaniards",))
    assert (made.organisations, made.events) == (("UN",), ("Carnival",))
    assert made.countries == ("PT", "ES")
    assert made.locations == (Location(lat=41.1, lon=-8.6), Location(lat=38.7, lon=-9.1))
    assert [one.name for one in made.entities][:2] == ["Spaniards", "Porto"]


def test_two_entities_of_one_name_are_one_value():
    twins = (entity("Springfield", EntityType.PLACE, 2), entity("Springfield", EntityType.PLACE, 1, country="US"))
    assert document(names=Names(id="a1", entities=twins)).places == ("Springfield",)


def test_a_copy_is_not_primary_and_says_whose_it_is():
    copied = document(copy=Copy(id="a1", group="a0", copy_of="a0", score=0.9, kind=CopyKind.TRUNCATED))
    assert (copied.is_primary, copied.copy_of, copied.copy_group) == (False, "a0", "a0")
    assert copied.copy_kind is CopyKind.TRUNCATED
    assert document().is_primary


def test_what_a_copy_took_and_whose_it_is_are_told():
    taken = Copy(
        id="a1", group="a0", copy_of="a0", score=0.9, kind=CopyKind.REPRINT, behind=12, taken=0.8, paragraphs=(1, 3)
    )
    made = document(copy=taken, group=GroupSummary(primary="a2", earliest="a0", agency="AFP"))
    assert (made.copy_score, made.copy_behind) == (0.9, 12)
    assert (made.copied_share, made.own_share, made.copied_paragraphs) == (0.8, 0.2, (1, 3))
    assert (made.copy_primary, made.copy_earliest, made.copy_agency) == ("a2", "a0", "AFP")


def test_an_article_that_is_alone_is_its_own_primary():
    made = document(article=Article(id="a1", agency="AP"), group=None, group_size=1)
    assert (made.copy_primary, made.copy_earliest, made.copy_agency, made.own_share) == ("a1", "a1", "AP", 1.0)


def test_rights_are_what_page_and_article_say_each_once():
    assert document(article=Article(id="a1", rights=("noai", "CC BY 4.0"))).rights == ("noai", "CC BY 4.0", "noarchive")


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, None), (1, "1-99"), (99, "1-99"), (100, "100-299"), (299, "100-299"), (300, "300-599"), (599, "300-599"),
        (600, "600-1199"), (1199, "600-1199"), (1200, "1200 or more"), (50_000, "1200 or more"),
    ],
)  # fmt: skip
def test_a_length_falls_into_one_range(count, words):
    made = document(article=Article(id="a1", text="word " * count))
    assert (made.word_count, made.words) == (count, words)


def test_the_ledgers_figures_are_taken_over():
    made = document()
    assert (made.revision, made.version, made.copies, made.story, made.story_size) == (7, 2, 3, "s1", 4)
    assert (made.first_seen, made.indexed, made.stages) == (NOON, NOON + HOUR, {"extract": "1"})


def test_a_document_survives_json():
    assert from_json(to_json(document()), DocumentRecord) == document()
