"""Keep which hubs push which feeds to us (WebSub), and what they pushed that nobody has read yet.

A feed has one subscription; what was pushed is kept until a run has saved its entries.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Literal

import sqlalchemy as sa

from pipeline.records import Record, Stage
from pipeline.store.engine import Database
from pipeline.store.schema.feeds import feeds
from pipeline.store.schema.websub import pushes, subscriptions
from pipeline.store.statements import insert_new, rows_as
from pipeline.store.wakeups import announce
from pipeline.websub import Hub

SubscriptionState = Literal["asked", "active", "refused"]
PushResult = Literal["saved", "replayed", "too many"]

# Of one feed: a run every few minutes reads them; whoever sends more floods us.
_MAX_WAITING = 100
_MAX_WAITING_BYTES = 64 * 1024 * 1024
_REMEMBERED = 200  # digests of pushes
_DIGEST_LENGTH = 20  # hexadecimal digits: nobody pushes 2^40 documents


class Subscription(Record, frozen=True, kw_only=True):
    """A feed, its hub, and how far we are with it."""

    feed: str
    token: str  # of the callback's address: only we and the hub know it
    hub: str
    topic: str
    secret: str
    state: SubscriptionState
    due: dt.datetime  # when the hub is asked (again)
    until: dt.datetime | None = None
    pushed: dt.datetime | None = None
    error: str | None = None
    digests: str | None = None  # of its latest pushes, newest last, by which replays are known


class Push(Record, frozen=True, kw_only=True):
    """What a hub pushed: a feed's document."""

    n: int
    feed: str
    received: dt.datetime
    content_type: str | None
    body: bytes


class Subscriptions:
    """The subscriptions and pushes of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save_hubs(self, connection: sa.Connection, hubs: Mapping[str, Hub], now: dt.datetime) -> None:
        """Note the hubs that feeds name; a new one is due to be asked now."""
        rows = connection.execute(sa.select(subscriptions).where(subscriptions.c.feed.in_(list(hubs))))
        present = {row.feed: Hub(row.hub, row.topic) for row in rows}
        for feed, hub in hubs.items():
            row = {"hub": hub.hub, "topic": hub.topic, "state": "asked", "due": now, "until": None, "error": None}
            if feed not in present:
                token, secret = secrets.token_urlsafe(24), secrets.token_urlsafe(32)
                insert_new(connection, subscriptions, [{**row, "feed": feed, "token": token, "secret": secret}])
            elif present[feed] != hub:
                connection.execute(subscriptions.update().where(subscriptions.c.feed == feed).values(**row))

    def list_due(self, now: dt.datetime, limit: int) -> list[Subscription]:
        """Return subscriptions whose hub is to be asked; those of feeds that nobody reads any more are forgotten.

        Reads in one transaction, and forgets in another one where there is anything to forget.
        """
        read = sa.select(feeds.c.url)
        with self._database.read() as connection:
            wanted = sa.select(subscriptions).where(subscriptions.c.due <= now).order_by(subscriptions.c.due)
            due = rows_as(Subscription, connection.execute(wanted.limit(limit)))
            present = read.where(feeds.c.url.in_([subscription.feed for subscription in due]))
            still_read = set(connection.scalars(present))
        if any(subscription.feed not in still_read for subscription in due):
            with self._database.write() as connection:
                connection.execute(subscriptions.delete().where(subscriptions.c.feed.not_in(read)))
        return [subscription for subscription in due if subscription.feed in still_read]

    def mark_asked(self, connection: sa.Connection, feed: str, due: dt.datetime) -> None:
        """Note that the hub is being asked, and when it is asked again should it not come back to us."""
        state = sa.case((subscriptions.c.state == "refused", "asked"), else_=subscriptions.c.state)
        self._change(connection, subscriptions.c.feed == feed, due=due, error=None, state=state)

    def mark_failed(self, connection: sa.Connection, feed: str, error: str) -> None:
        """Note what went wrong when the hub was asked."""
        self._change(connection, subscriptions.c.feed == feed, error=error)

    def find_by_token(self, connection: sa.Connection, token: str) -> Subscription | None:
        """Return the subscription whose callback has this token."""
        rows = connection.execute(sa.select(subscriptions).where(subscriptions.c.token == token))
        return next(iter(rows_as(Subscription, rows)), None)

    def mark_active(self, connection: sa.Connection, token: str, due: dt.datetime, until: dt.datetime) -> None:
        """Note that the hub pushes ``until`` then, and is to be asked again when it is ``due``."""
        self._change(connection, subscriptions.c.token == token, state="active", due=due, until=until, error=None)

    def mark_refused(self, connection: sa.Connection, token: str, due: dt.datetime, reason: str) -> None:
        """Note that the hub does not want to push, and why."""
        self._change(connection, subscriptions.c.token == token, state="refused", due=due, until=None, error=reason)

    def save_push(
        self, connection: sa.Connection, feed: str, now: dt.datetime, content_type: str | None, body: bytes
    ) -> PushResult:
        """Keep what a hub pushed until a run reads it, unless it was pushed before or too much waits already."""
        digests_of = sa.select(subscriptions.c.digests).where(subscriptions.c.feed == feed)
        known = (connection.scalar(digests_of) or "").split()
        digest = hashlib.sha256(body).hexdigest()[:_DIGEST_LENGTH]
        if digest in known:
            return "replayed"
        count = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.func.length(pushes.c.body)), 0))
        waiting, size = connection.execute(count.where(pushes.c.feed == feed)).one()
        if waiting >= _MAX_WAITING or size + len(body) > _MAX_WAITING_BYTES:
            return "too many"
        row = {"feed": feed, "received": now, "content_type": content_type, "body": body}
        connection.execute(pushes.insert().values(**row))
        latest = " ".join([*known, digest][-_REMEMBERED:])
        self._change(connection, subscriptions.c.feed == feed, pushed=now, digests=latest)
        announce(connection, [Stage.POLL])
        return "saved"

    def list_pushes(self, connection: sa.Connection, limit: int) -> list[Push]:
        """Return what was pushed and not read yet, in order."""
        return rows_as(Push, connection.execute(sa.select(pushes).order_by(pushes.c.n).limit(limit)))

    def delete_pushes(self, connection: sa.Connection, read: Iterable[Push]) -> None:
        """Forget pushes that were read."""
        connection.execute(pushes.delete().where(pushes.c.n.in_([push.n for push in read])))

    def list_subscriptions(self, connection: sa.Connection) -> list[Subscription]:
        """Return every subscription, by feed."""
        return rows_as(Subscription, connection.execute(sa.select(subscriptions).order_by(subscriptions.c.feed)))

    def _change(self, connection: sa.Connection, condition: sa.ColumnElement[bool], **values: object) -> None:
        connection.execute(subscriptions.update().where(condition).values(**values))
