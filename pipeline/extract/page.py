"""How does an HTML page become an article?"""

from __future__ import annotations

from pipeline.errors import ItemError
from pipeline.extract import authors, boilerplate, main_text, metadata, times, titles
from pipeline.extract.blocks import Block, letter_key, split_blocks
from pipeline.extract.config import ExtractConfig, RawPage
from pipeline.extract.credits import find_owner, last_line_texts, split_credits
from pipeline.extract.page_signals import PageSignals, gather_signals, parse_page
from pipeline.extract.site_lines import Extraction, list_cuts, observed_lines
from pipeline.records import Article, Outcome, Reason
from pipeline.text import fold

_MAX_HEADING = 150  # characters: standfirsts, set as headings by some templates, are longer
_LEAD = 400  # characters of the text in which a description that was cut from its beginning ends


def from_page(text: str, raw: RawPage, known: ExtractConfig, item: str) -> Extraction:
    """Return the article in a page. Raises ItemError NO_TEXT where the page holds no running text."""
    page = gather_signals(parse_page(text), raw.url)
    feed_title = raw.entry.title if raw.entry else None
    title = titles.choose_title(page, feed_title)
    headlines = titles.candidates(page, feed_title).values()
    time = times.choose_times(page, raw)
    plain = metadata.gather_metadata(page, raw)
    every = split_blocks(page.tree, raw.url)
    found = main_text.find_main_text(page, raw.url, every)
    makers = _makers(page, raw, known, every, found)
    context = boilerplate.ArticleContext(
        titles=tuple(filter(None, [title, *headlines, *(one.text for one in page.headings if one.is_h1)])),
        authors=makers.persons,
        section=plain.section,
        jsonld_text=letter_key("".join(main_text.jsonld_paragraphs(page.article))),
    )
    cleaned = boilerplate.remove_boilerplate(found, context, known)
    wire = split_credits(cleaned.lines, known)
    if not wire.lines:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "the page holds no running text")
    lines = wire.lines
    whole = "\n".join(line.text for line in lines)
    said = page.language or page.first_meta("og:locale", "content-language", "inlanguage")
    article = Article(
        id=item,
        url=raw.url,
        canonical_url=plain.canonical_url,
        source=raw.source.name if raw.source else None,
        title=title,
        standfirst=distinct_standfirst(plain.standfirst, whole),
        authors=makers.persons,
        bureau=makers.bureau,
        published=time.published,
        published_local=time.local,
        published_precision=time.precision,
        modified=time.modified,
        language=metadata.detect_language(whole, said, raw.source.language if raw.source else None),
        text=whole,
        subheadings=tuple(line.text for line in lines[1:] if line.heading and len(line.text) <= _MAX_HEADING),
        agency=wire.agency
        or makers.agency
        or find_owner((t for _, t in cleaned.cut if t in last_line_texts(found.lines)), known),
        dateline=wire.dateline,
        captions=cleaned.captions,
        section=plain.section,
        tags=plain.tags,
        image=plain.image,
        paywalled=plain.paywalled,
        live=plain.live,
        rights=plain.rights,
        cut=list_cuts(cleaned, wire.sign_offs),
    )
    return Extraction(article=article, lines=observed_lines(lines, found, cleaned))


def distinct_standfirst(standfirst: str | None, text: str) -> str | None:
    """Return the standfirst, or None where it is how the text begins: content systems cut descriptions from there.

    Its beginning may differ (a dateline that is a field of its own by now), so its latter part tells.
    """
    letters = letter_key(standfirst or "")
    return None if letters[len(letters) // 2 :] in letter_key(text[: len(standfirst or "") + _LEAD]) else standfirst


def _makers(
    page: PageSignals, raw: RawPage, known: ExtractConfig, every: list[Block], found: main_text.MainText
) -> authors.Authorship:
    """Return who made the article: as the page says outside its text, else as the text itself is signed."""
    own = (raw.source.name,) if raw.source else ()
    sites = frozenset(fold(name) for name in (*titles.site_names(page), *own))
    makers = authors.choose_authors(page, known, sites, raw.entry.authors if raw.entry else (), every)
    if makers.persons:
        return makers
    signed = authors.find_signature([line.text for line in found.lines], known, sites)
    return authors.Authorship(signed.persons, makers.agency or signed.agency, makers.bureau or signed.bureau)
