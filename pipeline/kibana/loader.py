"""Bring saved objects to a Kibana: wait until it is ready, spare what people have made their own, replace the rest.

Objects that newswire brought are managed: Kibana has people change copies of them, which have ids of their own. An
object of our id that isn't managed is one that somebody has made or changed; it stays unless it is to be replaced.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

import aiohttp
import msgspec

from pipeline.errors import KibanaAwayError, KibanaError, SettingsError
from pipeline.kibana.import_answer import KibanaAnswer, check_import, check_status, read_export
from pipeline.kibana.saved_object import SavedObject, write_lines

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 10.0  # seconds between two attempts while Kibana is not ready
_SECONDS_OF_A_REQUEST = 120.0  # an import waits until Elasticsearch has refreshed (``refresh: wait_for``)


class KibanaAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a Kibana is, and as whom we come."""

    url: str
    user: str
    password: str | None
    ca_file: str | None = None
    space: str | None = None  # None: the default space

    @property
    def root(self) -> str:
        """Return the address of the space."""
        base = self.url.rstrip("/")
        return f"{base}/s/{self.space}" if self.space else base


class LoadResult(NamedTuple):
    """What a load did: how many objects it wrote, which it left to people, and which version of Kibana it met."""

    written: int
    kept: tuple[tuple[str, str], ...]
    version: str


Tell = Callable[[str], None]


def load_objects(
    address: KibanaAddress, objects: Sequence[SavedObject], *, wait_seconds: float, replace: bool, tell: Tell
) -> LoadResult:
    """Bring objects to a Kibana.

    Args:
        address: where it is.
        objects: all that it shall have.
        wait_seconds: how long it is waited for while it is not ready.
        replace: whether objects of our ids that people have changed are replaced as well.
        tell: takes lines about what is waited for.

    Raises:
        KibanaError: It is not ready in time, refuses the password, its version is another one, or it refuses an object.
        SettingsError: The certificate's file can't be used.
    """
    return asyncio.run(_load(address, objects, wait_seconds, replace, tell))


async def _load(
    address: KibanaAddress, objects: Sequence[SavedObject], wait_seconds: float, replace: bool, tell: Tell
) -> LoadResult:
    async with _Kibana(address, wait_seconds, tell) as kibana:
        version = await kibana.until_ready(kibana.status, lambda answer: check_status(answer, address.user))
        kept = () if replace else await _find_changed(kibana, objects)
        sent = write_lines(item for item in objects if item.key not in kept)
        if not sent:
            return LoadResult(0, kept, version)

        async def send() -> KibanaAnswer:
            return await kibana.send_file(sent)

        written = await kibana.until_ready(send, lambda answer: check_import(answer, address.user))
    return LoadResult(written, kept, version)


async def _find_changed(kibana: _Kibana, objects: Sequence[SavedObject]) -> tuple[tuple[str, str], ...]:
    """Return the objects of our ids that are there and aren't managed."""
    asked = [item.key for item in objects]
    while asked:
        wanted = asked

        async def export(keys: Sequence[tuple[str, str]] = wanted) -> KibanaAnswer:
            return await kibana.export(keys)

        states = await kibana.until_ready(export, lambda answer: read_export(answer, kibana.address.user))
        if isinstance(states, dict):
            return tuple(key for key in asked if not states.get(key, True))
        remaining = [key for key in asked if key not in states]
        if len(remaining) == len(asked):
            raise KibanaError("Kibana names other objects as missing than those that it was asked for")
        asked = remaining
    return ()


class _Kibana:
    """A connection to a Kibana that may not be ready yet."""

    def __init__(self, address: KibanaAddress, wait_seconds: float, tell: Tell) -> None:
        self.address = address
        self._wait_seconds = wait_seconds
        self._tell = tell
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # an import that Kibana's own version of the page doesn't make must say so (``kbn-xsrf``)
        headers = {"kbn-xsrf": "newswire"}
        if self.address.password is not None:
            credentials = f"{self.address.user}:{self.address.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(credentials).decode()}"
        self._session = aiohttp.ClientSession(
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=_SECONDS_OF_A_REQUEST),
            connector=aiohttp.TCPConnector(ssl=_certificates(self.address.ca_file)),
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._session:
            await self._session.close()

    async def until_ready(self, ask: Callable[[], Any], judge: Callable[[KibanaAnswer], Any]) -> Any:
        """Ask again while Kibana is not ready; return what the answer is judged to be.

        Raises:
            KibanaAwayError: It is not ready in time.
            KibanaError: What it answers is judged to be a fault.
        """
        loop = asyncio.get_running_loop()
        end, pause, last_line = loop.time() + self._wait_seconds, _FIRST_PAUSE, ""
        while True:
            try:
                return judge(await ask())
            except KibanaAwayError as error:
                if loop.time() + pause > end:
                    waited = f"waited {self._wait_seconds:.0f} s for {self.address.url}"
                    raise KibanaAwayError(f"{error}; {waited}") from error
                if str(error) != last_line:
                    last_line = str(error)
                    self._tell(f"waiting for Kibana: {last_line}")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def status(self) -> KibanaAnswer:
        """Ask how Kibana is."""
        return await self._ask("GET", f"{self.address.url.rstrip('/')}/api/status")

    async def export(self, keys: Sequence[tuple[str, str]]) -> KibanaAnswer:
        """Ask for objects as they are there."""
        wanted = [{"type": kind, "id": name} for kind, name in keys]
        body = {"objects": wanted, "includeReferencesDeep": False, "excludeExportDetails": True}
        return await self._ask("POST", f"{self.address.root}/api/saved_objects/_export", json=body)

    async def send_file(self, text: str) -> KibanaAnswer:
        """Import a file of objects over those that are there."""
        form = aiohttp.FormData()
        form.add_field("file", text.encode(), filename="newswire.ndjson", content_type="application/x-ndjson")
        return await self._ask("POST", f"{self.address.root}/api/saved_objects/_import?overwrite=true", data=form)

    async def _ask(self, method: str, url: str, **what: Any) -> KibanaAnswer:
        """Return an answer.

        Raises:
            KibanaAwayError: Nothing answers.
            KibanaError: The certificate is not trusted, or the address can't be used.
        """
        session = self._session
        if session is None:
            raise KibanaError("the connection is closed")
        try:
            async with session.request(method, url, allow_redirects=False, **what) as answer:
                return KibanaAnswer(answer.status, await answer.text(errors="replace"))
        except (aiohttp.ClientSSLError, ssl.SSLError) as error:
            raise KibanaError(f"{url}: its certificate is not trusted: set NEWSWIRE_KIBANA_CA ({error})") from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise KibanaError(f"NEWSWIRE_KIBANA_URL: {url} is no address") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise KibanaAwayError(f"nothing answers there ({error or type(error).__name__})") from error


def _certificates(ca_file: str | None) -> ssl.SSLContext | bool:
    """Return whom to trust.

    Raises:
        SettingsError: The file holds no certificate.
    """
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"NEWSWIRE_KIBANA_CA: {ca_file} can't be used: {error}") from error
