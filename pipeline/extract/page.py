"""How does an HTML page become an article?"""

from __future__ import annotations

from pipeline.errors import ItemError
from pipeline.extract import authors, body, facts, rules, times, titles
from pipeline.extract.blocks import Block, blocks, key
from pipeline.extract.evidence import Evidence, gather, parse
from pipeline.extract.known import Known, Raw
from pipeline.extract.seen import Extracted, cuts, seen
from pipeline.extract.wire import cut, last, owner
from pipeline.records import Article, Outcome, Reason
from pipeline.text import fold

_MAX_HEADING = 150  # characters: standfirsts, set as headings by some templates, are longer
_LEAD = 400  # characters of the text in which a description that was cut from its beginning ends


def from_page(text: str, raw: Raw, known: Known, item: str) -> Extracted:
    """Return the article in a page. Raises ItemError NO_TEXT where the page holds no running text."""
    page = gather(parse(text), raw.url)
    feed_title = raw.entry.title if raw.entry else None
    title = titles.choose(page, feed_title)
    time = times.choose(page, raw)
    plain = facts.gather(page, raw)
    every = blocks(page.tree, raw.url)
    found = body.find(page, raw.url, every)
    makers = _makers(page, raw, known, every, found)
    context = rules.Context(
        titles=tuple(
            filter(
                None,
                [
                    title,
                    *titles.candidates(page, feed_title).values(),
                    *(one.text for one in page.headings if one.first),
                ],
            )
        ),
        authors=makers.persons,
        section=plain.section,
        own_text=key("".join(body.own_text(page.article))),
    )
    cleaned = rules.clean(found, context, known)
    wire = cut(cleaned.lines, known)
    if not wire.lines:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "the page holds no running text")
    lines = wire.lines
    whole = "\n".join(line.text for line in lines)
    said = page.language or page.first("og:locale", "content-language", "inlanguage")
    article = Article(
        id=item,
        url=raw.url,
        canonical_url=plain.canonical_url,
        source=raw.source.name if raw.source else None,
        title=title,
        standfirst=says_more(plain.standfirst, whole),
        authors=makers.persons,
        bureau=makers.bureau,
        published=time.published,
        published_local=time.local,
        published_precision=time.precision,
        modified=time.modified,
        language=facts.language(whole, said, raw.source.language if raw.source else None),
        text=whole,
        subheadings=tuple(line.text for line in lines[1:] if line.heading and len(line.text) <= _MAX_HEADING),
        agency=wire.agency or makers.agency or owner((t for _, t in cleaned.cut if t in last(found.lines)), known),
        dateline=wire.dateline,
        captions=cleaned.captions,
        section=plain.section,
        tags=plain.tags,
        image=plain.image,
        paywalled=plain.paywalled,
        live=plain.live,
        rights=plain.rights,
        cut=cuts(cleaned, wire.cut),
    )
    return Extracted(article=article, lines=seen(lines, found, cleaned))


def says_more(standfirst: str | None, text: str) -> str | None:
    """Return the standfirst, or None where it is how the text begins: content systems cut descriptions from there.

    Its beginning may differ (a dateline that is a field of its own by now), so its latter part tells.
    """
    letters = key(standfirst or "")
    return None if letters[len(letters) // 2 :] in key(text[: len(standfirst or "") + _LEAD]) else standfirst


def _makers(page: Evidence, raw: Raw, known: Known, every: list[Block], found: body.Found) -> authors.Makers:
    """Return who made the article: as the page says outside its text, else as the text itself is signed."""
    own = (raw.source.name,) if raw.source else ()
    sites = frozenset(fold(name) for name in (*titles.sites(page), *own))
    makers = authors.choose(page, known, sites, raw.entry.authors if raw.entry else (), every)
    if makers.persons:
        return makers
    signed = authors.in_text([line.text for line in found.lines], known, sites)
    return authors.Makers(signed.persons, makers.agency or signed.agency, makers.bureau or signed.bureau)
