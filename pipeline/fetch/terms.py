"""Hold the terms on which a source is read: its credentials, and whether certificates are checked."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Mapping

from yarl import URL

from pipeline.errors import SettingsError
from pipeline.fetch.client import ServerLogin
from pipeline.settings import Source, read_variable

_PREFIX = "NEWSWIRE_CREDENTIALS_"
_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]*): +(\S.*)")


class SourceTerms:
    """What the settings say of ``sources``, and the environment of their credentials.

    Raises:
        SettingsError: A source names credentials that are not set.
    """

    def __init__(self, sources: Iterable[Source] = (), environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self.replace(sources)

    def replace(self, sources: Iterable[Source]) -> None:
        """Take these sources in place of those before.

        Raises:
            SettingsError: A source names credentials that are not set; then the terms stay as they were.
        """
        sources = tuple(sources)
        headers = {s.name: _login(s, self._environ) for s in sources if s.credentials}
        self._headers = headers
        self._origins = {source.name: _origins(source) for source in sources}
        self._unchecked = {s.name: frozenset(URL(u).host for u in _addresses(s)) for s in sources if not s.verify_tls}

    def login_for(self, source: str, url: str) -> ServerLogin:
        """Return how to ask for ``url``, an address that ``source`` named; others than its servers get no headers."""
        has_login = source in self._headers and _origin(url) in self._origins[source]
        return ServerLogin(self._headers[source] if has_login else {}, self._unchecked.get(source, frozenset()))


def _addresses(source: Source) -> tuple[str, ...]:
    return (*source.feeds, *((source.home,) if source.home else ()))


def _origins(source: Source) -> set[URL | None]:
    return {_origin(url) for url in _addresses(source)} - {None}


def _origin(url: str) -> URL | None:
    try:
        return URL(url).origin()
    except ValueError:
        return None


def _login(source: Source, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the headers by which a source's credentials are sent.

    Raises:
        SettingsError: They are not set, or not in a form that is known.
    """
    name = f"{_PREFIX}{source.credentials}"
    value = read_variable(environ, name)
    if not value:
        raise SettingsError(f"source {source.name!r} logs in with {name}, which is not set; set it or {name}_FILE")
    if value.lower().startswith(("bearer ", "basic ")):
        return {"Authorization": value}
    if header := _HEADER.fullmatch(value):
        return {header[1]: header[2]}
    if ":" not in value:
        raise SettingsError(f"{name}: write it as user:password, 'Bearer TOKEN' or 'Header: value'")
    return {"Authorization": f"Basic {base64.b64encode(value.encode()).decode()}"}
