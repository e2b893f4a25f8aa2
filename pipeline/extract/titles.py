"""What is the headline, when a page gives several with site names and kickers around them?"""

from __future__ import annotations

import collections
import re
from collections.abc import Mapping, Sequence

from pipeline.extract import jsonld
from pipeline.extract.page_signals import Heading, PageSignals
from pipeline.extract.text_repair import repair_text
from pipeline.text import normalise

# What stands between a headline and a site's name or section.
_SEPARATOR = re.compile(r"\s+[-–—|·•:»«/]+\s+|\s*[|｜：ㅣ]\s*|-(?=[^-]{1,12}[ㅣ｜|])")
_MAX_SUFFIX = 60  # characters: "Technology News | The Long Name of a Regional Newspaper" fits
_MIN_TITLE = 3  # characters
_MIN_WORDS = 2  # of what is left without a kicker; a single word may be a part that was set apart
_MAX_H1 = 5  # pages that set more headings as h1 don't mark their headline by it
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")  # scripts without spaces between words


def title_key(text: str | None) -> str:
    """Return letters and digits of ``text`` alone: two titles that differ in typography only have the same key."""
    return re.sub(r"[\W_]+", " ", normalise(text or "")).strip()


# How much a source's word counts, as it fares on pages of many publishers (bench/extract.py --leave-out): JSON-LD comes
# from the newsroom's own system; og:title is written to be shown alone; the visible heading may be cut; the others may
# be anything.
SOURCE_WEIGHTS = {"ld": 2.0, "og": 1.9, "heading": 1.5, "feed": 0.5, "title": 0.1, "crumb": 0.1}


def candidates(page: PageSignals, feed_title: str | None = None) -> dict[str, str]:
    """Return what the page calls itself, by source, site names and kickers cut off where there is evidence for it."""
    said = {
        "ld": jsonld.text_of(page.article, "headline", "name"),
        "og": page.first_meta("og:title", "twitter:title", "dc.title", "dcterms.title", "headline", "title"),
    }
    heading = _heading(page, [*filter(None, said.values()), *jsonld.texts_of(page.article, "alternativeHeadline")])
    name = "crumb" if heading and heading.is_breadcrumb else "heading"
    given = {**said, name: heading.text if heading else None, "feed": feed_title, "title": page.title}
    texts = {name: re.sub(r"<[^<>]{1,40}>", "", repair_text(text)) for name, text in given.items() if text}
    texts = {name: text for name, text in texts.items() if len(text) >= _MIN_TITLE}
    own = site_names(page)
    texts = {
        name: strip_site_name(text, [said for other, said in texts.items() if other != name], own)
        for name, text in texts.items()
    }
    return _without_kicker(texts, heading) if heading and not heading.is_breadcrumb else texts


def choose_title(page: PageSignals, feed_title: str | None = None) -> str | None:
    """Return the headline: what the sources with the most weight together agree on; None where there is none."""
    return choose_by_weight(candidates(page, feed_title), SOURCE_WEIGHTS)


def choose_by_weight(given: Mapping[str, str], weight: Mapping[str, float]) -> str | None:
    """Return the text for which the most weight of its sources speaks, in the first one's typography."""
    shared: dict[str, float] = collections.defaultdict(float)
    for name, text in given.items():
        shared[title_key(text)] += weight[name]
    return max(given.values(), key=lambda text: shared[title_key(text)], default=None)


def _heading(page: PageSignals, said: Sequence[str]) -> Heading | None:
    """Return the visible heading: the h1 that other sources share words with, not the one around a logo.

    Where the h1 is but the end of a breadcrumb trail (written for search engines), the h2 that says what another
    source does stands in its place.
    """
    first = [heading for heading in page.headings if heading.is_h1]
    visible = [heading for heading in first if not heading.is_breadcrumb]
    if not visible:
        keys = {title_key(text) for text in said}
        second = (heading for heading in page.headings if not heading.is_h1 and not heading.is_breadcrumb)
        stated = next((one for one in second if {title_key(one.text), title_key(one.runs[-1])} & keys), None)
        visible = [stated] if stated else first
    if not visible:
        return None
    known = set(title_key(" ".join([page.title or "", *said])).split())
    if not known:
        return visible[0]
    best = max(visible[:_MAX_H1], key=lambda one: len(known & set(title_key(one.text).split())))
    return best if known & set(title_key(best.text).split()) or not re.search(r"\w\s\w", best.text) else None


def _without_kicker(texts: dict[str, str], heading: Heading) -> dict[str, str]:
    """Return ``texts`` without the kicker that the heading sets in a run of its own, where another source confirms it.

    Such a source says the rest alone, or the rest after a kicker of its own while none says the whole.
    """
    others = {name: text for name, text in texts.items() if name != "heading"}
    if title_key(texts.get("heading")) in {title_key(text) for text in others.values()}:
        return texts
    for place in range(1, len(heading.runs)):
        if not title_key(heading.runs[place]):  # a dash between kicker and headline
            continue
        rest = repair_text(" ".join(heading.runs[place:]))
        if len(title_key(rest).split()) < _MIN_WORDS and not _UNSPACED.search(rest):
            continue
        if any(title_key(text) == title_key(rest) for text in others.values()):
            return {**texts, "heading": rest}
        after = {name for name, text in others.items() if title_key(text.partition(": ")[2]) == title_key(rest)}
        if after:
            return {name: rest if name == "heading" or name in after else text for name, text in texts.items()}
    return texts


def site_names(page: PageSignals) -> set[str]:
    """Return the keys of the names that the site gives itself."""
    publisher = page.article.get("publisher")
    names = [
        page.first_meta("og:site_name"),
        page.first_meta("application-name"),
        page.first_meta("apple-mobile-web-app-title"),
        page.first_meta("publisher"),
        jsonld.text_of(publisher, "name") if isinstance(publisher, dict) else None,
    ]
    address = page.first_meta("og:url") or next(iter(page.links.get("canonical", [])), None)
    if address and (host := re.match(r"https?://(?:www\.)?([^/:]+)", address)):
        names += [host[1], host[1].rsplit(".", 1)[0]]
    return {title_key(name) for name in names if name and title_key(name)}


def strip_site_name(text: str, others: Sequence[str], sites: set[str]) -> str:
    """Return ``text`` without the site's name or section at its end (or start), where there is evidence for it.

    Evidence: the part is a name that the site gives itself, or what is left is just what another source says.
    """
    keys = {title_key(other) for other in others}
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
                and (_is_site(tail, sites) or title_key(head) in keys)
            ):
                text, changed = head, True
                break
            if head and len(tail) >= _MIN_TITLE and len(head) <= _MAX_SUFFIX and _is_site(head, sites):
                text, changed = tail, True
                break
    return text


def _is_site(part: str, sites: set[str]) -> bool:
    own = title_key(part)
    squeezed = own.replace(" ", "")
    return any(own == site or squeezed == site.replace(" ", "") or own == f"the {site}" for site in sites)
