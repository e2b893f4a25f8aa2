"""Facts about pages whose article stands only in their framework's data."""

from __future__ import annotations

import html
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ItemError
from pipeline.extract import framework_data
from tests.helpers.bridge_pages import PARAGRAPHS, TITLE, extra_lines, html_of, read

ARTICLE = {"title": TITLE, "authors": [{"name": "Ana Ruiz"}], "publishedAt": "2026-11-24T09:30:00Z", "body": html_of()}
OTHER = {"title": "Dunmore library opens", "authors": ["Jo Doe"], "body": "<p>" + "The mayor opened it on Friday. " * 9}
SLATE = [
    {"type": "paragraph", "children": [{"text": text[:30]}, {"type": "link", "children": [{"text": text[30:]}]}]}
    for text in PARAGRAPHS
]
ARC = {
    "headlines": {"basic": TITLE},
    "credits": {"by": [{"name": "Ana Ruiz", "type": "author"}]},
    "content_elements": [
        *({"type": "text", "content": text} for text in PARAGRAPHS),
        {"type": "image", "caption": "The bridge, seen from the north quay in the light of the evening sun last week."},
    ],
}
APOLLO = {
    "Article:1": OTHER,
    "Article:2": {
        "headline": TITLE,
        "author": {"__ref": "Author:1"},
        "body": {"__typename": "Body", "html": html_of()},
    },
    "Author:1": {"name": "Ana Ruiz"},
}


ANGULAR = str.maketrans({'"': "&q;", "<": "&l;", ">": "&g;", "'": "&s;", "&": "&a;"})


def shell(scripts, title=TITLE):
    return f"<html lang=en><head><title>{title}</title></head><body><div id=root></div>{scripts}</body></html>"


def next_data(value):
    return f'<script id="__NEXT_DATA__" type="application/json">{json.dumps({"props": {"pageProps": value}})}</script>'


def flight(*rows):
    return "".join(f"<script>self.__next_f.push([1,{json.dumps(row)}])</script>" for row in rows)


def typed(value):
    if isinstance(value, list):
        return [1, [typed(item) for item in value]]
    return [0, {key: typed(item) for key, item in value.items()} if isinstance(value, dict) else value]


def devalue(value, *, keys=False):
    items = []

    def place(item):
        index = len(items)
        items.append(None)
        if isinstance(item, dict):
            items[index] = {f"_{place(key)}" if keys else key: place(inner) for key, inner in item.items()}
        else:
            items[index] = [place(inner) for inner in item] if isinstance(item, list) else item
        return index

    place(value)
    return json.dumps(items)


SVELTEKIT = f"__sveltekit_1={{}};kit.start(app, {{data: [null,{{data:{json.dumps(ARTICLE)}}}]}});"
STREAM = devalue({"story": ARTICLE}, keys=True)
ROW = f"5:{json.dumps(['$', '$L6', None, {'article': ARTICLE, 'related': [OTHER]}])}\n"
LONG_ROW = f"5:{json.dumps(['$', '$L6', None, {'article': {**ARTICLE, 'body': '$9'}}])}\n"
NUXT = (
    f'window.__NUXT__=(function(a,b,c){{return {{layout:"x",data:[{{article:{{title:b,authors:[{{name:c}}],'
    f'body:{json.dumps(html_of())},free:a}}}}]}}}}(false,{json.dumps(TITLE)},"Ana Ruiz"));'
).replace("</", "\\u003C/")


@pytest.mark.parametrize(
    "page",
    [
        shell(next_data({"related": [OTHER], "article": ARTICLE, "messages": {"title": "Stories", "text": "x " * 99}})),
        shell(next_data({"stories": [OTHER, ARTICLE]})),
        shell(next_data({"story": {**ARTICLE, "body": SLATE}})),
        shell(next_data({"article": ARTICLE}), title="Loading…"),
        shell(flight(ROW[:200], ROW[200:])),
        shell(flight(LONG_ROW, f"9:T{len(html_of()):x},{html_of()}")),
        shell(f"<script>{NUXT}</script>"),
        shell(f'<script type="application/json" id="__NUXT_DATA__">{devalue({"data": {"article": ARTICLE}})}</script>'),
        shell(f"<script>window.__APOLLO_STATE__={json.dumps(APOLLO)};</script>"),
        shell(f"<script>window.__PRELOADED_STATE__ = {json.dumps({'page': {'story': ARTICLE}})}</script>"),
        shell(f"<script>window.__INITIAL_STATE__=JSON.parse({json.dumps(json.dumps({'story': ARTICLE}))});</script>"),
        shell(f"<script>window.Fusion={{}};Fusion.globalContent={json.dumps(ARC)};Fusion.x={{}};</script>"),
        shell(flight(f"9:T{len(html_of()):x},{html_of()}{LONG_ROW}")),
        shell(f"<script>var initialState = {json.dumps({'posts': [ARTICLE]})};</script>"),
        shell(f"<script>window.__remixContext = {json.dumps({'state': {'loaderData': {'a': ARTICLE}}})};</script>"),
        shell(f"<script>window.x.streamController.enqueue({json.dumps(STREAM)});__reactRouterContext</script>"),
        shell(f'<script type="application/json" data-sveltekit>{json.dumps({"body": json.dumps(ARTICLE)})}</script>'),
        shell(f"<script>{SVELTEKIT}</script>"),
        shell(f'<script type="fastboot/shoebox">{json.dumps(ARTICLE)}</script>'),
        shell(f'<script id="app-state" type="application/json">{json.dumps(ARTICLE).translate(ANGULAR)}</script>'),
        shell(f'<astro-island props="{html.escape(json.dumps({"story": typed(ARTICLE)}))}"></astro-island>'),
        shell(f'<div id="app" data-page="{html.escape(json.dumps({"props": {"story": ARTICLE}}))}"></div>'),
    ],
)  # fmt: skip
def test_title_author_and_text_are_read_from_the_data(page):
    article = read(page)
    assert (article.title, article.authors) == (TITLE, ("Ana Ruiz",))
    assert extra_lines(page) == []


def test_what_react_draws_as_markup_is_read():
    drawn = [
        ["$", "h1", None, {"children": TITLE}],
        ["$", "div", None, {"dangerouslySetInnerHTML": {"__html": html_of()}}],
    ]
    page = shell(flight(f"7:{json.dumps(['$', 'main', None, {'children': drawn}])}\n"))
    assert (read(page).title, extra_lines(page)) == (TITLE, [])


def test_an_article_that_react_draws_is_read():
    drawn = [["$", "h1", None, {"children": TITLE}], *(["$", "p", None, {"children": [text]}] for text in PARAGRAPHS)]
    page = shell(flight(f"7:{json.dumps(['$', 'main', None, {'children': drawn}])}\n"))
    assert (read(page).title, extra_lines(page)) == (TITLE, [])


@pytest.mark.parametrize(
    "scripts",
    [
        next_data({"related": [OTHER]}),
        next_data({}),
        next_data({"story": OTHER}),
        '<script id="__NEXT_DATA__" type="application/json">{"a":',
    ],
)
def test_other_articles_are_not_taken_for_the_pages_own(scripts):
    with pytest.raises(ItemError, match="no running text"):
        read(shell(scripts))


def test_a_page_that_shows_its_text_is_read_as_it_shows_it():
    page = shell(next_data({"article": {**ARTICLE, "body": "<p>" + "Something else entirely. " * 60}}))
    assert extra_lines(page.replace("<div id=root></div>", f"<article><h1>{TITLE}</h1>{html_of()}</article>")) == []


@given(st.text(alphabet='{}[]":,aA1$_=<>/ntf.push()', max_size=200))
def test_any_script_is_read(text):
    page = f"<script>self.__next_f.push([1,{text}])</script><script>window.__INITIAL_STATE__={text}</script>"
    assert framework_data.find_framework_article(page, (TITLE,), None) == {}
