"""Serve whole results of searches as files, streamed: however many articles there are, a few are in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import chain
from typing import get_args

from fastapi import Depends, FastAPI, Request, Response

from pipeline.access_scopes import AccessScope
from pipeline.errors import UsageError
from pipeline.export_formats import MEDIA_TYPES, ExportFormat, write_documents
from pipeline.index import Index
from pipeline.web.api_description import describe_search_params, describe_stream
from pipeline.web.auth import require_scope
from pipeline.web.http import stream_response
from pipeline.web.search_params import parse_search_params

# parameters that have no meaning for a whole result
_OF_PAGES = ("sort", "page", "size", "facets", "facet_size", "cursor", "copies", "lang")


def add_export_routes(app: FastAPI, index: Index) -> None:
    """Add the endpoint to ``app``."""
    form = {
        "name": "format",
        "in": "query",
        "required": False,
        "schema": {"enum": list(get_args(ExportFormat)), "default": "jsonl"},
    }
    described = describe_stream(
        *dict.fromkeys(MEDIA_TYPES.values()), parameters=[form, *describe_search_params(*_OF_PAGES)]
    )

    @app.get("/api/v1/export", openapi_extra=described, dependencies=[Depends(require_scope(AccessScope.EXPORT))])
    def export(request: Request) -> Response:
        """All articles that match a search, by first sight: as JSON lines, CSV, Parquet, ninjs or Atom."""
        pairs = request.query_params.multi_items()
        form = _parse_format([value for name, value in pairs if name == "format"])
        for name, value in pairs:
            if name in _OF_PAGES and value:
                raise UsageError(f"{name}: an export gives all that matches, by first sight")
        params = parse_search_params([(name, value) for name, value in pairs if name != "format"])
        documents = index.scan(params.to_query(()))
        parts = write_documents(
            form, documents, fields=params.fields, title=params.q or app.title, at=dt.datetime.now(dt.UTC)
        )
        first = next(parts, b"")  # what can't be done is said before the answer begins
        headers = {"Content-Disposition": f'attachment; filename="newswire.{form}"'}
        return stream_response(request, chain([first], parts), MEDIA_TYPES[form], headers)


def _parse_format(values: Sequence[str]) -> ExportFormat:
    """Return the format that is asked for, JSON lines where none is.

    Raises:
        UsageError: It is none.
    """
    for form in get_args(ExportFormat):
        if values in ([], [""], [form]):
            return form  # type: ignore[no-any-return]
    raise UsageError(f"format: one of {', '.join(get_args(ExportFormat))}")
