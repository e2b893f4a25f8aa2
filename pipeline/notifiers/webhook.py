"""Post messages to an address: signed JSON for programs, or the text that chat programs take.

The address is checked when it is connected to, as those of pages are: none inside our network unless the operator
opened it. Redirects aren't followed, and little of what is answered is read.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

from pipeline.alert_records import Message
from pipeline.errors import ItemError
from pipeline.fetch import Client
from pipeline.fetch.client import HttpResponse
from pipeline.fetch.headers import retry_after_seconds
from pipeline.notifiers.notifier import NotifierError
from pipeline.notifiers.signature import sign_body
from pipeline.records import Outcome, Reason, to_json
from pipeline.settings import FetchSettings

_FINAL_STATUSES = frozenset({400, 410, 413, 414, 415, 422})  # the same message will not be taken later either
_TAKEN, _NOT_TAKEN = 200, 300
_REDIRECTS = range(300, 400)
_SHOWN = 200  # characters of an answer


class WebhookNotifier:
    """Posts messages to ``url``.

    Args:
        url: the address; it may be a secret and is told to nobody.
        key: signs what is sent; None sends the text alone.
        settings: how long it may take, under which name, and which private networks may be reached.
        clock: tells when it is sent.
    """

    def __init__(self, url: str, key: str | None, settings: FetchSettings, clock: Callable[[], dt.datetime]) -> None:
        self._url = url
        self._key = key
        self._settings = settings
        self._clock = clock

    def send(self, message: Message) -> None:
        """Post a message.

        Raises:
            NotifierError: The address can't be reached or may not be, or its answer says that it wasn't taken.
        """
        headers = {"Content-Type": "application/json"}
        if self._key is None:
            body = to_json({"text": f"{message.subject}\n{message.text}"})
        else:
            whole = {"id": message.id, "subject": message.subject, "text": message.text, **message.data}
            body = to_json(whole)
            headers |= sign_body(self._key, message.id, body, self._clock())
        try:
            answer = asyncio.run(self._post(body, headers))
        except ItemError as error:
            raise NotifierError(_describe(error), is_final=error.outcome is Outcome.DROPPED) from None
        if not _TAKEN <= answer.status < _NOT_TAKEN:
            raise self._refusal(answer)

    async def _post(self, body: bytes, headers: dict[str, str]) -> HttpResponse:
        async with Client(self._settings, connections=1) as client:
            return await client.post(self._url, body, headers=headers)

    def _refusal(self, answer: HttpResponse) -> NotifierError:
        said = " ".join(answer.body[: 2 * _SHOWN].decode("utf-8", "replace").split())[:_SHOWN]
        detail = f"it answered {answer.status}" + (f": {said}" if said else "")
        if answer.status in _REDIRECTS:
            detail = f"it answered {answer.status}; redirects aren't followed: name the address that they lead to"
        return NotifierError(
            detail,
            is_final=answer.status in _FINAL_STATUSES,
            retry_after=retry_after_seconds(answer.headers.get("Retry-After"), self._clock()),
        )


def _describe(error: ItemError) -> str:
    """Return why an address can't be reached, without the address."""
    if error.reason is Reason.REFUSED_ADDRESS:
        return "its address is not public; where it shall be reached, open its network in alerts.allow_addresses"
    if error.reason is Reason.BAD_ADDRESS:
        return "its address is none that can be reached over http or https"
    return f"{error.reason}: {error.detail.partition(': ')[2] or error.detail}"
