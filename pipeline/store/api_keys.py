"""Keep the keys by which programs and people use the API: their hashes alone, so that a ledger tells no key.

A key is long and random, so its hash needs no salt and no slow function: nobody tries all of them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from pipeline.access_scopes import AccessScope
from pipeline.store.schema.access import api_keys
from pipeline.store.statements import columns_of, rows_as

_PREFIX = "nw_"  # by which scanners for secrets know one


class ApiKeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A key as the ledger has it; ``scopes`` are words, a space between them."""

    n: int
    name: str
    scopes: str
    created: dt.datetime
    expires: dt.datetime | None
    revoked: dt.datetime | None

    def allowed(self, now: dt.datetime) -> frozenset[AccessScope]:
        """Return what the key may do at ``now``: nothing when it was revoked or has expired."""
        if self.revoked is not None or (self.expires is not None and self.expires <= now):
            return frozenset()
        return frozenset(AccessScope(word) for word in self.scopes.split() if word in set(AccessScope))


_COLUMNS = columns_of(api_keys, ApiKeyRow)


class ApiKeys:
    """The keys of a ledger."""

    def add(
        self,
        connection: sa.Connection,
        name: str,
        scopes: Iterable[AccessScope],
        now: dt.datetime,
        expires: dt.datetime | None = None,
    ) -> str:
        """Make a key; return it: it is shown this once, and kept nowhere."""
        key = _PREFIX + secrets.token_urlsafe(32)
        words = " ".join(sorted(set(scopes)))
        row = {"name": name, "hash": hash_key(key), "scopes": words, "created": now, "expires": expires}
        connection.execute(api_keys.insert(), [row])
        return key

    def find(self, connection: sa.Connection, key: str) -> ApiKeyRow | None:
        """Return the row of a key, None where nobody was given it."""
        rows = rows_as(ApiKeyRow, connection.execute(sa.select(*_COLUMNS).where(api_keys.c.hash == hash_key(key))))
        return rows[0] if rows else None

    def list_keys(self, connection: sa.Connection) -> list[ApiKeyRow]:
        """Return all keys, the oldest first."""
        return rows_as(ApiKeyRow, connection.execute(sa.select(*_COLUMNS).order_by(api_keys.c.n)))

    def revoke(self, connection: sa.Connection, number: int, now: dt.datetime) -> bool:
        """Let a key be good for nothing from now on; return False where there is no such key that is good."""
        is_good = [api_keys.c.n == number, api_keys.c.revoked.is_(None)]
        return connection.execute(api_keys.update().where(*is_good).values(revoked=now)).rowcount == 1


def hash_key(key: str) -> str:
    """Return the SHA-256 of a key, by which it is looked up."""
    return hashlib.sha256(key.encode()).hexdigest()
