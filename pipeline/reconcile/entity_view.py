"""Read the names of articles as editors decided that they are to be read.

Decisions change no record; they are applied whenever names are read.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.enrich.linking.editorial_rules import EntityRules
from pipeline.records import Names
from pipeline.store import Store


def apply_decisions(store: Store, names: Mapping[str, Names]) -> dict[str, Names]:
    """Return article → names as they are to be read: shown under elected names, merged, split, renamed and hidden."""
    with store.read() as connection:
        rules = EntityRules(store.decisions.list_entity_decisions(connection))
        rows = store.entities.get(connection, rules.concerned_entities(names.values()))
    shown = {ident: row.to_entity() for ident, row in rows.items()}
    return {article: rules.apply(article_names, shown) for article, article_names in names.items()}
