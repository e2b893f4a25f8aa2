"""Decide an article's plain fields: address, language, section, tags, picture, paywall, rights.

JSON-LD is believed before meta elements, and those before the feed.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import py3langid

from pipeline import rights
from pipeline.address_forms import describe_no_article, is_working_copy, show_same_page
from pipeline.extract import jsonld
from pipeline.extract.page_signals import PageSignals
from pipeline.extract.source_page import RawPage
from pipeline.extract.text_repair import repair_text
from pipeline.urls import canonicalise

_MAX_TAGS = 30  # pages that list more keywords list them for search engines
_MAX_TAG = 60  # characters; longer ones are sentences
_SURE_CHARACTERS = 200  # characters of text from which the detected language outweighs the page's own statement
_SAMPLE_CHARACTERS = 1000  # characters are enough to tell a language, and bound the time it takes
_NORWEGIAN = {"nb": "no", "nn": "no"}  # one language for search and facets
_LIVE = re.compile(
    r"(?:^|[/_-])(?:live-?blog|live-?ticker|news-?ticker|liveticker|live-updates|minuto-a-minuto)(?:[/_-]|$)"
)
# Whose meta elements speak to us; what a page says to a search engine's robot is between those two.
_SPOKEN_TO = ("robots", "newswire")
_DOUBT = 0.05  # log-likelihood per character: unrelated languages differ by 0.5 and more


class PageMetadata(NamedTuple):
    """An article's plain fields."""

    canonical_url: str | None
    section: str | None
    tags: tuple[str, ...]
    image: str | None
    paywalled: bool | None
    live: bool | None
    rights: tuple[str, ...]
    standfirst: str | None


def gather_metadata(signals: PageSignals, raw: RawPage) -> PageMetadata:
    """Return what JSON-LD, then meta elements say."""
    return PageMetadata(
        canonical_url=_canonical(signals, raw.url),
        section=_section(signals),
        tags=_tags(signals, raw),
        image=_image(signals, raw),
        paywalled=_paywalled(signals),
        live=_live(signals, raw.url),
        rights=_rights(signals),
        standfirst=_standfirst(signals, raw),
    )


def _canonical(signals: PageSignals, url: str | None) -> str | None:
    """Return the address that the page gives itself: on the same site, and not that of the home page.

    Canonical links are believed before other statements; of several, one that shows this page in another form before
    those that may be an article's, and these before a section's.
    """
    entity = signals.article.get("mainEntityOfPage")
    others = [
        signals.first_meta("og:url"),
        entity if isinstance(entity, str) else entity.get("@id") if isinstance(entity, dict) else None,
        jsonld.text_of(signals.article, "url"),
    ]
    stated, sections = list[str](), list[str]()
    for addresses in (signals.links.get("canonical", []), others):
        own = [full for address in filter(None, addresses) if (full := _own_address(address, url))]
        stated += [full for full in own if show_same_page(full, url)]
        stated += [full for full in own if not describe_no_article(full)]
        sections += own
    return next(iter(stated or sections), None)


def _own_address(address: str, url: str | None) -> str | None:
    """Return an address that a page states, where it may be its own: at its publisher's, no copy for trying out."""
    try:
        full = canonicalise(urljoin(url or "", address.strip()))
    except ValueError:
        return None
    parts = urlsplit(full)
    if parts.path in {"", "/"} and not parts.query:
        return None
    if url is None or show_same_page(full, url):
        return full
    is_copy = is_working_copy(full) and not is_working_copy(url)
    return full if publisher_domain(full) == publisher_domain(url) and not is_copy else None


def publisher_domain(url: str) -> str:
    """Return the part of the host that a publisher registers, roughly: the last label of four letters or more, on."""
    labels = (urlsplit(url).hostname or "").split(".")
    for start in range(len(labels) - 2, -1, -1):
        if len(labels[start]) > 3:  # noqa: PLR2004 - "co", "com", "org" stand before the country in co.uk, com.au
            return ".".join(labels[start:])
    return ".".join(labels[-2:])


def _section(signals: PageSignals) -> str | None:
    stated = jsonld.texts_of(signals.article, "articleSection") or signals.meta.get("article:section", [])
    names = [repair_text(name) for name in stated or [signals.first_meta("section", "cxenseparse:recs:category") or ""]]
    return next((name for name in names if name and len(name) <= _MAX_TAG), None)


def _tags(signals: PageSignals, raw: RawPage) -> tuple[str, ...]:
    meta = signals.meta
    keywords = jsonld.texts_of(signals.article, "keywords") or meta.get("article:tag") or meta.get("news_keywords")
    keywords = keywords or meta.get("keywords") or list(raw.entry.tags if raw.entry else ())
    parts = keywords if len(keywords) > 1 else re.split(r"\s*[,;]\s*", keywords[0]) if keywords else []
    tags = dict.fromkeys(repair_text(part) for part in parts)
    return tuple(tag for tag in tags if tag and len(tag) <= _MAX_TAG)[:_MAX_TAGS]


def _image(signals: PageSignals, raw: RawPage) -> str | None:
    image = signals.article.get("image")
    while isinstance(image, list) and image:
        image = image[0]
    if isinstance(image, dict):
        image = image.get("url") or image.get("contentUrl")
    stated = signals.first_meta("og:image", "og:image:url", "twitter:image") or image
    address = stated or (raw.entry.image if raw.entry else None)
    if not isinstance(address, str):
        return None
    full = urljoin(raw.url or "", address.strip())
    return full if urlsplit(full).scheme in {"http", "https"} else None


def _paywalled(signals: PageSignals) -> bool | None:
    for node in (signals.article, jsonld.find_web_page(signals.jsonld)):
        if "isAccessibleForFree" in node:
            return str(node["isAccessibleForFree"]).strip().lower() in {"false", "0", "no"}
    tier = signals.first_meta("article:content_tier", "content_tier")
    return tier.lower() in {"locked", "metered"} if tier else None


def _live(signals: PageSignals, url: str | None) -> bool | None:
    """Return whether the page is a live blog: by its type in JSON-LD, else by its own address."""
    if "liveblogposting" in jsonld.node_types(signals.article) or signals.article.get("liveBlogUpdate"):
        return True
    if _LIVE.search(urlsplit(url or "").path):
        return True
    return False if signals.article else None


def _rights(signals: PageSignals) -> tuple[str, ...]:
    stated = rights.parse_meta(value for name in _SPOKEN_TO for value in signals.meta.get(name, []))
    return rights.normalise_rights((*stated, *rights.parse_tdm(signals.meta.get("tdm-reservation", []))))


def _standfirst(signals: PageSignals, raw: RawPage) -> str | None:
    description = jsonld.text_of(signals.article, "description")
    description = description or signals.first_meta("og:description", "description", "twitter:description")
    description = description or (raw.entry.summary if raw.entry else None)
    return repair_text(re.sub(r"<[^>]{1,200}>", " ", description or "")) or None


def detect_language(text: str, declared: str | None, source: str | None) -> str | None:
    """Return the language of ``text`` as an ISO 639-1 code; None where nothing tells it.

    It is detected on the text where that is long enough to be sure. What the page declares (often wrong: templates
    keep "en") decides where the text is short, or where the detector finds that language nearly as likely.

    Args:
        text: the article's text.
        declared: what the page declares, in any form that begins with a code ("en-GB").
        source: the language of the source, which counts where the page declares none.
    """
    code = re.match(r"[a-z]{2,3}(?![a-z])", (declared or "").strip().lower())
    expected = _NORWEGIAN.get(code[0], code[0]) if code else source
    if not text.strip():
        return expected
    ranked = dict(py3langid.rank(text[:_SAMPLE_CHARACTERS]))
    best: str = max(ranked, key=lambda language: ranked[language])
    if expected and expected != best:
        near = expected in ranked and ranked[best] - ranked[expected] < _DOUBT * min(len(text), _SAMPLE_CHARACTERS)
        if near or len(text) < _SURE_CHARACTERS or expected not in ranked:
            return expected
    return _NORWEGIAN.get(best, best)


def warm_up() -> None:
    """Load the model that tells languages apart: a compressed file that is otherwise read with the first text."""
    py3langid.rank("")
