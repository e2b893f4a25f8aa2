"""Define what linking asks of earlier articles: how they wrote which entity, and in whose company.

The ledger implements it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Protocol

from pipeline.entity_records import RememberedEntity, RememberedForm
from pipeline.records import EntityType, Names

FULL, ACRONYM, SHORT, LISTED, BASE = "full", "acronym", "short", "listed", "base"
# What stands between type and words in a key, "?" for the others; listed names are only counted, never looked up.
KEY_MARKS = {FULL: ":", LISTED: "=", BASE: "~"}
# So long an acronym or short form keeps the meaning that articles gave it.
SHORT_FORM_MEMORY = dt.timedelta(days=30)
# Their names are compared by sound
SOUNDING = frozenset({EntityType.PERSON, EntityType.PLACE})


class FormMemory(Protocol):
    """What earlier articles wrote: the protocol that linking asks, and that the ledger implements."""

    def load_forms(self, keys: Collection[str], sounds: Collection[str]) -> None:
        """Read the forms that a batch will ask for, all at once."""

    def add_names(
        self, seq: int, at: dt.datetime, names: Names, forms: Sequence[RememberedForm], fixed: Collection[str]
    ) -> None:
        """Count an article's names; ``fixed`` are the ids of entities whose shown name isn't elected."""

    def subtract_names(self, seq: int, names: Names, forms: Sequence[RememberedForm]) -> None:
        """Take back what ``add_names`` counted for an article."""

    def find_owners(self, key: str) -> Sequence[RememberedEntity]:
        """Return the entities that were written so, those of most articles first."""

    def find_sounding(self, sound: str) -> Sequence[RememberedEntity]:
        """Return the entities whose full names sound so."""

    def find_company(self, entity: str) -> Collection[str]:
        """Return the entities that the latest articles about ``entity`` name too."""


def form_key(of_type: EntityType, form_kind: str, words: Sequence[str]) -> str:
    """Return the key under which a name is remembered: its type, how it names its entity, and its words."""
    return f"{of_type.lower()}{KEY_MARKS.get(form_kind, '?')}{' '.join(words)}"


def stored_sound(of_type: EntityType, sound: str | None) -> str | None:
    """Return a sound key as it is remembered: a place's is never a person's."""
    return sound and (sound if of_type is EntityType.PERSON else f"{of_type.lower()}:{sound}")
