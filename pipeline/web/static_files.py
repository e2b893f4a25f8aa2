"""Serve the files that pages load: style, the small script, the icon. Their addresses change with their content."""

from __future__ import annotations

import hashlib
from importlib import resources

from fastapi import FastAPI, Response

_ROBOTS = "User-agent: *\nDisallow: /\n"  # the texts are their publishers': search engines find them there
_TYPES = {"style.css": "text/css", "page.js": "text/javascript", "favicon.svg": "image/svg+xml"}


def _read(name: str) -> str:
    return resources.files("pipeline.web").joinpath(name).read_text(encoding="utf-8")


_FILES = {name: _read(name) for name in _TYPES}


def file_address(name: str) -> str:
    """Return where a file is, with a mark that changes when it does."""
    return f"/{name}?{hashlib.sha256(_FILES[name].encode()).hexdigest()[:8]}"


def add_static_routes(app: FastAPI) -> None:
    """Add the files to ``app``."""

    def serve(name: str) -> Response:
        return Response(_FILES[name], media_type=_TYPES[name], headers={"Cache-Control": "max-age=86400"})

    @app.get("/style.css", include_in_schema=False)
    def style() -> Response:
        return serve("style.css")

    @app.get("/page.js", include_in_schema=False)
    def script() -> Response:
        return serve("page.js")

    @app.get("/favicon.svg", include_in_schema=False)
    def icon() -> Response:
        return serve("favicon.svg")

    @app.get("/robots.txt", include_in_schema=False)
    def robots() -> Response:
        return Response(_ROBOTS, media_type="text/plain")
