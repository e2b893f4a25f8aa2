"""Tell what a request may do: by the key that it sends, or without one where the server is open to readers.

Keys stand in the ledger (``newswire keys``), each with its scopes; the key of the environment (NEWSWIRE_API_KEY) allows
everything. Every endpoint that changes something checks its scope before it reads the request's body.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from pipeline.access_scopes import AccessScope
from pipeline.context import Context
from pipeline.settings import ServeSettings
from pipeline.store import hash_key
from pipeline.web.editor_session import EditorSessions

_REMEDY = "send the API key as 'Authorization: Bearer KEY'"
# tell nothing of what is published
_OPEN = frozenset({"/health", "/robots.txt", "/style.css", "/page.js", "/favicon.svg", "/login"})
_OTHERWISE = frozenset({"/api/v1/export"})  # are read from by another scope, which they check themselves
_READING = frozenset({"GET", "HEAD"})
_FOR_HUBS = "/websub/"  # each has an address that its hub alone knows


class Access:
    """Who may do what at a server with these settings; without a ``context`` there are no keys."""

    def __init__(self, context: Context | None, settings: ServeSettings) -> None:
        self._context = context
        allowed = settings.read_without_key
        self.is_open = allowed == "always" or (allowed == "loopback" and _is_loopback(settings.host))

    def scopes(self, request: Request) -> frozenset[AccessScope]:
        """Return what a request may do.

        Raises:
            HTTPException: 401, it sends a key that isn't good.
        """
        without = frozenset({AccessScope.READ, AccessScope.EXPORT}) if self.is_open else frozenset()
        key = sent_key(request)
        if key is None or self._context is None:
            return without
        own = self._context.environment.api_key
        # digests of equal length: how long the comparison takes says nothing about the key
        if own and hmac.compare_digest(_digest(key), _digest(own)):
            return frozenset(AccessScope)
        with self._context.store.read() as connection:
            row = self._context.store.api_keys.find(connection, key)
        scopes = row.allowed(self._context.clock()) if row else frozenset()
        if not scopes:
            raise HTTPException(401, f"the API key is wrong; {_REMEDY}", headers={"WWW-Authenticate": "Bearer"})
        return without | scopes

    def client_name(self, request: Request) -> str:
        """Return by what a client is told from others: a key that is good, else the address that it asks from."""
        try:
            key = sent_key(request) if self.scopes(request) else None
        except HTTPException:
            key = None
        return hash_key(key) if key is not None else request.client.host if request.client else ""

    def has_keys(self) -> bool:
        """Tell whether anybody could have a key."""
        if self._context is None:
            return False
        if self._context.environment.api_key:
            return True
        with self._context.store.read() as connection:
            return bool(self._context.store.api_keys.list_keys(connection))


def require_scope(scope: AccessScope) -> Callable[[Request], None]:
    """Return the check that an endpoint names as ``Depends(require_scope(scope))``.

    A request says its key as ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``. The check raises HTTPException: 401
    for a missing or wrong key; 403 for one without the scope, and where there are no keys, so that nobody can write.
    Who is logged in reads without one; what changes something needs it, or a form with the session's token.
    """

    def check(request: Request) -> None:
        access: Access = request.app.state.access
        if scope in access.scopes(request) or (request.method in _READING and scope in _session_scopes(request)):
            return
        if sent_key(request) is not None:
            raise HTTPException(403, f"this key does not allow to {scope}; its scopes are given by newswire keys add")
        if not access.has_keys():
            raise HTTPException(
                403,
                f"nobody may {scope} here: set NEWSWIRE_API_KEY and start the server again, or make a key by "
                f"newswire keys add NAME --scope {scope}",
            )
        raise HTTPException(401, f"no API key; {_REMEDY}", headers={"WWW-Authenticate": "Bearer"})

    return check


_require_read = require_scope(AccessScope.READ)


def check_reading(request: Request) -> None:
    """Let only those read who may, by a key or because they are logged in; endpoints check other scopes themselves.

    Raises:
        HTTPException: 401 or 403, as ``require_scope`` has it.
    """
    route = request.scope.get("route")
    path = route.path if isinstance(route, APIRoute) else request.url.path
    if request.method != "GET" or path in _OPEN | _OTHERWISE or path.startswith(_FOR_HUBS):
        return
    _require_read(request)


def _session_scopes(request: Request) -> frozenset[AccessScope]:
    """Return what the key of who is logged in and sends a request allows."""
    sessions: EditorSessions | None = getattr(request.app.state, "sessions", None)  # none without a ledger
    editor = sessions.find_editor(request) if sessions and sent_key(request) is None else None
    return editor.scopes if editor else frozenset()


def sent_key(request: Request) -> str | None:
    """Return the key that a request sends, None where it sends none."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else request.headers.get("X-API-Key")


def _digest(key: str) -> bytes:
    return hmac.digest(b"newswire", key.encode(), "sha256")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
