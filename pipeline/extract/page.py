"""Turn an HTML page into an article.

The page's own statements and its text are gathered first; each field is then decided by its own module.
"""

from __future__ import annotations

from pipeline.errors import ItemError
from pipeline.extract import authors, boilerplate, main_text, metadata, times, titles
from pipeline.extract.blocks import letter_key, split_blocks
from pipeline.extract.config import ExtractConfig
from pipeline.extract.credits import find_owner, last_line_texts, split_credits
from pipeline.extract.page_signals import PageSignals, gather_signals, parse_page
from pipeline.extract.site_lines import Extraction, list_cuts, observed_lines
from pipeline.extract.source_page import RawPage
from pipeline.records import Article, Outcome, Reason
from pipeline.text import fold

_MAX_HEADING = 150  # characters: standfirsts, set as headings by some templates, are longer
_LEAD_CHARACTERS = 400  # characters of the text in which a description that was cut from its beginning ends


def from_page(text: str, raw: RawPage, config: ExtractConfig, item: str) -> Extraction:
    """Return the article in a page; ``item`` is its id.

    Raises:
        ItemError: NO_TEXT where the page holds no running text.
    """
    signals = gather_signals(parse_page(text), raw.url)
    title = titles.choose_title(signals, raw.entry.title if raw.entry else None)
    time = times.choose_times(signals, raw)
    fields = metadata.gather_metadata(signals, raw)
    blocks = split_blocks(signals.tree, raw.url)
    page_text = main_text.find_main_text(signals, raw.url, blocks)
    authorship = _authorship(signals, raw, config, page_text)
    context = _context(signals, raw, title, authorship, fields)
    cleaned = boilerplate.remove_boilerplate(page_text, context, config)
    wire = split_credits(cleaned.lines, config)
    if not wire.lines:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "the page holds no running text")
    lines = wire.lines
    whole = "\n".join(line.text for line in lines)
    declared = signals.language or signals.first_meta("og:locale", "content-language", "inlanguage")
    last = last_line_texts(page_text.lines)
    owner = find_owner((line_text for _, line_text in cleaned.cut if line_text in last), config)
    article = Article(
        id=item,
        url=raw.url,
        canonical_url=fields.canonical_url,
        source=raw.source.name if raw.source else None,
        title=title,
        standfirst=distinct_standfirst(fields.standfirst, whole),
        authors=authorship.persons,
        bureau=authorship.bureau,
        published=time.published,
        published_local=time.local,
        published_precision=time.precision,
        modified=time.modified,
        language=metadata.detect_language(whole, declared, raw.source.language if raw.source else None),
        text=whole,
        subheadings=tuple(line.text for line in lines[1:] if line.heading and len(line.text) <= _MAX_HEADING),
        agency=wire.agency or authorship.agency or owner,
        dateline=wire.dateline,
        captions=cleaned.captions,
        section=fields.section,
        tags=fields.tags,
        image=fields.image,
        paywalled=fields.paywalled,
        live=fields.live,
        rights=fields.rights,
        cut=list_cuts(cleaned, wire.sign_offs),
    )
    return Extraction(article=article, lines=observed_lines(lines, page_text, cleaned))


def distinct_standfirst(standfirst: str | None, text: str) -> str | None:
    """Return the standfirst, or None where it is how the text begins: content systems cut descriptions from there.

    Its beginning may differ (a dateline, cut off the text by now), so its latter half decides.
    """
    letters = letter_key(standfirst or "")
    beginning = text[: len(standfirst or "") + _LEAD_CHARACTERS]
    return None if letters[len(letters) // 2 :] in letter_key(beginning) else standfirst


def _context(
    signals: PageSignals,
    raw: RawPage,
    title: str | None,
    authorship: authors.Authorship,
    fields: metadata.PageMetadata,
) -> boilerplate.ArticleContext:
    """Return what tells an article's lines from those that repeat its headline, byline and section."""
    candidates = titles.candidates(signals, raw.entry.title if raw.entry else None)
    headings = [heading.text for heading in signals.headings if heading.is_h1]
    return boilerplate.ArticleContext(
        titles=tuple(filter(None, [title, *candidates.values(), *headings])),
        authors=authorship.persons,
        section=fields.section,
        jsonld_text=letter_key("".join(main_text.jsonld_paragraphs(signals.article))),
    )


def _authorship(
    signals: PageSignals, raw: RawPage, config: ExtractConfig, page_text: main_text.MainText
) -> authors.Authorship:
    """Return who wrote the article: as the page says outside its text, else as the text itself is signed."""
    source_names = (raw.source.name,) if raw.source else ()
    sites = frozenset(fold(name) for name in (*titles.site_names(signals), *source_names))
    feed_authors = raw.entry.authors if raw.entry else ()
    authorship = authors.choose_authors(signals, config, sites, feed_authors, page_text.blocks)
    if authorship.persons:
        return authorship
    text_byline = authors.find_text_byline([line.text for line in page_text.lines], config, sites)
    return authors.Authorship(
        text_byline.persons, authorship.agency or text_byline.agency, authorship.bureau or text_byline.bureau
    )
