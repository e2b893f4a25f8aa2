"""Build the document of an article: what the stages decided on it, in one record for the index.

Pure: the same records give the same document.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from pipeline.cluster import StoryFacts
from pipeline.dates import is_believable
from pipeline.dedupe import GroupSummary
from pipeline.records import (
    Article,
    Copy,
    Document,
    Entity,
    EntityType,
    Entry,
    Location,
    Names,
    Page,
    Placement,
    Precision,
    Record,
    Stage,
)
from pipeline.settings import Source
from pipeline.text import split_words, word_range


class ArticleRecords(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger holds of one article: a record of each stage that it has passed, and what goes with them."""

    id: str
    revision: int
    version: int
    first_seen: dt.datetime
    entry: Entry | None = None
    page: Page | None = None
    article: Article | None = None
    copy: Copy | None = None
    names: Names | None = None
    placement: Placement | None = None
    stages: Mapping[str, str] = {}  # stage → the version of the stage that made its record
    source: Source | None = None  # its source's settings
    gone: dt.datetime | None = None  # since when its page isn't there any more
    group: GroupSummary | None = None  # of its copy group; None where it is alone
    group_size: int = 1
    story: StoryFacts | None = None  # where it is now: merges and splits change no record
    story_size: int = 1

    def by_stage(self) -> dict[Stage, Record]:
        """Return the record of each stage that made a record, in the order of the stages."""
        records = (self.entry, self.page, self.article, self.copy, self.names, self.placement)
        return {record.stage: record for record in records if record is not None}


def build_document(records: ArticleRecords, indexed: dt.datetime) -> Document | None:
    """Return the document that an article has at ``indexed``, None before it has passed all stages.

    What the page does not say is taken from the feed's entry, then from the source's settings; not the authors, whom
    extract tells from outlets and desks in both.
    """
    article, entry, page, source = records.article, records.entry, records.page, records.source
    if article is None or records.copy is None or records.placement is None:
        return None
    published, precision = publication_time(entry, article)
    word_count = len(split_words(article.text))
    return Document(
        id=records.id,
        revision=records.revision,
        url=article.url or (page.final_url if page else None) or (entry.url if entry else None),
        canonical_url=article.canonical_url,
        source=article.source or (source.name if source else None) or (entry.source if entry else None),
        source_country=source.country if source else None,
        title=article.title or (entry.title if entry else None),
        standfirst=article.standfirst,
        text=article.text,
        language=article.language or (entry.language if entry else None) or (source.language if source else None),
        authors=article.authors,
        bureau=article.bureau,
        agency=article.agency,
        dateline=article.dateline,
        section=article.section,
        tags=article.tags or (entry.tags if entry else ()),
        image=article.image or (entry.image if entry else None),
        captions=article.captions,
        subheadings=article.subheadings,
        published=published,
        published_precision=precision,
        modified=article.modified,
        first_seen=records.first_seen,
        revised=page.fetched if page and records.version > 1 else None,
        gone=records.gone,
        indexed=indexed,
        version=records.version,
        word_count=word_count,
        words=word_range(word_count),
        paywalled=article.paywalled,
        live=article.live,
        from_feed=article.from_feed,
        embargoed=article.embargoed,
        vector=records.names.vector if records.names else None,
        archive=page.blob if page else None,
        rights=tuple(dict.fromkeys((*article.rights, *(page.rights if page else ())))),
        stages=dict(records.stages),
        **_copy_fields(article, records.copy, records),
        **_story_fields(records.story or StoryFacts(id=records.placement.story), records.story_size),
        **_name_fields(records.names),
    )


def publication_time(entry: Entry | None, article: Article) -> tuple[dt.datetime | None, Precision | None]:
    """Return when the article says it was published, else when its feed does: a feed's times have their zone."""
    if article.published is not None and is_believable(article.published, None, printed=True):
        return article.published, article.published_precision
    if entry is not None and entry.published is not None:
        return entry.published, Precision.INSTANT
    return None, article.published_precision


def _copy_fields(article: Article, copy: Copy, records: ArticleRecords) -> dict[str, Any]:
    """Return what the document says of copies: whose the article is, and how many there are of a primary article."""
    group = records.group or GroupSummary(primary=article.id, earliest=article.id, agency=article.agency)
    return {
        "copy_of": copy.copy_of,
        "copy_kind": copy.kind,
        "copy_group": copy.group,
        "copies": records.group_size - 1 if group.primary == article.id else 0,
        "is_primary": copy.copy_of is None,
        "copy_score": copy.score,
        "copy_behind": copy.behind,
        "copy_primary": group.primary,
        "copy_earliest": group.earliest,
        "copy_agency": group.agency,
        "copied_share": copy.taken or 0.0,
        "copied_paragraphs": copy.paragraphs,
        "own_share": round(1 - (copy.taken or 0.0), 4),
    }


def _story_fields(story: StoryFacts, size: int) -> dict[str, Any]:
    return {
        "story": story.id,
        "story_size": size,
        "story_title": story.title,
        "story_names": story.names,
        "story_first": story.first,
        "story_last": story.last,
        "story_aliases": story.aliases,
        "story_languages": story.languages,
        "story_titles": story.titles,
    }


def _name_fields(names: Names | None) -> dict[str, Any]:
    """Return what the document says of names, those mentioned most often first."""
    entities = tuple(sorted(names.entities, key=lambda entity: (-entity.count, entity.name))) if names else ()
    key_entities = sorted((entity for entity in entities if entity.key), key=lambda entity: -entity.salience)
    return {
        "people": _names_of_type(entities, EntityType.PERSON),
        "organisations": _names_of_type(entities, EntityType.ORG),
        "places": _names_of_type(entities, EntityType.PLACE),
        "groups": _names_of_type(entities, EntityType.GROUP),
        "events": _names_of_type(entities, EntityType.EVENT),
        "about": tuple(dict.fromkeys(entity.name for entity in key_entities)),
        "entities": entities,
        "countries": _countries(entities),
        "locations": tuple(dict.fromkeys(_locations(entities))),
    }


def _names_of_type(entities: tuple[Entity, ...], entity_type: EntityType) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entity.name for entity in entities if entity.type is entity_type))


def _countries(entities: tuple[Entity, ...]) -> tuple[str, ...]:
    """Return the countries that the names belong to, the country mentioned most often first."""
    counts: Counter[str] = Counter()
    for entity in entities:
        if entity.country:
            counts[entity.country] += max(entity.count, 1)
    return tuple(sorted(counts, key=lambda country: (-counts[country], country)))


def _locations(entities: tuple[Entity, ...]) -> list[Location]:
    return [entity.location for entity in entities if entity.location]
