"""Hand a page's lines to the profile of its site, and cut what that profile knows as boilerplate."""

from __future__ import annotations

import collections
from collections.abc import Sequence

import msgspec

from pipeline.extract.blocks import TextLine, signature
from pipeline.extract.boilerplate import CleanedText
from pipeline.extract.main_text import MainText
from pipeline.records import Article, Cut
from pipeline.sites import Measures, SiteLine, SiteProfile, fingerprint_page, slot_key
from pipeline.wires import WithdrawalNotice

_USUAL = 0.3  # of the text: what stands in a slot that holds so much is set as the article's paragraphs are
_AROUND = 3  # elements that make a slot: the one that holds the line, and two around it
_CLASSED = 2  # of those, the inner ones whose class counts
_TABLES = frozenset({"table", "td", "th"})  # the heads of columns recur in tables of any kind
_MAX_CUT = 100  # lines in an article's record, and characters of each
_MAX_TEXT = 300


class Extraction(msgspec.Struct, frozen=True, kw_only=True):
    """An article, and the lines of its page as the profile of its site gets them."""

    article: Article
    page_title: str | None = None  # what the page itself calls it, whatever its feed does
    lines: tuple[SiteLine, ...] = ()  # those of the text, in its order; then those that rules have cut
    notice: WithdrawalNotice | None = None  # what it takes back, where it is a notice of that kind and no article


def observed_lines(
    lines: Sequence[TextLine], text: MainText | None = None, cleaned: CleanedText | None = None
) -> tuple[SiteLine, ...]:
    """Return the lines of an article and the lines that rules have cut, as a site's profile gets them.

    Args:
        lines: the article's lines.
        text: all lines of the page, before rules have cut some.
        cleaned: what the rules have cut.
    """
    weight: collections.Counter[int] = collections.Counter()
    for line in lines:
        weight[_slot(line)] += len(line.text)
    usual = {slot for slot, size in weight.items() if slot == 0 or size >= _USUAL * weight.total()}
    observed = [_site_line(line, usual, None) for line in lines]
    if text and cleaned:
        lines_by_text = {line.text: line for line in text.lines}
        observed += [
            _site_line(lines_by_text.get(line_text, TextLine(line_text)), usual, rule)
            for rule, line_text in cleaned.cut
        ]
    return tuple(observed)


def list_cuts(cleaned: CleanedText, sign_offs: Sequence[str]) -> tuple[Cut, ...]:
    """Return what an article's record says of the lines that rules have cut, and of those that sign it off."""
    cuts = (*cleaned.cut, *(("credit", text) for text in sign_offs))
    return tuple(Cut(rule=rule, text=text[:_MAX_TEXT]) for rule, text in cuts[:_MAX_CUT])


def clean_with_site_profile(
    site: SiteProfile, extraction: Extraction, seq: int, day: int
) -> tuple[Article, tuple[str, ...]]:
    """Return the article without its site's boilerplate, and the ids of earlier articles to be cleaned again.

    The profile learns the page. The earlier articles are those that hold what it learnt by this one.

    Args:
        site: the profile of the article's site.
        extraction: the article and the lines of its page.
        seq: the article's number in the order of arrival.
        day: today, in days since 1970.
    """
    article, lines = extraction.article, extraction.lines
    new_texts = [line.text for line in lines if line.rule is None and not site.stands_elsewhere(line.key, seq)]
    site.add_page(fingerprint_page(article.id, seq, article.title, lines, new_texts, _measures(article, lines)))
    verdict = site.judge_lines(seq, lines, day)
    cut = [(line, reason) for line, reason in zip(lines, verdict.reasons, strict=True) if reason]
    if not cut:
        return article, verdict.affected_ids
    remaining = [
        line for line, reason in zip(lines, verdict.reasons, strict=True) if line.rule is None and reason is None
    ]
    lost = {line.text for line, _ in cut} - {line.text for line in remaining}
    cuts = tuple(Cut(rule=reason, text=line.text[:_MAX_TEXT]) for line, reason in cut)
    cleaned = msgspec.structs.replace(
        article,
        text="\n".join(line.text for line in remaining),
        subheadings=tuple(text for text in article.subheadings if text not in lost),
        cut=(*article.cut, *cuts)[:_MAX_CUT],
    )
    return cleaned, verdict.affected_ids


def _measures(article: Article, lines: Sequence[SiteLine]) -> Measures:
    size = sum(len(line.text) for line in lines)
    cut = sum(len(line.text) for line in lines if line.rule is not None)
    return Measures(
        length=len(article.text),
        boilerplate_share=cut / size if size else 0.0,
        author=bool(article.authors or article.agency or article.bureau),
        time=article.published is not None or article.published_local is not None,
        language=article.language,
    )


def _slot(line: TextLine) -> int:
    return slot_key(signature(element) for element in line.block.path[-_AROUND:]) if line.block else 0


def _site_line(line: TextLine, usual: set[int], rule: str | None) -> SiteLine:
    slot = _slot(line)
    around = line.block.path if line.block else ()
    in_table = any(element.tag in _TABLES for element in around)
    has_class = any(element.get("class") for element in around[-_CLASSED:]) and not in_table
    return SiteLine(
        text=line.text, slot=slot, usual=slot in usual, heading=line.heading, has_class=has_class, rule=rule
    )
