"""Facts about hidden text: it is no part of the article, unless it is the article."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract import hidden
from pipeline.extract.page_signals import parse_page
from tests.helpers.bridge_pages import PARAGRAPHS, TITLE, extra_lines, html_of, page_with

TERMS = "".join(
    f"<p>{n}. By registering you agree to our user agreement, which governs the use of accounts in every country.</p>"
    for n in range(12)
)
HIDDEN = [
    "<div hidden>{}</div>",
    '<div style="color:red; DISPLAY : none !important">{}</div>',
    '<div style="visibility:hidden">{}</div>',
    '<div style="opacity: 0.0">{}</div>',
    '<div style="font-size:0px">{}</div>',
    '<div style="position:absolute;clip:rect(0, 0, 0, 0)">{}</div>',
    '<div style="position:absolute; left:-9999px">{}</div>',
    '<div style="text-indent:-999em">{}</div>',
    '<div style="max-height:0;overflow:hidden">{}</div>',
    '<div aria-hidden="true">{}</div>',
    '<div class="sr-only">{}</div>',
    '<div class="box d-none">{}</div>',
    '<div class="screen-reader-text">{}</div>',
    "<template>{}</template>",
    "<dialog>{}</dialog>",
    "<div popover>{}</div>",
    '<div role="dialog">{}</div>',
    "<style>p{{margin:0}} .zq1 , .zq2 {{ display : none }}</style><div class='zq2'>{}</div>",
    '<div id="onetrust-consent-sdk">{}</div>',
    '<div class="hidden print:block">{}</div>',
    '<div class="d-none d-print-block">{}</div>',
    "<style>.zq3{{display:none}} @media print {{ .zq3 {{display:block}} }}</style><div class='zq3'>{}</div>",
]


@pytest.mark.parametrize("markup", HIDDEN)
def test_what_is_hidden_is_left_out_wherever_it_stands_and_however_long_it_is(markup):
    for place in ("before", "middle", "end"):
        assert extra_lines(page_with(**{place: markup.format(TERMS)})) == []


@pytest.mark.parametrize(
    "page",
    [
        page_with().replace("<body>", '<body style="visibility:hidden">'),
        page_with(head="<style amp-boilerplate>body{visibility:hidden}</style>"),
        page_with(wrapper="article data-nosnippet"),
        page_with(wrapper='article class="hidden md:block"'),
        page_with(wrapper='article class="story"', head="<style>.story{display:none}</style>"),
        page_with(wrapper='article class="page cookie-consent-open"'),
        f"<body><div style='display:none'><h1>{TITLE}</h1>{html_of()}</div><p>Loading</p></body>",
        f"<body><div aria-hidden='true'><h1>{TITLE}</h1>{html_of()}</div><div role='dialog'>{TERMS}</div></body>",
        f"<body><main></main><div hidden id='S:0'><article><h1>{TITLE}</h1>{html_of()}</article></div></body>",
    ],
)
def test_an_article_that_a_script_shows_later_stays(page):
    assert extra_lines(page) == []


def test_the_rest_of_an_article_behind_a_button_stays():
    start, rest = html_of(PARAGRAPHS[:2]), html_of(PARAGRAPHS[2:])
    page = (
        f"<html><head><title>{TITLE}</title></head><body><article><h1>{TITLE}</h1>{start}{{}}</article></body></html>"
    )
    assert extra_lines(page.format(f"<button>More</button><div class='article-body d-none'>{rest}</div>")) == []
    folded = f"<div id='rest' style='display:none'>{rest}</div><a href='#rest'>Weiter</a>"
    assert extra_lines(page.format(folded)) == []


def test_the_rest_of_an_article_in_a_template_stays():
    start, rest = html_of(PARAGRAPHS[:2]), html_of(PARAGRAPHS[2:])
    page = f"<article><h1>{TITLE}</h1>{start}<template id='rest'>{rest}</template></article>"
    assert extra_lines(f"<html><head><title>{TITLE}</title></head><body>{page}</body></html>") == []


def test_what_a_shadow_root_shows_is_read():
    root = f"<template shadowrootmode='open'><article><h1>{TITLE}</h1>{html_of()}</article></template>"
    assert extra_lines(f"<html><head><title>{TITLE}</title></head><body><x-page>{root}</x-page></body></html>") == []


def test_answers_that_a_button_unfolds_stay():
    answer = "The ferry leaves every twelve minutes from the north steps, and the fare is waived for children."
    for markup in (
        f'<div class="accordion-panel" hidden><p>{answer}</p></div>',
        f'<button aria-controls="q1">How?</button><div id="q1" style="display:none"><p>{answer}</p></div>',
        f'<div hidden="until-found"><p>{answer}</p></div>',
    ):
        assert extra_lines(page_with(middle=f"<h3>How do I cross?</h3>{markup}"))[-1:] == [answer]


def test_a_large_initial_is_part_of_its_paragraph():
    line = "he ferry leaves every twelve minutes from the north steps, and the fare is waived for children."
    assert extra_lines(page_with(middle=f'<p><span aria-hidden="true">T</span>{line}</p>')) == [f"T{line}"]


def test_only_rules_for_one_name_on_all_screens_hide():
    rules = ".a{display:none}#b{visibility:hidden}.c .d{display:none}@media print{.e{display:none}.f{display:none}}"
    assert hidden.find_hiding_names([rules]) == {".a", "#b"}
    assert hidden.find_hiding_names([".a{display:none}.open.a{display:block}"]) == frozenset()


@given(st.lists(st.sampled_from([".a", "{", "}", "display:none", "@media x", ";", ",", "#b", "visibility: hidden"])))
def test_any_style_rules_are_read(parts):
    assert all(name[0] in ".#" for name in hidden.find_hiding_names(["".join(parts)]))


@given(st.lists(st.sampled_from(["<div hidden>", "</div>", "<p style='opacity:0'>", "<h1>", "text", "<dialog>"])))
def test_any_tree_is_cleaned(parts):
    tree = parse_page("<body>x" + "".join(parts) + "</body>")
    hidden.remove_hidden(tree, hidden.HidingContext())
    assert not [element for element in tree.iter("dialog") if element.get("open") is None]
