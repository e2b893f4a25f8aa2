"""Name the labels that the multilingual network gives to words: none, or the first or a further word of a name.

Their order is part of the packed weights: it can only change with a new training.
"""

from __future__ import annotations

from pipeline.records import EntityType

TYPES = tuple(EntityType)
NO_LABEL = 0
LABEL_COUNT = 1 + 2 * len(TYPES)


def first_label(entity_type: EntityType) -> int:
    """Return the label of a name's first word; that of its further words is one higher."""
    return 1 + 2 * TYPES.index(entity_type)
