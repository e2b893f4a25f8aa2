"""Choose a page's headline among the several that it states, without site names and kickers.

Nothing is cut off a title without evidence: the site's own name, or another source that states just the rest.
"""

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
    """Return the words of ``text`` in letters and digits: titles that differ only in typography have the same key."""
    return re.sub(r"[\W_]+", " ", normalise(text or "")).strip()


# How much a source counts, as it fares on pages of many publishers (bench/extract.py --leave-out): JSON-LD comes from
# the newsroom's own system; og:title is written to be shown alone; the visible heading may be cut; the others may be
# anything.
SOURCE_WEIGHTS = {"ld": 2.0, "og": 1.9, "heading": 1.5, "feed": 0.5, "title": 0.1, "crumb": 0.1}


def candidates(signals: PageSignals, feed_title: str | None = None) -> dict[str, str]:
    """Return the titles that the page and its feed state, by source, without site names and kickers."""
    stated = {
        "ld": jsonld.text_of(signals.article, "headline", "name"),
        "og": signals.first_meta("og:title", "twitter:title", "dc.title", "dcterms.title", "headline", "title"),
    }
    alternatives = jsonld.texts_of(signals.article, "alternativeHeadline")
    heading = _visible_heading(signals, [*filter(None, stated.values()), *alternatives])
    source = "crumb" if heading and heading.is_breadcrumb else "heading"
    titles = {**stated, source: heading.text if heading else None, "feed": feed_title, "title": signals.title}
    texts = {source: re.sub(r"<[^<>]{1,40}>", "", repair_text(text)) for source, text in titles.items() if text}
    texts = {source: text for source, text in texts.items() if len(text) >= _MIN_TITLE}
    sites = site_names(signals)
    texts = {
        source: strip_site_name(text, [texts[rival] for rival in texts if rival != source], sites)
        for source, text in texts.items()
    }
    return _without_kicker(texts, heading) if heading and not heading.is_breadcrumb else texts


def choose_title(signals: PageSignals, feed_title: str | None = None) -> str | None:
    """Return the headline: what the sources with the most weight together agree on; None where there is none."""
    return choose_by_weight(candidates(signals, feed_title), SOURCE_WEIGHTS)


def choose_by_weight(texts: Mapping[str, str], weights: Mapping[str, float]) -> str | None:
    """Return the text whose sources have the most weight together; None where there is no text.

    Args:
        texts: source → text; of texts that differ only in typography the first is returned.
        weights: source → weight.
    """
    shared: dict[str, float] = collections.defaultdict(float)
    for source, text in texts.items():
        shared[title_key(text)] += weights[source]
    return max(texts.values(), key=lambda text: shared[title_key(text)], default=None)


def _visible_heading(signals: PageSignals, titles: Sequence[str]) -> Heading | None:
    """Return the visible heading: the h1 that shares words with the page's other titles, not the one around a logo.

    Where the h1 is but the end of a breadcrumb trail (written for search engines), the h2 that one of ``titles``
    repeats stands in its stead.
    """
    first = [heading for heading in signals.headings if heading.is_h1]
    visible = [heading for heading in first if not heading.is_breadcrumb]
    if not visible:
        keys = {title_key(text) for text in titles}
        second = (heading for heading in signals.headings if not heading.is_h1 and not heading.is_breadcrumb)
        repeated = next((h2 for h2 in second if {title_key(h2.text), title_key(h2.runs[-1])} & keys), None)
        visible = [repeated] if repeated else first
    if not visible:
        return None
    title_words = set(title_key(" ".join([signals.title or "", *titles])).split())
    if not title_words:
        return visible[0]
    best = max(visible[:_MAX_H1], key=lambda heading: len(title_words & set(title_key(heading.text).split())))
    return best if title_words & set(title_key(best.text).split()) or not re.search(r"\w\s\w", best.text) else None


def _without_kicker(texts: dict[str, str], heading: Heading) -> dict[str, str]:
    """Return ``texts`` without the kicker that the heading sets in a run of its own, where another source confirms it.

    Such a source states the headline alone, or the headline after a kicker of its own while none states the whole.
    """
    others = {source: text for source, text in texts.items() if source != "heading"}
    if title_key(texts.get("heading")) in {title_key(text) for text in others.values()}:
        return texts
    for start in range(1, len(heading.runs)):
        if not title_key(heading.runs[start]):  # a dash between kicker and headline
            continue
        headline = repair_text(" ".join(heading.runs[start:]))
        if len(title_key(headline).split()) < _MIN_WORDS and not _UNSPACED.search(headline):
            continue
        if any(title_key(text) == title_key(headline) for text in others.values()):
            return {**texts, "heading": headline}
        confirming = {
            source for source, text in others.items() if title_key(text.partition(": ")[2]) == title_key(headline)
        }
        if confirming:
            replaced = confirming | {"heading"}
            return {source: headline if source in replaced else text for source, text in texts.items()}
    return texts


def site_names(signals: PageSignals) -> set[str]:
    """Return the keys of the names that the site gives itself."""
    publisher = signals.article.get("publisher")
    names = [
        signals.first_meta("og:site_name"),
        signals.first_meta("application-name"),
        signals.first_meta("apple-mobile-web-app-title"),
        signals.first_meta("publisher"),
        jsonld.text_of(publisher, "name") if isinstance(publisher, dict) else None,
    ]
    address = signals.first_meta("og:url") or next(iter(signals.links.get("canonical", [])), None)
    if address and (host := re.match(r"https?://(?:www\.)?([^/:]+)", address)):
        names += [host[1], host[1].rsplit(".", 1)[0]]
    return {title_key(name) for name in names if name and title_key(name)}


def strip_site_name(text: str, others: Sequence[str], sites: set[str]) -> str:
    """Return ``text`` without the site's name or section at its end (or start), where there is evidence for it.

    Evidence is that the part is a name that the site gives itself, or that what is left is just what another source
    states.

    Args:
        text: a title.
        others: the titles of the other sources.
        sites: the keys of the site's names.
    """
    keys = {title_key(title) for title in others}
    prefix, colon, title = text.partition(": ")
    if colon and len(title) >= _MIN_TITLE and _is_site(prefix, sites):
        text = title.strip()
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
    name = title_key(part)
    squeezed = name.replace(" ", "")
    return any(name == site or squeezed == site.replace(" ", "") or name == f"the {site}" for site in sites)
