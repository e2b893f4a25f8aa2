"""Match the entries of feeds with known articles: each is new, known, changed or moved.

An article is known by its address. Where a feed gives another address, two keys still match it: the feed's own id for
it (GUID), or headline and instant of publication together. Feeds that make up a new GUID at each poll, or one for all
articles, therefore change nothing. An address that an article has only because its page states it is given up where a
feed lists it under another headline.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa
from msgspec.structs import replace

from pipeline import revisit_policy
from pipeline.context import Context
from pipeline.headline_likeness import are_alike
from pipeline.reconcile.article_addresses import is_stated_only
from pipeline.records import Article, Entry, Stage
from pipeline.revisit_policy import Visit
from pipeline.store import PENDING, ArticleRow, NewArticle
from pipeline.text import fold
from pipeline.urls import address_key, article_id

# Shorter headlines ("Weather", "Letters today") come again for other articles.
_TELLING_WORDS = 3
_GUID, _SAME = "guid", "same"


def ingest_entries(context: Context, connection: sa.Connection, entries: Sequence[Entry]) -> tuple[set[str], int]:
    """Take in ``entries`` in their order; return the ids of new articles, and how many pages are looked at again."""
    ledger, now = context.store.ledger, context.clock()
    _free_stated_addresses(context, connection, entries)
    moved = _match_by_keys(context, connection, entries)
    fresh = [entry for entry in entries if entry.url not in moved]
    new = set(ledger.insert_articles(connection, [NewArticle.from_entry(entry) for entry in fresh], now))
    ledger.add_marks(connection, [(key, e.id) for e in fresh if e.id in new for key in match_keys(e)])
    ids_by_url = ledger.find_ids_by_url(connection, [entry.url for entry in entries])
    ids = {entry.url: ids_by_url.get(address_key(entry.url), entry.id) for entry in entries}
    repeated = [entry for entry in entries if ids[entry.url] not in new]
    articles = ledger.get_articles(connection, [ids[entry.url] for entry in repeated])
    old_entries = ledger.latest(connection, articles, Entry)
    changed = 0
    for entry in repeated:
        article, old = articles.get(ids[entry.url]), old_entries.get(ids[entry.url])
        if article and old and entry_has_changed(old, entry, moved=moved.get(entry.url, False)):
            changed += _update_known(
                context, connection, article, replace(entry, id=article.id, first_seen=old.first_seen)
            )
    return new, changed


def _free_stated_addresses(context: Context, connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Let addresses that articles have only because their pages state them be those of articles listed there.

    Where the headlines are alike, the feed lists the known article under its other address. What the pages say decides
    when both are read.
    """
    ledger = context.store.ledger
    ids_by_url = ledger.find_ids_by_url(connection, [entry.url for entry in entries])
    holders = {entry.url: ids_by_url.get(address_key(entry.url), entry.id) for entry in entries}
    stated = [entry for entry in entries if entry.title and holders[entry.url] != entry.id == article_id(entry.url)]
    rows = ledger.get_articles(connection, {holders[entry.url] for entry in stated} | {entry.id for entry in stated})
    stated = [entry for entry in stated if entry.id not in rows and holders[entry.url] in rows]
    articles = ledger.latest(connection, {holders[entry.url] for entry in stated}, Article) if stated else {}
    old_entries = ledger.latest(connection, articles, Entry) if stated else {}
    for entry in stated:
        row = rows[holders[entry.url]]
        article, old = articles.get(row.id), old_entries.get(row.id)
        titles = (article.title if article else None, old.title if old else None)
        if is_stated_only(row, article, entry.url) and not any(are_alike(entry.title, title) for title in titles):
            ledger.release_mark(connection, address_key(entry.url), row.id)


def _match_by_keys(context: Context, connection: sa.Connection, entries: Sequence[Entry]) -> dict[str, bool]:
    """Let known articles be found by addresses that are new; return these, and whether the article moved there."""
    ledger = context.store.ledger
    ids_by_url = ledger.find_ids_by_url(connection, [entry.url for entry in entries])
    strangers = [entry for entry in entries if address_key(entry.url) not in ids_by_url]
    marked = ledger.find_ids_by_mark(connection, {key for entry in strangers for key in match_keys(entry)})
    old_entries = ledger.latest(connection, set(marked.values()), Entry)
    listed = {(entry.feed, address_key(entry.url)) for entry in entries}
    moved: dict[str, bool] = {}
    twins: dict[str, Entry] = {}  # the first of this round that has a headline and an instant
    for entry in strangers:
        keys = match_keys(entry)
        old = next((old_entries[marked[key]] for key in keys if key in marked and marked[key] in old_entries), None)
        for key in keys:
            if key.startswith(_SAME):
                old = old or twins.setdefault(key, entry)
        if old is None or address_key(old.url) == address_key(entry.url) or not is_same_article(old, entry):
            continue
        still_listed = (old.feed, address_key(old.url)) in listed
        if still_listed and old.guid == entry.guid and not _have_same_title(old, entry):
            continue  # one id for two articles
        ledger.add_marks(connection, [(address_key(entry.url), old.id)])
        moved[entry.url] = not still_listed
    return moved


def match_keys(entry: Entry) -> tuple[str, ...]:
    """Return the keys that match the article of an entry beside its address, as marks for the ledger."""
    keys = []
    if entry.guid and not entry.guid.startswith(("http://", "https://")):
        keys.append(_mark(_GUID, entry.source, entry.feed, entry.guid))
    if entry.title and entry.published and len(entry.title.split()) >= _TELLING_WORDS:
        keys.append(_mark(_SAME, entry.source, fold(entry.title), entry.published.isoformat()))
    return tuple(keys)


def is_same_article(old: Entry, new: Entry) -> bool:
    """Tell whether two entries of one source with a key in common are one article: headline or instant are the same."""
    return _have_same_title(old, new) or (old.published is not None and old.published == new.published)


def entry_has_changed(old: Entry, new: Entry, *, moved: bool = False) -> bool:
    """Tell whether a feed's entry says that its article has changed since.

    Only the same feed's word on the same address counts: two that call an article differently would contradict each
    other for ever.
    """
    if moved:
        return True
    if old.feed != new.feed or address_key(old.url) != address_key(new.url):
        return False
    newer = new.updated is not None and (old.updated is None or new.updated > old.updated)
    return newer or (old.title != new.title and new.title is not None)


def _update_known(context: Context, connection: sa.Connection, article: ArticleRow, entry: Entry) -> bool:
    """Save what the feed says now; return whether the page is looked at at once because of it.

    A page that is being fetched or read may have been sent before the change: its worker loses it. An article that a
    later stage has goes on, and its page is looked at when it is through.
    """
    store, now = context.store, context.clock()
    store.ledger.update_entry(connection, article, entry, now)
    if article.stage == Stage.FETCH and article.state == PENDING and not article.leased:
        return False  # it will be fetched anyhow
    visit = store.visits.load_visits(connection, [article.id]).get(article.id) or Visit(id=article.id, changed=now)
    at_once, visit = revisit_policy.register_feed_update(visit, now, context.settings.revisit)
    if at_once and article.leased and article.stage not in {Stage.FETCH, Stage.EXTRACT}:
        at_once, visit = False, replace(visit, due=now)
    due = now
    if article.state != PENDING and visit.due is not None:
        at_once, due, visit = True, visit.due, replace(visit, due=None)  # only pages of articles that stand are due
    store.visits.save_visits(connection, [visit])
    if at_once:
        store.ledger.start_version(connection, article, Stage.FETCH, now, due=due)
    return at_once


def _have_same_title(old: Entry, new: Entry) -> bool:
    return bool(old.title and new.title) and fold(old.title or "") == fold(new.title or "")


def _mark(kind: str, *parts: str | None) -> str:
    return f"{kind}:{hashlib.sha256(repr(parts).encode()).hexdigest()[:20]}"
