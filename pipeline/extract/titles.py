"""What is the headline, when a page gives several with site names and kickers around them?"""

from __future__ import annotations

import collections
import re
from collections.abc import Mapping, Sequence

from pipeline.extract import ld
from pipeline.extract.evidence import Evidence, Heading
from pipeline.extract.mend import mend
from pipeline.text import normalise

# What stands between a headline and a site's name or section.
_SEPARATOR = re.compile(r"\s+[-–—|·•:»«/]+\s+|\s*[|｜：ㅣ]\s*|-(?=[^-]{1,12}[ㅣ｜|])")
_MAX_SUFFIX = 60  # characters: "Technology News | The Long Name of a Regional Newspaper" fits
_MIN_TITLE = 3  # characters
_MIN_WORDS = 2  # of what is left without a kicker; a single word may be a part that was set apart
_MAX_H1 = 5  # pages that set more headings as h1 don't mark their headline by it
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")  # scripts without spaces between words


def key(text: str | None) -> str:
    """Return letters and digits of ``text`` alone: two titles that differ in typography only have the same key."""
    return re.sub(r"[\W_]+", " ", normalise(text or "")).strip()


# How much a source's word counts, as it fares on pages of many publishers (bench/extract.py --leave-out): JSON-LD comes
# from the newsroom's own system; og:title is written to be shown alone; the visible heading may be cut; the others may
# be anything.
WEIGHT = {"ld": 2.0, "og": 1.9, "heading": 1.5, "feed": 0.5, "title": 0.1, "crumb": 0.1}


def candidates(page: Evidence, feed_title: str | None = None) -> dict[str, str]:
    """Return what the page calls itself, by source, site names and kickers cut off where there is evidence for it."""
    said = {
        "ld": ld.text_of(page.article, "headline", "name"),
        "og": page.first("og:title", "twitter:title", "dc.title", "dcterms.title", "headline", "title"),
    }
    heading = _heading(page, [*filter(None, said.values()), *ld.texts_of(page.article, "alternativeHeadline")])
    name = "crumb" if heading and heading.crumb else "heading"
    given = {**said, name: heading.text if heading else None, "feed": feed_title, "title": page.title}
    texts = {name: re.sub(r"<[^<>]{1,40}>", "", mend(text)) for name, text in given.items() if text}
    texts = {name: text for name, text in texts.items() if len(text) >= _MIN_TITLE}
    own = sites(page)
    texts = {
        name: strip_site(text, [said for other, said in texts.items() if other != name], own)
        for name, text in texts.items()
    }
    return _without_kicker(texts, heading) if heading and not heading.crumb else texts


def choose(page: Evidence, feed_title: str | None = None) -> str | None:
    """Return the headline: what the sources with the most weight together agree on; None where there is none."""
    return agreed(candidates(page, feed_title), WEIGHT)


def agreed(given: Mapping[str, str], weight: Mapping[str, float]) -> str | None:
    """Return the text for which the most weight of its sources speaks, in the first one's typography."""
    shared: dict[str, float] = collections.defaultdict(float)
    for name, text in given.items():
        shared[key(text)] += weight[name]
    return max(given.values(), key=lambda text: shared[key(text)], default=None)


def _heading(page: Evidence, said: Sequence[str]) -> Heading | None:
    """Return the visible heading: the h1 that other sources share words with, not the one around a logo.

    Where the h1 is but the end of a breadcrumb trail (written for search engines), the h2 that says what another
    source does stands in its place.
    """
    first = [heading for heading in page.headings if heading.first]
    visible = [heading for heading in first if not heading.crumb]
    if not visible:
        keys = {key(text) for text in said}
        second = (heading for heading in page.headings if not heading.first and not heading.crumb)
        stated = next((one for one in second if {key(one.text), key(one.runs[-1])} & keys), None)
        visible = [stated] if stated else first
    if not visible:
        return None
    known = set(key(" ".join([page.title or "", *said])).split())
    if not known:
        return visible[0]
    best = max(visible[:_MAX_H1], key=lambda one: len(known & set(key(one.text).split())))
    return best if known & set(key(best.text).split()) or not re.search(r"\w\s\w", best.text) else None


def _without_kicker(texts: dict[str, str], heading: Heading) -> dict[str, str]:
    """Return ``texts`` without the kicker that the heading sets in a run of its own, where another source confirms it.

    Such a source says the rest alone, or the rest after a kicker of its own while none says the whole.
    """
    others = {name: text for name, text in texts.items() if name != "heading"}
    if key(texts.get("heading")) in {key(text) for text in others.values()}:
        return texts
    for place in range(1, len(heading.runs)):
        if not key(heading.runs[place]):  # a dash between kicker and headline
            continue
        rest = mend(" ".join(heading.runs[place:]))
        if len(key(rest).split()) < _MIN_WORDS and not _UNSPACED.search(rest):
            continue
        if any(key(text) == key(rest) for text in others.values()):
            return {**texts, "heading": rest}
        after = {name for name, text in others.items() if key(text.partition(": ")[2]) == key(rest)}
        if after:
            return {name: rest if name == "heading" or name in after else text for name, text in texts.items()}
    return texts


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
    before, colon, after = text.partition(": ")
    if colon and len(after) >= _MIN_TITLE and _is_site(before, sites):
        text = after.strip()
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
