"""Facts about where the article's text is found: the part of the page first, the whole page where that is doubtful."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipeline.extract import article_region, main_text
from pipeline.extract.blocks import letter_key, split_blocks, template_kind
from pipeline.extract.page_signals import gather_signals, parse_page

URL = "https://www.courier.example/local/old-bridge"
TITLE = "Old bridge opens after four years"
SENTENCE = "The council voted on Tuesday to repair part {} of the bridge, which was closed in spring after the flood."


def paragraphs(count, start=0, attributes=""):
    return "".join(f"<p{attributes}>{SENTENCE.format(start + n)}</p>" for n in range(count))


def page(content):
    return gather_signals(parse_page(f"<html><body>{content}</body></html>"), URL)


def place(content):
    made = page(content)
    return article_region.find_region(
        split_blocks(made.tree, URL), frozenset(letter_key(one.text) for one in made.headings)
    )


def texts(content, **options):
    return [line.text for line in main_text.find_main_text(page(content), URL, **options).lines]


MENU = "<nav><a href='/a'>Local</a></nav>"
ARTICLE = f"<article id='a'><h1>{TITLE}</h1><p class='lead'>{{lead}}</p><div id='text'>{paragraphs(6)}</div></article>"
LEAD = "Four years after the flood the first cars have crossed the river again, to the relief of the shopkeepers."


def test_the_place_of_an_article_is_where_its_paragraphs_and_its_headline_are():
    found = place(MENU + "<main>" + ARTICLE.format(lead=LEAD) + "<aside>" + paragraphs(2) + "</aside></main>")
    assert (found.core.get("id"), found.whole.get("id")) == ("text", "a")


def test_without_a_visible_headline_or_paragraphs_of_one_kind_the_place_is_not_known():
    assert place(f"<div>{paragraphs(6)}</div>") is None
    assert place(f"<h1>{TITLE}</h1><p>{SENTENCE}</p><div>{SENTENCE}</div>") is None
    assert place("") is None


def test_a_standfirst_between_headline_and_text_is_found():
    assert LEAD in texts(ARTICLE.format(lead=LEAD))


def test_a_long_consent_dialogue_does_not_hide_the_article():
    dialogue = "".join(
        f"<section class='cookie'><p class='c'>Purpose {n}: partners store information on a device and read it to "
        "measure how often advertisements are seen by readers of this site.</p></section>"
        for n in range(40)
    )
    made = texts(f"<div class='dialogue'>{dialogue}</div>" + ARTICLE.format(lead=LEAD))
    assert all(SENTENCE.format(n) in made for n in range(6))


def test_text_that_the_quick_settings_lose_is_found_in_the_whole_page():
    def losing(tree, url, *, fast=False):
        lines, headings = main_text.run_trafilatura(tree, url, fast=fast)
        return (lines[:2] if fast else lines), headings

    kinds = "".join(f"<section class='{c}'>{paragraphs(2, n)}</section>" for n, c in enumerate("abcdefgh"))
    made = texts(f"<article><h1>{TITLE}</h1><div>{paragraphs(3, 20)}{kinds}</div></article>", base=losing)
    assert all(SENTENCE.format(n) in made for n in [*range(9), 20, 21, 22])


def test_a_doubtful_quick_answer_is_none():
    signals = page(ARTICLE.format(lead=LEAD))
    blocks = split_blocks(signals.tree, URL)
    region = article_region.find_region(blocks, frozenset({letter_key(TITLE)}))
    assert main_text._quick(region, URL, blocks, main_text.run_trafilatura) is not None
    assert main_text._quick(region, URL, blocks, lambda *_args, **_options: ([SENTENCE.format(1)], set())) is None


def test_sub_headings_between_paragraphs_stay():
    parts = "".join(f"<h2>Part {n} of the work</h2>{paragraphs(2, 2 * n)}" for n in range(4))
    made = texts(f"<article><h1>{TITLE}</h1><div>{parts}</div></article>")
    assert [line for line in made if line.startswith("Part ")] == [f"Part {n} of the work" for n in range(4)]


def test_a_heading_over_links_is_not_brought_back():
    links = "".join(f"<li><a href='/x/{n}'>Another event in town, number {n}</a></li>" for n in range(4))
    made = texts(f"<article><h1>{TITLE}</h1><div>{paragraphs(6)}<h2>Most read</h2><ul>{links}</ul></div></article>")
    assert "Most read" not in made


def test_blocks_know_their_links_and_their_place():
    made = split_blocks(
        parse_page(
            "<body><p>See <a href='https://www.courier.example/x'>this</a> and <a href='//other.example/y'>that</a></p>"
            "<nav><p>Home</p></nav>after</body>"
        ),
        URL,
    )
    assert [block.text for block in made] == ["See this and that", "after"]
    assert (made[0].links, made[0].own_links, made[0].tag) == (8, 4, "p")


def test_paragraphs_of_one_template_have_one_kind_whatever_their_numbers():
    made = split_blocks(
        parse_page("<body><div class='t-1'><p class='first'>a</p></div><div class='t-22'><p>b</p></div></body>"), URL
    )
    assert template_kind(made[0]) == template_kind(made[1])


@pytest.mark.parametrize("href", ["http://[", "//", "https://", "javascript:void(0)", "mailto:a@b.example"])
def test_odd_addresses_break_nothing(href):
    assert split_blocks(parse_page(f'<body><p>a <a href="{href}">b</a></p></body>'), URL)[0].links == 1


@given(
    st.lists(st.sampled_from(["<p>", "</p>", "<div>", "</div>", "<h1>", "<li>", "<br>", "text", SENTENCE]), max_size=40)
)
def test_blocks_hold_all_visible_text_once_and_in_order(parts):
    tree = parse_page("<body>x" + "".join(parts) + "</body>")
    whole = "".join("".join(tree.itertext()).split())
    assert "".join("".join(block.text.split()) for block in split_blocks(tree, None)) == whole


def test_captions_longer_than_the_text_are_not_taken_for_what_was_lost_of_it():
    caption = f"{SENTENCE.format(90)} {SENTENCE.format(80)}"
    captions = "".join(f"<figure><img src='/{n}.jpg'><figcaption>{n} {caption}</figcaption></figure>" for n in range(6))
    content = f"<article><h1>{TITLE}</h1><div>{paragraphs(4)}{captions}</div></article>"
    calls = []

    def base(tree, url, *, fast=False):
        calls.append(fast)
        return main_text.run_trafilatura(tree, url, fast=fast)

    assert set(texts(content, base=base)) >= {SENTENCE.format(n) for n in range(4)}
    assert calls == [True]


def test_two_paragraphs_tell_where_an_article_stands_where_they_are_most_of_the_page():
    region = place(f'<div id="a"><h1>{TITLE}</h1><div id="b">{paragraphs(2)}</div></div><p>{SENTENCE.format(9)}</p>')
    assert region.whole.get("id") == "a"
    teasers = "".join(f'<section class="{kind}"><h4>{SENTENCE.format(kind)}</h4></section>' for kind in "abc")
    assert place(f'<div><h1>{TITLE}</h1><div>{paragraphs(2)}</div></div><div class="x">{teasers}</div>') is None


def test_trafilatura_leaves_the_tree_that_it_is_given_as_it_is():
    signals = page(ARTICLE.format(lead=LEAD))
    before = etree.tostring(signals.tree)
    for fast in (True, False):
        assert main_text.run_trafilatura(signals.tree, URL, fast=fast)[0]
    assert etree.tostring(signals.tree) == before
