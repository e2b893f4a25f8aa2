"""Compare the index with the ledger: which documents there are, of which revision, and what they say."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.audit.sampling import draw_sample
from pipeline.context import Context
from pipeline.documents import build_document
from pipeline.errors import IndexRefusedError
from pipeline.faults import Fault
from pipeline.index import IndexGeneration
from pipeline.reconcile.article_records import gather_records
from pipeline.records import Stage, to_plain
from pipeline.store import INDEX_IDENTITY, PENDING, ArticleRow, Shown, hash_text, iter_document_standings

_AT_ONCE = 200  # articles that are read together
_MOST_SUSPECTS = 20_000  # that are looked at one by one
_SAMPLE = 1000

# Of a document; they say when it was written, and how often
_NOT_COMPARED = ("indexed", "revision", "vector")  # the last one isn't read back


class _Table(NamedTuple):
    """Hashes of ids, sorted, and what goes with each."""

    hashes: npt.NDArray[np.uint64]
    revisions: npt.NDArray[np.int64]
    shown: npt.NDArray[np.int8]  # of articles


def check_documents(context: Context) -> Iterator[Fault]:
    """Yield documents that the index lacks, has twice or in another revision, or must not have.

    Some 20 bytes an article are held.
    """
    with context.store.read() as connection:
        indexed_as = context.store.values.get(connection, INDEX_IDENTITY)
    if indexed_as is None:
        return  # no document was written yet
    try:
        identity = context.index.identity()
    except IndexRefusedError as error:
        yield Fault(key="index", what=str(error))
        return
    if identity != indexed_as:
        yield Fault(
            key="index", what="the index isn't the one into which documents were written; newswire run fills it"
        )
        return
    yield from check_generation(context, context.index)


def check_generation(context: Context, index: IndexGeneration) -> Iterator[Fault]:
    """Yield the same of ``index``, whether or not searches see it."""
    documents = _read_documents(index)
    ids = _list_suspects(context, index, documents)
    repeated = documents.hashes[1:][documents.hashes[1:] == documents.hashes[:-1]]
    for name in sorted(ids):
        if hash_text(name) in repeated:
            yield Fault(key=f"{name} twice", what=f"the index has two documents of {name}")
    names = iter(sorted(ids))
    while chunk := list(islice(names, _AT_ONCE)):
        yield from _look_closely(context, index, chunk)


def list_suspects(context: Context) -> set[str]:
    """Return the ids of articles whose document is lacking or of another revision, and of documents of no article.

    They are 20,000 at most; some 20 bytes an article are held.
    """
    return _list_suspects(context, context.index, _read_documents(context.index))


def _list_suspects(context: Context, index: IndexGeneration, documents: _Table) -> set[str]:
    suspects = _find_suspects(_read_articles(context), documents)
    if not suspects:
        return set()
    ids = {name for name, _ in index.revisions() if hash_text(name) in suspects}
    with context.store.snapshot() as connection:
        standings = iter_document_standings(connection, context.clock())
        ids.update(s.id for s in standings if hash_text(s.id) in suspects)
    return ids


def _read_articles(context: Context) -> _Table:
    hashes, revisions, shown = array("Q"), array("q"), array("b")
    with context.store.snapshot() as connection:
        for standing in iter_document_standings(connection, context.clock()):
            hashes.append(hash_text(standing.id))
            revisions.append(standing.revision)
            shown.append(standing.shown)
    return _sorted(hashes, revisions, shown)


def _read_documents(index: IndexGeneration) -> _Table:
    hashes, revisions = array("Q"), array("q")
    for name, revision in index.revisions():
        hashes.append(hash_text(name))
        revisions.append(revision)
    return _sorted(hashes, revisions, array("b", bytes(len(hashes))))


def _sorted(hashes: array[int], revisions: array[int], shown: array[int]) -> _Table:
    keys = np.array(hashes, dtype=np.uint64)
    order = np.argsort(keys, kind="stable")
    return _Table(keys[order], np.array(revisions, dtype=np.int64)[order], np.array(shown, dtype=np.int8)[order])


def _find_suspects(articles: _Table, documents: _Table) -> set[int]:
    """Return the hashes of ids whose article and documents don't agree, as far as two lists tell it: pure."""
    if not len(articles.hashes):
        return set(documents.hashes[:_MOST_SUSPECTS].tolist())
    at = np.minimum(np.searchsorted(articles.hashes, documents.hashes), len(articles.hashes) - 1)
    is_known = articles.hashes[at] == documents.hashes
    shown, present = articles.shown[at], articles.revisions[at]
    is_wrong = ~is_known | (shown == Shown.HIDDEN)
    is_wrong |= (shown == Shown.THROUGH) & (documents.revisions != present)
    is_wrong |= (shown == Shown.ON_ITS_WAY) & (documents.revisions > present)
    is_wrong[1:] |= documents.hashes[1:] == documents.hashes[:-1]
    is_missing = (articles.shown == Shown.THROUGH) & ~np.isin(articles.hashes, documents.hashes)
    wrong = np.concatenate([documents.hashes[is_wrong], articles.hashes[is_missing]])
    return set(wrong[:_MOST_SUSPECTS].tolist())


def _look_closely(context: Context, index: IndexGeneration, ids: Sequence[str]) -> Iterator[Fault]:
    """Yield what is wrong of articles and documents, now; what changed while it was looked at is left out."""
    before, documents = _standings(context, ids), {name: index.get(name) for name in ids}
    after = _standings(context, ids)
    for name in ids:
        document, (row, shown) = documents[name], before[name]
        if before[name] != after[name]:
            continue
        if row is None:
            if document:
                yield Fault(key=name, what=f"the index has a document of {name}, which isn't known")
        elif shown is Shown.HIDDEN and document:
            state = row.state if row.state != PENDING else "held back by an embargo"
            yield Fault(key=name, what=f"{name} is {state}, and the index has its document")
        elif shown is Shown.THROUGH and document is None:
            yield Fault(key=name, what=f"{name} is through, and the index has no document of it")
        elif document and document.revision != row.revision and shown is Shown.THROUGH:
            what = f"{name} is through with revision {row.revision}, and the index has {document.revision}"
            yield Fault(key=name, what=what)
        elif document and document.revision > row.revision and shown is Shown.ON_ITS_WAY:
            what = f"{name} has the revision {row.revision}, and the index already {document.revision}"
            yield Fault(key=name, what=what)


def check_succession(context: Context, former: IndexGeneration, index: IndexGeneration) -> Iterator[Fault]:
    """Yield documents that ``former`` has and may have, and that ``index`` lacks."""
    former_ids = _read_documents(former)  # first: what comes meanwhile is written into both
    missing = set(np.setdiff1d(former_ids.hashes, _read_documents(index).hashes)[:_MOST_SUSPECTS].tolist())
    if not missing:
        return
    names = iter(sorted(name for name, _ in former.revisions() if hash_text(name) in missing))
    while chunk := list(islice(names, _AT_ONCE)):
        for name, (_, shown) in _standings(context, chunk).items():
            if shown in {Shown.ON_ITS_WAY, Shown.THROUGH} and index.get(name) is None:
                yield Fault(key=name, what=f"searches find {name}, and the new generation has no document of it")


def _standings(context: Context, ids: Collection[str]) -> dict[str, tuple[ArticleRow | None, Shown]]:
    """Return id → where its article stands now, and whether its document is shown."""
    with context.store.snapshot() as connection:
        rows = context.store.ledger.get_articles(connection, ids)
        noted = context.store.pending_removals.find_documents(connection, ids)
    now, standings = context.clock(), dict[str, tuple[ArticleRow | None, Shown]]()
    for name in ids:
        row = rows.get(name)
        if name in noted or row is None:
            shown = Shown.UNWANTED
        elif row.state != PENDING or (row.embargoed is not None and row.embargoed > now):
            shown = Shown.HIDDEN
        else:
            shown = Shown.THROUGH if row.stage is None else Shown.ON_ITS_WAY
        standings[name] = row, shown
    return standings


def check_contents(context: Context, *, all_documents: bool, index: IndexGeneration | None = None) -> Iterator[Fault]:
    """Yield documents, of a sample or all, that say something else than the ledger's records do now.

    They are those of ``index``, by default those that searches see.
    """
    index = index or context.index
    for ids in _chunks_of_through(context, all_documents=all_documents):
        with context.store.read() as connection:
            rows = [row for row in context.store.ledger.get_articles(connection, ids).values() if row.stage is None]
        built = {r.id: build_document(r, context.clock()) for r in gather_records(context, rows)}
        with context.store.read() as connection:
            later = context.store.ledger.get_articles(connection, ids)
            to_settle = context.store.groups_to_settle
            unsettled = {
                g for stage in (Stage.DEDUPE, Stage.CLUSTER) for g in to_settle.list_pending(connection, stage)
            }
        for row in rows:
            if unsettled & {row.copy_group, row.story}:
                continue  # it has lost a member: its documents change when that is settled
            document, expected = index.get(row.id), built[row.id]
            if document is None or later.get(row.id) != row or document.revision != row.revision:
                continue  # it changed meanwhile, or the check of the index tells it
            if expected is None:
                continue  # the check of records tells it
            said, meant = to_plain(document), to_plain(expected)
            if fields := sorted(f for f in meant if f not in _NOT_COMPARED and meant[f] != said.get(f)):
                what = f"the document of {row.id} says something else than the ledger of: {', '.join(fields)}"
                yield Fault(key=f"{row.id} {' '.join(fields)}", what=what)


def _chunks_of_through(context: Context, *, all_documents: bool) -> Iterator[list[str]]:
    """Yield ids of articles that are through, some at a time: of all, or of a sample that is the same in two looks."""
    with context.store.snapshot() as connection:
        standings = iter_document_standings(connection, context.clock())
        through = (standing.id for standing in standings if standing.shown is Shown.THROUGH)
        ids = through if all_documents else iter(draw_sample(through, _SAMPLE))
        while chunk := list(islice(ids, _AT_ONCE)):
            yield chunk
