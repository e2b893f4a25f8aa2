"""Write documents of operations into Elasticsearch: in bulks, under ids that a repetition meets again.

Templates make an index for each day or month as its first document comes, under the family's alias. Old indices are
deleted by name; where the server has index lifecycle management, it has a policy for them as well.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from elasticsearch import ApiError

from pipeline.errors import IndexAwayError, IndexRefusedError
from pipeline.index._elasticsearch_client import connect
from pipeline.index._elasticsearch_errors import AWAY, error_cause, translate_errors
from pipeline.index.operations import Family, OperationsDocument
from pipeline.index.query import Refusal
from pipeline.records import Reason

_FORBIDDEN = frozenset({401, 403})
_DATED = re.compile(r"(\d{4})\.(\d{2})(?:\.(\d{2}))?")
_BULK_BYTES = 5_000_000  # see _elasticsearch_documents
_REFRESH = "5s"


class ElasticsearchOperations:
    """The indices of operations in the Elasticsearch at ``url`` (of several nodes, parted by commas), by ``prefix``.

    Raises:
        SettingsError: An address or the file of the certificate authority can't be used.
    """

    def __init__(self, url: str, prefix: str, *, timeout: float, api_key: str | None, ca_file: str | None) -> None:
        self._prefix = prefix
        self._client, self._address = connect(
            url,
            variable="NEWSWIRE_OPERATIONS_URL",
            timeout=timeout,
            name="newswire-operations",
            api_key=api_key,
            ca_file=ca_file,
        )

    def identity(self) -> str:
        """Return the uuid of the cluster."""
        with self._errors():
            return str(self._client.info()["cluster_uuid"])

    def prepare(self, families: Sequence[Family]) -> None:
        """Put the templates, and the lifecycle policies where the server takes them; bring mappings up to date."""
        with self._errors():
            has_lifecycle = self._has_lifecycle()
            for family in families:
                alias = self._alias(family.name)
                settings: dict[str, Any] = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}
                settings |= {"refresh_interval": _REFRESH, "codec": "best_compression"}
                if has_lifecycle and family.days and self._keep_policy(alias, family.days):
                    settings["lifecycle.name"] = alias
                self._client.indices.put_index_template(
                    name=alias,
                    index_patterns=[f"{alias}-*"],
                    priority=500,  # above the built-in ones
                    allow_auto_create=True,
                    template={"settings": {"index": settings}, "mappings": family.mapping, "aliases": {alias: {}}},
                )
                if self._client.indices.exists_alias(name=alias):
                    properties = family.mapping["properties"]
                    self._client.indices.put_mapping(index=f"{alias}-*", properties=properties)

    def _has_lifecycle(self) -> bool:
        """Tell whether the server deletes indices by itself; a key that may not ask leaves it to us."""
        try:
            return bool(self._client.ilm.get_status()["operation_mode"] == "RUNNING")
        except ApiError as error:
            if error.status_code in {400, 403, 404, 405}:
                return False
            raise

    def _keep_policy(self, name: str, days: int) -> bool:
        """Have a policy delete indices after so many days; return whether there is one by now.

        A key that may not change policies leaves the one that is there, or that there is none: ``drop_old`` deletes.
        """
        phases = {"hot": {"actions": {}}, "delete": {"min_age": f"{days}d", "actions": {"delete": {}}}}
        present = self._client.options(ignore_status=404).ilm.get_lifecycle(name=name).body.get(name)
        if present and _deletes_after(present) == f"{days}d":
            return True
        try:
            self._client.ilm.put_lifecycle(name=name, policy={"phases": phases})
        except ApiError as error:
            if error.status_code not in _FORBIDDEN:
                raise
            return present is not None
        return True

    def write(self, documents: Sequence[OperationsDocument]) -> list[Refusal]:
        """Write documents in bulks; return those that Elasticsearch can't take as they are.

        Raises:
            IndexAwayError: It does not answer, or took only a part: all of it is to be written again.
        """
        refused: list[Refusal] = []
        with self._errors():
            for lines in self._bulks(documents):
                answer = self._client.bulk(
                    operations=lines, filter_path="errors,items.*.error,items.*.status,items.*._id"
                )
                if answer["errors"]:
                    refused += self._refusals(answer["items"])
        return refused

    def _bulks(self, documents: Sequence[OperationsDocument]) -> Iterator[Any]:
        lines: list[bytes] = []
        size = 0
        for document in documents:
            index = f"{self._alias(document.family)}-{document.part}"
            action = msgspec.json.encode({"index": {"_index": index, "_id": document.id}})
            if lines and size + len(document.body) > _BULK_BYTES:
                yield lines
                lines, size = [], 0
            lines += [action, document.body]
            size += len(action) + len(document.body)
        if lines:
            yield lines

    def _refusals(self, items: Sequence[Any]) -> list[Refusal]:
        refused = []
        for item in (next(iter(item.values())) for item in items):
            if "error" not in item:
                continue
            kind, reason = error_cause(item)
            detail, status = f"{kind}: {reason}"[:500], item["status"]
            if status in _FORBIDDEN:
                raise self._forbidden(detail)
            if status in AWAY or status == 404 or status >= 500:  # noqa: PLR2004 - HTTP's own numbers
                raise IndexAwayError(
                    f"Elasticsearch at {self._address} can't take documents of operations now: {detail}"
                )
            refused.append(Refusal(id=item["_id"], reason=Reason.INDEX_REFUSED, detail=detail, retry=False))
        return refused

    def drop_old(self, families: Sequence[Family], now: dt.datetime) -> list[str]:
        """Delete dated indices whose last day lies as many days back as their family is kept; return their names."""
        dropped = []
        with self._errors():
            for family in families:
                if family.days is None:
                    continue
                alias, until = self._alias(family.name), now.date() - dt.timedelta(days=family.days)
                for name in self._client.indices.get_alias(index=f"{alias}-*", allow_no_indices=True):
                    last = last_day(name.removeprefix(f"{alias}-"))
                    if last is not None and last < until:
                        self._client.options(ignore_status=404).indices.delete(index=name)
                        dropped.append(name)
        return sorted(dropped)

    def delete_before(self, family: str, until: dt.datetime, kind: str) -> None:
        """Delete the documents of a kind that are older than ``until``."""
        old = [{"term": {"kind": kind}}, {"range": {"@timestamp": {"lt": until.isoformat()}}}]
        with self._errors():
            self._client.delete_by_query(
                index=f"{self._alias(family)}-*",
                query={"bool": {"filter": old}},
                conflicts="proceed",
                allow_no_indices=True,
            )

    def remove_fields(self, family: str, names: Sequence[str], *, of: str, values: Sequence[str]) -> None:
        """Remove fields from the documents of a family that have one of ``values``.

        Raises:
            IndexAwayError: Some documents still have them: it is to be done again.
        """
        pattern = f"{self._alias(family)}-*"
        has_any = [{"exists": {"field": name}} for name in names]
        of_these = {"bool": {"filter": [{"terms": {of: list(values)}}], "should": has_any, "minimum_should_match": 1}}
        remove = "for (name in params.names) { ctx._source.remove(name) }"
        with self._errors():
            self._client.indices.refresh(index=pattern, allow_no_indices=True)  # what was written just now as well
            self._client.options(ignore_status=409).update_by_query(  # 409: somebody writes the same documents
                index=pattern,
                query=of_these,
                script={"source": remove, "params": {"names": list(names)}},
                refresh=True,
                allow_no_indices=True,
            )
            left = self._client.count(index=pattern, query=of_these, allow_no_indices=True)["count"]
        if left:
            raise IndexAwayError(f"Elasticsearch at {self._address}: {left} documents of operations still have {names}")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _alias(self, family: str) -> str:
        return f"{self._prefix}-{family}"

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the client's errors into ours.

        Raises:
            IndexRefusedError: The key may not do it.
        """
        with translate_errors(self._address, self._prefix):
            try:
                yield
            except ApiError as error:
                if error.status_code in _FORBIDDEN:
                    raise self._forbidden(error_cause(error.body)[1]) from error
                raise

    def _forbidden(self, detail: str) -> IndexRefusedError:
        return IndexRefusedError(
            f"the key in NEWSWIRE_OPERATIONS_API_KEY may not write operations at {self._address}: {detail}; it needs "
            f'monitor and manage_index_templates and, on "{self._prefix}-outcomes-*", "…-runs-*" and "…-sources-*", '
            "manage, read and write"
        )


def _deletes_after(policy: Mapping[str, Any]) -> str | None:
    """Return after which time a lifecycle policy, as the server tells it, deletes indices."""
    age: str | None = policy["policy"]["phases"].get("delete", {}).get("min_age")
    return age


def last_day(part: str) -> dt.date | None:
    """Return the last day of what an index holds by the end of its name (2026.11.30, 2026.11); None for no date."""
    match = _DATED.fullmatch(part)
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2]), match[3]
    try:
        if day:
            return dt.date(year, month, int(day))
        within_next = dt.date(year, month, 1) + dt.timedelta(days=31)
    except ValueError:
        return None
    return within_next.replace(day=1) - dt.timedelta(days=1)
