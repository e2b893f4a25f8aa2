"""Read what a page says of itself in JSON-LD, in whatever shape it wrote it.

Nothing here raises on broken JSON-LD; what can't be read is left out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.extract.tolerant_json import read_values

Node = dict[str, Any]

# schema.org's Article and its subtypes that news sites use; the first is the best evidence of which node is meant
_ARTICLES = (
    "newsarticle reportagenewsarticle analysisnewsarticle opinionnewsarticle backgroundnewsarticle reviewnewsarticle "
    "askpublicnewsarticle liveblogposting article blogposting satiricalarticle report techarticle scholarlyarticle "
    "advertisercontentarticle claimreview review socialmediaposting videoobject"
).split()
# Below these keys other things are described than the page's own article.
_ELSEWHERE = frozenset(
    "ispartof haspart mentions about relatedlink itemlistelement citation comment publisher author creator image video "
    "isbasedon recommendation suggestedanswer breadcrumb potentialaction".split()
)
# Under which objects hold a time: JSON-LD's own, those of databases, of PHP's DateTime and of schema.org's DateTime.
_TIME_KEYS = ("@value", "value", "$date", "date", "datetime", "dateTime", "iso", "timestamp", "seconds", "$numberLong")
_MAX_WRAPPERS = 4  # around a time
_MIN_SLUG = 9  # characters: shorter parts of an address without a number name sections ("local", "politics")
_MAX_DEPTH = 40  # of nesting; real pages stay below 10


def parse_scripts(scripts: Iterable[str]) -> list[Any]:
    """Return the values in the JSON-LD ``scripts``; what is broken is read up to the fault and around it."""
    values: list[Any] = []
    for script in scripts:
        # some systems escape the whole script for HTML, quotation marks too
        escaped = "&quot;" in script and '"' not in script
        values += read_values(html.unescape(script) if escaped else script)
    return values


def find_article_node(values: list[Any], url: str | None = None) -> Node:
    """Return the node that describes the page's own article; {} where there is none.

    Outer nodes come before inner ones, more specific types before general ones; a node whose own address is another
    page's comes last. ``list_people`` resolves references by ``@id``.
    """
    candidates: list[tuple[tuple[int, int, int], Node]] = []
    for depth, node in _walk(values, 0):
        ranks = [_ARTICLES.index(kind) for kind in node_types(node) if kind in _ARTICLES]
        if ranks and (node.get("headline") or node.get("name") or node.get("datePublished")):
            elsewhere = int(bool(url) and _is_of_another_page(node, url or ""))
            weak = int("headline" not in node)
            candidates.append(((elsewhere, weak, min(ranks) + depth), node))
    return min(candidates, key=lambda pair: pair[0])[1] if candidates else {}


def find_web_page(values: list[Any]) -> Node:
    """Return the node that describes the page as a page (WebPage); {} where there is none."""
    return next((node for _, node in _walk(values, 0) if {"webpage", "itempage"} & set(node_types(node))), {})


def _is_of_another_page(node: Node, url: str) -> bool:
    address = node.get("url") or node.get("mainEntityOfPage") or node.get("@id")
    if isinstance(address, dict):
        address = address.get("@id") or address.get("url")
    if not isinstance(address, str) or not address.startswith("http"):
        return False
    parts = [part for part in re.split(r"[/?#&=]", url.partition("://")[2])[1:] if part]
    distinctive = [part for part in parts if len(part) >= _MIN_SLUG or re.search(r"\d{4}", part)] or parts[-1:]
    return not any(part in address for part in distinctive)


def _walk(value: Any, depth: int) -> Iterator[tuple[int, Node]]:
    """Yield the nodes that may describe the page, outer ones first, each with its depth."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, depth)
    elif isinstance(value, dict):
        if "@type" in value:
            yield depth, value
        for key, inner in value.items():
            if isinstance(inner, dict | list) and key.lower() not in _ELSEWHERE:
                yield from _walk(inner, depth + 1)


def node_types(node: Node) -> list[str]:
    """Return the node's types in lower case, without the vocabulary's address."""
    kinds = node.get("@type") or []
    return [str(kind).rsplit("/", 1)[-1].lower() for kind in (kinds if isinstance(kinds, list) else [kinds])]


def list_people(node: Node, values: list[Any], keys: tuple[str, ...] = ("author", "creator")) -> list[tuple[str, bool]]:
    """Return the persons under the first of ``keys`` that holds any: name, and whether it names an organisation.

    Args:
        node: the node that describes the article.
        values: all JSON-LD of the page, in which references by ``@id`` are resolved.
        keys: the properties that may hold persons.
    """
    for key in keys:
        value = node.get(key)
        persons = value if isinstance(value, list) else [value]
        if people := [pair for person in persons for pair in _person(person, values)]:
            return people
    return []


def _person(value: Any, values: list[Any]) -> Iterator[tuple[str, bool]]:
    if isinstance(value, str):
        yield value, False
        return
    if not isinstance(value, dict):
        return
    if "name" not in value and "@id" in value:
        value = next((n for n in _all_nodes(values) if n.get("@id") == value["@id"] and "name" in n), value)
    name = value.get("name")
    if not name and (value.get("givenName") or value.get("familyName")):
        name = f"{value.get('givenName') or ''} {value.get('familyName') or ''}".strip()
    company = bool({"organization", "newsmediaorganization", "corporation"} & set(node_types(value)))
    for single_name in name if isinstance(name, list) else [name]:
        if isinstance(single_name, str) and single_name.strip():
            yield single_name, company


def _all_nodes(value: Any, depth: int = 0) -> Iterator[Node]:
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if depth < _MAX_DEPTH:
        for item in inner:
            yield from _all_nodes(item, depth + 1)


def text_of(node: Node, *keys: str) -> str | None:
    """Return the first of ``keys`` that holds text, entities decoded; the first of a list, ``@value`` of a node."""
    for key in keys:
        value = node.get(key)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            value = value.get("@value") or value.get("name") or value.get("url")
        if isinstance(value, str) and value.strip():
            return html.unescape(value).strip()
    return None


def time_of(node: Node, key: str) -> str | None:
    """Return what ``key`` holds where a time belongs: text, a number, the first of a list, or an object around it."""
    value = node.get(key)
    for _ in range(_MAX_WRAPPERS):
        if isinstance(value, list) and value:
            value = value[0]
        elif isinstance(value, dict):
            value = next((value[name] for name in _TIME_KEYS if name in value), None)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return html.unescape(str(value)).strip() or None


def texts_of(node: Node, key: str) -> list[str]:
    """Return all texts under ``key``: a list, one text, or one text with commas for keywords."""
    value = node.get(key)
    texts = []
    for item in value if isinstance(value, list) else [value]:
        text = item.get("name") if isinstance(item, dict) else item
        if isinstance(text, str) and text.strip():
            texts.append(html.unescape(text).strip())
    return texts
