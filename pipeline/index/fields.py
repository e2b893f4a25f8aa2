"""Which fields of a document can be searched by words, which filtered and counted?"""

from __future__ import annotations

from pipeline.records import Document

# What words without a field are looked for in, and how much a hit there weighs. A title says what an article is
# about, a standfirst sums it up; the figures are those that Elasticsearch's own guides use as a start.
WORD_WEIGHTS = {
    "title": 3.0,
    "standfirst": 2.0,
    "text": 1.0,
    "subheadings": 1.0,
    "captions": 0.5,
    "dateline": 1.0,
    "authors": 1.0,
}

# What can be filtered by exact value and counted. `field:words` in a search line works on these too.
FACETS = (
    "source",
    "source_country",
    "language",
    "authors",
    "bureau",
    "agency",
    "section",
    "tags",
    "people",
    "organisations",
    "places",
    "groups",
    "events",
    "about",
    "countries",
    "story",
    "story_aliases",
    "story_names",
    "copy_group",
    "copy_of",
    "copy_kind",
    "copy_agency",
    "is_primary",
    "paywalled",
    "live",
    "from_feed",
    "rights",
)

# All that may stand before the colon of `field:words`, and short forms of some.
QUERY_FIELDS = (*WORD_WEIGHTS, *(field for field in FACETS if field not in WORD_WEIGHTS))
ALIASES = {
    "author": "authors",
    "caption": "captions",
    "country": "countries",
    "event": "events",
    "group": "groups",
    "lang": "language",
    "organisation": "organisations",
    "organization": "organisations",
    "organizations": "organisations",
    "org": "organisations",
    "person": "people",
    "place": "places",
    "tag": "tags",
}

# A longer value is not counted or filtered by (it stays in the document). Lucene's limit of one term is 32,766
# bytes; what is longer than this is not a name but a paragraph that fell into the wrong field.
MAX_VALUE_CHARACTERS = 512


def facet_values(document: Document, field: str) -> tuple[str, ...]:
    """Return the values of one of ``FACETS``, each once, as they are filtered by: booleans as true and false."""
    found = getattr(document, field)
    if found is None:
        return ()
    if isinstance(found, bool):
        return ("true" if found else "false",)
    each = found if isinstance(found, tuple) else (found,)
    return tuple(dict.fromkeys(str(one) for one in each if one and len(one) <= MAX_VALUE_CHARACTERS))


def searched_texts(document: Document, field: str) -> tuple[str, ...]:
    """Return what one of ``SEARCHED`` holds, as texts to be searched by words."""
    if field == "captions":
        return tuple(caption.text for caption in document.captions)
    if field not in WORD_WEIGHTS:
        return facet_values(document, field)
    found = getattr(document, field)
    return found if isinstance(found, tuple) else (found,) if found else ()
