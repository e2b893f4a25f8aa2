"""Search newswire, follow what changes, and take whole results, from Python.

``Client`` is synchronous, ``AsyncClient`` asynchronous; both have the same methods.
"""

from newswire_client.client import AsyncClient, Client
from newswire_client.errors import (
    AccessError,
    ApiError,
    ConnectionFailedError,
    CursorExpiredError,
    NewswireClientError,
    NotFoundError,
    UnavailableError,
)
from newswire_client.models import Article, Change, ChangePage, Hit, SavedSearch, SearchPage, Story, ValueCount

__all__ = [
    "AccessError",
    "ApiError",
    "Article",
    "AsyncClient",
    "Change",
    "ChangePage",
    "Client",
    "ConnectionFailedError",
    "CursorExpiredError",
    "Hit",
    "NewswireClientError",
    "NotFoundError",
    "SavedSearch",
    "SearchPage",
    "Story",
    "UnavailableError",
    "ValueCount",
]
