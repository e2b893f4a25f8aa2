"""Repositories of a ledger whose every call is a transaction of its own, so that a test's assertion fits on a line."""

from __future__ import annotations

import functools
from typing import Any

from pipeline.store import Store

_READS = (
    "count_",
    "current",
    "find_",
    "get",
    "indexed_",
    "latest",
    "list_",
    "load_",
    "previous",
    "resolve",
    "search_",
    "stage_",
)


def ask(store: Store) -> Any:
    """Return the repositories of ``store``: ``ask(store).ledger.find_article("a")`` opens a transaction for itself."""
    return _Repositories(store)


class _Repositories:
    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> _Repository:
        return _Repository(self._store, getattr(self._store, name))


class _Repository:
    def __init__(self, store: Store, repository: Any) -> None:
        self._store, self._repository = store, repository

    def __getattr__(self, name: str) -> Any:
        transaction = self._store.read if name.startswith(_READS) else self._store.write
        return functools.partial(_call, transaction, getattr(self._repository, name))


def _call(transaction: Any, method: Any, *args: Any, **named: Any) -> Any:
    with transaction() as connection:
        return method(connection, *args, **named)
