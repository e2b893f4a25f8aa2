"""Turn an HTML page into an article.

The page's own statements and its text are gathered first; each field is then decided by its own module.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.errors import ItemError
from pipeline.extract import (
    authors,
    boilerplate,
    framework_data,
    hidden,
    jsonld,
    main_text,
    metadata,
    times,
    titles,
    walls,
)
from pipeline.extract.article_head import locate_head
from pipeline.extract.article_region import is_running_text
from pipeline.extract.blocks import RUNNING_TEXT_CHARS, Block, TextLine, letter_key, split_blocks
from pipeline.extract.config import ExtractConfig
from pipeline.extract.credits import find_owner, last_line_texts, split_credits
from pipeline.extract.other_articles import remove_other_articles
from pipeline.extract.page_signals import PageSignals, gather_signals, parse_page
from pipeline.extract.repeated_lines import remove_repeated_lines
from pipeline.extract.site_lines import Extraction, list_cuts, observed_lines
from pipeline.extract.source_page import RawPage
from pipeline.extract.text_repair import repair_text
from pipeline.extract.time_evidence import find_time_blocks
from pipeline.records import Article, Outcome, Reason
from pipeline.text import fold

_MAX_HEADING = 150  # characters: standfirsts, set as headings by some templates, are longer
_MIN_SHOWN = 600  # characters of running text; where a page shows less, its framework's data may hold the article
_LEAD_CHARACTERS = 400  # characters of the text in which a description that was cut from its beginning ends


def from_page(text: str, raw: RawPage, config: ExtractConfig, item: str) -> Extraction:
    """Return the article in a page; ``item`` is its id.

    Raises:
        ItemError: NO_TEXT where the page holds no running text; WALL or NOT_FOUND where it stands in place of one.
    """
    signals, blocks, drawn = _read_page(text, raw.url)
    fields = metadata.gather_metadata(signals, raw)
    feed_title = raw.entry.title if raw.entry else None
    stated = titles.candidates(signals, feed_title, blocks, config.phrases)
    title = titles.choose_by_weight(stated, titles.SOURCE_WEIGHTS)
    head = locate_head(signals, blocks, title)
    habits = times.habits_of(raw, signals, blocks)
    time = times.choose_times(signals, raw, head, habits, config.phrases)
    page_text = main_text.find_main_text(signals, raw.url, blocks)
    if sum(map(len, drawn)) > sum(len(line.text) for line in page_text.lines if len(line.text) >= RUNNING_TEXT_CHARS):
        page_text = main_text.MainText([TextLine(paragraph) for paragraph in drawn], blocks)
    authorship = _authorship(signals, raw, config, page_text)
    time_blocks = find_time_blocks(head, config.phrases, habits)
    context = _context(signals, [title, *stated.values()], authorship, fields, time_blocks)
    cleaned = boilerplate.remove_boilerplate(page_text, context, config)
    wire = split_credits(cleaned.lines, config)
    texts = [line.text for line in wire.lines]
    walls.check_no_wall(walls.WallPage(signals, text, texts, cleaned.cut, feed_title, raw.url), config.phrases)
    if not wire.lines:
        raise ItemError(Outcome.DROPPED, Reason.NO_TEXT, "the page holds no running text")
    lines = wire.lines
    whole = "\n".join(line.text for line in lines)
    declared = signals.declared_language
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
    page_title = titles.choose_by_weight({s: text for s, text in stated.items() if s != "feed"}, titles.SOURCE_WEIGHTS)
    return Extraction(article=article, page_title=page_title, lines=observed_lines(lines, page_text, cleaned))


def _read_page(text: str, url: str | None) -> tuple[PageSignals, list[Block], tuple[str, ...]]:
    """Return a page's signals, its blocks without what isn't shown or isn't its article, and its framework's text."""
    tree = parse_page(text)
    hiding_names = hidden.find_hiding_names(style.text or "" for style in tree.iter("style"))

    def hide(statements: PageSignals) -> None:
        titles = _stated_titles(statements)
        stated_text = letter_key("".join(main_text.jsonld_paragraphs(statements.article)))
        hidden.remove_hidden(tree, hidden.HidingContext(titles, stated_text), hiding_names)
        remove_other_articles(tree, titles, url)

    signals = gather_signals(tree, url, hide)
    blocks = remove_repeated_lines(split_blocks(signals.tree, url))
    if sum(len(block.text) for block in blocks if is_running_text(block)) >= _MIN_SHOWN:
        return signals, blocks, ()
    signals, drawn = _with_framework_data(signals, text, _stated_titles(signals), url)
    return signals, blocks, drawn


def distinct_standfirst(standfirst: str | None, text: str) -> str | None:
    """Return the standfirst, or None where it is how the text begins: content systems cut descriptions from there.

    Its beginning may differ (a dateline, cut off the text by now), so its latter half decides.
    """
    letters = letter_key(standfirst or "")
    beginning = text[: len(standfirst or "") + _LEAD_CHARACTERS]
    return None if letters[len(letters) // 2 :] in letter_key(beginning) else standfirst


def _with_framework_data(
    signals: PageSignals, page: str, page_titles: tuple[str, ...], url: str | None
) -> tuple[PageSignals, tuple[str, ...]]:
    """Return the signals of a page that shows no text, and the paragraphs of its article, from its framework's data."""
    node = framework_data.find_framework_article(page, page_titles, url)
    if not node:
        return signals, ()
    stated = {key: value for key, value in signals.article.items() if value}
    paragraphs = tuple(node["articleBody"].split("\n")) if node["articleBody"] else ()
    return signals._replace(article={**node, **stated}), paragraphs


def _stated_titles(signals: PageSignals) -> tuple[str, ...]:
    """Return how the page names its article, in its data and its first h1."""
    headline = next(
        (text for h1 in signals.tree.iter("h1") if (text := repair_text(" ".join(map(str, h1.itertext()))))), None
    )
    stated = [jsonld.text_of(signals.article, "headline"), signals.first_meta("og:title"), signals.title]
    return tuple(repair_text(title) for title in (*stated, headline) if title)


def _context(
    signals: PageSignals,
    stated: Sequence[str | None],
    authorship: authors.Authorship,
    fields: metadata.PageMetadata,
    time_blocks: tuple[Block, ...],
) -> boilerplate.ArticleContext:
    """Return what tells an article's lines from those that repeat its headline, byline, time and section."""
    headings = [heading.text for heading in signals.headings if heading.is_h1]
    return boilerplate.ArticleContext(
        titles=tuple(filter(None, [*stated, *headings])),
        authors=authorship.persons,
        section=fields.section,
        jsonld_text=letter_key("".join(main_text.jsonld_paragraphs(signals.article))),
        time_blocks=time_blocks,
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
