"""Define what a recogniser of names is: a function from text and language to spans.

This is the seam at which any recogniser can be put in; ``recognisers`` lists those that there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.records import EntityType


class Span(NamedTuple):
    """Characters ``start`` to ``end`` (exclusive) of a text name something of the ``type``."""

    start: int
    end: int
    type: EntityType


# Text and its language (ISO 639-1, None where unknown) → the names in it, none overlapping another.
Recogniser = Callable[[str, str | None], Sequence[Span]]
