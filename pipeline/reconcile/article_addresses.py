"""Settle by which addresses freshly read articles are known, and which of them are other articles under an address.

What is decided is in ``pipeline.stated_addresses``. An address may be stated before the article that it belongs to is
read, or even listed: a mark says which article's page stated it first, and another one that different articles did, so
that the same comes of it in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from msgspec.structs import replace

from pipeline.context import Context
from pipeline.extract import Extraction
from pipeline.records import Article, Entry, Outcome, Page, Reason, Stage
from pipeline.stated_addresses import ArticleFacts, Belief, Verdict, are_same, judge_canonical, leads_elsewhere
from pipeline.store import DROPPED, QUARANTINED, REMOVED, ArticleRow, StageResult
from pipeline.urls import article_id, key_id, optional_address_key, site_host

_STATED, _SHARED = "stated", "shared"


class StatedAddresses(NamedTuple):
    """What one page says of its address, as keys."""

    own: str | None  # the feed's address for it
    final: str | None  # where that leads, if elsewhere
    canonical: str | None  # what the page calls its own, if another one

    @property
    def keys(self) -> set[str]:
        """Return those that there are."""
        return {key for key in self if key}


def gather_facts(article_id: str, article: Article | None, entry: Entry | None) -> ArticleFacts:
    """Return what tells an article from others, as far as its records say it."""
    feed_title = entry.title if entry else None
    if article is None:
        return ArticleFacts(article_id, feed_title=feed_title)
    title, text = article.title, article.text
    return ArticleFacts(article_id, title, feed_title, text, article.published, article.from_feed)


def natural_ids(urls: Iterable[str | None]) -> set[str]:
    """Return the ids of the articles that are listed at these addresses, if any are."""
    return {article_id(url) for url in urls if url and site_host(url)}


def describe_other_page(page: Page, entry: Entry, extraction: Extraction, *, is_listed: bool) -> str | None:
    """Return why a page is about something else than the article whose address led to it; None where it is not.

    Args:
        page: the article's page.
        entry: what the feed said of the article.
        extraction: what the page holds.
        is_listed: whether another article is listed at the page's address.
    """
    if page.final_url is None:
        return None
    facts = gather_facts(page.id, extraction.article, entry)._replace(title=extraction.page_title)
    return leads_elsewhere(entry.url, page.final_url, facts, is_listed=is_listed)


def settle_addresses(
    context: Context,
    connection: sa.Connection,
    results: Sequence[StageResult],
    pages: Mapping[str, Page],
    entries: Mapping[str, Entry],
) -> list[StageResult]:
    """Return the results with what their addresses say: one that turned out to be a known article is its duplicate.

    A canonical address that isn't believed is left out of the record, and the history says why.

    Args:
        context: the ledger and the clock.
        connection: that of the transaction which saves the results.
        results: those of extract.
        pages: article id → its page; where an address led to a page that isn't the article, there is none.
        entries: article id → what its feed said.
    """
    registry = _AddressRegistry(context, connection, results, pages, entries)
    settled = [registry.settle(result) for result in results]
    return [registry.withdraw_belief(result) for result in settled]


class _AddressRegistry:
    """The addresses that a batch of articles states, and the articles that are known by them."""

    def __init__(
        self,
        context: Context,
        connection: sa.Connection,
        results: Sequence[StageResult],
        pages: Mapping[str, Page],
        entries: Mapping[str, Entry],
    ) -> None:
        self._context, self._connection = context, connection
        self._ledger = context.store.ledger
        self._settled: set[str] = set()
        self._disbelieved: set[tuple[str, str]] = set()  # (article, key) of this batch
        self._given_up = {r.article.id for r in results if r.outcome in {Outcome.DROPPED, Outcome.QUARANTINED}}
        read = {r.article.id: r for r in results if isinstance(r.record, Article) and r.outcome is Outcome.DONE}
        self._stated = {i: _list_stated(r, pages.get(i)) for i, r in read.items()}
        refused = (r.article for r in results if r.reason in {Reason.WALL, Reason.ELSEWHERE})
        self._refused = {
            row.id: key for row in refused if (key := optional_address_key(row.url)) and row.id in self._given_up
        }
        keys = {key for stated in self._stated.values() for key in stated.keys} | {*self._refused.values()}
        self._mark_stated()
        self._ledger.lock_marks(connection, keys)
        marks = {*keys, *(_mark(kind, key) for key in keys for kind in (_STATED, _SHARED))}
        self._holders = self._ledger.find_ids_by_mark(connection, marks)
        self._final = {i: stated.final or stated.own for i, stated in self._stated.items()}
        self._facts = {i: gather_facts(i, r.record, entries.get(i)) for i, r in read.items()}  # type: ignore[arg-type]
        self._rows = {i: r.article for i, r in read.items()}
        self._load_rivals(set(self._holders.values()) - read.keys())

    def _mark_stated(self) -> None:
        """Note who stated an address first; two workers that note the same one wait for each other here."""
        stated = {(_mark(_STATED, key), i) for i, s in self._stated.items() for key in (s.final, s.canonical) if key}
        self._ledger.add_marks(self._connection, sorted(stated))

    def _load_rivals(self, ids: set[str]) -> None:
        rows = self._ledger.get_articles(self._connection, ids)
        articles = self._ledger.latest(self._connection, rows, Article)
        entries = self._ledger.latest(self._connection, rows, Entry)
        pages = self._ledger.latest(self._connection, rows, Page)
        self._records = articles
        self._rows |= rows
        self._facts |= {i: gather_facts(i, articles.get(i), entries.get(i)) for i in rows}
        for mark, owner in list(self._holders.items()):
            if mark.startswith(f"{_STATED}:") and not self._is_alive(owner):
                del self._holders[mark]
        for i, stated in self._stated.items():
            for key in filter(None, (stated.final, stated.canonical)):
                if _mark(_STATED, key) not in self._holders:
                    self._hold(_mark(_STATED, key), i)
        self._final |= {i: optional_address_key(page.final_url or page.url) for i, page in pages.items()}

    def settle(self, result: StageResult) -> StageResult:
        """Return the result of one article, after its addresses are taken, joined or refused."""
        record, row = result.record, result.article
        stated, refused = self._stated.get(row.id), self._refused.get(row.id)
        if refused and _is_natural(row, refused) and not self._is_alive(self._holders.get(refused, row.id)):
            self._hold(refused, row.id)
        if stated is None or not isinstance(record, Article):
            return result
        self._settled.add(row.id)
        if holder := self._find_stating_twin(row, stated.own):
            return self._join(result, holder, stated.own)
        if stated.final and (holder := self._settle_final(row, stated.final)):
            return self._join(result, holder, stated.final)
        if stated.canonical and record.canonical_url:
            verdict = self._judge(row, stated, record.canonical_url)
            if verdict.belief is Belief.JOIN and verdict.article:
                return self._join(result, verdict.article, stated.canonical)
            if verdict.belief is Belief.REFUSE:
                self._refuse(row.id, stated, verdict)
                detail = _describe_refusal(record.canonical_url, verdict.why)
                result = replace(result, record=replace(record, canonical_url=None), detail=detail)
            elif verdict.belief is Belief.TAKE:
                self._hold(stated.canonical, row.id)
        if stated.own and _is_natural(row, stated.own):
            self._hold(stated.own, row.id)
        return result

    def withdraw_belief(self, result: StageResult) -> StageResult:
        """Return a settled result without the address that a later one of the batch has spoken against."""
        record, stated = result.record, self._stated.get(result.article.id)
        if stated is None or not isinstance(record, Article) or not record.canonical_url:
            return result
        if (result.article.id, stated.canonical) not in self._disbelieved:
            return result
        detail = _describe_refusal(record.canonical_url, "different articles state it")
        return replace(result, record=replace(record, canonical_url=None), detail=detail)

    def _find_stating_twin(self, row: ArticleRow, own: str | None) -> str | None:
        """Return the article that was read earlier at another address and states this one, where it is the same."""
        twin = self._holders.get(_mark(_STATED, own)) if own else None
        if own is None or twin is None or twin == row.id or not self._is_read(twin):
            return None
        if twin in self._stated and twin not in self._settled:
            return None  # its turn comes, and this one's address is the better one
        if are_same(self._facts[twin], self._facts[row.id]):
            return twin
        self._disbelieve(own, twin)
        return None

    def _settle_final(self, row: ArticleRow, final: str) -> str | None:
        """Take the address that an article's own one leads to; return the article that has it already."""
        holder = self._holders.get(final)
        if holder is None or holder == row.id or not self._is_alive(holder):
            self._hold(final, row.id)
            return None
        if self._rows[holder].state == REMOVED:
            return holder
        if not self._is_read(holder):
            return None  # whichever is read later sees what this one stated
        if self._final.get(holder) == final or are_same(self._facts[holder], self._facts[row.id]):
            return holder
        if not _is_natural(self._rows[holder], final):
            self._disbelieve(final, holder)
            self._hold(final, row.id)
        return None

    def _judge(self, row: ArticleRow, stated: StatedAddresses, address: str) -> Verdict:
        key = stated.canonical or ""
        marked = (self._holders.get(key), self._holders.get(_mark(_STATED, key)))
        ids = [i for i in dict.fromkeys(marked) if i and i != row.id and self._is_alive(i)]
        shared = _mark(_SHARED, key) in self._holders
        removed = [i for i in ids if self._rows[i].state == REMOVED]
        if removed and not shared:
            return Verdict(Belief.JOIN, removed[0])
        own = [row.url, f"http://{stated.final}" if stated.final else None]
        rivals = [self._facts[i] for i in ids if i not in removed]
        return judge_canonical(address, own, self._facts[row.id], rivals, shared=shared)

    def _refuse(self, article_id: str, stated: StatedAddresses, verdict: Verdict) -> None:
        """Note that an address says nothing of an article, nor of the one that speaks against it and has it as well."""
        key = stated.canonical or ""
        if verdict.article:
            self._disbelieve(key, verdict.article)
        if self._holders.get(key) == article_id and key not in {stated.own, stated.final}:
            self._release(key, article_id)

    def _disbelieve(self, key: str, rival: str) -> None:
        """Note that different articles state an address; one that took it for that reason loses it."""
        self._mark_shared(key, rival)
        row = self._rows[rival]
        if _is_natural(row, key) or self._final.get(rival) == key:
            return
        if self._holders.get(key) == rival:
            self._release(key, rival)
        self._disbelieved.add((rival, key))
        record = self._records.get(rival)
        if record is not None and record.canonical_url and optional_address_key(record.canonical_url) == key:
            corrected, now = replace(record, canonical_url=None), self._context.clock()
            self._ledger.replace_latest(self._connection, Article, {rival: corrected}, now)
            self._ledger.bump_revision(self._connection, ids=[rival])
            detail = _describe_refusal(record.canonical_url, "different articles state it")
            self._ledger.log_outcome(self._connection, rival, Stage.EXTRACT, Outcome.DONE, None, detail, now)
            self._records[rival] = corrected

    def _join(self, result: StageResult, holder: str, key: str | None) -> StageResult:
        """Return the result of an article that is ``holder``: all of its addresses lead there from now on."""
        row = result.article
        self._ledger.lead_marks(self._connection, row.id, holder)
        for mark, owner in self._holders.items():
            if owner == row.id:
                self._holders[mark] = holder
        stated = self._stated.pop(row.id)
        for address in stated.keys - {stated.canonical}:
            self._hold(address, holder)
        self._facts.pop(row.id, None)
        detail = f"is article {holder} ({key})"
        return replace(result, outcome=Outcome.DROPPED, reason=Reason.DUPLICATE, detail=detail, record=None)

    def _is_alive(self, article_id: str) -> bool:
        """Tell whether an article keeps its addresses: one that was dropped gives them away."""
        row = self._rows.get(article_id)
        return row is not None and row.state not in {DROPPED, QUARANTINED} and row.id not in self._given_up

    def _is_read(self, article_id: str) -> bool:
        return self._is_alive(article_id) and article_id in self._facts and self._facts[article_id].text is not None

    def _hold(self, key: str, article_id: str) -> None:
        if self._holders.get(key) != article_id:
            self._ledger.hold_mark(self._connection, key, article_id)
            self._holders[key] = article_id

    def _release(self, key: str, article_id: str) -> None:
        self._ledger.release_mark(self._connection, key, article_id)
        self._holders.pop(key, None)

    def _mark_shared(self, key: str, article_id: str) -> None:
        mark = _mark(_SHARED, key)
        if mark not in self._holders:
            self._ledger.add_marks(self._connection, [(mark, article_id)])
            self._holders[mark] = article_id


def is_stated_only(row: ArticleRow, article: Article | None, url: str) -> bool:
    """Tell whether an article is known by an address for no other reason than that its page states it."""
    key = optional_address_key(url)
    if article is None or not article.canonical_url or optional_address_key(article.canonical_url) != key:
        return False
    return key not in {optional_address_key(row.url), optional_address_key(article.url)} and row.id != article_id(url)


def _describe_refusal(address: str, why: str) -> str:
    return f"the canonical address {address} is not believed: {why}"


def _list_stated(result: StageResult, page: Page | None) -> StatedAddresses:
    record, own = result.record, optional_address_key(result.article.url)
    final = optional_address_key(page.final_url) if page else None
    canonical = optional_address_key(record.canonical_url) if isinstance(record, Article) else None
    final = None if final == own else final
    return StatedAddresses(own, final, None if canonical in {own, final} else canonical)


def _is_natural(row: ArticleRow, key: str) -> bool:
    """Tell whether an article has its id from this address: it was listed there."""
    return row.url is not None and article_id(row.url) == row.id and optional_address_key(row.url) == key


def _mark(kind: str, key: str) -> str:
    return f"{kind}:{key_id(key)}"
