"""Find the entity that each group of names in one article names.

The id is the same in all articles: what the knowledge base has keeps its id and name, anything else gets an id that is
made from its name.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from pipeline.enrich.coreference.coreference import SurfaceForm
from pipeline.enrich.knowledge.endings import base_phrases
from pipeline.enrich.knowledge.knowledge_base import EntityKind, KnowledgeBase, KnownEntity, entity_id
from pipeline.enrich.knowledge.tokens import name_key
from pipeline.enrich.linking.institutions import full_institution_name, owning_country, parse_institution
from pipeline.enrich.linking.known_people import find_known_person
from pipeline.enrich.linking.places import choose_place, count_countries
from pipeline.records import Entity, EntityType

# A part of a place: "eastern Syria", "mid-Wales".
_PART = re.compile(
    r"(?:mid|upper|lower|central|inner|outer|mainland|rural"
    r"|(?:north|south|east|west)(?:[- ]?(?:east|west|central))?(?:ern)?)[- ]"
)
_BLANKS = re.compile(r"\s+")


class PlaceContext(NamedTuple):
    """What an article says of its places beside their names."""

    qualifiers: Mapping[SurfaceForm, str]  # what stands behind a place after a comma
    natural_features: AbstractSet[
        SurfaceForm
    ]  # places named for a forest or a river: "Mau forest" isn't the city of Mau
    source_country: str | None  # ISO 3166-1 code of the publisher's country
    language: str | None  # in which names may be written, beside English (ISO 639-1)


class _Resolution(NamedTuple):
    """The entity of one group of names; ``known_entity`` where the knowledge base has it."""

    id: str
    name: str
    known_entity: KnownEntity | None
    country: str | None


def sure_entity_id(knowledge: KnowledgeBase, form: SurfaceForm, language: str | None = None) -> str | None:
    """Return the id of the entity that a name means in any article; None for bare words, acronyms and places."""
    is_bare = " " not in form.text and "・" not in form.text
    if form.type is EntityType.PLACE or (is_bare and form.type is not EntityType.GROUP):
        return None
    entities = knowledge.find_entities(form.text, form.type, language=language)
    entities = entities or (_written_otherwise(knowledge, form, language) if language else ())
    return entities[0].id if entities else None


def _written_otherwise(knowledge: KnowledgeBase, form: SurfaceForm, language: str) -> tuple[KnownEntity, ...]:
    """Return the known entities that a name means in a case of its language, or by its sound."""
    if declined := knowledge.find_declined(form.text, form.type, language):
        return declined
    person = find_known_person(knowledge, form.text, language) if form.type is EntityType.PERSON else None
    return (person,) if person else ()


def place_ids(knowledge: KnowledgeBase, form: SurfaceForm, language: str | None = None) -> frozenset[str]:
    """Return the ids of the places that are known under a name."""
    return frozenset(entity.id for entity in knowledge.find_entities(form.text, EntityType.PLACE, language=language))


def resolve_entities(
    knowledge: KnowledgeBase,
    groups: Sequence[Sequence[SurfaceForm]],
    counted: Mapping[SurfaceForm, int],
    place_context: PlaceContext,
) -> dict[SurfaceForm, Entity]:
    """Return the entity of each name; groups that are known as one entity become one.

    Args:
        knowledge: aliases and gazetteer.
        groups: from ``group_surface_forms``, the fullest name of each first.
        counted: mentions of each name; 0 for a dateline's place that the text doesn't name.
        place_context: what tells places apart.
    """
    candidates = {group[0]: _candidates(knowledge, group, place_context) for group in groups}
    weights = {group[0]: max(1, sum(counted[form] for form in group)) for group in groups}
    country_counts = count_countries((candidates[group[0]], weights[group[0]]) for group in groups)
    resolved: dict[str, tuple[_Resolution, list[SurfaceForm]]] = {}
    for group in groups:
        first = group[0]
        if first.type is EntityType.PLACE:
            other_counts = country_counts - count_countries([(candidates[first], weights[first])])
            resolution = _resolve_place(knowledge, group, candidates[first], place_context, other_counts, counted)
        else:
            country = owning_country(country_counts, place_context.source_country)
            resolution = _resolve_named(knowledge, group, candidates[first], country, counted, place_context.language)
        resolved.setdefault(resolution.id, (resolution, []))[1].extend(group)
    return {
        form: entity
        for resolution, forms in resolved.values()
        for entity in [_entity(resolution, forms, counted, place_context.language)]
        for form in forms
    }


def _candidates(
    knowledge: KnowledgeBase, group: Sequence[SurfaceForm], place_context: PlaceContext
) -> tuple[KnownEntity, ...]:
    """Return the known entities of a group: by its longer names where it has any, else by its acronym or bare name."""
    longer = [form for form in group if " " in form.text or "-" in form.text]
    is_natural_feature = any(form in place_context.natural_features for form in group)
    for form in longer or group:
        candidates = knowledge.find_entities(form.text, form.type, language=place_context.language)
        if candidates := tuple(c for c in candidates if c.kind is not EntityKind.CITY or not is_natural_feature):
            return candidates
    for form in (longer or group) if place_context.language else ():
        if candidates := _written_otherwise(knowledge, form, place_context.language or ""):
            return candidates
    if place_context.language and (country := _country_of_adjective(knowledge, group[0], place_context.language)):
        return country
    return _abbreviated(knowledge, group[0]) or _described(knowledge, group[0]) or _part_of(knowledge, group[0])


def _country_of_adjective(knowledge: KnowledgeBase, form: SurfaceForm, language: str) -> tuple[KnownEntity, ...]:
    """Return the country that is meant where its adjective is taken for a place: американской."""
    if form.type is not EntityType.PLACE:
        return ()
    groups = knowledge.find_entities(form.text, EntityType.GROUP, language=language)
    groups = groups or knowledge.find_declined(form.text, EntityType.GROUP, language)
    codes = {group.country for group in groups if not group.listed}
    code = next(iter(codes)) if len(codes) == 1 else None
    country = knowledge.countries.get(code) if code else None
    return (country,) if country else ()


def _abbreviated(knowledge: KnowledgeBase, form: SurfaceForm) -> tuple[KnownEntity, ...]:
    """Return the state or province that a place's name abbreviates: "NJ", "Cal."."""
    is_abbreviation = form.type is EntityType.PLACE and (form.text.isupper() or form.text.endswith("."))
    region = knowledge.abbreviations.get(name_key(form.text)) if is_abbreviation else None
    return tuple(e for e in knowledge.find_entities(region, form.type) if e.kind is EntityKind.REGION) if region else ()


def _described(knowledge: KnowledgeBase, form: SurfaceForm) -> tuple[KnownEntity, ...]:
    """Return the organisation that a name describes by a faith or by a people without a country: "Sunni Islamic State".

    With a nationality it is another one: the Turkish Red Crescent, Egyptian Islamic Jihad.
    """
    first, _, remainder = form.text.partition(" ")
    groups = knowledge.find_entities(first, EntityType.GROUP) if remainder and form.type is EntityType.ORG else ()
    is_described = bool(groups) and all(group.country is None for group in groups)
    return knowledge.find_entities(remainder, form.type) if is_described else ()


def _part_of(knowledge: KnowledgeBase, form: SurfaceForm) -> tuple[KnownEntity, ...]:
    """Return the place of which a name means a part: "eastern Syria", "central London"; not "Eastern Europe"."""
    part = _PART.match(form.text) if form.type is EntityType.PLACE else None
    return knowledge.find_entities(form.text[part.end() :], form.type) if part else ()


def _resolve_place(
    knowledge: KnowledgeBase,
    group: Sequence[SurfaceForm],
    candidates: tuple[KnownEntity, ...],
    place_context: PlaceContext,
    country_counts: collections.Counter[str],
    counted: Mapping[SurfaceForm, int],
) -> _Resolution:
    qualifier = next((place_context.qualifiers[form] for form in group if form in place_context.qualifiers), None)
    qualifiers = knowledge.find_entities(qualifier, EntityType.PLACE) if qualifier else ()
    areas = [q for q in qualifiers if q.kind is not EntityKind.CITY]
    chosen = choose_place(candidates, areas, country_counts, place_context.source_country)
    shown = display_name(group, counted, place_context.language)
    if chosen:
        return _Resolution(chosen.id, chosen.name, chosen, chosen.country)
    countries = {area.country for area in areas}
    country = next(iter(countries)) if len(countries) == 1 else None
    place_id = entity_id(group[0].type, shown)
    return _Resolution(f"{place_id}-{country.lower()}" if country else place_id, shown, None, country)


def _resolve_named(
    knowledge: KnowledgeBase,
    group: Sequence[SurfaceForm],
    candidates: tuple[KnownEntity, ...],
    country: str | None,
    counted: Mapping[SurfaceForm, int],
    language: str | None,
) -> _Resolution:
    if candidates:
        return _Resolution(candidates[0].id, candidates[0].name, candidates[0], candidates[0].country)
    entity_type, shown = group[0].type, display_name(group, counted, language)
    institution = parse_institution(knowledge, group[0])
    country = (institution and institution.country) or country
    if not institution or not country:
        return _Resolution(entity_id(entity_type, shown), shown, None, None)
    name, entity = full_institution_name(knowledge, country, shown)
    if entity:
        return _Resolution(entity.id, entity.name, entity, country)
    general_name, _ = full_institution_name(knowledge, country, " ".join(institution.words))
    return _Resolution(entity_id(entity_type, general_name), name, None, country)


def display_name(group: Sequence[SurfaceForm], counted: Mapping[SurfaceForm, int], language: str | None = None) -> str:
    """Return the name to show: the most used of those with as many words as the first, in its base form if it is so."""
    words = len(name_key(group[0].text).split())
    fullest = [form for form in group if len(name_key(form.text).split()) == words]
    if language and len(fullest) > 1:
        fullest = list(_base_forms(fullest, language))
    best = max(fullest, key=lambda form: (counted[form], not form.text.isupper()))
    text = _BLANKS.sub(" ", best.text).strip()
    return text.title() if text.isupper() and " " in text else text


def _base_forms(forms: Sequence[SurfaceForm], language: str) -> Sequence[SurfaceForm]:
    """Return those of several forms to which most of the others lead; all where none leads to another."""
    keys = {form: tuple(name_key(form.text).split()) for form in forms}
    leads = collections.Counter(base for form in forms for base in base_phrases(keys[form], language))
    most = max(leads[keys[form]] for form in forms)
    return [form for form in forms if leads[keys[form]] == most]


def _entity(
    resolution: _Resolution, forms: Sequence[SurfaceForm], counted: Mapping[SurfaceForm, int], language: str | None
) -> Entity:
    ordered = sorted(forms, key=lambda form: -counted[form])
    return Entity(
        id=resolution.id,
        name=resolution.name
        if resolution.known_entity or resolution.country
        else display_name(forms, counted, language),
        type=forms[0].type,
        aliases=tuple(dict.fromkeys(form.text for form in ordered if counted[form])),
        count=sum(counted[form] for form in forms),
        country=resolution.country,
        location=resolution.known_entity.location if resolution.known_entity else None,
    )
