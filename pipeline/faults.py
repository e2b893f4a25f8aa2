"""Define what an audit says: a fault, and the result of a check.

A fault is a place where two things that must agree don't. It has a key, the same in two looks at the same fault.
"""

from __future__ import annotations

from pipeline.records import Record


class Fault(Record, frozen=True, kw_only=True):
    """A place where ledger, archive and index don't agree."""

    key: str  # of the article, blob, group, story or row, with what is wrong of it
    what: str  # a sentence that names both sides


class CheckResult(Record, frozen=True, kw_only=True):
    """What one check of an audit says; ``faults`` counts all, ``examples`` names some."""

    name: str
    promise: str  # what holds where it says nothing
    faults: int = 0
    examples: tuple[str, ...] = ()
    remedy: str | None = None  # what mends the faults, None where there are none
    at_least: bool = False  # whether there may be more faults than were counted
