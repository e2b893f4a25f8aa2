"""Link the entities of an article to those that earlier articles named.

A full form leads to the entity that was written so. An acronym or a short form does only where nearly all recent
articles meant one entity by it, and a full name that sounds like another entity's only where both are named in the same
company. What no list knows gets the type and the country that nearly all earlier articles gave it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from pipeline.enrich.coreference.coreference import SurfaceForm, comparison_words, is_acronym
from pipeline.enrich.coreference.romanisation import sound_key
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase
from pipeline.enrich.linking.foreign_names import find_owners_abroad, foreign_forms, foreign_readings
from pipeline.enrich.linking.form_memory import (
    ACRONYM,
    FULL,
    KEY_MARKS,
    LISTED,
    SHORT,
    SHORT_FORM_MEMORY,
    SOUNDING,
    FormMemory,
    form_key,
    stored_sound,
)
from pipeline.enrich.linking.institutions import parse_institution
from pipeline.enrich.salience import add_salience
from pipeline.entity_records import RememberedEntity, RememberedForm
from pipeline.records import Entity, EntityType, Names

# So many people of one sound are looked at, those that most articles name first: each costs a query.
_MAX_SOUNDING = 5
# An article that names more entities is a list (of candidates, of the dead); further ones are linked by name alone.
MAX_LINKED = 1000
# An acronym is the entity's that has at least this share of the articles that say whose it is, and so many of them.
_DOMINANT_SHARE = 0.9
_MIN_ARTICLES = 2
# A name is of another type where so many times more articles took it for that.
_OTHER_TYPE_RATIO = 4
# Two names that sound alike are one person's where so many other entities are named with both, one of them neither
# place nor group.
_MIN_COMPANY = 2


class ArticleNames(NamedTuple):
    """The names of an article, the ``seq``-th to arrive."""

    seq: int
    at: dt.datetime  # when it was first seen
    names: Names
    previous: Names | None = None  # what is counted for it, where it is read again


def link_batch(batch: Sequence[ArticleNames], knowledge: KnowledgeBase, memory: FormMemory) -> list[Names]:
    """Return the names of articles, in order of arrival, linked to entities of earlier ones; ``memory`` learns them."""
    keys = [lookup_keys(names, knowledge) for article in batch for names in (article.names, article.previous) if names]
    memory.load_forms(set[str]().union(*(k for k, _ in keys)), set[str]().union(*(s for _, s in keys)))
    linked = []
    for article in batch:
        if article.previous:
            memory.subtract_names(article.seq, article.previous, remembered_forms(article.previous, knowledge))
        names = link_article(article.names, knowledge, memory, article.at)
        memory.add_names(article.seq, article.at, names, remembered_forms(names, knowledge), knowledge.entity_ids)
        linked.append(names)
    return linked


def remembered_forms(names: Names, knowledge: KnowledgeBase) -> list[RememberedForm]:
    """Return the forms of an article that are remembered: those of all entities but the gazetteer's places.

    An entity that an article only calls by an acronym or a short form is left out: it doesn't tell whose that is.
    """
    forms_by_entity = [_forms(entity, knowledge, names.language) for entity in names.entities[:MAX_LINKED]]
    return [form for forms in forms_by_entity if any(f.how in KEY_MARKS for f in forms) for form in forms]


def lookup_keys(names: Names, knowledge: KnowledgeBase) -> tuple[set[str], set[str]]:
    """Return the keys and the sound keys by which ``link_article`` will ask for an article's names."""
    forms = [form for entity in names.entities[:MAX_LINKED] for form in _forms(entity, knowledge, names.language)]
    keys = {key for form in forms for key in (form.key, form.key.replace("?", ":", 1))}
    keys |= {key for entity in names.entities[:MAX_LINKED] for key in _other_keys(entity, knowledge)}
    sounds = {form.sound for form in forms if form.sound}
    for entity in names.entities[:MAX_LINKED] if names.language else ():
        readings = foreign_readings(entity, names.language or "", knowledge)
        keys |= set(readings.keys)
        sounds |= set(readings.sounds)
    return keys, sounds


def _other_keys(entity: Entity, knowledge: KnowledgeBase) -> list[str]:
    """Return the keys that an unknown name of several words would have as another type."""
    if entity.id in knowledge.entity_ids or " " not in entity.name:
        return []
    types = [t for t in (EntityType.PERSON, EntityType.ORG, EntityType.PLACE) if t is not entity.type]
    return [form_key(t, FULL, comparison_words(SurfaceForm(entity.name, t), knowledge.lexicon)) for t in types]


def _forms(entity: Entity, knowledge: KnowledgeBase, language: str | None) -> Sequence[RememberedForm]:
    if entity.type is EntityType.PLACE and (entity.id in knowledge.entity_ids or not entity.count):
        return ()
    forms = _forms_of(entity.id, entity.type, entity.aliases, knowledge)
    return foreign_forms(forms, entity, language, knowledge) if language else forms


@lru_cache(maxsize=16384)  # a batch asks several times for each entity, and the next one for the same ones
def _forms_of(
    ident: str, of_type: EntityType, surfaces: tuple[str, ...], knowledge: KnowledgeBase
) -> tuple[RememberedForm, ...]:
    """Return the forms by which an entity of this id and type is remembered that was written as ``surfaces``."""
    lexicon = knowledge.lexicon
    fullest = max((len(comparison_words(SurfaceForm(s, of_type), lexicon)) for s in surfaces), default=0)
    forms = []
    for surface in surfaces:
        form = SurfaceForm(surface, of_type)
        words = comparison_words(form, lexicon)
        is_listed = any(listed.id == ident for listed in knowledge.find_entities(surface, of_type))
        form_kind = LISTED if is_listed else _form_kind(form, words, fullest, knowledge)
        if form_kind:
            sound = stored_sound(of_type, sound_key(words)) if of_type in SOUNDING else None
            key = form_key(of_type, form_kind, words)
            forms.append(RememberedForm(entity=ident, key=key, surface=surface, how=form_kind, sound=sound))
    return tuple(forms)


def _form_kind(form: SurfaceForm, words: tuple[str, ...], fullest: int, knowledge: KnowledgeBase) -> str | None:
    """Return how a form names its entity, None where it means another one in each article.

    ``fullest`` is the number of words of the entity's longest form.
    """
    if form.type is EntityType.PERSON:
        return FULL if len(words) > 1 else None
    if form.type is EntityType.PLACE:
        return FULL if len(words) == fullest else None
    if is_acronym([form]):
        return ACRONYM
    institution = parse_institution(knowledge, form)
    if institution and not institution.country:
        return None
    if len(words) == fullest and " " in form.text:
        return FULL
    lexicon = knowledge.lexicon
    telling = any(w not in lexicon.common and not lexicon.is_kind_noun(w) and w not in lexicon.org_heads for w in words)
    return SHORT if telling else None


def link_article(names: Names, knowledge: KnowledgeBase, memory: FormMemory, at: dt.datetime) -> Names:
    """Return an article's names with the ids of earlier articles' entities; ``at`` is when it was first seen."""
    article_ids = {entity.id for entity in names.entities}
    countries = {entity.country for entity in names.entities if entity.country}
    owners: dict[str, RememberedEntity] = {}
    sounds = {
        entity.id: [f.sound for f in _forms(entity, knowledge, names.language) if f.sound]
        for entity in names.entities[:MAX_LINKED]
        if entity.id not in knowledge.entity_ids
    }
    abroad = find_owners_abroad(names, sounds, knowledge, memory, at)
    for entity in names.entities[:MAX_LINKED]:
        if entity.id in knowledge.entity_ids:
            continue
        forms = _forms(entity, knowledge, names.language)
        if entity.type is EntityType.PLACE:
            owner = _owner_by_country(entity, forms, memory, countries)
        else:
            owner = _owner_by_form(entity, forms, memory, article_ids, at)
        owner = owner or abroad.get(entity.id)
        owner = _owner_of_other_type(entity, forms, memory, knowledge) or owner
        if owner and owner.entity != entity.id:
            owners[entity.id] = owner
    return _renamed(names, owners) if owners else names


def _owner_by_form(
    entity: Entity, forms: Sequence[RememberedForm], memory: FormMemory, article_ids: set[str], at: dt.datetime
) -> RememberedEntity | None:
    """Return the earlier entity that was written so: by a full form, by an acronym or short form, or by sound."""
    full_forms = sorted((f for f in forms if f.how == FULL), key=lambda f: -len(f.key))
    for form in full_forms:
        if owners := memory.find_owners(form.key):
            return owners[0]
    if not full_forms:
        for form in forms:
            owners = [*memory.find_owners(form.key), *memory.find_owners(form.key.replace("?", ":", 1))]
            if (owner := _dominant(owners, at)) and owner.entity not in article_ids:
                return owner
        return None
    for form in full_forms:
        for owner in memory.find_sounding(form.sound)[:_MAX_SOUNDING] if form.sound else ():
            company = memory.find_company(owner.entity) if owner.entity not in article_ids else ()
            if _in_company(company, article_ids - {entity.id}):
                return owner
    return None


def _owner_by_country(
    entity: Entity, forms: Sequence[RememberedForm], memory: FormMemory, countries: set[str]
) -> RememberedEntity | None:
    """Return the place of that name whose country earlier articles stated, where they agree.

    It counts where this article speaks of that country, or several articles stated it.
    """
    owners = [owner for form in forms for owner in memory.find_owners(form.key) if owner.country]
    if entity.country or len({owner.country for owner in owners}) != 1:
        return None
    return owners[0] if owners[0].country in countries or owners[0].articles >= _MIN_ARTICLES else None


def _owner_of_other_type(
    entity: Entity, forms: Sequence[RememberedForm], memory: FormMemory, knowledge: KnowledgeBase
) -> RememberedEntity | None:
    """Return the entity of another type that nearly all earlier articles took the name for."""
    others = [owner for key in _other_keys(entity, knowledge) for owner in memory.find_owners(key)]
    best = max(others, key=lambda owner: owner.articles, default=None)
    own_articles = sum(owner.articles for form in forms if form.how == FULL for owner in memory.find_owners(form.key))
    return best if best and best.articles >= max(_MIN_ARTICLES, _OTHER_TYPE_RATIO * own_articles) else None


def _dominant(owners: Sequence[RememberedEntity], at: dt.datetime) -> RememberedEntity | None:
    """Return the entity that nearly all recent articles meant, None where there is none."""
    recent: dict[str, RememberedEntity] = {}
    for owner in owners:
        if at - owner.last_seen <= SHORT_FORM_MEMORY and (
            owner.entity not in recent or recent[owner.entity].articles < owner.articles
        ):
            recent[owner.entity] = owner
    most_used = max(recent.values(), key=lambda owner: owner.articles, default=None)
    total = sum(owner.articles for owner in recent.values())
    return most_used if most_used and most_used.articles >= max(_MIN_ARTICLES, _DOMINANT_SHARE * total) else None


def _in_company(company: Collection[str], article_ids: Collection[str]) -> bool:
    shared = set(company).intersection(article_ids)
    return len(shared) >= _MIN_COMPANY and any(not entity.startswith(("place:", "group:")) for entity in shared)


def _renamed(names: Names, owners: dict[str, RememberedEntity]) -> Names:
    """Return the names with the ids of their owners (by the present id); two entities of one id become one."""
    entities: dict[str, Entity] = {}
    for entity in names.entities:
        owner = owners.get(entity.id)
        linked = _linked(entity, owner) if owner else entity
        entities[linked.id] = combine_entities(entities[linked.id], linked) if linked.id in entities else linked
    mentions = tuple(
        msgspec.structs.replace(m, entity=owners[m.entity].entity, type=entity_type(owners[m.entity].entity))
        if m.entity in owners
        else m
        for m in names.mentions
    )
    renamed = msgspec.structs.replace(names, mentions=mentions, entities=tuple(entities.values()))
    return add_salience(renamed) if len(entities) < len(names.entities) else renamed


def _linked(entity: Entity, owner: RememberedEntity) -> Entity:
    ident, country = owner.entity, entity.country or owner.country
    return msgspec.structs.replace(entity, id=ident, name=owner.name, type=entity_type(ident), country=country)


def entity_type(ident: str) -> EntityType:
    """Return the type of an entity, with which its id begins ("person:jen-psaki")."""
    return EntityType(ident.partition(":")[0].upper())


def combine_entities(first: Entity, second: Entity) -> Entity:
    """Return the first of two entities of an article with the second one's mentions, aliases and weight added."""
    return msgspec.structs.replace(
        first,
        aliases=tuple(dict.fromkeys((*first.aliases, *second.aliases))),
        count=first.count + second.count,
        country=first.country or second.country,
        location=first.location or second.location,
        salience=min(1.0, first.salience + second.salience),
        key=first.key or second.key,
    )
