"""What is the document of one article? Everything that the stages found out, in one record for the index."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping

from pipeline.cluster import StoryFacts
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
)
from pipeline.settings import Source
from pipeline.text import split_words


def build_document(  # noqa: PLR0913 - one argument for each record that flows together here
    *,
    entry: Entry | None,
    page: Page | None,
    article: Article,
    copy: Copy,
    names: Names | None,
    placement: Placement,
    source: Source | None,
    revision: int,
    version: int,
    first_seen: dt.datetime,
    gone: dt.datetime | None = None,
    indexed: dt.datetime,
    copies: int,
    story_size: int,
    stages: Mapping[str, str],
    lead: GroupSummary | None = None,
    told: StoryFacts | None = None,
) -> Document:
    """Return the document of ``article``.

    What the page does not say is taken from the feed's entry, then from the source's settings; not the authors, whom
    extract tells from outlets and desks in both. ``gone`` is since when the page isn't there any more. ``copies`` is
    how many other articles are in its copy group if it is the primary, ``story_size`` how many are in its story,
    itself included; ``stages`` maps each stage to the version that decided; ``lead`` is what is said of the copy
    group, None where it is alone in it; ``told`` is what is known of the story. Names are sorted by how often they
    are named.
    """
    lead = lead or GroupSummary(primary=article.id, earliest=article.id, agency=article.agency)
    at, precision = publication_time(entry, article)
    entities = _by_count(names)
    told = told or StoryFacts(id=placement.story)
    return Document(
        id=article.id,
        revision=revision,
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
        published=at,
        published_precision=precision,
        modified=article.modified,
        first_seen=first_seen,
        revised=page.fetched if page and version > 1 else None,
        gone=gone,
        indexed=indexed,
        version=version,
        copy_of=copy.copy_of,
        copy_kind=copy.kind,
        copy_group=copy.group,
        copies=copies,
        is_primary=copy.copy_of is None,
        copy_score=copy.score,
        copy_behind=copy.behind,
        copy_primary=lead.primary,
        copy_earliest=lead.earliest,
        copy_agency=lead.agency,
        copied_share=copy.taken or 0.0,
        copied_paragraphs=copy.paragraphs,
        own_share=round(1 - (copy.taken or 0.0), 4),
        story=told.id,
        story_size=story_size,
        story_title=told.title,
        story_names=told.names,
        story_first=told.first,
        story_last=told.last,
        story_aliases=told.aliases,
        people=_named(entities, EntityType.PERSON),
        organisations=_named(entities, EntityType.ORG),
        places=_named(entities, EntityType.PLACE),
        groups=_named(entities, EntityType.GROUP),
        events=_named(entities, EntityType.EVENT),
        about=tuple(dict.fromkeys(e.name for e in sorted(entities, key=lambda e: -e.salience) if e.key)),
        entities=entities,
        countries=_countries(entities),
        locations=_locations(entities),
        word_count=len(split_words(article.text)),
        paywalled=article.paywalled,
        live=article.live,
        from_feed=article.from_feed,
        archive=page.blob if page else None,
        rights=tuple(dict.fromkeys((*article.rights, *(page.rights if page else ())))),
        stages=dict(stages),
    )


def publication_time(entry: Entry | None, article: Article) -> tuple[dt.datetime | None, Precision | None]:
    """Return when the article says it was published, else when its feed does: a feed's times have their zone."""
    if article.published is not None:
        return article.published, article.published_precision
    if entry is not None and entry.published is not None:
        return entry.published, Precision.INSTANT
    return None, article.published_precision


def _by_count(names: Names | None) -> tuple[Entity, ...]:
    return tuple(sorted(names.entities, key=lambda one: (-one.count, one.name))) if names else ()


def _named(entities: tuple[Entity, ...], kind: EntityType) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.name for one in entities if one.type is kind))


def _countries(entities: tuple[Entity, ...]) -> tuple[str, ...]:
    """Return the countries that the names belong to, the one named most often first."""
    counts: Counter[str] = Counter()
    for one in entities:
        if one.country:
            counts[one.country] += max(one.count, 1)
    return tuple(sorted(counts, key=lambda country: (-counts[country], country)))


def _locations(entities: tuple[Entity, ...]) -> tuple[Location, ...]:
    return tuple(dict.fromkeys(one.location for one in entities if one.location))
