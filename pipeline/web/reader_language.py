"""Know, while a page is rendered, in which language its reader wants names, and tell caches what that depends on."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextvars import ContextVar
from typing import NamedTuple

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.web.code_names import list_reader_languages
from pipeline.web.reader_names import ReaderNames

_TAG = re.compile(r"([a-zA-Z]{2,3})(?:[-_][a-zA-Z0-9]{1,8})*")
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_NORWEGIAN = {"nb": "no", "nn": "no"}
_MOST_TAGS = 20  # of a header that are looked at


class Reader(NamedTuple):
    """Who looks at a page: the language that he reads (ISO 639-1; empty where nothing says), and its names."""

    language: str
    names: ReaderNames

    def label(self, value: str, field: str) -> str:
        """Return what the reader calls a value of one of a document's fields."""
        return self.names.label(value, field, self.language)


_NOBODY = Reader("", ReaderNames())
_reader: ContextVar[Reader] = ContextVar("reader")


def current_reader() -> Reader:
    """Return who looks at the page that is being rendered; somebody of no language outside of a request."""
    return _reader.get(_NOBODY)


class ReaderLanguage:
    """An ASGI application that finds out which language the reader of a page of ``app`` wants."""

    def __init__(self, app: ASGIApp, names: ReaderNames) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = QueryParams(scope["query_string"]).get("lang", "")
        language = choose_language(asked, Headers(scope=scope).get("Accept-Language", ""), list_reader_languages())

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("Content-Type", "").startswith("text/html"):
                    headers.add_vary_header("Accept-Language")
            await send(message)

        token = _reader.set(Reader(language, self._names))
        try:
            await self._app(scope, receive, complete)
        finally:
            _reader.reset(token)


def choose_language(asked: str, accepted: str, supported: Collection[str]) -> str:
    """Return the language that is asked for, else the one that an Accept-Language header puts first.

    Of the header, only English and ``supported`` ones count; empty where neither says one. Regions are left out: de-AT
    is de.
    """
    if language := main_language(asked):
        return language
    weighted = []
    for number, part in enumerate(accepted.split(",")[:_MOST_TAGS]):
        tag, _, parameter = part.partition(";")
        weight = _WEIGHT.fullmatch(parameter.strip())
        if (language := main_language(tag)) and (not parameter or weight):
            weighted.append((-float(weight[1]) if weight else -1.0, number, language))
    for weight_down, _, language in sorted(weighted):
        if weight_down and (language == "en" or language in supported):
            return language
    return ""


def main_language(tag: str) -> str:
    """Return the language of a tag (BCP 47), such as ``de-AT``; empty where it is no tag."""
    match = _TAG.fullmatch(tag.strip())
    code = match[1].lower() if match else ""
    return _NORWEGIAN.get(code, code)
