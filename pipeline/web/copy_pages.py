"""Serve the pages of copies: all articles that printed one text, and two of them side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NoReturn

from fastapi import FastAPI, Response
from starlette.exceptions import HTTPException

from pipeline.editorial.copies import describe_delay
from pipeline.editorial.corrections import Correction
from pipeline.index import Index, Query
from pipeline.records import Document, Precision
from pipeline.web import pages
from pipeline.web.shared_passages import compare_passages
from pipeline.web.spread_picture import draw_spread
from pipeline.web.story_view import SHOWN, document_time

# Copy group → id of each copy that still says what was corrected → the correction
Outdated = Mapping[str, Mapping[str, Correction]]
FindOutdated = Callable[[Collection[str]], Outdated]


def know_nothing(_: Collection[str]) -> Outdated:
    """Return nothing: without a ledger there are no earlier texts to compare with."""
    return {}


def add_copy_pages(app: FastAPI, index: Index, find_outdated: FindOutdated) -> None:
    """Add the pages to ``app``."""

    @app.get("/copies/{group}", include_in_schema=False)
    def copies(group: str) -> Response:
        filters = {"copy_group": (group,)}
        results = index.search(
            Query(filters=filters, sort="oldest", size=SHOWN, facets=("source",), facet_size=SHOWN, copy_counts=False)
        )
        documents = [hit.document for hit in results.hits]
        if not documents:
            _refuse("There are no such copies here.")
        return pages.render_page(
            "copies.html",
            group=group,
            documents=documents,
            total=results.articles,
            outlets=len(results.facets["source"]),
            original=next((document for document in documents if document.is_primary), documents[0]),
            picture=draw_spread([document_time(document) for document in documents]),
            delays=[describe_delay_of(documents[0], document) for document in documents],
            outdated=find_outdated([group]).get(group, {}),
        )

    @app.get("/compare", include_in_schema=False)
    def compare(one: str = "", other: str = "") -> Response:
        present = [index.get(name) for name in (one, other)]
        documents = sorted(
            (document for document in present if document), key=lambda each: (document_time(each), each.id)
        )
        if len(documents) < len(present):
            _refuse("Two articles are compared by their ids; one of these is not here.")
        first, second = documents
        groups = {document.copy_group for document in documents}
        outdated = find_outdated(groups)
        return pages.render_page(
            "compare.html",
            documents=documents,
            passages=compare_passages(first.text, second.text),
            delay=describe_delay_of(first, second),
            outdated={name: correction for of_group in outdated.values() for name, correction in of_group.items()},
            group=first.copy_group if len(groups) == 1 else None,
        )


def describe_delay_of(first: Document, later: Document) -> str:
    """Return how much later than another one an article was published, in words."""
    minutes = (document_time(later) - document_time(first)).total_seconds() / 60
    is_exact = all(document.published_precision in {Precision.INSTANT, None} for document in (first, later))
    return describe_delay(round(minutes), exact=is_exact)


def _refuse(reason: str) -> NoReturn:
    """Answer that it is not there.

    Raises:
        HTTPException: 404, always.
    """
    raise HTTPException(404, reason)
