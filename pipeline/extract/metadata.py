"""What else does a page say: address, language, section, tags, picture, paywall, rights?"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import py3langid

from pipeline import rights
from pipeline.extract import jsonld
from pipeline.extract.config import RawPage
from pipeline.extract.page_signals import PageSignals
from pipeline.extract.text_repair import repair_text
from pipeline.urls import canonicalise

_MAX_TAGS = 30  # pages that list more keywords list them for search engines
_MAX_TAG = 60  # characters; longer ones are sentences
_SURE = 200  # characters of text from which the detected language outweighs the page's word
_SAMPLE = 1000  # characters are enough to tell a language, and bound the time it takes
_NORWEGIAN = {"nb": "no", "nn": "no"}  # one language for search and facets
_LIVE = re.compile(
    r"(?:^|[/_-])(?:live-?blog|live-?ticker|news-?ticker|liveticker|live-updates|minuto-a-minuto)(?:[/_-]|$)"
)
# Whose meta elements speak to us; what is said to a search engine's robot is between those two.
_SPOKEN_TO = ("robots", "newswire")
_DOUBT = 0.05  # log-likelihood per character: unrelated languages differ by 0.5 and more


class PageMetadata(NamedTuple):
    """The plain facts of an article."""

    canonical_url: str | None
    section: str | None
    tags: tuple[str, ...]
    image: str | None
    paywalled: bool | None
    live: bool | None
    rights: tuple[str, ...]
    standfirst: str | None


def gather_metadata(page: PageSignals, raw: RawPage) -> PageMetadata:
    """Return what JSON-LD, then meta elements say."""
    return PageMetadata(
        canonical_url=_canonical(page, raw.url),
        section=_section(page),
        tags=_tags(page, raw),
        image=_image(page, raw),
        paywalled=_paywalled(page),
        live=_live(page, raw.url),
        rights=_rights(page),
        standfirst=_standfirst(page, raw),
    )


def _canonical(page: PageSignals, url: str | None) -> str | None:
    """Return the address that the page gives itself: on the same site, and not that of the home page."""
    own = page.article.get("mainEntityOfPage")
    given = [
        *page.links.get("canonical", []),
        page.first_meta("og:url"),
        own if isinstance(own, str) else own.get("@id") if isinstance(own, dict) else None,
        jsonld.text_of(page.article, "url"),
    ]
    for address in filter(None, given):
        try:
            full = canonicalise(urljoin(url or "", address.strip()))
        except ValueError:
            continue
        parts = urlsplit(full)
        home = parts.path in {"", "/"} and not parts.query
        if not home and (url is None or publisher_domain(full) == publisher_domain(url)):
            return full
    return None


def publisher_domain(url: str) -> str:
    """Return the part of the host that a publisher registers, roughly: the last label of four letters or more, on."""
    labels = (urlsplit(url).hostname or "").split(".")
    for place in range(len(labels) - 2, -1, -1):
        if len(labels[place]) > 3:  # noqa: PLR2004 - "co", "com", "org" stand before the country in co.uk, com.au
            return ".".join(labels[place:])
    return ".".join(labels[-2:])


def _section(page: PageSignals) -> str | None:
    given = jsonld.texts_of(page.article, "articleSection") or page.meta.get("article:section", [])
    names = [repair_text(name) for name in given or [page.first_meta("section", "cxenseparse:recs:category") or ""]]
    return next((name for name in names if name and len(name) <= _MAX_TAG), None)


def _tags(page: PageSignals, raw: RawPage) -> tuple[str, ...]:
    given = jsonld.texts_of(page.article, "keywords") or page.meta.get("article:tag") or page.meta.get("news_keywords")
    given = given or page.meta.get("keywords") or list(raw.entry.tags if raw.entry else ())
    parts = given if len(given) > 1 else re.split(r"\s*[,;]\s*", given[0]) if given else []
    tags = dict.fromkeys(repair_text(part) for part in parts)
    return tuple(tag for tag in tags if tag and len(tag) <= _MAX_TAG)[:_MAX_TAGS]


def _image(page: PageSignals, raw: RawPage) -> str | None:
    image = page.article.get("image")
    while isinstance(image, list) and image:
        image = image[0]
    if isinstance(image, dict):
        image = image.get("url") or image.get("contentUrl")
    given = (
        page.first_meta("og:image", "og:image:url", "twitter:image")
        or image
        or (raw.entry.image if raw.entry else None)
    )
    if not isinstance(given, str):
        return None
    full = urljoin(raw.url or "", given.strip())
    return full if urlsplit(full).scheme in {"http", "https"} else None


def _paywalled(page: PageSignals) -> bool | None:
    for node in (page.article, jsonld.find_web_page(page.jsonld)):
        if "isAccessibleForFree" in node:
            return str(node["isAccessibleForFree"]).strip().lower() in {"false", "0", "no"}
    tier = page.first_meta("article:content_tier", "content_tier")
    return tier.lower() in {"locked", "metered"} if tier else None


def _live(page: PageSignals, url: str | None) -> bool | None:
    """Return whether the page is a live blog: by its type in JSON-LD, else by its own address."""
    if "liveblogposting" in jsonld.node_types(page.article) or page.article.get("liveBlogUpdate"):
        return True
    if _LIVE.search(urlsplit(url or "").path):
        return True
    return False if page.article else None


def _rights(page: PageSignals) -> tuple[str, ...]:
    said = rights.parse_meta(value for name in _SPOKEN_TO for value in page.meta.get(name, []))
    return rights.normalise_rights((*said, *rights.parse_tdm(page.meta.get("tdm-reservation", []))))


def _standfirst(page: PageSignals, raw: RawPage) -> str | None:
    given = jsonld.text_of(page.article, "description") or page.first_meta(
        "og:description", "description", "twitter:description"
    )
    text = repair_text(re.sub(r"<[^>]{1,200}>", " ", given or (raw.entry.summary if raw.entry else None) or ""))
    return text or None


def detect_language(text: str, said: str | None, source: str | None) -> str | None:
    """Return the language of ``text`` as an ISO 639-1 code.

    Detected on the text where that is long enough to be sure; the page's own word (often wrong: templates keep "en")
    decides where the text is short, or where the detector doubts and knows the said one as nearly as likely.
    """
    declared = re.match(r"[a-z]{2,3}(?![a-z])", (said or "").strip().lower())
    told = _NORWEGIAN.get(declared[0], declared[0]) if declared else source
    if not text.strip():
        return told
    ranked = dict(py3langid.rank(text[:_SAMPLE]))
    best: str = max(ranked, key=lambda name: ranked[name])
    if told and told != best:
        near = told in ranked and ranked[best] - ranked[told] < _DOUBT * min(len(text), _SAMPLE)
        if near or len(text) < _SURE or told not in ranked:
            return told
    return _NORWEGIAN.get(best, best)
