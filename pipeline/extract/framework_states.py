"""Read the data from which a page's framework draws it: values in its scripts and in attributes of its elements.

Read are Next.js (pages and flight), Nuxt (payload and function), Remix, SvelteKit, Astro, Apollo, Arc Fusion and states
written as JSON. No script is run: what isn't plainly JSON after small repairs is left out, and sizes are bounded.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

_MAX_PAGE = 12_000_000  # characters of a page that is searched
_MAX_SCRIPT = 4_000_000  # characters of one script
MAX_NODES = 200_000  # objects and lists of one page that are looked at
MAX_DEPTH = 60
_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script", re.IGNORECASE | re.DOTALL)
_MARKS = re.compile(
    r"__NEXT_DATA__|__next_f|__NUXT|(?:APOLLO|PRELOADED|INITIAL)_?STATE|INITIAL_?DATA|INITIAL_?PROPS|globalContent|"
    r"application/json|__remixContext|__reactRouterContext|__STATE__|__data\s*=|window\.\w*(?:state|data|props|store)\w*\s*=|"
    r"__sveltekit|fastboot/shoebox|<astro-island|=[\"']\{&(?:quot|#34);",
    re.IGNORECASE,
)
_FLIGHT = re.compile(r"__next_f\s*(?:=\s*self\.__next_f\s*\|\|\s*\[\]\s*\)?)?\.push\(\s*(\[.*\])\s*\)", re.DOTALL)
_FLIGHT_TEXT = re.compile(r"(?:^|\n)([0-9a-f]{1,6}):T([0-9a-f]{1,6}),")
_FLIGHT_ROW = re.compile(r"(?:^|\n)[0-9a-f]{1,6}:(?=[\[{\"]|I?\[)")
_ASSIGNED = re.compile(r"(?<![=!<>])=\s*(?=[{\[]|JSON\.parse\(|\"\{|'\{)")
_STATE_NAME = re.compile(r"(?:__\w+|\w*(?:state|data|props|store|content|cache|payload)\w*)[\"'\]\s]*$", re.IGNORECASE)
# SvelteKit's data, an argument of the call that starts it
_ARGUMENT = re.compile(r"\bdata:\s*(?=\[)")
_STREAMED = re.compile(r"streamController\.enqueue\(\s*(?=\")")
# Attributes in which frameworks keep what they draw an element from: Astro, Inertia, React on Rails
_ATTRIBUTE = re.compile(
    r"[\s-](?:page|props|state|initial-?\w{0,20})=(?:\"(\{&(?:quot|#34);[^\"]{200,})\"|'(\{\"[^']{200,})')",
    re.IGNORECASE,
)
_ANGULAR = {"&q;": '"', "&l;": "<", "&g;": ">", "&s;": "'", "&a;": "&"}  # how Angular writes marks, up to version 15
_STRING = re.compile(r"(?:JSON\.parse\(\s*)?(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')", re.DOTALL)
_NUXT_CALL = re.compile(r"__NUXT__\s*=\s*\(?function\s*\(([^)]*)\)\s*\{")
_MAX_NAME = 60  # characters before an assignment that are looked at
_MAX_ASSIGNED = 40  # values that one script assigns
_UNQUOTED = re.compile(r"([{,]\s*)([A-Za-z_$][\w$]*)\s*:")
_JS_VALUES = {"undefined": "null", "void 0": "null", "!0": "true", "!1": "false", "NaN": "null", "Infinity": "null"}
_decoder = json.JSONDecoder(strict=False)


def read_states(page: str) -> Iterator[Any]:
    """Yield the values in the scripts and attributes of a page's HTML text that may hold its article."""
    if len(page) > _MAX_PAGE or not _MARKS.search(page):
        return
    flight: list[str] = []
    for match in _SCRIPT.finditer(page):
        attributes, script = match[1], match[2].strip()
        if not script or len(script) > _MAX_SCRIPT or "ld+json" in attributes:
            continue
        if "__next_f" in script:
            flight += _flight_parts(script)
        elif "json" in attributes.lower() or "shoebox" in attributes:
            yield from _read_json(attributes, script)
        else:
            yield from _read_script(script)
    for match in _ATTRIBUTE.finditer(page):
        for value in load_json(html.unescape(match[1] or match[2])):
            yield _without_types(value, 0)
    texts, rows = _without_texts("".join(flight))
    for match in _FLIGHT_ROW.finditer(rows):
        for value in load_json(rows, match.end()):
            yield _resolve(value, texts, 0) if texts else value


def _read_json(attributes: str, script: str) -> Iterator[Any]:
    """Return the value of a script that says of itself that it is JSON."""
    if "__NUXT_DATA__" in attributes or "data-nuxt-data" in attributes:
        return _revive(script)
    if "&q;" in script:
        script = re.sub("&[qlgsa];", lambda mark: _ANGULAR[mark[0]], script)
    return load_json(script)


def _read_script(script: str) -> Iterator[Any]:
    """Return the values that a script assigns, sends to a stream or gives to a call, as far as frameworks do so."""
    if _STREAMED.search(script):
        return _streamed(script)
    if call := _NUXT_CALL.search(script):
        body, _, arguments = script[call.end() :].rpartition("}(")
        return _nuxt_value(call[1], body, arguments.rstrip("; \n").rstrip(")"))
    return _assigned(script) if _MARKS.search(script) else iter(())


def load_json(text: str, start: int = 0) -> Iterator[Any]:
    """Yield the value that stands at ``start`` of ``text`` in JSON, whatever follows; nothing where there is none."""
    try:
        yield _decoder.raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return


def _flight_parts(script: str) -> Iterator[str]:
    """Yield the strings that a page of Next.js pushes to its stream."""
    for match in _FLIGHT.finditer(script):
        for value in load_json(match[1]):
            if isinstance(value, list) and len(value) > 1 and isinstance(value[1], str):
                yield value[1]


def _without_texts(rows: str) -> tuple[dict[str, str], str]:
    """Return the long texts of a stream by their names, and the stream without them: no mark ends them."""
    texts: dict[str, str] = {}
    parts: list[str] = []
    position = 0
    for match in _FLIGHT_TEXT.finditer(rows):
        if match.start() < position:
            continue  # within a text
        size = int(match[2], 16)
        text = rows[match.end() : match.end() + size].encode()[:size].decode("utf-8", "ignore")
        texts[f"${match[1]}"] = text
        parts += [rows[position : match.start()], "\n"]
        position = match.end() + len(text)
    return texts, "".join([*parts, rows[position:]])


def _resolve(value: Any, texts: dict[str, str], depth: int) -> Any:
    if isinstance(value, str):
        return texts.get(value, value)
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, list):
        return [_resolve(item, texts, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: _resolve(item, texts, depth + 1) for key, item in value.items()}
    return value


def _assigned(script: str) -> Iterator[Any]:
    """Yield the values that a script assigns: JSON, a string of JSON, or objects whose keys have no quotes."""
    position = count = 0
    while (match := _ASSIGNED.search(script, position)) and count < _MAX_ASSIGNED:
        start = match.end()
        position = start + 1
        if not _STATE_NAME.search(script[max(match.start() - _MAX_NAME, 0) : match.start()]):
            continue
        count += 1
        if script[start] in "{[":
            try:
                value, position = _decoder.raw_decode(script, start)
                yield value
            except (ValueError, RecursionError):
                yield from load_json(_as_json(script[start:]))
        elif string := _STRING.match(script, start):
            position = string.end()
            for text in load_json(_double_quoted(string[1])):
                yield from load_json(text) if isinstance(text, str) else ()
    for match in _ARGUMENT.finditer(script):
        yield from load_json(_as_json(script[match.end() :]))


def _streamed(script: str) -> Iterator[Any]:
    """Yield the values that Remix and React Router send: lists in which numbers name places, also those of keys."""
    for match in _STREAMED.finditer(script):
        for text in load_json(script, match.end()):
            yield from _revive(text) if isinstance(text, str) else ()


def _without_types(value: Any, depth: int) -> Any:
    """Return a value without the type that Astro writes before each: [0, value], [1, list]."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, list) and len(value) == 2 and value[0] in {0, 1} and not isinstance(value[0], bool):  # noqa: PLR2004
        return _without_types(value[1], depth + 1)
    if isinstance(value, list):
        return [_without_types(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: _without_types(item, depth + 1) for key, item in value.items()}
    return value


def _double_quoted(string: str) -> str:
    if string.startswith('"'):
        return string
    inner = string[1:-1].replace("\\'", "'")
    return '"' + re.sub(r'(?<!\\)"', '\\"', inner) + '"'


def _as_json(script: str) -> str:
    """Return an object literal as JSON, as far as that takes quotes around keys and the names of values alone."""
    parts = re.split(r'("(?:[^"\\]|\\.)*")', script)
    for number in range(0, len(parts), 2):
        part = re.sub(r"undefined|void 0|!0|!1|NaN|Infinity", lambda match: _JS_VALUES[match[0]], parts[number])
        part = re.sub(r"new Date\(|\bDate\(|(?<=\")\)", "", part)
        parts[number] = re.sub(r",(\s*[}\]])", r"\1", _UNQUOTED.sub(r'\1"\2":', part))
    return "".join(parts)


def _nuxt_value(names: str, body: str, arguments: str) -> Iterator[Any]:
    """Yield what Nuxt's function returns: its body with the arguments put in for the short names."""
    given: list[Any] = next(load_json(_as_json(f"[{arguments}]")), [])
    values = dict(zip((name.strip() for name in names.split(",")), given, strict=False))
    start = body.find("return")
    if start < 0:
        return
    parts = re.split(r'("(?:[^"\\]|\\.)*")', body[start + len("return") :])
    for number in range(0, len(parts), 2):
        parts[number] = re.sub(
            r"([:\[,]\s*)([A-Za-z_$][\w$]*)(?=\s*[,}\]])",
            lambda match: match[1] + (json.dumps(values[match[2]]) if match[2] in values else match[2]),
            parts[number],
        )
    yield from load_json(_as_json("".join(parts).strip()))


def _revive(script: str) -> Iterator[Any]:
    """Yield the value that Nuxt 3 writes as one list, in which numbers name places of the list (devalue)."""
    for items in load_json(script):
        if isinstance(items, list) and items:
            yield _revived(items, 0, 0, [MAX_NODES])


def _revived(items: list[Any], index: int, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if not 0 <= index < len(items) or depth > MAX_DEPTH or left[0] < 0:
        return None
    value = items[index]
    if isinstance(value, dict):
        pairs = [(_key(items, key), n) for key, n in value.items() if isinstance(n, int)]
        return {key: _revived(items, n, depth + 1, left) for key, n in pairs}
    if isinstance(value, list):
        if value and isinstance(value[0], str):  # a type: ["Reactive", 3], ["Date", "2026-…"]
            inner = value[1] if len(value) > 1 else None
            return _revived(items, inner, depth + 1, left) if isinstance(inner, int) else inner
        return [_revived(items, n, depth + 1, left) for n in value if isinstance(n, int)]
    return value


def _key(items: list[Any], key: str) -> str:
    """Return a key that is written as the place of its name: "_5"."""
    place = int(key[1:]) if re.fullmatch(r"_\d{1,7}", key) else len(items)
    name = items[place] if place < len(items) else key
    return name if isinstance(name, str) else key
