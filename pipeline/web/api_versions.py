"""Serve the API under ``/api/v1``; the paths without a version stay, and are marked as deprecated.

The first version of the API had none in its paths. Both lead to the same functions; they differ in how errors are said
(see ``pipeline.web.failures``).
"""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import APIRoute

PREFIX = "/api/v1"
_FORMER = "/api/"
_BESIDE = frozenset({"/ingest"})  # of the API, but never under /api


def add_version_one(app: FastAPI) -> None:
    """Serve what stands under ``/api`` in ``app`` under ``/api/v1`` as well; what already does is left alone."""
    present = {(route.path, *sorted(route.methods)) for route in app.routes if isinstance(route, APIRoute)}
    for route in [route for route in app.routes if isinstance(route, APIRoute)]:
        path = versioned_path(route.path)
        if path is None or not route.include_in_schema:
            continue
        route.deprecated = True
        if (path, *sorted(route.methods)) not in present:
            app.add_api_route(
                path,
                route.endpoint,
                methods=sorted(route.methods),
                name=route.name,
                dependencies=route.dependencies,
                openapi_extra=route.openapi_extra,
            )


def versioned_path(path: str) -> str | None:
    """Return where a path of the API without a version stands in version 1, None for any other path."""
    if path in _BESIDE:
        return PREFIX + path
    if path.startswith(_FORMER) and not path.startswith(f"{PREFIX}/"):
        return PREFIX + path.removeprefix(_FORMER.rstrip("/"))
    return None
