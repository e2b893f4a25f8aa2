"""Link names in other languages than English to entities of earlier articles: by their base form, and by their sound.

A base form counts where the two articles share an entity, a sound where they share two, one of them no place; names
that sound alike two by two vouch for one another.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import msgspec

from pipeline.enrich.coreference.coreference import SurfaceForm, comparison_words
from pipeline.enrich.coreference.romanisation import (
    SURNAME_FIRST,
    foreign_sound,
    foreign_sounds,
    rough_key,
    sound_alike,
    sound_key,
)
from pipeline.enrich.knowledge.endings import base_phrases, strip_affixes
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase
from pipeline.enrich.knowledge.transliteration import is_rough
from pipeline.enrich.linking.form_memory import (
    BASE,
    FULL,
    SHORT_FORM_MEMORY,
    SOUNDING,
    FormMemory,
    form_key,
    stored_sound,
)
from pipeline.entity_records import RememberedEntity, RememberedForm
from pipeline.records import Entity, EntityType, Names

NameWords = tuple[str, ...]
# So many base forms of a name are remembered, and so many looked up, each under so many sounds.
_KEPT, _TRIED, _SOUNDS_EACH = 8, 12, 8
# So many owners of one sound are looked at.
_MAX_SOUNDING = 8
# Entities of an article whose company may hold a name of another script.
_MAX_COMPANIONS = 8
_BASE_COMPANY, _SOUND_COMPANY = 1, 2
# Marks the key of a name's consonants, by which scripts without vowels are compared.
_ROUGH = "rough:"


class NameKeys(NamedTuple):
    """The keys of the base forms that an entity's names may have, and the sounds of these."""

    keys: tuple[str, ...]
    sounds: tuple[str, ...]


def _full_names(
    of_type: EntityType, surfaces: Sequence[str], language: str, knowledge: KnowledgeBase
) -> list[NameWords]:
    """Return the names by which an entity is known anywhere, as words: a person's full names, a place's longest."""
    forms = (SurfaceForm(strip_affixes(surface, language), of_type) for surface in surfaces)
    names = list(dict.fromkeys(comparison_words(form, knowledge.lexicon) for form in forms))
    longest = max(map(len, names), default=0)
    return [name for name in names if len(name) > 1 or (len(name) == longest and of_type is not EntityType.PERSON)]


def _turned(name: NameWords, of_type: EntityType, language: str) -> list[NameWords]:
    """Return a person's name with the surname behind the given names, where the language writes it before them."""
    is_turned = of_type is EntityType.PERSON and language in SURNAME_FIRST and len(name) > 1
    return [(*name[1:], name[0])] if is_turned else []


@lru_cache(maxsize=8192)
def _readings(of_type: EntityType, surfaces: tuple[str, ...], language: str, knowledge: KnowledgeBase) -> NameKeys:
    keys: dict[str, None] = {}
    sounds: dict[str, None] = {}
    for name in _full_names(of_type, surfaces, language, knowledge):
        bases = base_phrases(name, language)[:_TRIED]
        for phrase in (name, *bases, *(turned for p in (name, *bases) for turned in _turned(p, of_type, language))):
            keys |= dict.fromkeys([form_key(of_type, FULL, phrase), form_key(of_type, BASE, phrase)])
            if of_type in SOUNDING:
                stored = (stored_sound(of_type, sound) for sound in foreign_sounds(phrase, language)[:_SOUNDS_EACH])
                sounds |= dict.fromkeys(sound for sound in stored if sound)
        if of_type is EntityType.PERSON and (rough := rough_key(name)):
            sounds[f"{_ROUGH}{rough}"] = None
    return NameKeys(tuple(keys), tuple(sounds))


def foreign_readings(entity: Entity, language: str, knowledge: KnowledgeBase) -> NameKeys:
    """Return under which keys and sounds earlier articles may have written an entity, beside its own forms."""
    is_known = entity.id in knowledge.entity_ids
    return NameKeys((), ()) if is_known else _readings(entity.type, entity.aliases, language, knowledge)


def foreign_forms(
    forms: Sequence[RememberedForm], entity: Entity, language: str, knowledge: KnowledgeBase
) -> Sequence[RememberedForm]:
    """Return the forms of an entity as an article in this language leaves them to later ones.

    A name in another case than its base form is left out where that is written too; else what its base form may be is
    remembered as well.
    """
    return _foreign_forms(tuple(forms), entity.type, entity.id in knowledge.entity_ids, language, knowledge)


@lru_cache(maxsize=8192)
def _foreign_forms(
    forms: tuple[RememberedForm, ...], of_type: EntityType, is_known: bool, language: str, knowledge: KnowledgeBase
) -> tuple[RememberedForm, ...]:
    full = {form.surface: form for form in forms if form.how == FULL}
    words = {
        surface: comparison_words(SurfaceForm(strip_affixes(surface, language), of_type), knowledge.lexicon)
        for surface in full
    }
    bases = {surface: base_phrases(name, language) for surface, name in words.items()}
    chosen: list[RememberedForm] = [form for form in forms if form.how != FULL]
    for surface, form in full.items():
        if any(name in bases[surface] for base, name in words.items() if base != surface):
            continue  # its base form is written too
        name = words[surface]
        chosen.append(form)
        is_base = any(name in bases[base] for base in full if base != surface)
        phrases = [name, *([] if is_base else bases[surface][:_KEPT])]
        phrases += [turned for phrase in phrases for turned in _turned(phrase, of_type, language)]
        for phrase in phrases if not is_known else ():
            chosen += _base_forms(form, of_type, phrase, language)
        if of_type is EntityType.PERSON and (rough := rough_key(name)):
            key = f"{_ROUGH}{rough}"
            chosen.append(msgspec.structs.replace(form, key=form_key(of_type, BASE, (key,)), how=BASE, sound=key))
    return tuple(chosen)


def _base_forms(form: RememberedForm, of_type: EntityType, words: NameWords, language: str) -> Iterator[RememberedForm]:
    """Yield what a base form is remembered as: under its sound as it is spelled, and as English would spell it."""
    spelled = (sound_key(words), foreign_sound(words, language)) if of_type in SOUNDING else (None,)
    for number, sound in enumerate(dict.fromkeys(spelled)):
        key = form_key(of_type, BASE, words if number == 0 else (*words, language))
        yield msgspec.structs.replace(form, key=key, how=BASE, sound=stored_sound(of_type, sound))


def find_owners_abroad(
    names: Names,
    own_sounds: Mapping[str, Collection[str]],
    knowledge: KnowledgeBase,
    memory: FormMemory,
    at: dt.datetime,
) -> dict[str, RememberedEntity]:
    """Return entity → that of earlier articles which it is by its base form, or by a sound in another language.

    ``own_sounds`` are the sounds of the entities' names as they are written.
    """
    candidates = _candidates(names, own_sounds, knowledge, memory, at)
    if not candidates:
        return {}
    article_ids = {entity.id for entity in names.entities}
    company_of = cache(lambda ident: frozenset(memory.find_company(ident)))
    owners: dict[str, RememberedEntity] = {}
    for ident, possible in candidates.items():
        others = {o.entity for rival, owned in candidates.items() if rival != ident for o, _ in owned}
        for owner, least in possible:
            if owner.entity in article_ids:
                continue
            shared = company_of(owner.entity) & (article_ids - {ident})
            vouching = company_of(owner.entity) & others
            if _is_enough(shared, vouching, least):
                owners[ident] = owner
                break
    return owners


def _is_enough(shared: Collection[str], vouching: Collection[str], least: int) -> bool:
    """Tell whether what two articles share shows that a name is one in both: a person who sounds alike does alone."""
    if any(entity.startswith("person:") for entity in vouching):
        return True
    telling = vouching or any(not entity.startswith(("place:", "group:")) for entity in shared)
    return len(shared) + len(vouching) >= least and bool(telling or least == _BASE_COMPANY)


def _candidates(
    names: Names,
    own_sounds: Mapping[str, Collection[str]],
    knowledge: KnowledgeBase,
    memory: FormMemory,
    at: dt.datetime,
) -> dict[str, list[tuple[RememberedEntity, int]]]:
    """Return entity → the earlier ones that it may be, each with how many entities the articles must share."""
    candidates: dict[str, list[tuple[RememberedEntity, int]]] = defaultdict(list)
    for entity in names.entities:
        if entity.id in knowledge.entity_ids or entity.id not in own_sounds:
            continue
        readings = foreign_readings(entity, names.language, knowledge) if names.language else NameKeys((), ())
        for key in readings.keys:
            candidates[entity.id] += [(o, _BASE_COMPANY) for o in memory.find_owners(key) if o.entity != entity.id]
        for sound in dict.fromkeys((*own_sounds[entity.id], *readings.sounds)):
            for owner in memory.find_sounding(sound)[:_MAX_SOUNDING]:
                is_near = owner.entity != entity.id and abs(at - owner.last_seen) <= SHORT_FORM_MEMORY
                is_rough_pair = is_rough(entity.name) or is_rough(owner.name)
                if is_near and (is_rough_pair or not sound.startswith(_ROUGH)):
                    candidates[entity.id].append((owner, _SOUND_COMPANY))
    for ident, owner in _companions(names, knowledge, memory) if names.language else ():
        candidates[ident].append((owner, _SOUND_COMPANY))
    return {ident: owners for ident, owners in candidates.items() if owners}


def _companions(names: Names, knowledge: KnowledgeBase, memory: FormMemory) -> list[tuple[str, RememberedEntity]]:
    """Return the people in scripts without vowels with those of the same consonants in the company of this article."""
    unknown = [
        (entity.id, name)
        for entity in names.entities
        if entity.type is EntityType.PERSON and entity.id not in knowledge.entity_ids
        for name in _full_names(entity.type, entity.aliases, names.language or "", knowledge)
    ]
    rough = [(ident, name) for ident, name in unknown if is_rough("".join(name))]
    if not rough:
        return []
    known = [e.id for e in names.entities if e.id in knowledge.entity_ids][:_MAX_COMPANIONS]
    people = {ident for entity in known for ident in memory.find_company(entity) if ident.startswith("person:")}
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return [
        (ident, RememberedEntity(entity=person, name=_name_of(person), articles=1, last_seen=epoch))
        for ident, name in rough
        for person in sorted(people)
        if sound_alike(name, _words_of(person))
    ]


def _words_of(ident: str) -> NameWords:
    return tuple(ident.partition(":")[2].split("-"))


def _name_of(ident: str) -> str:
    return " ".join(_words_of(ident)).title()
