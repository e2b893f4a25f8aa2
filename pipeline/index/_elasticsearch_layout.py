"""Tell which indices of a cluster are newswire's, and which generation is the current one: the one under the alias.

Each generation has an index for each month of first sight. All carry the generation's identity, and the version of the
mapping that made them, as their mark.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from elasticsearch import Elasticsearch

from pipeline.errors import IndexRefusedError, IndexVersionError
from pipeline.index import _elasticsearch_mapping as mapping
from pipeline.index._elasticsearch_errors import translate_errors
from pipeline.index.generation import Generation


class MonthIndex(NamedTuple):
    """An index that answers to the alias, or whose name and mark are of a generation."""

    name: str
    generation: int  # 0 where it is not newswire's
    mark: Mapping[str, Any]
    has_alias: bool


class Layout(NamedTuple):
    """The indices that there were when it was looked."""

    months: tuple[MonthIndex, ...] = ()

    @property
    def current(self) -> int | None:
        """Return the number of the generation under the alias, None where there is none."""
        return max((month.generation for month in self.months if month.has_alias), default=None)

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of all generations."""
        return sorted({month.generation for month in self.months} - {0})

    def of(self, number: int) -> list[MonthIndex]:
        """Return the indices of a generation, by name."""
        return sorted(month for month in self.months if month.generation == number)

    def generations(self) -> list[Generation]:
        """Return all generations, by number."""
        return [
            Generation(
                number=number,
                identity=str(self.of(number)[0].mark["identity"]),
                is_current=number == self.current,
                is_of_this_version=all(month.mark.get("version") == mapping.VERSION for month in self.of(number)),
            )
            for number in self.numbers
        ]


class Cluster:
    """What the parts of an index share: a client for the cluster at ``address``, and the alias."""

    def __init__(self, client: Elasticsearch, address: str, alias: str) -> None:
        self.client = client
        self.address = address
        self.alias = alias
        self._seen: frozenset[tuple[str, bool]] = frozenset()
        self._layout = Layout()

    def errors(self) -> contextlib.AbstractContextManager[None]:
        """Turn the client's errors into ours."""
        return translate_errors(self.address, self.alias)

    def load_layout(self) -> Layout:
        """Return which indices there are now."""
        indices = self.client.indices.get(
            index=[self.alias, f"{self.alias}-*"],
            features=["aliases", "mappings"],
            filter_path="*.aliases,*.mappings._meta",
            ignore_unavailable=True,
        )
        self._layout = Layout(tuple(filter(None, (self._month(name, body) for name, body in indices.items()))))
        self._seen = frozenset((month.name, month.has_alias) for month in self._layout.months)
        return self._layout

    def peek_layout(self) -> Layout:
        """Return the same; marks are read again only where other indices are there, or under the alias."""
        aliases = self.client.indices.get_alias(index=[self.alias, f"{self.alias}-*"], ignore_unavailable=True)
        seen = frozenset(
            (name, has_alias)
            for name, body in aliases.items()
            if (has_alias := self._answers(name, body)) or mapping.generation_number(self.alias, name)
        )
        return self._layout if self._layout.months and seen == self._seen else self.load_layout()

    def _answers(self, name: str, body: Mapping[str, Any]) -> bool:
        """Tell whether an index answers to the alias."""
        return name == self.alias or self.alias in body["aliases"]

    def _month(self, name: str, body: Mapping[str, Any]) -> MonthIndex | None:
        """Return an index of the cluster, None for one that has nothing to do with the alias."""
        mark = body.get("mappings", {}).get("_meta", {}).get("newswire") or {}
        number = mapping.generation_number(self.alias, name) or 0
        has_alias = self._answers(name, body)
        if has_alias or (number and mark):
            return MonthIndex(name, number if mark else 0, mark, has_alias)
        return None

    def assert_usable(self, months: list[MonthIndex]) -> None:
        """Make sure that this version of newswire made the indices.

        Raises:
            IndexVersionError: Another version of newswire made one of them.
            IndexRefusedError: One is not newswire's, or there are none.
        """
        if not months:
            raise IndexRefusedError(f"there is no index {self.alias} at {self.address} yet; newswire run makes it")
        for month in months:
            if not month.generation:
                raise IndexRefusedError(
                    f"{month.name} at {self.address} is not newswire's, but answers to {self.alias}; remove it from "
                    "there, or name another alias in newswire.toml under [index]"
                )
            if month.mark.get("version") != mapping.VERSION:
                where = f"{month.name} at {self.address}"
                raise IndexVersionError(f"{where} was made by another version of newswire; newswire run makes it anew")
