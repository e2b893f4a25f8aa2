"""Say how an index that lies on several machines is kept there: whole, without second copies, or in part."""

from __future__ import annotations

from typing import Literal, NamedTuple


class IndexHealth(NamedTuple):
    """How the engine says that an index is: green; yellow, some second copies are missing; red, it isn't whole."""

    colour: Literal["green", "yellow", "red"]
    missing: int  # parts, or copies of parts, that no machine has
    machines: int
