"""How do the names in an article stand in a line of ``newswire enrich``?"""

from __future__ import annotations

from typing import Any

from pipeline.records import Names, to_plain


def names_to_line(names: Names) -> dict[str, list[dict[str, Any]]]:
    """Return ``mentions`` and ``entities`` as plain values; an entity's country and location only where it has one."""
    plain = to_plain(names)
    return {
        "mentions": list(plain["mentions"]),
        "entities": [{k: v for k, v in entity.items() if v is not None} for entity in plain["entities"]],
    }
