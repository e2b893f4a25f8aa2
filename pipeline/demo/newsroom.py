"""The demo newsroom: eight invented outlets, their servers' answers, and what is expected of them.

An edition is the state of the whole sample web at one time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pipeline.demo import articles, expected, site
from pipeline.demo.articles import Outlet
from pipeline.demo.expected import Expected
from pipeline.demo.site import SiteResponse
from pipeline.records import Record
from pipeline.settings import Source
from pipeline.urls import canonicalise

EDITIONS = (1, 2)  # before and after the correction


class Newsroom(Record, frozen=True, kw_only=True):
    """The whole sample web as of one edition."""

    edition: int
    sources: tuple[Source, ...]
    responses: dict[str, SiteResponse]  # by canonical address
    not_found: dict[str, SiteResponse]  # by host: what is sent for any other address
    expected: Expected

    def respond(self, host: str, target: str) -> SiteResponse:
        """Return what ``host`` (with its port) sends for a request's ``target``, path and query."""
        try:
            address = canonicalise(f"http://{host}{target}")
        except ValueError:
            return self.not_found[host]
        return self.responses.get(address, self.not_found[host])


def default_hosts(port: int = 8900) -> dict[str, str]:
    """Return the outlets' hosts by key: one loopback address for each."""
    return {outlet.key: f"127.0.0.{number}:{port}" for number, outlet in enumerate(articles.load_outlets(), 1)}


def load_newsroom(edition: int = 1, hosts: Mapping[str, str] | None = None) -> Newsroom:
    """Return the newsroom as of ``edition``, its outlets at ``hosts`` (key → host and port).

    Raises:
        SettingsError: An article or the list of outlets can't be used; the error names the file.
    """
    hosts = hosts or default_hosts()
    bases = {key: f"http://{host}" for key, host in hosts.items()}
    responses = {
        canonicalise(bases[outlet.key] + path): sent
        for outlet in articles.load_outlets()
        for path, sent in site.build_responses(outlet, edition, bases[outlet.key]).items()
    }
    return Newsroom(
        edition=edition,
        sources=tuple(_source(outlet, bases[outlet.key]) for outlet in articles.load_outlets()),
        responses=responses,
        not_found={
            hosts[outlet.key]: site.not_found_response(outlet, bases[outlet.key]) for outlet in articles.load_outlets()
        },
        expected=expected.derive_expected(articles.load_pieces(edition), bases, responses),
    )


def _source(outlet: Outlet, base: str) -> Source:
    return Source(
        name=outlet.name,
        feeds=tuple(base + feed.path for feed in outlet.feeds),
        home=base + "/",
        country=outlet.country,
        language=outlet.language,
        time_zone=outlet.time_zone,
        agency=outlet.agency,
    )


def feeds_toml(sources: Sequence[Source]) -> str:
    """Return ``sources`` as a feeds.toml."""
    keys = ("name", "feeds", "home", "country", "language", "time_zone", "agency")
    # strings, lists and booleans read alike in JSON and TOML
    return "\n".join(
        "[[source]]\n" + "".join(f"{key} = {json.dumps(getattr(source, key), ensure_ascii=False)}\n" for key in keys)
        for source in sources
    )
