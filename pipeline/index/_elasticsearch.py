"""Keep the index in Elasticsearch: one alias over one index for each month of first sight.

A document's revision is its version there, so that an older one never replaces a newer one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from elastic_transport.client_utils import url_to_node_config
from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError

from pipeline.errors import IndexRefusedError, IndexVersionError, SettingsError
from pipeline.index import _elasticsearch_mapping as mapping
from pipeline.index._elasticsearch_errors import AWAY, error_cause, translate_errors
from pipeline.index._elasticsearch_query import decode_document, decode_results, highlight_body, search_body
from pipeline.index.query import MAX_HITS, Query, Refusal, Results, check_query
from pipeline.records import Document, Reason
from pipeline.settings import IndexSettings

# Elastic's guide to indexing speed names 5 to 15 MB as the size up to which larger bulks are faster.
_BULK_BYTES = 5_000_000
_PORTS = {"http": 9200, "https": 443}
_CONFLICT, _TOO_LARGE, _NOT_FOUND = 409, 413, 404


class _Operation(msgspec.Struct, frozen=True):
    """One line or pair of lines of a bulk request."""

    id: str
    lines: tuple[bytes, ...]


class ElasticsearchIndex:
    """An index in the Elasticsearch 9 at ``url``, under the alias that ``settings`` names.

    Raises:
        SettingsError: The address or the file of the certificate authority can't be used.
    """

    def __init__(self, url: str, settings: IndexSettings, *, api_key: str | None, ca_file: str | None) -> None:
        self._address, credentials = _split_address(url)
        self._settings = settings
        self._alias = settings.alias
        self._created: set[str] = set()  # indices that this process knows to be there
        if ca_file and not Path(ca_file).is_file():
            raise SettingsError(f"NEWSWIRE_INDEX_CA: {ca_file} is not a file")
        certificates: dict[str, Any] = {"ca_certs": ca_file} if ca_file else {}
        self._client = Elasticsearch(
            self._address,
            request_timeout=settings.timeout_seconds,
            max_retries=0,  # the ledger has it tried later
            retry_on_timeout=False,
            opaque_id="newswire",
            **(credentials or {"api_key": api_key}),
            **certificates,
        )

    def prepare(self) -> None:
        """Create template and first index.

        Raises:
            IndexVersionError: Another version of newswire made what is there.
            IndexRefusedError: Something foreign has the alias.
        """
        with self._errors():
            present = bool(self._load_marks())
            if present:
                self.identity()  # raises for what is foreign or of another version, before anything is written
            self._client.indices.put_index_template(
                name=self._alias,
                **mapping.index_template(self._alias, shards=self._settings.shards, replicas=self._settings.replicas),
            )
            if not present:
                self._create(mapping.month_index(self._alias, dt.datetime.now(dt.UTC)), str(uuid.uuid4()))

    def identity(self) -> str:
        """Return the uuid that all indices under the alias carry, made with the first of them.

        Raises:
            IndexVersionError: Another version of newswire made them.
            IndexRefusedError: There are none, or something foreign has the alias.
        """
        with self._errors():
            marks = self._load_marks()
        if not marks:
            raise IndexRefusedError(f"there is no index {self._alias} at {self._address} yet; newswire run makes it")
        for name, mark in marks.items():
            if not mark:
                raise IndexRefusedError(
                    f"{name} at {self._address} is not newswire's, but answers to {self._alias}; remove it from there, "
                    "or name another alias in newswire.toml under [index]"
                )
            if mark.get("version") != mapping.VERSION:
                raise IndexVersionError(
                    f"{name} at {self._address} was made by another version of newswire; newswire run makes it anew"
                )
        return str(marks[min(marks)]["identity"])

    def _load_marks(self) -> dict[str, dict[str, Any]]:
        """Return what marks each index under the alias as ours; empty for one that is not."""
        try:
            mappings = self._client.indices.get_mapping(index=self._alias)
        except NotFoundError:
            return {}
        return {name: body["mappings"].get("_meta", {}).get("newswire", {}) for name, body in mappings.items()}

    def _create(self, name: str, identity: str) -> None:
        """Create an index by the template; that another process has just made it is fine."""
        try:
            self._client.indices.create(index=name, mappings={"_meta": mapping.index_meta(identity)})
        except BadRequestError as error:
            if error_cause(error.body)[0] != "resource_already_exists_exception":
                raise
        self._created.add(name)

    def upsert(self, documents: Sequence[Document]) -> list[Refusal]:
        """Add or replace documents in bulks; return those that Elasticsearch refuses, each with its words."""
        refused: list[Refusal] = []
        operations: list[_Operation] = []
        with self._errors():
            self._create_months(documents)
            present = self._locate([document.id for document in documents])
            for document in documents:
                try:
                    operations += self._operations(document, present)
                except UnicodeError as error:
                    refused.append(Refusal(id=document.id, reason=Reason.BAD_RECORD, detail=str(error), retry=False))
            for bulk in _bulks(operations):
                refused += self._send(bulk)
        return refused

    def _create_months(self, documents: Sequence[Document]) -> None:
        """Create the indices of the documents' months of first sight."""
        missing = {mapping.month_index(self._alias, document.first_seen) for document in documents} - self._created
        if missing:
            identity = self.identity()
            for name in sorted(missing):
                self._create(name, identity)

    def _operations(self, document: Document, present: dict[str, tuple[str, int]]) -> list[_Operation]:
        """Return what puts a document into its month's index, and takes it out of another month's.

        ``present`` maps ids to the index and the revision that are there.
        """
        name = mapping.month_index(self._alias, document.first_seen)
        line = mapping.encode_document(document)
        old_name, revision = present.get(document.id, (name, 0))
        put = _Operation(document.id, (_action("index", name, document.id, document.revision), line))
        if old_name == name:
            return [put]
        if revision > document.revision:
            return []
        return [_Operation(document.id, (_action("delete", old_name, document.id, document.revision),)), put]

    def _send(self, bulk: list[_Operation]) -> list[Refusal]:
        """Send operations, in halves where they are too large together; return the documents refused."""
        lines: Any = [
            line for operation in bulk for line in operation.lines
        ]  # the client takes what is encoded as well
        try:
            answer = self._client.bulk(operations=lines)
        except ApiError as error:
            if error.status_code != _TOO_LARGE:
                raise
            if len(bulk) == 1:
                detail = f"{sum(map(len, bulk[0].lines))} bytes are more than Elasticsearch takes"
                return [Refusal(id=bulk[0].id, reason=Reason.TOO_LARGE, detail=detail, retry=False)]
            half = len(bulk) // 2
            return self._send(bulk[:half]) + self._send(bulk[half:])
        items = [next(iter(item.values())) for item in answer["items"]]
        return [refusal for item in items if (refusal := self._refusal(item))]

    def _refusal(self, item: dict[str, Any]) -> Refusal | None:
        """Return the refusal that an item of a bulk's answer holds, None where it is done or a newer one is there."""
        status = item["status"]
        if "error" not in item or status == _CONFLICT:
            return None
        kind, reason = error_cause(item)
        if status == _NOT_FOUND:  # someone deleted the index of a month
            self._created.discard(item["_index"])
        retry = status in AWAY or status == _NOT_FOUND or status >= 500  # noqa: PLR2004 - HTTP's server errors
        return Refusal(id=item["_id"], reason=Reason.INDEX_REFUSED, detail=f"{kind}: {reason}"[:500], retry=retry)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove documents, also such as were put a moment ago; unknown ids are fine."""
        self.refresh()
        with self._errors():
            present = self._locate(ids)
            operations = [
                _Operation(document_id, (_action("delete", name, document_id, revision),))
                for document_id, (name, revision) in present.items()
            ]
            for bulk in _bulks(operations):
                self._send(bulk)

    def _locate(self, ids: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Return id → the index and revision of each document that is there."""
        locations: dict[str, tuple[str, int]] = {}
        for start in range(0, len(ids), MAX_HITS):
            values = {"values": list(ids[start : start + MAX_HITS])}
            answer = self._search({"query": {"ids": values}, "_source": False, "version": True, "size": MAX_HITS})
            locations |= {hit["_id"]: (hit["_index"], hit["_version"]) for hit in answer["hits"]["hits"]}
        return locations

    def get(self, document_id: str) -> Document | None:
        """Return a document, None where there is none."""
        with self._errors():
            answer = self._search({"query": {"ids": {"values": [document_id]}}})
        hits = answer["hits"]["hits"]
        return decode_document(hits[0]) if hits else None

    def search(self, query: Query) -> Results:
        """Return what a query finds; a search that a part of the index can't answer fails as a whole."""
        check_query(query)
        with self._errors():
            answer = self._search(search_body(query))
            hits = answer["hits"]["hits"]
            marked = (
                self._search(highlight_body(query, hits))["hits"]["hits"]
                if hits and query.highlight and query.text
                else []
            )
        return decode_results(query, answer, marked)

    def _search(self, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.search(index=self._alias, body=body, allow_partial_search_results=False)
        return dict(answer.body)

    def count(self) -> int:
        """Return how many documents there are."""
        with self._errors():
            return int(self._client.count(index=self._alias)["count"])

    def revisions(self) -> Iterator[tuple[str, int]]:
        """Yield the id and revision of every document, as they were when the first was asked for."""
        with self._errors():
            point = self._client.open_point_in_time(index=self._alias, keep_alive="5m")["id"]
        last_sort = None
        try:
            while True:
                with self._errors():
                    answer = self._client.search(
                        pit={"id": point, "keep_alive": "5m"},
                        sort=["_shard_doc"],
                        search_after=last_sort,
                        source=False,
                        version=True,
                        size=MAX_HITS,
                        track_total_hits=False,
                        allow_partial_search_results=False,
                    )
                hits = answer["hits"]["hits"]
                yield from ((hit["_id"], hit["_version"]) for hit in hits)
                if len(hits) < MAX_HITS:
                    return
                point, last_sort = answer["pit_id"], hits[-1]["sort"]
        finally:
            with self._errors():
                self._client.close_point_in_time(id=point)

    def refresh(self) -> None:
        """Make what was put and deleted so far visible to searches."""
        with self._errors():
            self._client.indices.refresh(index=self._alias)

    def wipe(self) -> None:
        """Delete all indices under the alias, whatever version made them, and create the first one anew."""
        with self._errors():
            marks = self._load_marks()
        if not all(marks.values()):
            self.identity()  # raises for what is foreign
        with self._errors():
            for name in marks:
                self._client.indices.delete(index=name)
        self._created.clear()
        self.prepare()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return translate_errors(self._address, self._alias)


def _split_address(url: str) -> tuple[str, dict[str, Any]]:
    """Return an address with its port and without name and password, and these as the client takes them.

    Raises:
        SettingsError: It can't be used.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
        address = f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}"
        url_to_node_config(address)
    except ValueError as error:
        raise SettingsError(f"NEWSWIRE_INDEX_URL: not a usable address: {error}") from error
    if not parts.username:
        return address, {}
    return address, {"basic_auth": (unquote(parts.username), unquote(parts.password or ""))}


def _action(verb: str, name: str, document_id: str, revision: int) -> bytes:
    """Return the first line of a bulk operation; the revision is the version, so that an older one conflicts."""
    return msgspec.json.encode(
        {verb: {"_index": name, "_id": document_id, "version": revision, "version_type": "external_gte"}}
    )


def _bulks(operations: list[_Operation]) -> Iterator[list[_Operation]]:
    """Yield the operations in groups of at most ``_BULK_BYTES``, a larger one alone."""
    bulk: list[_Operation] = []
    size = 0
    for operation in operations:
        length = sum(map(len, operation.lines))
        if bulk and size + length > _BULK_BYTES:
            yield bulk
            bulk, size = [], 0
        bulk.append(operation)
        size += length
    if bulk:
        yield bulk
