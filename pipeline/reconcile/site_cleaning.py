"""Cut what each site's profile knows as boilerplate; tell which pages are walls, and which are unlike earlier ones.

The profiles of the sites of a batch are read, changed and written in the transaction that saves its articles.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from pipeline.context import Context
from pipeline.extract import Extraction, clean_with_site_profile
from pipeline.headline_likeness import is_announced
from pipeline.records import Article, Entry
from pipeline.sites import Alarm, is_drifted, update_alarm
from pipeline.store import ArticleRow
from pipeline.urls import site_host

_log = logging.getLogger(__name__)


class CleanedPage(NamedTuple):
    """What the memory of its site makes of a page."""

    article: Article  # without the site's boilerplate
    is_wall: bool = False  # whether it is one wall among several, and no article
    drift: str | None = None  # how the site's pages have changed, where the page is one that must wait for an editor


class SiteCleaning:
    """The memories of some sites at work, within the transaction of ``connection``."""

    def __init__(self, context: Context, connection: sa.Connection, names: Iterable[str]) -> None:
        self._context = context
        self._sites = context.store.site_profiles(connection, names, context.clock())

    def clean(self, row: ArticleRow, extraction: Extraction, site: str, announced: Entry | None) -> CleanedPage:
        """Return what the memory of ``site`` makes of a page, which it learns.

        Args:
            row: the page's article.
            extraction: what was read of the page.
            site: the name of its site.
            announced: what the feed said of it; None where nothing did, or where another article is listed there: such
                a page is no wall.
        """
        profile = self._sites[site]
        article, affected = clean_with_site_profile(profile, extraction, row.seq, self._sites.day)
        self._sites.mark_for_cleaning(site, affected)
        twins = profile.find_twins(row.seq, extraction.lines)
        if twins and announced and self._is_wall(extraction, announced, twins):
            self._sites.mark_for_cleaning(site, twins)
            return CleanedPage(article, is_wall=True)
        return CleanedPage(article, drift=self._find_drift(row) if site in self._context.sources else None)

    def holds(self, site: str, seq: int) -> bool:
        """Tell whether the page of an article is among the latest of its site, which may be cleaned again."""
        return seq in self._sites[site].pages

    def flush(self) -> None:
        """Write what changed in the memories."""
        self._sites.flush()

    def requeue(self) -> None:
        """Send earlier articles that hold newly learnt boilerplate back."""
        self._sites.requeue_for_cleaning()

    def _is_wall(self, extraction: Extraction, announced: Entry, twins: Sequence[str]) -> bool:
        """Tell whether a page whose text stands at other addresses too is a wall: no feed announces what it says."""
        said = (extraction.page_title, extraction.article.text)
        if is_announced(announced.title, *said):
            return False
        twin_entries = self._context.store.ledger.latest(self._sites.connection, twins, Entry).values()
        return not any(is_announced(twin.title, *said) for twin in twin_entries)

    def _find_drift(self, row: ArticleRow) -> str | None:
        """Return what the alarm of a site says that the article's page, unlike earlier ones, is about."""
        name, seq = row.source, row.seq
        pages, standing = self._sites[name].pages_in_order(), self._sites.standing[name]
        alarm = update_alarm(pages, standing.accepted, standing.alarm)
        if alarm != standing.alarm:
            self._sites.standing[name] = msgspec.structs.replace(standing, alarm=alarm)
            released = 0
            if alarm is None:
                site_alarms, now = self._context.store.site_alarms, self._context.clock()
                released = site_alarms.release_held(self._sites.connection, name, now)
            log_alarm(name, alarm, released)
        page = self._sites[name].pages.get(seq)
        is_usual = alarm is None or page is None or seq < alarm.since or not is_drifted(pages, alarm, page)
        return None if is_usual or alarm is None else alarm.detail


def find_site(context: Context, row: ArticleRow, article: Article) -> str | None:
    """Return the site of an article: its source; of what was imported its host, as far as that is known."""
    return row.source if row.source in context.sources else site_host(row.url or article.canonical_url)


def log_alarm(name: str, alarm: Alarm | None, released: int) -> None:
    """Log that an alarm has begun, with pages from before and after it; or that it is over (``alarm`` is None)."""
    if alarm is None:
        _log.warning("extract: the pages of %s are as usual again; %d articles go on", name, released)
        return
    _log.warning("extract: the pages of %s have changed: %s", name, alarm.detail)
    for when, samples in (("before", alarm.before), ("after", alarm.after)):
        for sample in samples:
            _log.warning("extract: %s: %s: %s", name, when, sample.describe())
