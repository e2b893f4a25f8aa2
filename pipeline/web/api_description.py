"""Describe the HTTP interface to programs: ``/openapi.json`` with parameters, bodies, errors and the API key."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from pipeline.index.fields import FACETS
from pipeline.web.search_params import MAX_LIMIT, SearchParams

_ERROR = {
    "description": "what is wrong, in one line",
    "content": {
        "application/json": {
            "schema": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
        }
    },
}
_KEY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_SUCCESS = {"/ingest": "202", "decisions": "201"}  # by how the path of a POST ends; others answer 200
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


def describe_search_params() -> list[dict[str, Any]]:
    """Return the parameters of a search: those of ``SearchParams``, and every field that can be a filter."""
    _, parts = msgspec.json.schema_components([SearchParams], ref_template="#/components/schemas/{name}")
    properties: dict[str, Any] = parts[SearchParams.__name__]["properties"]
    plain = {
        name: schema for name, schema in properties.items() if name not in {"filters", "facets", "exclude", "within"}
    }
    listed = [
        {
            "name": "facets",
            "schema": {"type": "array", "items": {"enum": list(FACETS)}},
            "style": "form",
            "explode": False,
        }
    ]
    named = [{"name": name, "schema": schema} for name, schema in plain.items()]
    strings = {"type": "array", "items": {"type": "string"}}
    repeated = ("exclude", "within", *FACETS)
    filters = [{"name": name, "schema": strings, "style": "form", "explode": True} for name in repeated]
    return [{"in": "query", "required": False, **parameter} for parameter in (*named, *listed, *filters)]


def describe_api(app: FastAPI) -> dict[str, Any]:
    """Return the description of what ``app`` serves to programs, as OpenAPI has it."""
    if app.openapi_schema is None:
        described = get_openapi(title=app.title, version=app.version, routes=app.routes)
        described.setdefault("components", {})["securitySchemes"] = _KEY_SCHEMES
        for name in _NEVER_SENT:
            described["components"].get("schemas", {}).pop(name, None)
        for path, operations in described["paths"].items():
            for method, operation in operations.items():
                if method in _METHODS:
                    _complete(path, method, operation)
        app.openapi_schema = described
    return app.openapi_schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Say of an operation how it answers, and whether it needs the API key."""
    writes = method == "post" and not path.startswith("/websub/")
    status = next((code for end, code in _SUCCESS.items() if method == "post" and path.endswith(end)), "200")
    if path.startswith("/websub/"):
        status = "202" if method == "post" else "200"
    is_text = path.startswith("/websub/")
    content: dict[str, Any] = {"text/plain" if is_text else "application/json": {"schema": {}}}
    for parameter in operation.get("parameters", ()):
        parameter["schema"] |= _KNOWN_SCHEMAS.get(parameter["name"], {})
    operation["responses"] = {status: {"description": "done", "content": content}, "4XX": _ERROR, "5XX": _ERROR}
    if writes:
        operation["security"] = [{name: []} for name in _KEY_SCHEMES]
