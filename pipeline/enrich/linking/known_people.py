"""Find the person of the alias file that a name in another language or script means, by its sound.

Дональда Трампа, Wolodymyr Selenskyj and 도널드 트럼프 are known without a line of their own.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import NamedTuple

from pipeline.enrich.coreference.coreference import SurfaceForm, comparison_words
from pipeline.enrich.coreference.romanisation import SURNAME_FIRST, foreign_sounds, rough_key, sound_key
from pipeline.enrich.knowledge.endings import base_phrases, strip_affixes
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase, KnownEntity
from pipeline.enrich.knowledge.transliteration import is_rough
from pipeline.records import EntityType

# So many base forms of a name are tried.
_MOST_PHRASES = 8


class _Sounds(NamedTuple):
    """Key of a name's sound, and of its consonants → the person; None where two people share it."""

    by_sound: dict[str, KnownEntity | None]
    by_consonants: dict[str, KnownEntity | None]


@lru_cache(maxsize=4)
def _sounds(knowledge: KnowledgeBase) -> _Sounds:
    sounds = _Sounds({}, {})
    for form in itertools.chain.from_iterable(knowledge.forms.values()):
        if form.entity.type is EntityType.PERSON:
            words = comparison_words(SurfaceForm(form.text, EntityType.PERSON), knowledge.lexicon)
            _add(sounds.by_sound, sound_key(words), form.entity)
            _add(sounds.by_consonants, rough_key(words) if len(words) > 1 else None, form.entity)
    return sounds


def _add(index: dict[str, KnownEntity | None], key: str | None, entity: KnownEntity) -> None:
    if key:
        index[key] = entity if index.setdefault(key, entity) == entity else None


@lru_cache(maxsize=16384)
def find_known_person(knowledge: KnowledgeBase, name: str, language: str) -> KnownEntity | None:
    """Return the known person whose name sounds like ``name``, as a text in this language writes it."""
    form = SurfaceForm(strip_affixes(name, language), EntityType.PERSON)
    words = comparison_words(form, knowledge.lexicon)
    sounds = _sounds(knowledge)
    phrases = [words, *base_phrases(words, language)[:_MOST_PHRASES]]
    if len(words) > 1 and language in SURNAME_FIRST:
        phrases += [(*phrase[1:], phrase[0]) for phrase in phrases]
    for phrase in phrases:
        people = {sounds.by_sound.get(sound) for sound in foreign_sounds(phrase, language)} - {None}
        if len(people) == 1:
            return people.pop()
    return sounds.by_consonants.get(rough_key(words) or "") if is_rough(name) and len(words) > 1 else None
