"""The language of search lines: parsed here once, rendered by each engine.

- ``flood dam``: both words must be there, in any of the searched fields; English plurals and the like match
  (flood finds floods), accents don't matter
- ``"state of emergency"``: these words in this order
- ``-flood`` and ``-"dam wall"``: must not be there
- ``flood OR drought``: either of them; OR binds its two neighbours, so ``a b OR c`` is a and (b or c)
- ``people:merkel``, ``-title:"live blog"``: looked for in this field only

No line is an error: what can't be understood is looked for as words.
"""

from __future__ import annotations

import re

import msgspec

from pipeline.index.fields import ALIASES, QUERY_FIELDS, stored_value
from pipeline.index.folding import has_words

# More terms than a person types. Elasticsearch makes some 40 clauses of each, and takes 1,024 at the least
# (indices.query.bool.max_clause_count).
MAX_TERMS = 24

# Hebrew writes its acronyms with a quotation mark before the last letter
_IN_ACRONYM = r"(?<=[\u05d0-\u05ea])\"(?=[\u05d0-\u05ea])"
_TOKEN = re.compile(
    rf"""
    (?P<minus>-)?
    (?:(?P<field>\w+):(?=[^\s:/]))?        # not the colon of an address such as https://
    (?:["“”„«](?P<phrase>(?:[^"“”„«»]|{_IN_ACRONYM})*)["“”»]?|(?P<word>(?:[^\s"“”„«»]|{_IN_ACRONYM})+))
    """,
    re.VERBOSE,
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Term(msgspec.Struct, frozen=True):
    """Words in this order, in ``field`` or, where that is None, in any of the fields that are searched by words."""

    text: str
    field: str | None = None
    negated: bool = False


Tree = tuple[tuple[Term, ...], ...]


def parse(line: str) -> Tree:
    """Return a search line as groups of terms: of each group at least one term must hold. Never raises."""
    groups: list[tuple[Term, ...]] = []
    joining = False
    for count, match in enumerate(_TOKEN.finditer(_UNPRINTABLE.sub(" ", line))):
        if count == MAX_TERMS:
            break
        if match[0] == "AND":  # is what a space means anyway
            continue
        if match[0] == "OR":
            joining = bool(groups)
            continue
        term = _term(match)
        if term is None:
            continue
        if joining:
            groups[-1] = (*groups[-1], term)
        else:
            groups.append((term,))
        joining = False
    return tuple(groups)


def _term(match: re.Match[str]) -> Term | None:
    """Return the term of a token, None where there is no word in it."""
    text = match["word"] if match["phrase"] is None else match["phrase"]
    field = match["field"]
    name = ALIASES.get(field.lower(), field.lower()) if field else None
    if name is not None and name not in QUERY_FIELDS:
        text, name = f"{field} {text}", None
    text = " ".join(text.split())
    text = stored_value(name, text) if name else text
    return Term(text, name, bool(match["minus"])) if has_words(text) else None
