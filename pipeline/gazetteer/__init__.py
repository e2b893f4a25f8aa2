"""The gazetteer: countries, subdivisions and cities, in a table that scripts/build-gazetteer writes.

It is data of the package, so that places are known without a network.
"""

from __future__ import annotations

import functools
import gzip
from collections.abc import Iterator
from importlib import resources


def read_rows() -> Iterator[str]:
    """Yield the rows of the table: cells between tabs, as scripts/build-gazetteer explains."""
    file = resources.files("pipeline.gazetteer") / "gazetteer.tsv.gz"
    yield from gzip.decompress(file.read_bytes()).decode("utf-8").splitlines()


@functools.cache
def load_city_names() -> frozenset[str]:
    """Return the names of cities above 15,000 people, case-folded, those of large cities in several languages."""
    cells = (row.split("\t") for row in read_rows() if row.startswith("P\t"))
    return frozenset(
        name.casefold() for _, _, _, name, *_, others in cells for name in (name, *others.split("|")) if name
    )
