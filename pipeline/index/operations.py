"""The protocol of an index of operations: documents that are only added, in dated indices, of which old ones go.

It shares nothing with the index of articles but the engine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from pipeline.errors import SettingsError
from pipeline.index.query import Refusal


class OperationsDocument(msgspec.Struct, frozen=True):
    """A document: its family, the name of its index behind the family's, its id there, and its JSON.

    A document of the same index and id is replaced.
    """

    family: str
    part: str
    id: str
    body: bytes


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """The indices of one kind of documents: their mapping, and after how many days one goes (None: never)."""

    name: str
    mapping: Mapping[str, Any]
    days: int | None = None


class OperationsIndex(Protocol):
    """Where documents of operations go.

    Every method raises IndexAwayError where it does not answer and may do so later, and IndexRefusedError where it
    refuses and a person must act.
    """

    def identity(self) -> str:
        """Return a name of the place, which is another one where it was lost and made anew."""

    def prepare(self, families: Sequence[Family]) -> None:
        """Make ready for the documents of these families."""

    def write(self, documents: Sequence[OperationsDocument]) -> list[Refusal]:
        """Write documents; return those that can't be written as they are."""

    def drop_old(self, families: Sequence[Family], now: dt.datetime) -> list[str]:
        """Delete the dated indices of which all documents are older than their family's days; return their names."""

    def delete_before(self, family: str, until: dt.datetime, kind: str) -> None:
        """Delete the documents of a kind that are older than ``until``, of a family that has no dated indices."""

    def remove_fields(self, family: str, names: Sequence[str], *, of: str, values: Sequence[str]) -> None:
        """Remove the fields ``names`` from all documents of a family whose field ``of`` has one of ``values``.

        When it returns, no search finds them any more.
        """

    def close(self) -> None:
        """Close the connections."""


def open_operations(
    url: str, prefix: str, *, timeout: float, api_key: str | None = None, ca_file: str | None = None
) -> OperationsIndex:
    """Return the index of operations at ``url``: ``http(s)://host:9200``. Nothing is read or written yet.

    Raises:
        SettingsError: It is another address, or one that can't be used.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError("NEWSWIRE_OPERATIONS_URL: it is not http(s)://HOST:PORT")
    from pipeline.index._elasticsearch_operations import ElasticsearchOperations  # noqa: PLC0415 - 0.3 s to import

    return ElasticsearchOperations(url, prefix, timeout=timeout, api_key=api_key, ca_file=ca_file)
