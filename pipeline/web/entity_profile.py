"""Read all that is known of an entity: over time, with whom, where, in which outlets and stories, how it is written."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pipeline.context import Context
from pipeline.decisions import EntityDecision
from pipeline.editorial.entities import EntityView, load_entity
from pipeline.index import Hit, Index, Query
from pipeline.records import Document
from pipeline.store import EntityRow, SurfaceFormRow
from pipeline.web.code_names import ENTITY_FIELDS
from pipeline.web.time_picture import TimePicture, draw_histogram

_LATEST = 10  # articles
_LISTED = 12  # names, outlets, stories
_WRITTEN = 30  # ways of writing
_FACETS = ("people", "organisations", "groups", "places", "countries", "source", "language", "story")


class EntityStory(msgspec.Struct, frozen=True, kw_only=True):
    """A story in which an entity is named, by one of its articles, and in how many articles."""

    document: Document
    articles: int


class EntityProfile(msgspec.Struct, frozen=True, kw_only=True):
    """An entity as its page shows it. ``counts`` maps fields to the values that most of its articles have."""

    entity: EntityRow
    field: str  # of documents, that holds its name
    articles: int  # in the index
    latest: tuple[Hit, ...]
    picture: TimePicture | None  # how often it is named over time
    counts: Mapping[str, tuple[tuple[str, int], ...]]
    stories: tuple[EntityStory, ...]
    ids: Mapping[str, str]  # name → id of entities that its latest articles name
    written: tuple[SurfaceFormRow, ...]
    decisions: tuple[EntityDecision, ...]

    @property
    def value(self) -> tuple[str, ...]:
        """Return the filter that finds its articles."""
        return (self.entity.name,)


def load_profile(context: Context, name: str) -> tuple[EntityView, EntityProfile | None]:
    """Return what the ledger knows of the entity with this id or name, and what the index does.

    There is no profile of one that editors hid or merged into another one.

    Raises:
        UnknownError: There is none.
        UsageError: There are several.
    """
    view = load_entity(context, name)
    if view.became != view.entity.id:
        return view, None
    index, entity = context.index, view.entity
    field = ENTITY_FIELDS[entity.type]
    filters = {field: (entity.name,)}
    results = index.search(
        Query(
            filters=filters,
            sort="newest",
            size=_LATEST,
            facets=_FACETS,
            facet_size=_LISTED + 1,
            narrow_own=True,
            interval="auto",
            copy_counts=False,
            highlight=False,
        )
    )
    ids = {known.name: known.id for hit in results.hits for known in hit.document.entities}
    counts = {
        name: tuple(pair for pair in pairs if (name, pair[0]) != (field, entity.name))[:_LISTED]
        for name, pairs in results.facets.items()
        if name != "story"
    }
    return view, EntityProfile(
        entity=entity,
        field=field,
        articles=results.articles,
        latest=results.hits,
        picture=draw_histogram(results.histogram) if results.histogram else None,
        counts=counts,
        stories=tuple(_load_stories(index, filters, results.facets["story"][:_LISTED])),
        ids=ids,
        written=tuple(view.written[:_WRITTEN]),
        decisions=tuple(view.decisions),
    )


def _load_stories(
    index: Index, filters: Mapping[str, tuple[str, ...]], counts: tuple[tuple[str, int], ...]
) -> list[EntityStory]:
    stories = []
    for story, count in counts:
        newest = Query(
            filters={**filters, "story": (story,)}, sort="newest", size=1, copy_counts=False, highlight=False
        )
        stories += [EntityStory(document=hit.document, articles=count) for hit in index.search(newest).hits]
    return stories
