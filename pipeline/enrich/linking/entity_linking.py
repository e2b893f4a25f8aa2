"""Is somebody in this article somebody whom earlier articles named?

Within an article names are joined by rules (join.py); across articles by what earlier ones wrote: a full form leads to
the entity that was written so; an acronym or a short form only where one entity was meant by nearly all lately; a full
name that sounds like another one's only where the two are named in the same company. What no list knows is also of the
type, and in the country, that nearly all earlier articles gave it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from pipeline.enrich.coreference.coreference import SurfaceForm, comparison_words, is_acronym
from pipeline.enrich.coreference.romanisation import sound_key
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase
from pipeline.enrich.linking.institutions import parse_institution
from pipeline.entity_records import RememberedEntity, RememberedForm
from pipeline.records import Entity, EntityType, Names

# So many people of one sound are looked at, those named in most articles: each costs a query.
_CANDIDATES = 5
# An article that names more is a list (of candidates, of the dead); the rest is tied by name alone.
MAX_LINKED = 1000
FULL, ACRONYM, SHORT, LISTED = "full", "acronym", "short", "listed"
# What stands between type and words in a key: names that the alias file has are only counted, never looked up.
_MARKS = {FULL: ":", LISTED: "="}
# An acronym's owner has at least this share of the articles that say whose it is, and was met in so many of them.
_DOMINANT = 0.9
_FEWEST = 2
# What articles took for something of another type is that, where so many times more did so.
_TIMES = 4
# So long an acronym keeps the meaning that articles gave it.
SHORT_FORM_MEMORY = dt.timedelta(days=30)
# Two names that sound alike are one person's where so many others are named with both, one of them no place or people.
_COMPANY = 2


class FormMemory(Protocol):
    """What earlier articles wrote."""

    def load_forms(self, keys: Collection[str], sounds: Collection[str]) -> None:
        """Read the forms that a batch will ask for, all at once."""

    def add_names(
        self, seq: int, at: dt.datetime, names: Names, forms: Sequence[RememberedForm], fixed: Collection[str]
    ) -> None:
        """Count an article's names; ``fixed`` are the entities whose name isn't elected."""

    def subtract_names(self, seq: int, names: Names, forms: Sequence[RememberedForm]) -> None:
        """Count an article's names no longer."""

    def find_owners(self, key: str) -> Sequence[RememberedEntity]:
        """Return the entities that were written so, those named in most articles first."""

    def find_sounding(self, sound: str) -> Sequence[RememberedEntity]:
        """Return the entities whose full names sound so."""

    def find_company(self, entity: str) -> Collection[str]:
        """Return the entities that the latest articles about ``entity`` name too."""


class ArticleNames(NamedTuple):
    """The names that were found in an article, the ``seq``-th to arrive."""

    seq: int
    at: dt.datetime  # when it was first seen
    names: Names
    previous: Names | None = None  # what was counted for it before, where it is read again


def link_batch(batch: Sequence[ArticleNames], known: KnowledgeBase, memory: FormMemory) -> list[Names]:
    """Return the names of articles, in order of arrival, tied to the entities of earlier ones, and remember them."""
    keys = [lookup_keys(names, known) for one in batch for names in (one.names, one.previous) if names]
    memory.load_forms(set[str]().union(*(k for k, _ in keys)), set[str]().union(*(s for _, s in keys)))
    tied = []
    for one in batch:
        if one.previous:
            memory.subtract_names(one.seq, one.previous, remembered_forms(one.previous, known))
        names = link_article(one.names, known, memory, one.at)
        memory.add_names(one.seq, one.at, names, remembered_forms(names, known), known.entity_ids)
        tied.append(names)
    return tied


def remembered_forms(names: Names, known: KnowledgeBase) -> list[RememberedForm]:
    """Return how an article writes its entities, places of the gazetteer apart: what is remembered of it.

    What an article only calls by an acronym or a short form tells nothing of whose that is.
    """
    made = [list(_forms(entity, known)) for entity in names.entities[:MAX_LINKED]]
    return [form for forms in made if any(f.how in _MARKS for f in forms) for form in forms]


def lookup_keys(names: Names, known: KnowledgeBase) -> tuple[set[str], set[str]]:
    """Return the keys and the sounds by which ``link`` will ask for an article's names."""
    forms = [form for entity in names.entities[:MAX_LINKED] for form in _forms(entity, known)]
    keys = {key for form in forms for key in (form.key, form.key.replace("?", ":", 1))}
    keys |= {key for entity in names.entities[:MAX_LINKED] for key in _other_keys(entity, known)}
    return keys, {form.sound for form in forms if form.sound}


def _other_keys(entity: Entity, known: KnowledgeBase) -> list[str]:
    """Return the keys under which a name of several words, which no list knows, would be another type's."""
    if entity.id in known.entity_ids or " " not in entity.name:
        return []
    others = [kind for kind in (EntityType.PERSON, EntityType.ORG, EntityType.PLACE) if kind is not entity.type]
    return [_key(kind, FULL, comparison_words(SurfaceForm(entity.name, kind), known.lexicon)) for kind in others]


def _key(kind: EntityType, how: str, words: Sequence[str]) -> str:
    return f"{kind.lower()}{_MARKS.get(how, '?')}{' '.join(words)}"


def _forms(entity: Entity, known: KnowledgeBase) -> Iterable[RememberedForm]:
    if entity.type is EntityType.PLACE and (entity.id in known.entity_ids or not entity.count):
        return
    lexicon = known.lexicon
    fullest = max((len(comparison_words(SurfaceForm(s, entity.type), lexicon)) for s in entity.aliases), default=0)
    for surface in entity.aliases:
        name = SurfaceForm(surface, entity.type)
        words = comparison_words(name, lexicon)
        listed = any(row.id == entity.id for row in known.find_entities(surface, entity.type))
        how = LISTED if listed else _how(name, words, fullest, known)
        if how:
            person = entity.type is EntityType.PERSON
            yield RememberedForm(
                entity=entity.id,
                key=_key(entity.type, how, words),
                surface=surface,
                how=how,
                sound=sound_key(words) if person else None,
            )


def _how(name: SurfaceForm, words: tuple[str, ...], fullest: int, known: KnowledgeBase) -> str | None:
    """Return in which way a surface names its entity; None for what names somebody else in each article."""
    if name.type is EntityType.PERSON:
        return FULL if len(words) > 1 else None
    if name.type is EntityType.PLACE:
        return FULL if len(words) == fullest else None
    if is_acronym([name]):
        return ACRONYM
    whose = parse_institution(known, name)
    if whose and not whose.country:
        return None
    if len(words) == fullest and " " in name.text:
        return FULL
    lexicon = known.lexicon
    telling = any(w not in lexicon.common and not lexicon.is_kind_noun(w) and w not in lexicon.org_heads for w in words)
    return SHORT if telling else None


def link_article(names: Names, known: KnowledgeBase, memory: FormMemory, at: dt.datetime) -> Names:
    """Return the names with the entities that earlier articles know under their ids; ``at`` is the article's time."""
    here = {entity.id for entity in names.entities}
    countries = {entity.country for entity in names.entities if entity.country}
    found: dict[str, RememberedEntity] = {}
    for entity in names.entities[:MAX_LINKED]:
        if entity.id in known.entity_ids:
            continue
        forms = list(_forms(entity, known))
        if entity.type is EntityType.PLACE:
            owner = _located(entity, forms, memory, countries)
        else:
            owner = _owner(entity, forms, memory, here, at)
        owner = _other_type(entity, forms, memory, known) or owner
        if owner and owner.entity != entity.id:
            found[entity.id] = owner
    return _renamed(names, found) if found else names


def _owner(
    entity: Entity, forms: Sequence[RememberedForm], memory: FormMemory, here: set[str], at: dt.datetime
) -> RememberedEntity | None:
    full = sorted((f for f in forms if f.how == FULL), key=lambda f: -len(f.key))
    for form in full:
        if owners := memory.find_owners(form.key):
            return owners[0]
    if not full:
        for form in forms:
            owners = [*memory.find_owners(form.key), *memory.find_owners(form.key.replace("?", ":", 1))]
            if (owner := _dominant(owners, at)) and owner.entity not in here:
                return owner
        return None
    for form in full:
        for owner in memory.find_sounding(form.sound)[:_CANDIDATES] if form.sound else ():
            if owner.entity not in here and _in_company(memory.find_company(owner.entity), here - {entity.id}):
                return owner
    return None


def _located(
    entity: Entity, forms: Sequence[RememberedForm], memory: FormMemory, countries: set[str]
) -> RememberedEntity | None:
    """Return the one place of that name whose country earlier articles told, if this one speaks of that country."""
    owners = [owner for form in forms for owner in memory.find_owners(form.key) if owner.country]
    if entity.country or len({owner.country for owner in owners}) != 1:
        return None
    return owners[0] if owners[0].country in countries or owners[0].articles >= _FEWEST else None


def _other_type(
    entity: Entity, forms: Sequence[RememberedForm], memory: FormMemory, known: KnowledgeBase
) -> RememberedEntity | None:
    """Return what nearly all earlier articles took the name for, where that is something of another type."""
    others = [owner for key in _other_keys(entity, known) for owner in memory.find_owners(key)]
    best = max(others, key=lambda owner: owner.articles, default=None)
    own = sum(owner.articles for form in forms if form.how == FULL for owner in memory.find_owners(form.key))
    return best if best and best.articles >= max(_FEWEST, _TIMES * own) else None


def _dominant(owners: Sequence[RememberedEntity], at: dt.datetime) -> RememberedEntity | None:
    """Return the entity that nearly all articles meant lately, None where there is none."""
    late: dict[str, RememberedEntity] = {}
    for one in owners:
        if at - one.last_seen <= SHORT_FORM_MEMORY and (
            one.entity not in late or late[one.entity].articles < one.articles
        ):
            late[one.entity] = one
    first = max(late.values(), key=lambda o: o.articles, default=None)
    enough = first and first.articles >= max(_FEWEST, _DOMINANT * sum(o.articles for o in late.values()))
    return first if enough else None


def _in_company(company: Collection[str], others: Collection[str]) -> bool:
    shared = set(company).intersection(others)
    return len(shared) >= _COMPANY and any(not one.startswith(("place:", "group:")) for one in shared)


def _renamed(names: Names, found: dict[str, RememberedEntity]) -> Names:
    """Return the names with other ids; two entities of one id become one."""
    made: dict[str, Entity] = {}
    for entity in names.entities:
        owner = found.get(entity.id)
        one = _as(entity, owner) if owner else entity
        made[one.id] = merge_entities(made[one.id], one) if one.id in made else one
    mentions = tuple(
        msgspec.structs.replace(m, entity=found[m.entity].entity, type=entity_type(found[m.entity].entity))
        if m.entity in found
        else m
        for m in names.mentions
    )
    return msgspec.structs.replace(names, mentions=mentions, entities=tuple(made.values()))


def _as(entity: Entity, owner: RememberedEntity) -> Entity:
    ident, country = owner.entity, entity.country or owner.country
    return msgspec.structs.replace(entity, id=ident, name=owner.name, type=entity_type(ident), country=country)


def entity_type(ident: str) -> EntityType:
    """Return the type of an entity, with which its id begins."""
    return EntityType(ident.partition(":")[0].upper())


def merge_entities(one: Entity, other: Entity) -> Entity:
    """Return two entities of an article as the first of them."""
    return msgspec.structs.replace(
        one,
        aliases=tuple(dict.fromkeys((*one.aliases, *other.aliases))),
        count=one.count + other.count,
        country=one.country or other.country,
        location=one.location or other.location,
        salience=min(1.0, one.salience + other.salience),
        key=one.key or other.key,
    )
