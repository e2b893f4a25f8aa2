"""Log people in: by an API key, or by what a trusted reverse proxy says of them; and guard against forged requests.

Who has given a key gets a signed cookie, which holds a name, the key's number and a time, and nothing secret; what the
key allows is looked up with each request. A request that decides something must also bring the session's token, which
another site can't read, and must not come from another site.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
import ipaddress
import secrets
from collections.abc import Sequence

import msgspec
from fastapi import Request, Response
from starlette.exceptions import HTTPException

from pipeline.access_scopes import AccessScope
from pipeline.context import Context
from pipeline.fetch.addresses import Network, parse_networks
from pipeline.settings import ServeSettings

COOKIE = "newswire_editor"
SESSION = dt.timedelta(hours=12)
_LONGEST_NAME = 100
_OF_ENVIRONMENT = 0  # the number of the key NEWSWIRE_API_KEY; those of the ledger begin at 1
_BY_PROXY = frozenset({AccessScope.READ, AccessScope.EXPORT, AccessScope.DECIDE})
_OWN_SITE = frozenset({"same-origin", "none"})  # of Sec-Fetch-Site; none: typed in by the user


class Editor(msgspec.Struct, frozen=True, kw_only=True):
    """Who is logged in, and what he may do; not everybody may decide."""

    name: str
    token: str  # that requests of this session bring
    until: dt.datetime | None  # None: as long as the proxy says so
    scopes: frozenset[AccessScope]

    @property
    def may_decide(self) -> bool:
        """Tell whether his key allows to decide."""
        return AccessScope.DECIDE in self.scopes


class _Session(msgspec.Struct, frozen=True, kw_only=True):
    """What the cookie holds."""

    name: str
    key: int
    until: dt.datetime
    nonce: str


class EditorSessions:
    """Tells who a request is from, and begins sessions.

    Sessions are signed with what is derived from the key of the environment: another one ends all of them. Without it
    they last as long as the process.
    """

    def __init__(self, context: Context, settings: ServeSettings) -> None:
        self._context = context
        self._api_key = context.environment.api_key
        self._secret = _derive(self._api_key, "sessions") if self._api_key else secrets.token_bytes(32)
        self._header = settings.editor_header
        self._proxies = parse_networks(settings.trusted_proxies, "serve.trusted_proxies")
        self._is_public_secure = (settings.public_url or "").startswith("https://")

    def find_key(self, key: str) -> int | None:
        """Return the number of a key that allows to read or to decide, None for any other text.

        How long that takes says nothing about the key of the environment.
        """
        if self._api_key and hmac.compare_digest(_derive(key, "key"), _derive(self._api_key, "key")):
            return _OF_ENVIRONMENT
        with self._context.store.read() as connection:
            row = self._context.store.api_keys.find(connection, key)
        if row is None or not row.allowed(self._context.clock()) & {AccessScope.READ, AccessScope.DECIDE}:
            return None
        return row.n

    def begin(self, name: str, key: int) -> str:
        """Return the value of the cookie of a new session: of whoever is called ``name``, by the key of this number."""
        until = self._context.clock() + SESSION
        session = _Session(name=clean_name(name), key=key, until=until, nonce=secrets.token_urlsafe(12))
        content = base64.urlsafe_b64encode(msgspec.json.encode(session)).decode()
        return f"{content}.{self._sign('session', content)}"

    def find_editor(self, request: Request) -> Editor | None:
        """Return who is logged in and sends a request, None for anybody else."""
        if name := self._name_by_proxy(request):
            return Editor(name=name, token=self._sign("proxy", name), until=None, scopes=_BY_PROXY)
        cookie = request.cookies.get(COOKIE, "")
        session = self._read(cookie)
        if session is None or session.until <= self._context.clock():
            return None
        scopes = self._scopes_of(session.key)
        if not scopes:  # the key was revoked meanwhile
            return None
        return Editor(name=session.name, token=self._sign("token", cookie), until=session.until, scopes=scopes)

    def _scopes_of(self, key: int) -> frozenset[AccessScope]:
        if key == _OF_ENVIRONMENT:
            return frozenset(AccessScope)
        with self._context.store.read() as connection:
            rows = self._context.store.api_keys.list_keys(connection)
        return next((row.allowed(self._context.clock()) for row in rows if row.n == key), frozenset())

    def set_cookie(self, response: Response, request: Request, value: str) -> None:
        """Give a browser its session; an empty value ends it."""
        response.set_cookie(
            COOKIE,
            value,
            max_age=int(SESSION.total_seconds()) if value else 0,
            path="/",
            httponly=True,
            samesite="lax",
            secure=self._is_public_secure or request.url.scheme == "https",
        )

    def _name_by_proxy(self, request: Request) -> str:
        """Return the name that a trusted proxy gives in its header; empty where there is none."""
        if not self._header or request.client is None:
            return ""
        values = request.headers.getlist(self._header)
        if len(values) != 1 or not is_within(request.client.host, self._proxies):
            return ""
        return clean_name(values[0])

    def _read(self, cookie: str) -> _Session | None:
        """Return the session in a cookie, None for one that we did not sign."""
        content, _, signature = cookie.rpartition(".")
        if not content or not hmac.compare_digest(signature.encode(), self._sign("session", content).encode()):
            return None
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(content), type=_Session)
        except (binascii.Error, ValueError):
            return None

    def _sign(self, purpose: str, text: str) -> str:
        return hmac.digest(self._secret, f"{purpose}:{text}".encode(), "sha256").hex()


def check_own_request(request: Request) -> None:
    """Check that a browser sends this request from one of our pages.

    Raises:
        HTTPException: 403, it says that another site made it.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign_origin = (
        origin is not None and origin.partition("://")[2].lower() != request.headers.get("Host", "").lower()
    )
    if (site is not None and site not in _OWN_SITE) or (site is None and foreign_origin):
        raise HTTPException(403, "this request was made by another site; nothing was done")


def check_token(editor: Editor, token: str) -> None:
    """Check that a request brings the token of its session.

    Raises:
        HTTPException: 403, it doesn't.
    """
    if not hmac.compare_digest(editor.token.encode(), token.encode()):
        raise HTTPException(403, "the form is not of your present session; load its page again; nothing was done")


def clean_name(name: str) -> str:
    """Return an editor's name on one line, without control characters, not too long."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:_LONGEST_NAME]


def is_within(host: str, networks: Sequence[Network]) -> bool:
    """Tell whether an address lies in one of the networks; what is no address doesn't."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)


def _derive(key: str, purpose: str) -> bytes:
    return hmac.digest(key.encode(), f"newswire {purpose}".encode(), "sha256")
