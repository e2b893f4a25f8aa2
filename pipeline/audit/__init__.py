"""Compare ledger, archive and index: what must agree does, or is named. Nothing is changed.

The checks within the ledger are ``store.audit``'s; those of archive and index stand here. On a ledger that is being
worked on, articles are on their way between two reads: only what two looks find, one after the other, is a fault.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import islice

from pipeline.audit.blobs import check_all_blobs, check_some_blobs
from pipeline.audit.documents import check_contents, check_documents
from pipeline.context import Context
from pipeline.faults import CheckResult, Fault
from pipeline.store import LEDGER_CHECKS, LedgerCheck

__all__ = ["CHECK_NAMES", "Depth", "look_twice", "run_audit"]

PAUSE_SECONDS = 2.0  # between two looks: longer than a transaction, and than Elasticsearch's refresh interval
_MOST_FAULTS = 10_000  # of one check that are counted

_RUN = "newswire run does it"
_REINDEX = "newswire reindex writes the index anew"
_TELL = "no command mends this: it is a fault of newswire, or of whoever changed the tables; please report it"

# name → what holds where the check finds nothing, and what mends it where it does
_CHECKS: dict[str, tuple[str, str]] = {
    "standing": ("each article is in one state, at one stage", _TELL),
    "records": (
        "each article has what the stages before made of it",
        "newswire redo with the stage that is missing makes it again; for one article newswire retry ADDRESS",
    ),
    "rows": ("each row belongs to a known article", _TELL),
    "outcomes": ("each attempt has one outcome, and the last one says where the article stands", _TELL),
    "leases": ("whoever holds a lease or a lock is alive and in time", "newswire run ends them, on the same machine"),
    "addresses": (
        "each address leads to one article, and no article is there twice",
        "newswire redo extract decides again which article is whose duplicate",
    ),
    "feeds": (
        "what is known of each feed can be read",
        "newswire feeds remove and newswire feeds add let it begin anew",
    ),
    "outbox": ("what is noted to be done can be done", _TELL),
    "copies": (
        "each copy group has one primary, of which its other members are copies",
        "newswire redo dedupe decides again",
    ),
    "sketches": ("dedupe remembers articles that may be copied, and those alone", "newswire redo dedupe decides again"),
    "stories": ("each story has articles, and its summary speaks of these", "newswire stories repair"),
    "story memory": ("cluster remembers stories that there are", "newswire stories repair"),
    "entities": (
        "each entity is counted in as many articles as name it",
        "newswire redo enrich counts again",
    ),
    "archive": (
        "each page that is to be kept is there, as it was fetched",
        "newswire redo fetch gets pages again; newswire expire --pages removes what no article refers to",
    ),
    "index": ("the index has the documents of all articles that are through, and no others", _REINDEX),
    "documents": ("documents say what the ledger says", _REINDEX),
}
CHECK_NAMES = tuple(_CHECKS)

Check = Callable[[], Iterator[Fault]]


class Depth(enum.StrEnum):
    """How much of something that takes long to look at is looked at."""

    ALL = "all"
    SAMPLE = "sample"
    NONE = "none"


def run_audit(
    context: Context,
    names: Collection[str] = CHECK_NAMES,
    *,
    archive: Depth = Depth.SAMPLE,
    documents: Depth = Depth.SAMPLE,
    examples: int = 5,
    pause_seconds: float = PAUSE_SECONDS,
) -> Iterator[CheckResult]:
    """Yield the result of each check of ``names``, when it is there.

    Args:
        context: with a ledger that may be opened to read only.
        names: of ``CHECK_NAMES``.
        archive: of how many pages the bytes are read; of all: also what lies in the archive beside them.
        documents: how many documents are compared with what the ledger says.
        examples: how many faults of a check are named at most.
        pause_seconds: how long to wait before a look is repeated that found faults.

    Raises NewswireError where ledger, archive or index can't be used.
    """
    for name, check in _select(context, names, archive, documents).items():
        faults = look_twice(check, pause_seconds)
        promise, remedy = _CHECKS[name]
        yield CheckResult(
            name=name,
            promise=promise,
            faults=len(faults),
            examples=tuple(list(faults.values())[:examples]),
            remedy=remedy if faults else None,
            at_least=len(faults) >= _MOST_FAULTS,
        )


def _select(context: Context, names: Collection[str], archive: Depth, documents: Depth) -> dict[str, Check]:
    """Return the checks that are wanted, by name."""
    checks: dict[str, Check] = {
        name: partial(_check_ledger, context, LEDGER_CHECKS[name]) for name in LEDGER_CHECKS if name in names
    }
    if "archive" in names and archive is not Depth.NONE:
        checks["archive"] = partial(check_all_blobs if archive is Depth.ALL else check_some_blobs, context)
    if "index" in names:
        checks["index"] = partial(check_documents, context)
    if "documents" in names and documents is not Depth.NONE:
        checks["documents"] = partial(check_contents, context, all_documents=documents is Depth.ALL)
    return checks


def _check_ledger(context: Context, check: LedgerCheck) -> Iterator[Fault]:
    with context.store.snapshot() as connection:
        yield from check(connection, context.clock())


def look_twice(check: Check, pause_seconds: float = PAUSE_SECONDS) -> dict[str, str]:
    """Return key → sentence of the faults that two looks found; where the first finds none, there is one look."""
    first = {fault.key: fault.what for fault in islice(check(), _MOST_FAULTS)}
    if not first:
        return {}
    time.sleep(pause_seconds)
    second = {fault.key: fault.what for fault in check() if fault.key in first}
    return {key: second[key] for key in first if key in second}
