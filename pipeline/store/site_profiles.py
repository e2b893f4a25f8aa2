"""Keep what extract remembers of each site: its latest pages, the lines learnt, and its alarm.

A site's memory is read, changed and written in one transaction, which alone has it.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pipeline.records import Reason, Stage
from pipeline.sites import Alarm, LearntLine, PageFingerprint, SiteProfile, expired_lines
from pipeline.store import article_state
from pipeline.store.inverted_index import day_number
from pipeline.store.outcome_log import is_latest_outcome
from pipeline.store.rows import PENDING, QUARANTINED
from pipeline.store.schema.articles import items, outcomes
from pipeline.store.schema.sites import site_lines, site_pages, sites
from pipeline.store.site_cache import SiteCache
from pipeline.store.site_readings import delete_readings, mark_wanted
from pipeline.store.statements import among, insert_new, upsert

_COLUMNS = tuple(name for name in LearntLine.__struct_fields__ if name != "key")
_sheets = msgspec.msgpack.Encoder()


class SiteStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Where a site stands."""

    accepted: int = 0  # seq of the article from which on its pages count as usual
    alarm: Alarm | None = None
    again: tuple[str, ...] = ()  # ids of articles that are to be cleaned again


class SiteProfiles:
    """The memories of ``names`` within the transaction of ``connection``, which alone has them until it ends.

    Two workers that save articles of one site at the same time come one after the other, so that no count is lost and
    both decide on the same grounds.
    """

    def __init__(
        self, connection: sa.Connection, names: Iterable[str], now: dt.datetime, cache: SiteCache | None = None
    ) -> None:
        self.connection = connection
        self.day = day_number(now)
        self._now = now
        wanted = sorted(set(names))  # in one order, so that two workers don't wait for each other
        insert_new(connection, sites, [{"name": name, "standing": "{}"} for name in wanted])
        chosen = sa.select(sites).where(among(connection, sites.c.name, wanted)).order_by(sites.c.name)
        rows = connection.execute(chosen if connection.dialect.name == "sqlite" else chosen.with_for_update()).all()
        self.standing = _decode_standings(rows)
        self._saved_standing = dict(self.standing)
        self._cache = cache or SiteCache()
        self._tokens: dict[str, str | None] = {row.name: row.token for row in rows}
        self._sites = {name: site for name in wanted if (site := self._cache.take(name, self._tokens[name]))}
        self._sites |= self._load([name for name in wanted if name not in self._sites])
        self._pages = {name: dict(site.pages) for name, site in self._sites.items()}
        self._lines = {name: dict(site.learnt) for name, site in self._sites.items()}

    def _load(self, names: Sequence[str]) -> dict[str, SiteProfile]:
        """Return the profiles of ``names`` as the ledger has them."""
        if not names:
            return {}
        pages: dict[str, list[PageFingerprint]] = {name: [] for name in names}
        lines: dict[str, list[LearntLine]] = {name: [] for name in names}
        connection = self.connection
        for row in connection.execute(sa.select(site_pages).where(among(connection, site_pages.c.site, names))):
            pages[row.site].append(msgspec.msgpack.decode(row.data, type=PageFingerprint))
        for row in connection.execute(sa.select(site_lines).where(among(connection, site_lines.c.site, names))):
            fields = {name: getattr(row, name) for name in _COLUMNS}
            lines[row.site].append(LearntLine(key=row.line, **fields))
        return {name: SiteProfile(pages[name], lines[name]) for name in names}

    def __getitem__(self, name: str) -> SiteProfile:
        return self._sites[name]

    def mark_for_cleaning(self, name: str, ids: Iterable[str]) -> None:
        """Note that articles of a site are to be cleaned again."""
        standing = self.standing[name]
        waiting = tuple(sorted({*standing.again, *ids}))
        self.standing[name] = msgspec.structs.replace(standing, again=waiting)

    def flush(self) -> None:
        """Write what changed in the memories."""
        changed: dict[str, str] = {}
        for name, site in self._sites.items():
            is_changed = [self._flush_pages(name, site), self._flush_lines(name, site)]
            if any(is_changed) or self._tokens[name] is None:
                changed[name] = secrets.token_hex(8)
        self._tokens |= changed
        for name, fresh in changed.items():
            self.connection.execute(sites.update().where(sites.c.name == name).values(token=fresh))
        self._flush_standing()
        for name, token in self._tokens.items():  # copies: the profiles here may change further, unsaved
            self._cache.put(name, token or "", SiteProfile(self._pages[name].values(), self._lines[name].values()))

    def requeue_for_cleaning(self) -> None:
        """Send the articles that are to be cleaned again back to extract, but for those that a worker has just now."""
        for name, standing in self.standing.items():
            if standing.again:
                left = _send_back(self.connection, standing.again, self._now)
                self.standing[name] = msgspec.structs.replace(standing, again=tuple(sorted(left)))
        self._flush_standing()

    def _flush_standing(self) -> None:
        changed = {name: standing for name, standing in self.standing.items() if standing != self._saved_standing[name]}
        _save_standings(self.connection, changed)
        self._saved_standing.update(changed)

    def _flush_pages(self, name: str, site: SiteProfile) -> bool:
        """Write the pages of a site that changed; tell whether any did."""
        stored = self._pages[name]
        changed = [page for seq, page in site.pages.items() if stored.get(seq) != page]
        rows = [{"site": name, "seq": page.seq, "data": _sheets.encode(page)} for page in changed]
        upsert(self.connection, site_pages, rows)
        if dropped := stored.keys() - site.pages.keys():
            condition = (site_pages.c.site == name) & among(self.connection, site_pages.c.seq, dropped)
            self.connection.execute(sa.delete(site_pages).where(condition))
            delete_readings(self.connection, dropped)
        self._pages[name] = dict(site.pages)
        return bool(changed or dropped)

    def _flush_lines(self, name: str, site: SiteProfile) -> bool:
        """Write the lines learnt of a site that changed; tell whether any did."""
        for key in expired_lines(site.learnt.values(), self.day):
            del site.learnt[key]
        stored = self._lines[name]
        changed = [line for key, line in site.learnt.items() if stored.get(key) != line]
        rows = [{"site": name, "line": line.key, **{c: getattr(line, c) for c in _COLUMNS}} for line in changed]
        upsert(self.connection, site_lines, rows)
        if dropped := stored.keys() - site.learnt.keys():
            condition = (site_lines.c.site == name) & among(self.connection, site_lines.c.line, dropped)
            self.connection.execute(sa.delete(site_lines).where(condition))
        self._lines[name] = dict(site.learnt)
        return bool(changed or dropped)


class SiteAlarms:
    """The alarms of a database's sites, and the articles that they hold back."""

    def list_alarms(self, connection: sa.Connection) -> dict[str, Alarm]:
        """Return site → the alarm that holds there."""
        rows = connection.execute(sa.select(sites.c.name, sites.c.standing)).all()
        standings = _decode_standings(rows)
        return {name: standing.alarm for name, standing in standings.items() if standing.alarm}

    def release_held(self, connection: sa.Connection, site: str, now: dt.datetime) -> int:
        """Let the articles of a site that its alarm has quarantined go on; return how many."""
        ids = [row.id for row in connection.execute(_select_held().where(items.c.source == site))]
        return article_state.requeue(connection, [among(connection, items.c.id, ids)], now)

    def accept_alarms(self, connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]]) -> None:
        """End the alarms that hold back any of the articles: a person says that their site's new pages are right."""
        names = {row.source for row in connection.execute(_select_held().where(*conditions))}
        rows = connection.execute(sa.select(sites).where(among(connection, sites.c.name, names))).all()
        accepted = {
            name: SiteStanding(accepted=standing.alarm.since, again=standing.again)
            for name, standing in _decode_standings(rows).items()
            if standing.alarm
        }
        _save_standings(connection, accepted)


def delete_pages(connection: sa.Connection, seqs: Collection[int]) -> None:
    """Forget the pages of these articles, and what was read of them."""
    which = among(connection, site_pages.c.seq, seqs)
    changed = sa.select(site_pages.c.site).where(which)
    connection.execute(sites.update().where(sites.c.name.in_(changed)).values(token=None))
    connection.execute(sa.delete(site_pages).where(which))
    delete_readings(connection, seqs)


def _send_back(connection: sa.Connection, ids: Collection[str], now: dt.datetime) -> set[str]:
    """Send articles that have passed extract back to it as revisions of our own; return those that will pass it yet.

    These are what a worker has, and whose pages are being looked at again.
    """
    pending = sa.select(items.c.id).where(among(connection, items.c.id, ids), items.c.state == PENDING)
    wanted = set(connection.scalars(pending))
    passed = pending.where(article_state.has_passed(Stage.EXTRACT), items.c.lease_owner.is_(None))
    free = passed.order_by(items.c.seq)
    if connection.dialect.name != "sqlite":  # another worker may hold some that it waits for us with
        free = free.with_for_update(skip_locked=True)
    sent = set(connection.scalars(free))
    article_state.send_back(connection, [among(connection, items.c.id, sent)], Stage.EXTRACT, now, new_revision=True)
    mark_wanted(connection, sent)
    return wanted - sent


def _select_held() -> sa.Select[tuple[str, str]]:
    """Return the statement for id and source of the articles that alarms have quarantined."""
    return (
        sa.select(items.c.id, items.c.source)
        .select_from(items.join(outcomes, is_latest_outcome()))
        .where(items.c.state == QUARANTINED, outcomes.c.reason == Reason.DRIFT)
    )


def _decode_standings(rows: Iterable[Any]) -> dict[str, SiteStanding]:
    return {row.name: msgspec.json.decode(row.standing, type=SiteStanding) for row in rows}


def _save_standings(connection: sa.Connection, standings: Mapping[str, SiteStanding]) -> None:
    rows = [{"name": name, "standing": msgspec.json.encode(standing).decode()} for name, standing in standings.items()]
    upsert(connection, sites, rows)
