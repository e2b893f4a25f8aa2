"""Facts about pages that show one article after another: the first alone is the page's own."""

from __future__ import annotations

import pytest

from tests.helpers.bridge_pages import TITLE as OWN_TITLE
from tests.helpers.bridge_pages import extra_lines, html_of, page_with

TITLE = "Dunmore library opens two years after fire"
TEXT = "".join(
    f"<p>Part {n}: the mayor of Dunmore opened the library on Friday, two years after a fire destroyed the roof.</p>"
    for n in range(3)
)


@pytest.mark.parametrize(
    "markup",
    [
        f"</article><article><h1>{TITLE}</h1>{TEXT}</article><article>",
        f'</article><div data-url="/news/library-4712.html"><h2>{TITLE}</h2>{TEXT}</div><article>',
        f'</article><article class="z"><h2><a href="/news/library-4712.html">{TITLE}</a></h2>{TEXT}</article><article>',
        f'<div data-url="https://quayside.example/news/library-4712.html"><h1>{TITLE}</h1>{TEXT}</div>',
        f'</article><div class="x"><h1>{TITLE}</h1><time datetime="2026-11-24">x</time>{TEXT}</div><article>',
    ],
)
def test_an_article_appended_by_endless_scroll_is_left_out(markup):
    assert extra_lines(page_with(end=markup)) == []


@pytest.mark.parametrize(
    "markup",
    [
        f"<h2>{TITLE}</h2>{TEXT}",
        f'<section class="facts"><h2>{TITLE}</h2>{TEXT}</section>',
        f'<div class="entry" data-url="#post-3"><h2>{TITLE}</h2><time>10:00</time>{TEXT}</div>',
    ],
)
def test_chapters_boxes_and_entries_of_a_live_blog_stay(markup):
    assert len(extra_lines(page_with(end=markup))) == 4


def test_an_article_that_is_set_as_the_page_s_own_and_linked_is_left_out():
    own = f'<section class="c1"><h1>{OWN_TITLE}</h1>{html_of()}</section>'
    page = "<html><head><title>{}</title></head><body><main>{}{}</main></body></html>"
    following = f'<section class="c1"><h2><a href="{{}}">{TITLE}</a></h2>{TEXT}</section>'
    assert extra_lines(page.format(OWN_TITLE, own, following.format("/news/library-4712.html"))) == []
    assert len(extra_lines(page.format(OWN_TITLE, own, following.format("#library")))) == 4
