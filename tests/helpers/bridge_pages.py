"""Pages of an invented outlet: one article, with what tests put before, in and after it."""

from __future__ import annotations

import functools
from pathlib import Path

from pipeline.extract import ExtractConfig, RawPage, extract, load_config
from pipeline.records import Article

URL = "https://quayside.example/news/swing-bridge-to-close-4711.html"
TITLE = "Swing bridge at Millgate to close"
PARAGRAPHS = (
    "The harbour authority said on Tuesday that the old swing bridge at Millgate would close for eleven weeks.",
    "Residents on the eastern quay fear that the detour, which adds four miles to a trip, will keep customers away.",
    "Council leader Marit Solberg told a meeting that the work could not wait, because two bearings had cracked.",
    "A temporary ferry will carry pedestrians every twelve minutes between six in the morning and ten at night.",
    "Shopkeepers asked for lower rents during the closure, a demand that the authority promised to examine soon.",
    "The contractor, a firm from the next valley, repaired the lock gates three years ago, nine days ahead of plan.",
)


def html_of(paragraphs: tuple[str, ...] = PARAGRAPHS) -> str:
    """Return paragraphs as HTML."""
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def page_with(middle: str = "", end: str = "", before: str = "", *, head: str = "", wrapper: str = "article") -> str:
    """Return the page with HTML put before its article, in the midst of the text and at its end."""
    body = f"{html_of(PARAGRAPHS[:3])}{middle}{html_of(PARAGRAPHS[3:])}{end}"
    return (
        f'<!doctype html><html lang="en"><head><title>{TITLE}</title>{head}</head><body>{before}'
        f"<{wrapper}><h1>{TITLE}</h1>{body}</{wrapper.partition(' ')[0]}></body></html>"
    )


@functools.cache
def _config() -> ExtractConfig:
    return load_config(Path(__file__).parent.parent.parent / "config")


def read(page: str) -> Article:
    """Return the article that extraction finds in a page."""
    return extract(RawPage(data=page.encode(), url=URL), _config())


def extra_lines(page: str) -> list[str]:
    """Return the lines of the text beside the article's six paragraphs, which must all be there, in order."""
    lines = read(page).text.splitlines()
    assert [line for line in lines if line in PARAGRAPHS] == list(PARAGRAPHS)
    return [line for line in lines if line not in PARAGRAPHS]
