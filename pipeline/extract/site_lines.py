"""What does a page show to the memory of its site, and what does that memory make of its article?"""

from __future__ import annotations

import collections
from collections.abc import Sequence

import msgspec

from pipeline.extract.blocks import signature
from pipeline.extract.boilerplate import CleanedText
from pipeline.extract.main_text import MainText, TextLine
from pipeline.records import Article, Cut
from pipeline.sites import Measures, SiteLine, SiteProfile, fingerprint_page, slot_key

_USUAL = 0.3  # of the text: what stands in places of one kind that hold so much is set as the article's paragraphs are
_AROUND = 3  # elements that make a place: the one that holds the line, and two around it
_NAMED = 2  # of those, the inner ones whose class counts
_TABLES = frozenset({"table", "td", "th"})  # the heads of columns recur in tables of any kind
_MAX_CUT = 100  # lines told of, and characters of each
_MAX_TEXT = 300


class Extraction(msgspec.Struct, frozen=True, kw_only=True):
    """An article, and the lines of its page as the memory of its site is told of them."""

    article: Article
    lines: tuple[SiteLine, ...] = ()  # those of the text, in its order; then those that rules have cut


def observed_lines(
    lines: Sequence[TextLine], found: MainText | None = None, cleaned: CleanedText | None = None
) -> tuple[SiteLine, ...]:
    """Return what is told of the ``lines`` of a text, and of those that were ``found`` with them and cut."""
    weight: collections.Counter[int] = collections.Counter()
    for line in lines:
        weight[_place(line)] += len(line.text)
    usual = {place for place, size in weight.items() if place == 0 or size >= _USUAL * weight.total()}
    told = [_told(line, usual, None) for line in lines]
    if found and cleaned:
        blocks = {line.text: line for line in found.lines}
        told += [_told(blocks.get(text, TextLine(text)), usual, rule) for rule, text in cleaned.cut]
    return tuple(told)


def list_cuts(cleaned: CleanedText, signed_off: Sequence[str]) -> tuple[Cut, ...]:
    """Return what an article tells of the lines that rules have cut, and of those that sign it off."""
    told = (*cleaned.cut, *(("credit", text) for text in signed_off))
    return tuple(Cut(rule=rule, text=text[:_MAX_TEXT]) for rule, text in told[:_MAX_CUT])


def clean_with_site_profile(site: SiteProfile, made: Extraction, seq: int, day: int) -> tuple[Article, tuple[str, ...]]:
    """Return the article without the lines that the memory of its site knows as foreign; let it learn the page.

    ``seq`` is the article's place in the order of arrival. Beside the article, the ids of earlier articles are
    returned that hold what was learnt by this one: they are to be cleaned again.
    """
    article = made.article
    own = [line.text for line in made.lines if line.rule is None and not site.stands_elsewhere(line.key, seq)]
    site.add_page(fingerprint_page(article.id, seq, article.title, made.lines, own, _measures(article, made.lines)))
    verdict = site.judge_lines(seq, made.lines, day)
    gone = [(line, reason) for line, reason in zip(made.lines, verdict.reasons, strict=True) if reason]
    if not gone:
        return article, verdict.affected_ids
    kept = [
        line
        for line, reason in zip(made.lines, verdict.reasons, strict=True)
        if line.rule is None and reason is None
    ]  # fmt: skip
    lost = {line.text for line, _ in gone} - {line.text for line in kept}
    told = tuple(Cut(rule=reason, text=line.text[:_MAX_TEXT]) for line, reason in gone)
    return msgspec.structs.replace(
        article,
        text="\n".join(line.text for line in kept),
        subheadings=tuple(text for text in article.subheadings if text not in lost),
        cut=(*article.cut, *told)[:_MAX_CUT],
    ), verdict.affected_ids


def _measures(article: Article, lines: Sequence[SiteLine]) -> Measures:
    size = sum(len(line.text) for line in lines)
    foreign = sum(len(line.text) for line in lines if line.rule is not None)
    return Measures(
        length=len(article.text),
        foreign=foreign / size if size else 0.0,
        author=bool(article.authors or article.agency or article.bureau),
        time=article.published is not None or article.published_local is not None,
        language=article.language,
    )


def _place(line: TextLine) -> int:
    return slot_key(signature(one) for one in line.block.path[-_AROUND:]) if line.block else 0


def _told(line: TextLine, usual: set[int], rule: str | None) -> SiteLine:
    place = _place(line)
    around = line.block.path if line.block else ()
    named = any(element.get("class") for element in around[-_NAMED:]) and not any(e.tag in _TABLES for e in around)
    return SiteLine(
        text=line.text, slot=place, usual=place in usual, heading=line.heading, has_class=named, rule=rule
    )  # fmt: skip
