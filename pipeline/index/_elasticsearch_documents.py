"""Read and write documents in Elasticsearch: those of one generation, or what the alias leads to.

A document's revision is its version there, so that an older one never replaces a newer one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from elasticsearch import ApiError, BadRequestError, NotFoundError

from pipeline.errors import UnknownError
from pipeline.index import _elasticsearch_counts as counts
from pipeline.index import _elasticsearch_mapping as mapping
from pipeline.index._elasticsearch_errors import AWAY, error_cause
from pipeline.index._elasticsearch_layout import Cluster, Layout
from pipeline.index._elasticsearch_query import (
    decode_document,
    frequency_body,
    language_warnings,
    last_key,
    render_marking,
    scan_body,
)
from pipeline.index._elasticsearch_spelling import (
    completion_body,
    decode_completions,
    decode_suggestion,
    spelling_body,
)
from pipeline.index.folding import split_words
from pipeline.index.query import MAX_HITS, Hit, Query, Refusal, Results, check_query, read_line, resolve_line
from pipeline.index.query_language import word_tree
from pipeline.index.query_language.similar import candidate_words, similar_tree
from pipeline.index.query_language.spelling import Completion, spelt_words
from pipeline.index.query_language.tree import Node
from pipeline.index.time_histogram import TimeHistogram
from pipeline.records import Document, Reason

# Elastic's guide to indexing speed names 5 to 15 MB as the size up to which larger bulks are faster.
_BULK_BYTES = 5_000_000
_SCANNED = 500  # documents in one answer: a few megabytes
_CONFLICT, _TOO_LARGE, _NOT_FOUND = 409, 413, 404


class _Operation(msgspec.Struct, frozen=True):
    """One line or pair of lines of a bulk request."""

    id: str
    lines: tuple[bytes, ...]


class _Question(NamedTuple):
    """One search of several that are asked for at once."""

    body: dict[str, Any]
    search_type: str | None = None

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of a request for several searches."""
        header: dict[str, Any] = {"allow_partial_search_results": False}
        return [header | ({"search_type": self.search_type} if self.search_type else {}), self.body]


class ElasticsearchReader:
    """The documents of the indices that ``target`` names."""

    def __init__(self, cluster: Cluster, target: str) -> None:
        self._cluster = cluster
        self._client = cluster.client
        self._target = target

    def get(self, document_id: str) -> Document | None:
        """Return a document, None where there is none."""
        with self._cluster.errors():
            answer = self._search({"query": {"ids": {"values": [document_id]}}})
        hits = answer["hits"]["hits"]
        return decode_document(hits[0]) if hits else None

    def get_many(self, ids: Sequence[str]) -> dict[str, Document]:
        """Return id → document of those that searches see."""
        documents: dict[str, Document] = {}
        for start in range(0, len(ids), _SCANNED):
            some = list(ids[start : start + _SCANNED])
            with self._cluster.errors():
                answer = self._search({"query": {"ids": {"values": some}}, "size": len(some)})
            documents |= {hit["_id"]: decode_document(hit) for hit in answer["hits"]["hits"]}
        return documents

    def scan(self, query: Query) -> Iterator[Document]:
        """Yield all documents that match, by first sight."""
        check_query(query)
        query = resolve_line(query, read_line(query), self._find_similar)
        after = None
        while True:
            with self._cluster.errors():
                answer = self._search(scan_body(query, after, _SCANNED))
            hits = answer["hits"]["hits"]
            yield from map(decode_document, hits)
            if len(hits) < _SCANNED:
                return
            after = last_key(answer)

    def search(self, query: Query) -> Results:
        """Return what a query finds; a search that a part of the index can't answer fails as a whole."""
        check_query(query)
        line = read_line(query)
        query = resolve_line(query, line, self._find_similar)
        with self._cluster.errors():
            # words are as rare in one month's index as in all of them together: else scores don't compare
            is_scored = query.sort == "relevance" and line.tree is not None and query.size > 0
            question = _Question(counts.search_body(query), "dfs_query_then_fetch" if is_scored else None)
            answer = self._ask([question])[0]
            hits, histogram = self._complete(query, answer)
        articles = answer["hits"]["total"]["value"]
        return Results(
            total=articles if query.copies else counts.decode_groups(answer),
            articles=articles,
            hits=hits,
            facets=counts.decode_facets(query, answer),
            histogram=histogram,
            last=last_key(answer) if query.has_cursor else None,
            understood=word_tree(line.tree),
            warnings=(*line.warnings, *language_warnings(line.tree)),
            suggestion="" if articles else self._suggest(line.tree),
        )

    def _suggest(self, tree: Node | None) -> str:
        """Return a line whose words the index has, in place of one that finds nothing; empty where none is likely."""
        words = spelt_words(tree)
        if tree is None or not words:
            return ""
        with self._cluster.errors():
            return decode_suggestion(tree, words, self._search(spelling_body(words)))

    def _complete(self, query: Query, answer: dict[str, Any]) -> tuple[tuple[Hit, ...], TimeHistogram | None]:
        """Return the hits of a page with their marks and copies, and what there is over time."""
        hits = answer["hits"]["hits"]
        interval = counts.decode_interval(query, answer)
        marks = render_marking(query, hits)
        parts = [hits[start : start + counts.HITS_AT_ONCE] for start in range(0, len(hits), counts.HITS_AT_ONCE)]
        bodies = [body for part in parts if (body := counts.details_body(query, part, marks))]
        further = {}
        if interval and counts.needs_histogram(query, interval):
            further["times"] = counts.histogram_body(query, interval)
        if interval and query.share:
            further["all"] = counts.histogram_body(query.of_all(), interval)
        answers = self._ask([_Question(body) for body in (*bodies, *further.values())])
        counted = dict(zip(further, answers[len(bodies) :], strict=True))
        histogram = counts.decode_histogram(query, interval, counted.get("times", answer), counted.get("all"))
        return counts.complete_hits(query, hits, answers[: len(bodies)]), histogram

    def complete(self, beginning: str, size: int) -> tuple[Completion, ...]:
        """Return values that have a word that begins so, the most frequent first."""
        folded = " ".join(split_words(beginning))
        if not folded:
            return ()
        with self._cluster.errors():
            return decode_completions(folded, self._search(completion_body(folded)), size)

    def _find_similar(self, article: str) -> Node:
        """Return what finds articles like this one.

        Raises:
            UnknownError: There is no such article.
        """
        document = self.get(article)
        if document is None:
            raise UnknownError(f"similar:{article[:100]}: there is no such article here")
        words = candidate_words(document)
        with self._cluster.errors():
            answer = self._search(frequency_body(words))
        buckets = answer["aggregations"]["words"]["buckets"]
        frequencies = {word: buckets[word]["doc_count"] for word in words}
        return similar_tree(document, frequencies, answer["hits"]["total"]["value"])

    def _search(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._ask([_Question(body)])[0]

    def _ask(self, questions: Sequence[_Question]) -> list[dict[str, Any]]:
        """Return the answers to questions, in one request; one that can't be answered fails them all.

        Raises:
            ApiError: One can't be answered.
        """
        if not questions:
            return []
        if len(questions) == 1:
            body, search_type = questions[0]
            answer = self._client.search(
                index=self._target, body=body, search_type=search_type, allow_partial_search_results=False
            )
            return [dict(answer.body)]
        answer = self._client.msearch(index=self._target, searches=[line for one in questions for line in one.lines()])
        for part in answer["responses"]:
            if "error" in part:
                raise ApiError("a search failed", dataclasses.replace(answer.meta, status=part["status"]), part)
        return list(answer["responses"])

    def count(self) -> int:
        """Return how many documents there are."""
        with self._cluster.errors():
            return int(self._client.count(index=self._target)["count"])

    def revisions(self) -> Iterator[tuple[str, int]]:
        """Yield the id and revision of every document, as they were when the first was asked for."""
        with self._cluster.errors():
            point = self._client.open_point_in_time(index=self._target, keep_alive="5m")["id"]
        last_sort = None
        try:
            while True:
                with self._cluster.errors():
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
            with self._cluster.errors():
                self._client.close_point_in_time(id=point)

    def refresh(self) -> None:
        """Make what was put and deleted so far visible to searches."""
        with self._cluster.errors():
            self._client.indices.refresh(index=self._target)


class ElasticsearchGeneration(ElasticsearchReader):
    """The documents of one generation; the index closes it."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        # months of the first generation have no number in their names: see mapping.month_index
        first = f"{cluster.alias}-1*.*,{cluster.alias}-2*.*"
        super().__init__(cluster, first if number == 1 else f"{cluster.alias}-g{number}-*")
        self._number = number
        self._created: set[str] = set()  # indices that this process knows to be there

    def identity(self) -> str:
        """Return the uuid that all indices of the generation carry, made with the first of them.

        Raises:
            IndexVersionError: Another version of newswire made them.
            IndexRefusedError: There are none.
        """
        with self._cluster.errors():
            months = self._cluster.load_layout().of(self._number)
        self._cluster.assert_usable(months)
        return str(months[0].mark["identity"])

    def close(self) -> None:
        """Do nothing: the connections are the index's."""

    def upsert(self, documents: Sequence[Document]) -> list[Refusal]:
        """Add or replace documents in bulks; return those that Elasticsearch refuses, each with its words."""
        refused: list[Refusal] = []
        operations: list[_Operation] = []
        with self._cluster.errors():
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

    def _month_of(self, document: Document) -> str:
        return mapping.month_index(self._cluster.alias, self._number, document.first_seen)

    def _create_months(self, documents: Sequence[Document]) -> None:
        """Create the indices of the documents' months of first sight."""
        if missing := {self._month_of(document) for document in documents} - self._created:
            identity = self.identity()
            for name in sorted(missing):
                self.create(name, identity)
            self._join_alias(self._cluster.load_layout())

    def create(self, name: str, identity: str, **more: Any) -> None:
        """Create an index by the template; that another process has just made it is fine."""
        try:
            self._client.indices.create(index=name, mappings={"_meta": mapping.index_meta(identity)}, **more)
        except BadRequestError as error:
            if error_cause(error.body)[0] != "resource_already_exists_exception":
                raise
        self._created.add(name)

    def _join_alias(self, layout: Layout) -> None:
        """Put the generation's new indices under the alias, if the others still are when Elasticsearch does it."""
        months = layout.of(self._number)
        under = [month.name for month in months if month.has_alias]
        beside = [month.name for month in months if not month.has_alias]
        if not under or not beside:
            return
        alias = self._cluster.alias
        actions: list[dict[str, Any]] = [
            {"remove": {"index": under[0], "alias": alias, "must_exist": True}},  # the condition: all or nothing
            {"add": {"indices": [under[0], *beside], "alias": alias}},
        ]
        try:
            self._client.indices.update_aliases(actions=actions)
        except NotFoundError as error:
            if error_cause(error.body)[0] != "aliases_not_found_exception":
                raise
            # another generation is the current one by now

    def _operations(self, document: Document, present: dict[str, tuple[str, int]]) -> list[_Operation]:
        """Return what puts a document into its month's index, and takes it out of another month's.

        ``present`` maps ids to the index and the revision that are there.
        """
        name = self._month_of(document)
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
        with self._cluster.errors():
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
