"""Facts about lists and tables: those of the article stay, wherever they stand; lists of links don't come in."""

from __future__ import annotations

import pytest

from tests.helpers.bridge_pages import extra_lines, page_with

FERRY, BUSES = "The ferry runs every twelve minutes from the steps.", "Buses 4 and 9 turn back at the corn exchange."
ITEMS = f"<li>{FERRY}</li><li>{BUSES}</li>"
LINKS = "".join(f'<li><a href="/news/{n}.html">Another event in the town, number {n}</a></li>' for n in range(4))


@pytest.mark.parametrize("wrapper", ["article", "div", 'div class="page"', "section"])
@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (f"<ul>{ITEMS}</ul>", [FERRY, BUSES]),
        (f"<ol>{ITEMS}</ol>", [FERRY, BUSES]),
        (f"<h2>How to cross</h2><ul>{ITEMS}</ul>", ["How to cross", FERRY, BUSES]),
        (f'<div class="c"><div><ul>{ITEMS}</ul></div></div>', [FERRY, BUSES]),
        ("<ul><li>Flour, 500 g</li><li>Three eggs</li></ul>", ["Flour, 500 g", "Three eggs"]),
        ("<dl><dt>When</dt><dd>From 4 January</dd></dl>", ["When", "From 4 January"]),
        (
            "<table><tr><td>Rovers</td><td>31</td></tr><tr><td>United</td><td>29</td></tr></table>",
            ["Rovers | 31", "United | 29"],
        ),
        (
            "<table><tr><td>Monday</td><td><ul><li>open for cars</li></ul></td></tr><tr><td>Tuesday</td></tr></table>",
            ["Monday", "open for cars", "Tuesday"],
        ),
    ],
)  # fmt: skip
def test_lists_among_the_paragraphs_stay(wrapper, markup, expected):
    assert extra_lines(page_with(middle=markup, wrapper=wrapper)) == expected
    assert extra_lines(page_with(end=markup, wrapper=wrapper)) == expected


def test_lists_made_of_plain_elements_stay():
    rows = f'<div class="r"><div class="i">{FERRY}</div><div class="i">{BUSES}</div></div>'
    assert extra_lines(page_with(middle=rows)) == [FERRY, BUSES]


@pytest.mark.parametrize("markup", [f"<ul>{LINKS}</ul>", f'<div class="x"><h3>More</h3><ul>{LINKS}</ul></div>'])
@pytest.mark.parametrize("wrapper", ["article", 'div class="page"'])
def test_lists_of_links_stay_out(wrapper, markup):
    assert extra_lines(page_with(middle=markup, wrapper=wrapper)) == []
    assert extra_lines(page_with(end=markup, wrapper=wrapper)) == []


def test_long_lists_of_one_sentence_with_many_names_are_no_article():
    lines = [f"Firma {n} przetwarza takie dane jak adres i położenie, aby mierzyć wyniki kampanii." for n in range(40)]
    for tag in ("li", "p", "div"):
        markup = "<div>" + "".join(f"<{tag}>{line}</{tag}>" for line in lines) + "</div>"
        assert extra_lines(page_with(before=markup)) == []
        assert extra_lines(page_with(end=markup)) == []
