"""Fill a new generation of the index from the ledger, beside the one that searches see, and let searches see it.

``build``, ``verify``, ``switch``, ``drop_former``: each goes on where it was cut off, and one process at a time is at
it. Meanwhile stages go on: whatever writes into the index writes into the generation that is being built first, and
whatever deletes deletes from all (see ``pipeline.index.Index``). What is read here was therefore written there, or is
older and changes nothing, but for articles that may no longer be shown: they are looked for after each batch.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import msgspec
import sqlalchemy as sa

from pipeline.audit import PAUSE_SECONDS, look_twice
from pipeline.audit.documents import check_contents, check_generation, check_succession
from pipeline.context import Context, open_context
from pipeline.documents import ArticleRecords, build_document
from pipeline.errors import BusyError, IndexAwayError, IndexRefusedError, IndexVersionError, StoreError, UsageError
from pipeline.index import Generation, IndexGeneration
from pipeline.reconcile.article_records import gather_records
from pipeline.reconcile.entity_view import apply_decisions
from pipeline.records import Document, Stage, from_json, to_json
from pipeline.store import INDEX_IDENTITY, ArticleRow

_log = logging.getLogger(__name__)

LOCK = "reindex"
_BUILD = "index build"  # the name of its value in the ledger
_BATCH = 200  # articles; an embedded index is locked for a few tenths of a second at a time
_AWAY_WAITS = (1.0, 5.0, 25.0)  # seconds until documents are put again that the index can't take now
_EXAMPLES = 5  # of what is wrong that are named


class IndexBuild(msgspec.Struct, frozen=True, kw_only=True):
    """How far a generation of the index is that is being built."""

    generation: int
    identity: str
    begun: dt.datetime
    articles: int  # that had a document when it was begun
    last: int  # items.seq of the last article then: stage index writes later ones, and they may never cease to come
    read: int = 0  # articles so far
    after: int = 0  # items.seq of the last of them
    is_complete: bool = False
    is_verified: bool = False


def load_build(context: Context) -> IndexBuild | None:
    """Return how far the generation is that is being built, None where there is none."""
    with context.store.read() as connection:
        value = context.store.values.get(connection, _BUILD)
    return from_json(value, IndexBuild) if value else None


def build(
    context: Context,
    *,
    report: Callable[[IndexBuild], None] = lambda _: None,
    is_ending: Callable[[], bool] = lambda: False,
) -> IndexBuild:
    """Fill a generation, the one that was begun or else a new one; return how far it is, at the end or ``is_ending``.

    ``report`` gets that after each batch.

    Raises:
        BusyError: Another process is at it.
        IndexAwayError: The index doesn't take documents now; what was written stays, and the next call goes on.
    """
    with _holding_lock(context):
        now = _take_up(context) or _begin(context)
        target = context.index.open_generation(now.generation)
        while not now.is_complete and not is_ending():
            now = _step(context, now, target)
            report(now)
        return now


def _take_up(context: Context) -> IndexBuild | None:
    """Return what was begun and can go on; note what was switched to when its process ended."""
    begun = load_build(context)
    if begun is None:
        return None
    generations = context.index.list_generations()
    found = next((one for one in generations if one.identity == begun.identity), None)
    if found is None or not found.is_of_this_version:
        return None
    if found.is_current:
        _note_switched(context, begun)
        return None
    return begun if found.number > _current_number(generations) else None


def _begin(context: Context) -> IndexBuild:
    """Create an empty generation; what others left half-built is dropped."""
    index, now = context.index, context.clock()
    with contextlib.suppress(IndexVersionError):
        index.prepare()
    generations = index.list_generations()
    for left in generations:
        if left.number > _current_number(generations):
            index.drop_generation(left.number)
    number = index.add_generation()
    identity = index.open_generation(number).identity()
    with context.store.write() as connection:
        articles = context.store.ledger.count_documented(connection, now)
        last = context.store.ledger.last_seq(connection)
        begun = IndexBuild(generation=number, identity=identity, begun=now, articles=articles, last=last)
        _save(context, connection, begun)
    return begun


def _current_number(generations: Sequence[Generation]) -> int:
    return max((generation.number for generation in generations if generation.is_current), default=0)


def _step(context: Context, now: IndexBuild, target: IndexGeneration) -> IndexBuild:
    """Write the documents of some articles; return and save how far it is."""
    store, clock = context.store, context.clock
    with store.read() as connection:
        rows = store.ledger.documented_page(connection, now.after, now.last, clock(), _BATCH)
    documents, unsettled = build_present_documents(context, rows)
    _put(target, documents)
    with store.read() as connection:  # after they were written: who hides one later deletes it there
        hidden = store.ledger.find_hidden(connection, [row.id for row in rows], clock())
    if hidden:
        target.delete(sorted(hidden))
    if not rows:
        target.refresh()
    done = msgspec.structs.replace(
        now,
        read=now.read + len(rows),
        after=rows[-1].seq if rows else now.after,
        is_complete=not rows,
    )
    with store.write() as connection:
        store.ledger.assert_lock(connection, LOCK)
        if unsettled:
            store.ledger.requeue_for_index(connection, seqs=unsettled)
        _save(context, connection, done)
    return done


def build_present_documents(context: Context, rows: Sequence[ArticleRow]) -> tuple[list[Document], list[int]]:
    """Return the documents of articles, and the numbers of those whose next document isn't known yet.

    An article that passes some stages again keeps a document until then, of the newest records.
    """
    at = context.clock()
    passed = [row for row in rows if row.stage in {None, Stage.INDEX}]
    built = {r.id: document for r in gather_records(context, passed) if (document := build_document(r, at))}
    again = [row for row in rows if row.id not in built]
    for records in _with_decisions(context, gather_records(context, again, newest=True) if again else []):
        if document := build_document(records, at):
            built[records.id] = document
    return list(built.values()), [row.seq for row in again]


def _with_decisions(context: Context, gathered: Sequence[ArticleRecords]) -> list[ArticleRecords]:
    """Return records with names as editors want them read."""
    shown = apply_decisions(context.store, {records.id: records.names for records in gathered if records.names})
    return [msgspec.structs.replace(records, names=shown.get(records.id)) for records in gathered]


def _put(target: IndexGeneration, documents: Sequence[Document]) -> None:
    """Write documents; those that are refused for good are left out, and ``verify`` tells.

    Raises:
        IndexAwayError: Some can't be taken now.
    """
    waiting = {document.id: document for document in documents}
    for seconds in _AWAY_WAITS:
        with contextlib.suppress(IndexAwayError):
            waiting = _put_once(target, waiting)
        if not waiting:
            return
        time.sleep(seconds)
    if waiting := _put_once(target, waiting):
        raise IndexAwayError(f"the index doesn't take {len(waiting)} documents now, among them {min(waiting)}")


def _put_once(target: IndexGeneration, documents: Mapping[str, Document]) -> dict[str, Document]:
    """Write documents; return those that may be taken later."""
    refused = target.upsert(list(documents.values()))
    for refusal in refused:
        if not refusal.retry:
            _log.warning("reindex: %s is refused: %s", refusal.id, refusal.detail)
    return {refusal.id: documents[refusal.id] for refusal in refused if refusal.retry}


def verify(context: Context, *, pause_seconds: float = PAUSE_SECONDS) -> list[str]:
    """Compare the generation that was built with the ledger, and with what searches see; return what is wrong.

    All ids and revisions are compared, and what the documents of a sample say. Nothing wrong is noted: ``switch`` asks.

    Raises:
        UsageError: There is none, or it isn't complete.
        BusyError: Another process is at it.
    """
    with _holding_lock(context):
        built = _load_complete(context)
        index, target = context.index, context.index.open_generation(built.generation)
        target.refresh()
        checks = [partial(check_generation, context, target)]
        checks.append(partial(check_contents, context, all_documents=False, index=target))
        generations = index.list_generations()
        current = next((one for one in generations if one.is_current), None)
        if current and current.is_of_this_version:
            former = index.open_generation(current.number)
            former.refresh()
            checks.append(partial(check_succession, context, former, target))
        wrong = [what for check in checks for what in look_twice(check, pause_seconds).values()]
        with context.store.write() as connection:
            context.store.ledger.assert_lock(connection, LOCK)
            _save(context, connection, msgspec.structs.replace(built, is_verified=not wrong))
        return wrong


def switch(context: Context) -> IndexBuild:
    """Let searches see the generation that was built and verified; return it. The former one is kept, no older one.

    Raises:
        UsageError: There is none, or it isn't verified.
        BusyError: Another process is at it.
    """
    with _holding_lock(context):
        built = _load_complete(context)
        if not built.is_verified:
            raise UsageError("the new generation of the index is not verified; newswire reindex does it")
        index = context.index
        former = _current_number(index.list_generations())
        # what waits to go, and searches perhaps never saw: it isn't to be seen until stage index gets to it
        context.store.pending_removals.remove_documents(index.delete)
        index.open_generation(built.generation).refresh()
        index.switch_to(built.generation)
        _note_switched(context, built)
        for generation in index.list_generations():
            if generation.number < former:
                index.drop_generation(generation.number)
        return built


def _note_switched(context: Context, built: IndexBuild) -> None:
    """Note into which index documents were written: stage index doesn't write all of them again."""
    with context.store.write() as connection:
        context.store.values.save(connection, INDEX_IDENTITY, built.identity)
        context.store.values.delete(connection, _BUILD)


def drop_former(context: Context) -> list[int]:
    """Drop all generations but the one that searches see, also one that was begun and not completed; return them.

    Raises:
        BusyError: Another process is building one.
    """
    with _holding_lock(context):
        dropped = [one.number for one in context.index.list_generations() if not one.is_current]
        for number in dropped:
            context.index.drop_generation(number)
        with context.store.write() as connection:
            context.store.values.delete(connection, _BUILD)
        return dropped


def renew(context: Context, *, is_ending: Callable[[], bool] = lambda: False) -> None:
    """Build, verify and switch, as far as ``is_ending`` lets it: for stage index, whose index is of another version.

    Raises:
        IndexRefusedError: What was built isn't what it should be.
    """
    if build(context, is_ending=is_ending).is_complete:
        require_nothing_wrong(verify(context))
        switch(context)


def require_nothing_wrong(wrong: Sequence[str]) -> None:
    """Make sure that ``verify`` found nothing.

    Raises:
        IndexRefusedError: It did.
    """
    if wrong:
        raise IndexRefusedError(
            f"the new generation of the index is not complete, and searches stay with the former one: {len(wrong)} "
            f"wrong: {'; '.join(wrong[:_EXAMPLES])}; newswire reindex --drop-old lets the next one begin anew"
        )


def is_switched_to(context: Context, identity: str) -> bool:
    """Tell whether the index of this identity is one that was built from the ledger: nothing is missing from it."""
    begun = load_build(context)
    return begun is not None and begun.is_verified and begun.identity == identity


def _load_complete(context: Context) -> IndexBuild:
    built = _take_up(context)
    if built is None or not built.is_complete:
        raise UsageError("no new generation of the index is complete; newswire reindex builds one")
    return built


def _save(context: Context, connection: sa.Connection, now: IndexBuild) -> None:
    context.store.values.save(connection, _BUILD, to_json(now).decode())


@contextlib.contextmanager
def _holding_lock(context: Context) -> Iterator[None]:
    """Be the only process that reindexes, and stay it during the block.

    Raises:
        BusyError: Another process is at it.
    """
    store, seconds = context.store, context.settings.run.lease_seconds
    if owner := store.keep_lock(LOCK, context.clock(), seconds):
        raise BusyError(f"{owner} is building the index anew; newswire status tells how far it is")
    ended = threading.Event()

    def keep() -> None:
        while not ended.wait(seconds / 4):
            with contextlib.suppress(StoreError):  # who lost it is told when he saves
                store.keep_lock(LOCK, context.clock(), seconds)

    keeper = threading.Thread(target=keep, name="reindex lock")
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
        with store.write() as connection:
            store.release_lock(connection, LOCK)


# what an Airflow task calls -------------------------------------------------------------------------------------------


def run_build() -> dict[str, int]:
    """Build, with the settings of files and environment; return the counts. What was begun goes on."""
    with open_context() as context:
        now = build(context, report=_log_progress)
        return {"generation": now.generation, "articles": now.read}


def run_verify() -> dict[str, int]:
    """Verify, with the settings of files and environment; return the counts; raises IndexRefusedError for faults."""
    with open_context() as context:
        require_nothing_wrong(verify(context))
        now = load_build(context)
        count = context.index.open_generation(now.generation).count() if now else 0
        return {"documents": count, "searched": context.index.count()}


def run_switch() -> dict[str, int]:
    """Switch, with the settings of files and environment; return which generation searches see now."""
    with open_context() as context:
        return {"generation": switch(context).generation, "documents": context.index.count()}


def run_drop() -> dict[str, int]:
    """Drop what searches don't see, with the settings of files and environment; return how many generations went."""
    with open_context() as context:
        return {"dropped": len(drop_former(context))}


_LOG_EVERY = 20  # batches


def _log_progress(now: IndexBuild) -> None:
    if now.is_complete or now.read // _BATCH % _LOG_EVERY == 0:
        _log.info("reindex: %s", describe_build(now))


def describe_build(now: IndexBuild) -> str:
    """Return how far a build is, in words."""
    state = "verified, and " if now.is_verified else "complete, and " if now.is_complete else ""
    return (
        f"generation {now.generation} of the index, begun {now.begun:%Y-%m-%d %H:%M:%S}, is {state}made of "
        f"{now.read:,} of {max(now.articles, now.read):,} articles"
    )
