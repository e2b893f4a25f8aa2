"""What is the headline, when a page gives several with site names and kickers around them?"""

from __future__ import annotations

import collections
import re
from collections.abc import Sequence

from pipeline.extract import ld
from pipeline.extract.evidence import Evidence
from pipeline.extract.mend import mend
from pipeline.text import normalise

# What stands between a headline and a site's name or section.
_SEPARATOR = re.compile(r"\s+[-–—|·•:»«/]+\s+|\s*[|｜：ㅣ]\s*|-(?=[^-]{1,12}[ㅣ｜|])")
_MAX_SUFFIX = 60  # characters: "Technology News | The Long Name of a Regional Newspaper" fits
_MIN_TITLE = 3  # characters


def key(text: str | None) -> str:
    """Return letters and digits of ``text`` alone: two titles that differ in typography only have the same key."""
    return re.sub(r"[\W_]+", " ", normalise(text or "")).strip()


# How much a source's word counts, as it fares on pages of many publishers: JSON-LD comes from the newsroom's own
# system; og:title is written to be shown alone; headings may be cut or hold a kicker; the others may be anything.
_WEIGHT = {"ld": 2.0, "og": 1.9, "h1": 1.5, "feed": 0.5, "title": 0.1}


def candidates(page: Evidence, feed_title: str | None = None) -> dict[str, str]:
    """Return what the page calls itself, by source, site names cut off."""
    given = {
        "ld": ld.text_of(page.article, "headline", "name"),
        "og": page.first("og:title", "twitter:title", "dc.title", "dcterms.title", "headline", "title"),
        "h1": _heading(page),
        "feed": feed_title,
        "title": page.title,
    }
    texts = {name: re.sub(r"<[^<>]{1,40}>", "", mend(text)) for name, text in given.items() if text}
    texts = {name: text for name, text in texts.items() if len(text) >= _MIN_TITLE}
    own = sites(page)
    return {
        name: strip_site(text, [said for other, said in texts.items() if other != name], own)
        for name, text in texts.items()
    }


def choose(page: Evidence, feed_title: str | None = None) -> str | None:
    """Return the headline: what the sources with the most weight together agree on; None where there is none."""
    given = candidates(page, feed_title)
    shared: collections.Counter[str] = collections.Counter()
    for name, text in given.items():
        shared[key(text)] += _WEIGHT[name]  # type: ignore[assignment] # a Counter may count in fractions
    return max(given.values(), key=lambda text: shared[key(text)], default=None)


def _heading(page: Evidence) -> str | None:
    """Return the visible heading: the h1 that other sources share words with, not the one around a logo."""
    if not page.h1:
        return None
    rest = " ".join(filter(None, [page.title, page.first("og:title"), ld.text_of(page.article, "headline")]))
    known = set(key(rest).split())
    if not known:
        return page.h1[0]
    best = max(page.h1, key=lambda text: len(known & set(key(text).split())))
    return best if known & set(key(best).split()) or not re.search(r"\w\s\w", best) else None


def sites(page: Evidence) -> set[str]:
    """Return the keys of the names that the site gives itself."""
    publisher = page.article.get("publisher")
    names = [
        page.first("og:site_name"),
        page.first("application-name"),
        page.first("apple-mobile-web-app-title"),
        page.first("publisher"),
        ld.text_of(publisher, "name") if isinstance(publisher, dict) else None,
    ]
    address = page.first("og:url") or next(iter(page.links.get("canonical", [])), None)
    if address and (host := re.match(r"https?://(?:www\.)?([^/:]+)", address)):
        names += [host[1], host[1].rsplit(".", 1)[0]]
    return {key(name) for name in names if name and key(name)}


def strip_site(text: str, others: Sequence[str], sites: set[str]) -> str:
    """Return ``text`` without the site's name or section at its end (or start), where there is evidence for it.

    Evidence: the part is a name that the site gives itself, or what is left is just what another source says.
    """
    keys = {key(other) for other in others}
    changed = True
    while changed:
        changed = False
        for match in reversed(list(_SEPARATOR.finditer(text))):
            head, tail = text[: match.start()].strip(), text[match.end() :].strip()
            if (
                tail
                and len(head) >= _MIN_TITLE
                and len(tail) <= _MAX_SUFFIX
                and (_is_site(tail, sites) or key(head) in keys)
            ):
                text, changed = head, True
                break
            if head and len(tail) >= _MIN_TITLE and len(head) <= _MAX_SUFFIX and _is_site(head, sites):
                text, changed = tail, True
                break
    return text


def _is_site(part: str, sites: set[str]) -> bool:
    own = key(part)
    squeezed = own.replace(" ", "")
    return any(own == site or squeezed == site.replace(" ", "") or own == f"the {site}" for site in sites)
