"""Fetch over HTTP, politely and safely.

``fetch_pages`` fetches the pages of entries; ``Client`` fetches one address, ``Pacing`` spaces the requests to a host.
"""

from pipeline.fetch.client import Client, Hop
from pipeline.fetch.pages import FetchedPage, fetch_pages
from pipeline.fetch.robots import RobotsCache, RobotsMemory
from pipeline.fetch.terms import SourceTerms

__all__ = [
    "Client",
    "FetchedPage",
    "Hop",
    "RobotsCache",
    "RobotsMemory",
    "SourceTerms",
    "fetch_pages",
]
