"""What does a recogniser of names promise? Text in, spans out: the seam at which any recogniser can be put in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.records import EntityType


class Span(NamedTuple):
    """Characters ``start`` to ``end`` of a text name something of the ``type``."""

    start: int
    end: int
    type: EntityType


# Text and its language (ISO 639-1, None where unknown) → the names in it, none overlapping another.
Recogniser = Callable[[str, str | None], Sequence[Span]]
