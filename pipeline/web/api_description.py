"""Describe the HTTP interface to programs as OpenAPI 3.1: parameters, bodies, answers, errors, and who may ask.

What an endpoint answers is said where it stands (``describe_answer``), as the type that it encodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from pipeline.access_scopes import AccessScope
from pipeline.index.fields import BOOLEANS, FACETS
from pipeline.records import Document
from pipeline.web.api_versions import PREFIX
from pipeline.web.search_params import MAX_LIMIT, SearchParams

JSON, PROBLEM = "application/json", "application/problem+json"
_PARTS = "x-parts"  # of an operation, until they stand among the description's components
_REFERENCE = "#/components/schemas/{name}"
_KEY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
# What parameters of these names hold, wherever they stand; the handlers check it
_MOMENT = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
_KNOWN_SCHEMAS: dict[str, dict[str, Any]] = {
    "limit": {"minimum": 1, "maximum": MAX_LIMIT},
    "since": _MOMENT,
    "until": _MOMENT,
    "address": {"minLength": 1},
}
_NEVER_SENT = ("HTTPValidationError", "ValidationError")  # FastAPI's forms of errors
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
_WRITTEN = frozenset({"post", "put", "patch", "delete"})
_FOR_HUBS = "/websub/"
_PAIRS = ("exclude", "within")  # parameters that hold a field and a value
# How any request may be answered that isn't done
_REFUSALS = {
    "400": "the request isn't understood; the answer says which part of it and why",
    "401": "a key is needed, or the one that was sent isn't good",
    "403": "the key does not allow this",
    "404": "there is no such thing",
    "405": "the path has no such method",
    "421": "the server isn't called what the Host header says",
    "422": "a parameter or the body has a value that it can't have",
    "429": "too many requests; the Retry-After header says when to come back",
    "431": "address and headers are too large",
    "500": "newswire failed; its log says why",
    "503": "index, ledger or archive can't be used now; the Retry-After header says when to come back",
}
_WRITE_REFUSALS = {
    "409": "it can't be done now: another program is at it",
    "410": "it was taken down or back",
    "413": "the body is too large",
}
_GONE = {"410": "the cursor has expired: begin again without it"}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong with a request (RFC 9457). ``request`` is the number under which the server's log has it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request: str | msgspec.UnsetType = msgspec.UNSET


class FormerError(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong with a request to a path without a version, in one line."""

    error: str


def describe_answer(
    kind: Any, *media_types: str, status: int = 200, bodies: Sequence[type[msgspec.Struct]] = (), **more: Any
) -> dict[str, Any]:
    """Return what the description of the API says of an endpoint that answers with a value of the type ``kind``.

    Args:
        kind: A type that msgspec encodes.
        media_types: Others beside JSON in which it answers as well.
        status: The answer's.
        bodies: What the body of a request may be; it has none where there are none.
        more: Further parts of the operation, such as ``parameters``.
    """
    (schema, *body_schemas), parts = msgspec.json.schema_components([kind, *bodies], ref_template=_REFERENCE)
    content: dict[str, Any] = {JSON: {"schema": schema}} | {media: {"schema": {}} for media in media_types}
    responses: dict[str, Any] = {str(int(status)): {"description": "done", "content": content}}
    if body_schemas:
        schema = body_schemas[0] if len(body_schemas) == 1 else {"oneOf": body_schemas}
        more["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return {"responses": responses, _PARTS: parts, **more}


def describe_stream(*media_types: str, **more: Any) -> dict[str, Any]:
    """Return what the description of the API says of an endpoint that answers with one of these kinds of files."""
    content: dict[str, Any] = {media: {"schema": {}} for media in media_types}
    return {"responses": {"200": {"description": "done", "content": content}}, **more}


def describe_search_params(*left_out: str) -> list[dict[str, Any]]:
    """Return the parameters of a search: those of ``SearchParams``, and every field that can be a filter."""
    _, parts = msgspec.json.schema_components([SearchParams], ref_template="#/components/schemas/{name}")
    properties: dict[str, Any] = parts[SearchParams.__name__]["properties"]
    of_lists: dict[str, tuple[str, ...]] = {"facets": tuple(FACETS), "fields": Document.__struct_fields__}
    plain = {name: schema for name, schema in properties.items() if name not in {"filters", *_PAIRS, *of_lists}}
    listed = [
        {"name": name, "schema": {"type": "array", "items": {"enum": list(names)}}, "style": "form", "explode": False}
        for name, names in of_lists.items()
    ]
    named = [{"name": name, "schema": schema} for name, schema in plain.items()]
    flags, strings = {"enum": ["true", "false"]}, {"type": "string"}
    filters = [
        {
            "name": name,
            "schema": {"type": "array", "items": flags if name in BOOLEANS else strings},
            "style": "form",
            "explode": True,
        }
        for name in (*_PAIRS, *FACETS)
    ]
    parameters = [{"in": "query", "required": False, **parameter} for parameter in (*named, *listed, *filters)]
    return [parameter for parameter in parameters if parameter["name"] not in left_out]


def describe_api(app: FastAPI) -> dict[str, Any]:
    """Return the description of what ``app`` serves to programs, as OpenAPI has it."""
    if app.openapi_schema is None:
        described = get_openapi(title=app.title, version=app.version, routes=app.routes)
        components = described.setdefault("components", {})
        components["securitySchemes"] = _KEY_SCHEMES
        schemas = components.setdefault("schemas", {})
        for name in _NEVER_SENT:
            schemas.pop(name, None)
        _, parts = msgspec.json.schema_components([Problem, FormerError], ref_template=_REFERENCE)
        schemas |= parts
        for path, operations in described["paths"].items():
            for method, operation in operations.items():
                if method in _METHODS:
                    schemas |= operation.pop(_PARTS, {})
                    _complete(path, method, operation)
        if "Document" in schemas:  # an answer may hold some of its fields alone
            schemas["Document"] = {name: part for name, part in schemas["Document"].items() if name != "required"}
        app.openapi_schema = described
    return app.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Say of an operation how it answers what it can't do, and what its key must allow."""
    for parameter in operation.get("parameters", ()):
        parameter["schema"] |= _KNOWN_SCHEMAS.get(parameter["name"], {})
    is_hub = path.startswith(_FOR_HUBS)
    if is_hub:
        done = {"description": "done", "content": {"text/plain": {"schema": {}}}}
        operation["responses"] = {"202" if method == "post" else "200": done}
    responses = operation["responses"]
    _drop_defaults(responses)
    takes_cursor = any(parameter["name"] == "cursor" for parameter in operation.get("parameters", ()))
    refusals = _REFUSALS | (_WRITE_REFUSALS if method in _WRITTEN else {}) | (_GONE if takes_cursor else {})
    for status, description in refusals.items():
        responses.setdefault(status, _describe_refusal(path, description))
    scope = _scope_of(path, method)
    if scope is not None and not is_hub:
        keys: list[dict[str, list[str]]] = [{name: []} for name in _KEY_SCHEMES]
        # reading needs one where the server says so
        operation["security"] = keys if method in _WRITTEN else [{}, *keys]
        operation["description"] = f"{operation.get('description', '')}\n\nScope: {scope}.".strip()


def _drop_defaults(responses: dict[str, Any]) -> None:
    """Leave out what FastAPI says of every operation: an answer without a schema, and its own form of errors."""
    if _NEVER_SENT[0] in repr(responses.get("422")):
        del responses["422"]
    content = responses.get("200", {}).get("content", {})
    if content.get(JSON, {}).get("schema") == {} and len(content) > 1:
        del content[JSON]
    elif content == {JSON: {"schema": {}}} and {"201", "202"} & responses.keys():
        del responses["200"]


def _describe_refusal(path: str, description: str) -> Mapping[str, Any]:
    media, kind = (PROBLEM, Problem) if path.startswith(f"{PREFIX}/") else (JSON, FormerError)
    return {"description": description, "content": {media: {"schema": {"$ref": _REFERENCE.format(name=kind.__name__)}}}}


def _scope_of(path: str, method: str) -> AccessScope | None:
    """Return what the key of a request must allow, None where none is needed."""
    if path == "/health":
        return None
    if path.endswith("/ingest"):
        return AccessScope.INGEST
    if path.endswith("/export"):
        return AccessScope.EXPORT
    return AccessScope.DECIDE if method in _WRITTEN else AccessScope.READ
