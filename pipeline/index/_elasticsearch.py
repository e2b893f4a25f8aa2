"""Keep the index in Elasticsearch: one alias over the current generation, which has one index for each month.

Documents lie in the month of their first sight. A further generation is built beside the current one; the alias goes
over to it in one request.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
import uuid
from collections.abc import Sequence
from typing import Any

from elasticsearch import AuthorizationException, BadRequestError

from pipeline.errors import IndexRefusedError
from pipeline.index import _elasticsearch_mapping as mapping
from pipeline.index._elasticsearch_client import connect
from pipeline.index._elasticsearch_documents import ElasticsearchGeneration, ElasticsearchReader
from pipeline.index._elasticsearch_layout import Cluster, Layout
from pipeline.index._elasticsearch_snapshots import ElasticsearchSnapshots
from pipeline.index.generation import Generation
from pipeline.index.index_health import IndexHealth
from pipeline.index.query import Refusal
from pipeline.records import Document
from pipeline.settings import IndexSettings

_STORE = "_all.total.store.size_in_bytes"
_HEALTH_TIMEOUT = "1s"

_log = logging.getLogger(__name__)


class ElasticsearchIndex(ElasticsearchReader):
    """An index in the Elasticsearch 9 at ``url`` (of several nodes, parted by commas), under the alias of ``settings``.

    Raises:
        SettingsError: An address or the file of the certificate authority can't be used.
    """

    def __init__(self, url: str, settings: IndexSettings, *, api_key: str | None, ca_file: str | None) -> None:
        client, address = connect(
            url,
            variable="NEWSWIRE_INDEX_URL",
            timeout=settings.timeout_seconds,
            name="newswire",
            api_key=api_key,
            ca_file=ca_file,
        )
        self._settings = settings
        self._alias = settings.alias
        super().__init__(Cluster(client, address, settings.alias), settings.alias)
        self._generations: dict[int, ElasticsearchGeneration] = {}

    def prepare(self) -> None:
        """Create template and first index.

        Raises:
            IndexVersionError: Another version of newswire made what is there.
            IndexRefusedError: Something foreign has the alias.
        """
        with self._cluster.errors():
            layout = self._cluster.load_layout()
            under = [month for month in layout.months if month.has_alias]
            if under:
                self._cluster.assert_usable(under)  # before anything is written
            self._put_template()
            if under:
                interval = mapping.refresh_interval(self._settings.refresh_seconds)
                self._client.indices.put_settings(index=self._alias, settings={"refresh_interval": interval})
            else:
                self._create_generation(layout, aliases={self._alias: {}})

    def _put_template(self) -> None:
        """Write the template, with the analysers of plugins where Elasticsearch takes them."""
        settings = self._settings
        template = functools.partial(
            mapping.index_template,
            self._alias,
            shards=settings.shards,
            replicas=settings.replicas,
            refresh_seconds=settings.refresh_seconds,
        )
        if analyzers := self._plugin_analyzers():
            try:
                self._client.indices.put_index_template(name=self._alias, **template(analyzers=analyzers))
            except BadRequestError as error:
                _log.warning("Elasticsearch refuses the analysers %s of its plugins: %s", list(analyzers), error)
            else:
                return
        self._client.indices.put_index_template(name=self._alias, **template())

    def _plugin_analyzers(self) -> dict[str, str]:
        """Return language → analyser of the plugins that all nodes have; none where the key may not ask."""
        try:
            answer = self._client.nodes.info(metric="plugins", filter_path="nodes.*.plugins.name")
        except AuthorizationException:
            return {}
        nodes = answer.get("nodes", {}).values()
        return mapping.plugin_analyzers([{plugin["name"] for plugin in node.get("plugins", ())} for node in nodes])

    def _create_generation(self, layout: Layout, **more: Any) -> int:
        """Create the first index of a further generation; return its number."""
        number = max(layout.numbers, default=0) + 1
        name = mapping.month_index(self._alias, number, dt.datetime.now(dt.UTC))
        self.open_generation(number).create(name, str(uuid.uuid4()), **more)
        return number

    def identity(self) -> str:
        """Return the uuid of the current generation.

        Raises:
            IndexVersionError: Another version of newswire made it.
            IndexRefusedError: There is none, or something foreign has the alias.
        """
        with self._cluster.errors():
            layout = self._cluster.load_layout()
        return self._assert_current(layout)

    def _assert_current(self, layout: Layout) -> str:
        """Return the identity of the current generation; raise IndexRefusedError where it can't be used."""
        under = sorted(month for month in layout.months if month.has_alias)
        self._cluster.assert_usable(under)
        return str(under[-1].mark["identity"])

    def upsert(self, documents: Sequence[Document]) -> list[Refusal]:
        """Add or replace documents, first in what is being built; return those that either refuses."""
        with self._cluster.errors():
            layout = self._cluster.peek_layout()
        self._assert_current(layout)
        current, refused = layout.current or 0, dict[str, Refusal]()
        for number in reversed(layout.numbers):
            if number < current:
                break
            self._cluster.assert_usable(layout.of(number))
            generation = self.open_generation(number)
            refusals = generation.upsert(documents)
            if number != current:
                generation.refresh()  # searches that come to see it miss nothing that others have seen
                if refusals and self._is_gone(number):
                    continue
            refused |= {refusal.id: refusal for refusal in refusals}
        return list(refused.values())

    def _is_gone(self, number: int) -> bool:
        """Tell whether a generation was given up meanwhile: it needn't have anything then."""
        with self._cluster.errors():
            return number not in self._cluster.load_layout().numbers

    def delete(self, ids: Sequence[str]) -> None:
        """Remove documents from all generations, the current one last; unknown ids are fine."""
        with self._cluster.errors():
            layout = self._cluster.peek_layout()
        for number in sorted(layout.numbers, key=lambda number: number == layout.current):
            self.open_generation(number).delete(ids)
            if layout.current and number > layout.current:
                self.open_generation(number).refresh()

    def wipe(self) -> None:
        """Delete all generations, whatever version made them, and create the index anew."""
        with self._cluster.errors():
            layout = self._cluster.load_layout()
            if not all(month.generation for month in layout.months):
                self._assert_current(layout)  # raises for what is foreign
            for month in layout.months:
                self._client.indices.delete(index=month.name)
        self._generations.clear()
        self.prepare()

    def health(self) -> IndexHealth | None:
        """Return how Elasticsearch says that the indices under the alias are; None where the key may not ask."""
        try:
            with self._cluster.errors():
                answer = self._client.cluster.health(index=self._alias, timeout=_HEALTH_TIMEOUT)
        except IndexRefusedError:
            return None
        return IndexHealth(answer["status"], int(answer["unassigned_shards"]), int(answer["number_of_nodes"]))

    def size_bytes(self) -> int | None:
        """Return the room that the indices of all generations take; None where the key may not ask."""
        try:
            with self._cluster.errors():
                answer = self._client.indices.stats(index=f"{self._alias}-*", metric="store", filter_path=_STORE)
        except IndexRefusedError:
            return None
        return int(answer["_all"]["total"]["store"]["size_in_bytes"]) if "_all" in answer else 0

    def snapshots(self, repository: str) -> ElasticsearchSnapshots:
        """Return what saves snapshots in ``repository``."""
        return ElasticsearchSnapshots(self._client, self._cluster.address, self._alias, repository)

    def list_generations(self) -> list[Generation]:
        """Return the generations that there are, by number."""
        with self._cluster.errors():
            return self._cluster.load_layout().generations()

    def add_generation(self) -> int:
        """Create an empty generation that is not under the alias; return its number."""
        with self._cluster.errors():
            layout = self._cluster.load_layout()
            self._put_template()
            return self._create_generation(layout)

    def open_generation(self, number: int) -> ElasticsearchGeneration:
        """Return a generation."""
        return self._generations.setdefault(number, ElasticsearchGeneration(self._cluster, number))

    def switch_to(self, number: int) -> None:
        """Let the alias lead to a generation, in one request.

        Raises:
            IndexRefusedError: There is no such generation.
        """
        with self._cluster.errors():
            self._cluster.assert_usable(self._cluster.load_layout().of(number))
            alias, name = self._alias, f"{self._alias}-g{number}-*"
            self._client.indices.update_aliases(
                actions=[
                    {"remove": {"index": f"{alias}-*", "alias": alias}},
                    {"add": {"index": name, "alias": alias}},
                ]
            )
            # of months that others created while Elasticsearch was at it
            layout = self._cluster.load_layout()
            late = [{"add": {"index": m.name, "alias": alias}} for m in layout.of(number) if not m.has_alias]
            late += [
                {"remove": {"index": m.name, "alias": alias}}
                for m in layout.months
                if m.has_alias and m.generation != number
            ]
            if late:
                self._client.indices.update_aliases(actions=late)

    def drop_generation(self, number: int) -> None:
        """Delete the indices of a generation that isn't the current one.

        Raises:
            IndexRefusedError: It is the current one.
        """
        with self._cluster.errors():
            layout = self._cluster.load_layout()
            if number == layout.current:
                raise IndexRefusedError(f"searches see generation {number} of {self._alias}; it stays")
            for month in layout.of(number):
                self._client.options(ignore_status=404).indices.delete(index=month.name)
        self._generations.pop(number, None)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
