"""Look for values of a facet that hold a text, whatever its case and accents, alike on both engines. Pure."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import defaultdict

from pipeline.index.folding import fold, folding_table

MAX_CHARACTERS = 50  # of the text

# Elasticsearch's index.max_regex_length
_MAX_PATTERN = 1000


def value_pattern(text: str) -> str:
    """Return an expression that matches the whole of each value that holds ``text``; at most ``MAX_CHARACTERS`` of it.

    Python (with DOTALL) and Lucene read it alike. Letters match with and without accents, or by case alone where
    that would be too long for Elasticsearch.
    """
    characters = unicodedata.normalize("NFC", text)[:MAX_CHARACTERS]
    alike = "".join([_class(_variants().get(fold(character), "") + character) for character in characters])
    if len(alike) + 4 > _MAX_PATTERN:
        alike = "".join([_class(character + character.swapcase()) for character in characters])
    return f".*{alike}.*"


@functools.cache
def _variants() -> dict[str, str]:
    """Return what characters are folded to → these characters, of the alphabets that people type."""
    variants: dict[str, str] = defaultdict(str)
    for source, target in folding_table().folds.items():
        if len(source) == 1 and ord(source) < 0x2000:  # noqa: PLR2004 - signs and compatibility forms begin there
            variants[target] += source
    return {target: sources + (target if len(target) == 1 else "") for target, sources in variants.items()}


def _class(characters: str) -> str:
    """Return what matches any of the characters."""
    each = [_escape(character) for character in sorted(set(characters)) if len(character) == 1]
    return each[0] if len(each) == 1 else f"[{''.join(each)}]"


def _escape(character: str) -> str:
    return character if re.match(r"\w", character) else f"\\{character}"
