"""The fields of a document, defined once: types, meanings, and what is searched, counted, shown.

Everything that lists fields follows from ``FIELDS``: the mapping of Elasticsearch, the tables of SQLite, what a search
line may name, the filters and facets of command line, API and page, the columns of Parquet, and the tables in docs/
(``scripts/field-tables`` writes them). ``FIELDS`` has the order of ``Document``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from pipeline.records import Document, Stage
from pipeline.text import WORD_RANGES, word_range

# Elasticsearch's names of the types. "keyword" is compared whole, "text" is searched by its words.
FieldType = Literal[
    "keyword", "text", "date", "integer", "long", "float", "boolean", "geo_point", "object", "dense_vector"
]


class Field(msgspec.Struct, frozen=True):
    """One field of a document."""

    name: str
    type: FieldType
    meaning: str  # as docs/fields.md prints it: Markdown, without "; several"
    several: bool = False  # holds a list of such values
    # Searched: words that name no field are looked for here, and a hit weighs this much. None: they aren't.
    weight: float | None = None
    # Counted: filters compare it whole, facets count its values, and `name:words` looks for words in it.
    facet: bool = False
    # Shown: the heading of its facet on the search page, and where it stands there: the lowest rank first.
    heading: str | None = None
    rank: int = 0
    aliases: tuple[str, ...] = ()  # what a search line may also call it
    by_language: bool = False  # Elasticsearch analyses it by the rules of the article's language as well
    address: bool = False  # values may be as long as addresses are
    whole: bool = False  # of a text: Elasticsearch keeps it whole as well, as `raw`, for tables of Kibana
    parts: tuple[tuple[str, FieldType], ...] = ()  # of an object: its fields
    searched_part: str | None = None  # of an object with a weight: the part that is searched
    ranges: tuple[str, ...] = ()  # all values, in the order of the page, of a field that holds ranges of numbers
    range_of: Callable[[int], str | None] | None = None  # of such a field: the range that holds a number


# Weights: a title says what an article is about, a standfirst sums it up; the figures are those that Elasticsearch's
# own guides use as a start.
FIELDS: tuple[Field, ...] = (
    Field(
        "id",
        "keyword",
        "the article's id, derived from its canonical address (or, without an address, from its content)",
    ),
    Field("revision", "long", "the ledger's number of this state of the article; it grows with every change"),
    Field("url", "keyword", "the address that the article was fetched from", address=True),
    Field("canonical_url", "keyword", "the address that the publisher names as the article's own", address=True),
    Field(
        "source", "keyword", "the publisher, by its name in `config/feeds.toml`", facet=True, heading="Outlets", rank=10
    ),
    Field("source_country", "keyword", "the publisher's country, ISO 3166-1 alpha-2", facet=True),
    Field("title", "text", "the headline", weight=3.0, by_language=True, whole=True),
    Field(
        "standfirst",
        "text",
        "the summary under the headline, where it is not just how the text begins",
        weight=2.0,
        by_language=True,
    ),
    Field(
        "text",
        "text",
        "the body, paragraphs separated by a line feed, without dateline, agency credit, captions and boilerplate",
        weight=1.0,
        by_language=True,
    ),
    Field(
        "language",
        "keyword",
        "the language of the text, ISO 639-1",
        facet=True,
        heading="Languages",
        rank=80,
        aliases=("lang",),
    ),
    Field("authors", "keyword", "the names in the by-line", several=True, facet=True, weight=1.0, aliases=("author",)),
    Field("bureau", "keyword", "the desk or bureau in the by-line", facet=True),
    Field("agency", "keyword", "the news agency that is credited", facet=True, heading="Agencies", rank=90),
    Field("dateline", "text", "the place at the head of the text", weight=1.0),
    Field("section", "keyword", "the publisher's section", facet=True, heading="Sections", rank=100),
    Field("tags", "keyword", "the publisher's keywords", several=True, facet=True, aliases=("tag",)),
    Field("image", "keyword", "the address of the main picture", address=True),
    Field(
        "captions",
        "object",
        "pictures' captions: `text`, `credit` and `number` (the picture's number in the system that it was "
        "exported from)",
        several=True,
        weight=1.0,
        aliases=("caption",),
        parts=(("text", "text"), ("credit", "keyword"), ("number", "keyword")),
        searched_part="text",
    ),
    Field("subheadings", "text", "the headings between paragraphs", several=True, weight=1.0),
    Field("published", "date", "when the publisher says that it was published"),
    Field(
        "published_precision",
        "keyword",
        "how exactly that is known: `instant`, `local` (time of day in an unknown zone) or `day`",
    ),
    Field("modified", "date", "when the publisher says that it was last changed"),
    Field("first_seen", "date", "when newswire saw it first; decides which monthly index it lies in"),
    Field("revised", "date", "when newswire fetched this version, where it isn't the first"),
    Field("gone", "date", "since when the publisher's page isn't there any more"),
    Field("indexed", "date", "when this document was made"),
    Field("version", "integer", "which version of the text this is: 1, and one more for each change that was fetched"),
    Field("copy_of", "keyword", "the id of the article that it was taken from", facet=True),
    Field(
        "copy_kind",
        "keyword",
        "how it was taken: `exact`, `reprint`, `truncated`, `extended`, `excerpt` or `revision`",
        facet=True,
    ),
    Field(
        "copy_group",
        "keyword",
        "the id of the first article of its copy group; its own id where there is no copy",
        facet=True,
    ),
    Field("copies", "integer", "how many copies of it there are, if it is the primary of its copy group"),
    Field(
        "is_primary",
        "boolean",
        "whether it is the primary of its copy group: to count every text once, filter by `true`",
        facet=True,
    ),
    Field(
        "copy_score",
        "float",
        "how sure it is that it is a copy: the larger of the shares of the two texts (weighted shingles) "
        "that stand in the other, 0 to 1",
    ),
    Field(
        "copy_behind",
        "integer",
        "how many minutes after the article that it was taken from it was published, [as far as that is "
        "known](copies.md)",
    ),
    Field(
        "copy_primary",
        "keyword",
        "the id of the primary article of its copy group: the news agency's own, else the earliest",
    ),
    Field("copy_earliest", "keyword", "the id of the article of its copy group that was published first"),
    Field(
        "copy_agency",
        "keyword",
        "the news agency whose copy it is: the one whose own the primary is, else the one that most of the "
        "group credit",
        facet=True,
    ),
    Field(
        "copied_share",
        "float",
        "the share of its text (shingles) that stands in the article that it was taken from, 0 to 1",
    ),
    Field(
        "copied_paragraphs",
        "integer",
        "the paragraphs of `text`, numbered from 1, of which most stands there",
        several=True,
    ),
    Field("own_share", "float", "the share of its text that is its own: 1 less `copied_share`"),
    Field("story", "keyword", "the id of the story that it belongs to", facet=True),
    Field("story_size", "integer", "how many articles are in that story, itself included"),
    Field(
        "story_title",
        "text",
        "what the story is called: the title of one of its articles that is most like those of the others "
        "(how a text begins, where none has a title), or the one that an editor gave it",
        whole=True,
    ),
    Field(
        "story_names",
        "keyword",
        "whom and what the story is about: named by several of its articles, in headlines and beginnings, "
        "and seldom elsewhere; at most eight, the most telling first",
        several=True,
        facet=True,
    ),
    Field("story_first", "date", "when its first article was published (first seen where that is unknown)"),
    Field("story_last", "date", "the same of its last article"),
    Field(
        "story_aliases",
        "keyword",
        "ids of stories that were merged into it; they still lead to it",
        several=True,
        facet=True,
    ),
    Field(
        "story_languages",
        "keyword",
        "the languages in which that story is told, ISO 639-1, the one of most articles first",
        several=True,
        facet=True,
    ),
    Field(
        "story_titles",
        "object",
        "what that story is called in each of its languages, where there are several: `language` and `title`",
        several=True,
        parts=(("language", "keyword"), ("title", "keyword")),
    ),
    Field(
        "people",
        "keyword",
        "canonical names of the persons named, the most frequent first",
        several=True,
        facet=True,
        heading="People",
        rank=20,
        aliases=("person",),
    ),
    Field(
        "organisations",
        "keyword",
        "the same for organisations",
        several=True,
        facet=True,
        heading="Organisations",
        rank=30,
        aliases=("organisation", "organization", "organizations", "org"),
    ),
    Field(
        "places",
        "keyword",
        "the same for places",
        several=True,
        facet=True,
        heading="Places",
        rank=40,
        aliases=("place",),
    ),
    Field(
        "groups",
        "keyword",
        "the same for nationalities, religions and political groups",
        several=True,
        facet=True,
        heading="Groups",
        rank=50,
        aliases=("group",),
    ),
    Field(
        "events",
        "keyword",
        "the same for events",
        several=True,
        facet=True,
        heading="Events",
        rank=60,
        aliases=("event",),
    ),
    Field(
        "about",
        "keyword",
        "those of all these that the article is about, at most five, the weightiest first",
        several=True,
        facet=True,
    ),
    Field(
        "entities",
        "object",
        "all of these with `id`, `name`, `type`, `aliases`, `count`, `country`, `location`, `salience` (how "
        "much the article is about it, 0 to 1) and `key` (whether it is one of `about`)",
        several=True,
        parts=(
            ("id", "keyword"),
            ("name", "keyword"),
            ("type", "keyword"),
            ("aliases", "keyword"),
            ("count", "integer"),
            ("country", "keyword"),
            ("location", "geo_point"),
            ("salience", "float"),
            ("key", "boolean"),
        ),
    ),
    Field(
        "countries",
        "keyword",
        "the countries that the names belong to, ISO 3166-1 alpha-2, the most frequent first",
        several=True,
        facet=True,
        heading="Countries named",
        rank=70,
        aliases=("country",),
    ),
    Field("locations", "geo_point", "where the places named lie: `lat` and `lon`", several=True),
    Field("word_count", "integer", "how many words the text has"),
    Field(
        "words",
        "keyword",
        "between which numbers that lies: `1-99`, `100-299`, `300-599`, `600-1199` or `1200 or more`",
        facet=True,
        heading="Words",
        rank=110,
        aliases=("length",),
        ranges=tuple(WORD_RANGES.values()),
        range_of=word_range,
    ),
    Field("paywalled", "boolean", "whether the page says that the text is not free to read", facet=True),
    Field("from_feed", "boolean", "whether the page could not be had, so that this is what the feed gave", facet=True),
    Field("archive", "keyword", "the key of the page's bytes in the archive", address=True),
    Field("rights", "keyword", "what the page says about its use, such as `noarchive`", several=True, facet=True),
    Field(
        "stages",
        "object",
        "by which version of each stage the document was made, such as `extract`",
        parts=tuple((stage.value, "keyword") for stage in Stage),
    ),
    Field("live", "boolean", "whether it is a live blog, which grows by dated entries", facet=True),
    Field("embargoed", "date", "until when its sender had it held back; it is in the index only since then"),
    Field(
        "vector",
        "dense_vector",
        "384 numbers of one byte: what title and beginning are about, in any language; in Elasticsearch alone, and not "
        "part of a document that is read",
    ),
)

BY_NAME = {field.name: field for field in FIELDS}

# Field → weight: what words without a field are looked for in, the weightiest first.
WORD_WEIGHTS = {
    field.name: field.weight for field in sorted(FIELDS, key=lambda field: -(field.weight or 0)) if field.weight
}

# What can be filtered by exact value and counted. `field:words` in a search line works on these too.
FACETS = tuple(field.name for field in FIELDS if field.facet)
BOOLEANS = frozenset(field.name for field in FIELDS if field.type == "boolean")

# All that may stand before the colon of `field:words`, and short forms of some.
QUERY_FIELDS = (*WORD_WEIGHTS, *(name for name in FACETS if name not in WORD_WEIGHTS))
ALIASES = {alias: field.name for field in FIELDS for alias in field.aliases}

# Field → heading: the facets of the search page, in their order there.
HEADINGS = {field.name: field.heading for field in sorted(FIELDS, key=lambda field: field.rank) if field.heading}

# What Elasticsearch analyses by the rules of the article's language as well.
BY_LANGUAGE = tuple(field.name for field in FIELDS if field.by_language)

# A longer value is not counted or filtered by (it stays in the document). Lucene's limit of one term is 32,766
# bytes; what is longer than this is not a name but a paragraph that fell into the wrong field.
MAX_VALUE_CHARACTERS = 512

_NUMBER = re.compile("[0-9]{1,9}")


def facet_values(document: Document, name: str) -> tuple[str, ...]:
    """Return the values of one of ``FACETS``, each once, as they are filtered by: booleans as true and false."""
    value = getattr(document, name)
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("true" if value else "false",)
    values = value if isinstance(value, tuple) else (value,)
    return tuple(dict.fromkeys(str(text) for text in values if text and len(text) <= MAX_VALUE_CHARACTERS))


def stored_value(name: str, value: str) -> str:
    """Return ``value`` of a filter as documents hold it: of a field of ranges, a number becomes its range."""
    range_of = BY_NAME[name].range_of
    return (range_of(int(value)) or value) if range_of and _NUMBER.fullmatch(value) else value


def ordered_counts(name: str, counts: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Return a facet's values with their counts in the order of the page: ranges by size, others as they come."""
    ranges = BY_NAME[name].ranges
    return tuple(sorted(counts, key=lambda item: ranges.index(item[0]) if item[0] in ranges else len(ranges)))


def searched_texts(document: Document, name: str) -> tuple[str, ...]:
    """Return what one of ``QUERY_FIELDS`` holds, as texts to be searched by words."""
    if name not in WORD_WEIGHTS:
        return facet_values(document, name)
    value = getattr(document, name)
    values = value if isinstance(value, tuple) else (value,) if value else ()
    part = BY_NAME[name].searched_part
    return tuple(getattr(item, part) for item in values) if part else values
