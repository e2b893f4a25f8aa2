"""Choose a page's headline among the several that it states, without site names and kickers.

Nothing is cut off a title without evidence: the site's own name, or another source that states just the rest.
"""

from __future__ import annotations

import collections
import functools
import re
from collections.abc import Mapping, Sequence

from pipeline.extract import jsonld
from pipeline.extract.article_region import is_running_text
from pipeline.extract.blocks import Block
from pipeline.extract.config import Phrases
from pipeline.extract.page_signals import Heading, PageSignals
from pipeline.extract.text_repair import repair_text
from pipeline.text import normalise, split_words

# What stands between a headline and a site's name or section.
_SEPARATOR = re.compile(
    r"\s+[-–—|·•:»«/]+\s+|\s*[|｜：ㅣ]\s*|-(?=[^-]{1,12}[ㅣ｜|])|(?<=[\u3040-\u30ff\u3400-\u9fff。！？」』”》])\s?[-_–—]+\s?"
)
_MAX_SUFFIX = 60  # characters: "Technology News | The Long Name of a Regional Newspaper" fits
_MIN_TITLE = 3  # characters
_MIN_WORDS = 2  # of what is left without a kicker; a single word may be a part that was set apart
_MAX_H1 = 5  # pages that set more headings as h1 don't mark their headline by it
_LONG_WORD = 4  # letters: shorter words stand in any text
_SUPPORTED = 0.5  # of a headline's longer words stand in the text, at least; the median of news pages is 0.8
_UNSUPPORTED = 0.2  # of a slogan's, at most
_MIN_CUT = 12  # letters of a title that was cut off: fewer may begin another headline too
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_BREAK = re.compile(r"<(?:br|/?p|/?div)\b[^<>]{0,300}>", re.IGNORECASE)
_CUT_OFF = re.compile(r"(.+?)\s*(?:…|\.\.\.|\[…\]|\[\.\.\.\])")
_COUNT = re.compile(r"[(\[]?\s*\d{1,5}\s*(?:[^\W\d_]{5,14})?\s*[)\]]?")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")  # scripts without spaces between words


@functools.lru_cache(maxsize=1024)  # the few titles of a page are compared again and again
def title_key(text: str | None) -> str:
    """Return the words of ``text`` in letters and digits: titles that differ only in typography have the same key."""
    return re.sub(r"[\W_]+", " ", normalise(text or "")).strip()


# How much a source counts, as it fares on pages of many publishers (bench/extract.py --leave-out): JSON-LD comes from
# the newsroom's own system; og:title is written to be shown alone; the visible heading may be cut; the others may be
# anything.
SOURCE_WEIGHTS = {"ld": 2.0, "og": 1.9, "heading": 1.5, "feed": 0.5, "title": 0.1, "crumb": 0.1}


def candidates(
    signals: PageSignals,
    feed_title: str | None = None,
    blocks: Sequence[Block] = (),
    phrases: Phrases = Phrases(),  # noqa: B008 - frozen
) -> dict[str, str]:
    """Return the titles that the page and its feed state, by source, without site names, kickers and labels.

    Left out are those that say nothing of the article: "Loading…", the site's slogan.

    Args:
        signals: what the page says of itself.
        feed_title: what the feed calls it.
        blocks: the page's blocks: a headline's words stand in the text below it.
        phrases: titles that say nothing, and labels of titles.
    """
    text_words = _text_words(blocks)
    stated = {
        "ld": jsonld.text_of(signals.article, "headline", "name"),
        "og": signals.first_meta("og:title", "twitter:title", "dc.title", "dcterms.title", "headline", "title"),
    }
    alternatives = jsonld.texts_of(signals.article, "alternativeHeadline")
    heading = _visible_heading(signals, [*filter(None, stated.values()), *alternatives], text_words)
    source = "crumb" if heading and heading.is_breadcrumb else "heading"
    titles = {**stated, source: heading.text if heading else None, "feed": feed_title, "title": signals.title}
    texts = {
        source: repair_text(_TAG.sub("", _BREAK.sub(" ", repair_text(text)))) for source, text in titles.items() if text
    }
    texts = {source: text for source, text in texts.items() if len(text) >= _MIN_TITLE}
    sites = site_names(signals)
    texts = _telling(texts, sites, text_words, phrases)
    texts = {
        source: strip_site_name(text, [texts[rival] for rival in texts if rival != source], sites)
        for source, text in texts.items()
    }
    if heading and "heading" in texts:
        texts = _without_kicker(_without_count(texts, heading), heading)
    return _without_labels(_completed(texts), phrases)


def choose_title(
    signals: PageSignals,
    feed_title: str | None = None,
    blocks: Sequence[Block] = (),
    phrases: Phrases = Phrases(),  # noqa: B008 - frozen
) -> str | None:
    """Return the headline: what the sources with the most weight together agree on; None where there is none.

    ``blocks`` and ``phrases`` are as ``candidates`` takes them.
    """
    return choose_by_weight(candidates(signals, feed_title, blocks, phrases), SOURCE_WEIGHTS)


def choose_by_weight(texts: Mapping[str, str], weights: Mapping[str, float]) -> str | None:
    """Return the text whose sources have the most weight together; None where there is no text.

    Args:
        texts: source → text; of texts that differ only in typography the first is returned.
        weights: source → weight.
    """
    shared: dict[str, float] = collections.defaultdict(float)
    for source, text in texts.items():
        shared[title_key(text)] += weights[source]
    # of those that agree the first, but rather one that isn't written in capitals
    return max(texts.values(), key=lambda text: (shared[title_key(text)], not text.isupper()), default=None)


def _text_words(blocks: Sequence[Block]) -> frozenset[str]:
    """Return the longer words of the page's running text."""
    words = set(split_words("\n".join(block.text for block in blocks if is_running_text(block))))
    return frozenset(word for word in words if len(word) >= _LONG_WORD)


def _support(title: str, text_words: frozenset[str]) -> float | None:
    """Return the share of a title's longer words that stand in the text; None where it has too few to tell."""
    words = {word for word in split_words(title) if len(word) >= _LONG_WORD}
    return len(words & text_words) / len(words) if len(words) >= _MIN_WORDS and text_words else None


def _telling(texts: dict[str, str], sites: set[str], text_words: frozenset[str], phrases: Phrases) -> dict[str, str]:
    """Return the titles that are of the article: not those that any page has, nor a slogan.

    A slogan is a title of which the text says nothing, beside a visible heading whose words stand in it.
    """
    generic = _keys(phrases.generic_titles)
    telling = {
        source: text for source, text in texts.items() if title_key(text) not in generic and not _is_site(text, sites)
    }
    heading = telling.get("heading")
    if heading and (_support(heading, text_words) or 0) >= _SUPPORTED:
        words = set(split_words(heading))
        telling = {
            source: text
            for source, text in telling.items()
            if source == "feed" or words & set(split_words(text)) or (_support(text, text_words) or 0) > _UNSUPPORTED
        }
    return telling or texts


@functools.lru_cache(maxsize=4)
def _keys(titles: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(title_key, titles))


def _without_count(texts: dict[str, str], heading: Heading) -> dict[str, str]:
    """Return ``texts`` without the number of comments that the heading ends with, in a run of its own."""
    last = heading.runs[-1]
    if len(heading.runs) < 2 or not _COUNT.fullmatch(last):  # noqa: PLR2004 - the headline and the number
        return texts
    return {**texts, "heading": repair_text(" ".join(heading.runs[:-1]))}


def _completed(texts: dict[str, str]) -> dict[str, str]:
    """Return ``texts`` with those that were cut off as another source states them whole.

    Such end in dots ("Old bridge to be …"), or within a word of the other source's ("Old bridge to be rep").
    """
    completed = dict(texts)
    for source, text in texts.items():
        cut = _CUT_OFF.fullmatch(text)
        key = title_key(cut[1] if cut else text)
        whole = [
            other
            for other in texts.values()
            if (rest := title_key(other).removeprefix(key)) != title_key(other)
            and (cut or (len(rest) > 1 and " " not in rest[:2] and not _UNSPACED.match(rest)))
            and not _CUT_OFF.fullmatch(other)
        ]
        if len(key) >= _MIN_CUT and whole:
            completed[source] = whole[0]
    return completed


def _without_labels(texts: dict[str, str], phrases: Phrases) -> dict[str, str]:
    """Return ``texts`` without labels ("BREAKING: …", "… (VIDEO)") where another source states the headline alone."""
    keys = collections.Counter(title_key(text) for text in texts.values())
    labels = _labels(phrases.title_labels)
    bare = {source: labels.sub("", text).strip() for source, text in texts.items()}
    return {
        source: bare[source] if bare[source] != text and title_key(bare[source]) in keys else text
        for source, text in texts.items()
    }


@functools.lru_cache(maxsize=4)
def _labels(labels: tuple[str, ...]) -> re.Pattern[str]:
    any_of = "|".join(re.escape(label) for label in sorted(labels, key=len, reverse=True)) or r"(?!)"
    return re.compile(
        rf"^\s*(?:(?:{any_of})\s*[:：|–—-]+\s+|[(\[【](?:{any_of})[)\]】]\s*)|\s*[(\[【](?:{any_of})[)\]】]\s*$|"
        rf"\s+[|–—-]\s+(?:{any_of})\s*$",
        re.IGNORECASE,
    )


def _visible_heading(signals: PageSignals, titles: Sequence[str], text_words: frozenset[str]) -> Heading | None:
    """Return the visible heading: the h1 that shares words with the page's other titles, not the one around a logo.

    Where none shares a word with them, it is the one whose words stand in the text (``text_words``).

    Where the h1 is but the end of a breadcrumb trail (written for search engines), the h2 that one of ``titles``
    repeats stands in its stead.
    """
    first = [heading for heading in signals.headings if heading.is_h1]
    visible = [heading for heading in first if not heading.is_breadcrumb]
    if not visible:
        parts = [part for part in _SEPARATOR.split(signals.title or "") if len(part.split()) > _MIN_WORDS]
        keys = {title_key(text) for text in (*titles, *parts)}
        second = (heading for heading in signals.headings if not heading.is_h1 and not heading.is_breadcrumb)
        repeated = next((h2 for h2 in second if {title_key(h2.text), title_key(h2.runs[-1])} & keys), None)
        visible = [repeated] if repeated else first
    if not visible:
        return None
    title_words = set(title_key(" ".join([signals.title or "", *titles])).split())
    if not title_words:
        return visible[0]
    best = max(visible[:_MAX_H1], key=lambda heading: len(title_words & set(title_key(heading.text).split())))
    shared = bool(title_words & set(title_key(best.text).split()))
    if shared and (_support(best.text, text_words) or 0) > _UNSUPPORTED:
        return best
    heading = max(visible[:_MAX_H1], key=lambda visible_heading: _support(visible_heading.text, text_words) or 0)
    if (_support(heading.text, text_words) or 0) >= _SUPPORTED:
        return heading
    return best if shared or not re.search(r"\w\s\w", best.text) else None


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
    address = address or signals.url
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
                and (_is_site(_SEPARATOR.split(tail)[0], sites) or _is_site(tail, sites) or title_key(head) in keys)
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
