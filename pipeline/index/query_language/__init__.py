"""The language of search lines: parsed here once into a tree, which each engine says in its own language.

- ``flood dam``: both words must be there, in any of the searched fields; English plurals and the like match
  (flood finds floods), accents don't matter
- ``"state of emergency"``: these words in this order; ``"emergency loan"~5``: with up to five words between them
- ``-flood``, ``NOT flood``, ``-"dam wall"``, ``NOT (dam OR wall)``: must not be there
- ``flood OR drought``: either of them; OR binds its neighbours, so ``a b OR c`` is a and (b or c), as brackets say
- ``flo*``, ``wom?n``: words that begin so, words with any letter there
- ``people:merkel``, ``-title:"live blog"``, ``source:(daily OR evening)``: looked for in this field only
- ``published:2026-11-01..2026-11-20``, ``last:7d``, ``words:>500``: times and numbers
- ``has:image``, ``is:original``, ``similar:ID``
"""

from __future__ import annotations

from pipeline.index.query_language.parser import (
    FIELD_NAMES,
    MAX_CHARACTERS,
    MAX_TERMS,
    ParsedLine,
    QueryWarning,
    parse,
)
from pipeline.index.query_language.wording import is_read_as_typed, word_tree

__all__ = [
    "FIELD_NAMES",
    "MAX_CHARACTERS",
    "MAX_TERMS",
    "ParsedLine",
    "QueryWarning",
    "is_read_as_typed",
    "parse",
    "word_tree",
]
