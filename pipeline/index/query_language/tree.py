"""The tree that a search line becomes: one meaning, which each engine says in its own language.

Nodes compare by value. Positions in the line are not kept: what is wrong with a line is said while it is parsed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec

# The time that searches are bounded and sorted by: that of publication, else that of first sight.
SEEN_AT = "date"
# A story is looked for by the ids of stories that were merged into it too.
SEARCHED_TOGETHER = {"story": ("story", "story_aliases")}


class Words(msgspec.Struct, frozen=True, tag=True):
    """Words in this order, in ``field`` or, where that is None, in any of the fields that are searched by words."""

    text: str
    field: str | None = None


class Near(msgspec.Struct, frozen=True, tag=True):
    """All of these words in one field, in any order, with at most ``distance`` other words between them."""

    text: str
    distance: int
    field: str | None = None


class Wildcard(msgspec.Struct, frozen=True, tag=True):
    """One word of a pattern, as it is written and not by its stem: * is any characters or none, ? is one.

    ``pattern`` is folded, and begins with two characters at the least.
    """

    pattern: str
    field: str | None = None


class Value(msgspec.Struct, frozen=True, tag=True):
    """A value that a field has as a whole, as filters compare it."""

    field: str
    value: str


class Range(msgspec.Struct, frozen=True, tag=True):
    """A number from ``low`` to ``high``, or a time (``low`` included, ``high`` excluded); None is no bound.

    ``low_open`` and ``high_open`` say whether the bound itself lies outside.
    """

    field: str
    low: dt.datetime | float | None = None
    high: dt.datetime | float | None = None
    low_open: bool = False
    high_open: bool = False


class Exists(msgspec.Struct, frozen=True, tag=True):
    """A field holds something."""

    field: str


class Similar(msgspec.Struct, frozen=True, tag=True):
    """Articles that share rare words and names with this one. An engine turns it into ``AtLeast``."""

    id: str


class And(msgspec.Struct, frozen=True, tag=True):
    """All of these hold."""

    children: tuple[Node, ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    """Any of these holds."""

    children: tuple[Node, ...]


class Not(msgspec.Struct, frozen=True, tag=True):
    """This does not hold."""

    child: Node


class AtLeast(msgspec.Struct, frozen=True, tag=True):
    """So many of these hold."""

    minimum: int
    children: tuple[Node, ...]


Node = Words | Near | Wildcard | Value | Range | Exists | Similar | And | Or | Not | AtLeast
Scored = Words | Near | Wildcard


def join_all(nodes: list[Node]) -> Node | None:
    """Return that all of ``nodes`` hold, None where there are none."""
    flat = [part for node in nodes for part in (node.children if isinstance(node, And) else (node,))]
    return And(tuple(flat)) if len(flat) > 1 else flat[0] if flat else None


def join_any(nodes: list[Node]) -> Node | None:
    """Return that any of ``nodes`` holds, None where there are none."""
    flat = [part for node in nodes for part in (node.children if isinstance(node, Or) else (node,))]
    return Or(tuple(flat)) if len(flat) > 1 else flat[0] if flat else None


def negate(node: Node) -> Node:
    """Return that ``node`` does not hold."""
    return node.child if isinstance(node, Not) else Not(node)


def all_leaves(node: Node | None) -> Iterator[Node]:
    """Yield every part of a tree that has no parts itself, in the order of the line."""
    match node:
        case And(children) | Or(children) | AtLeast(_, children):
            for child in children:
                yield from all_leaves(child)
        case Not(child):
            yield from all_leaves(child)
        case None:
            return
        case _:
            yield node


def wanted_words(node: Node | None) -> Iterator[Scored]:
    """Yield what a hit is ranked and marked by: all words that it may have, in the order of the line."""
    if isinstance(node, (Words, Near, Wildcard)):
        yield node
    elif isinstance(node, (And, Or, AtLeast)):
        for child in node.children:
            yield from wanted_words(child)
