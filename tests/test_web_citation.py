from __future__ import annotations

import datetime as dt
import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import Article
from pipeline.web.citation import to_bibtex, to_ris
from tests.helpers import support

DAY = dt.date(2026, 11, 30)
PUBLISHED = dt.datetime(2026, 11, 20, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
DOCUMENT = msgspec.structs.replace(
    support.document(Article(id="a-1", title="50% of A&B: {what} $1_000 means", text="Text.", language="en")),
    source="Daily Example",
    authors=("Ana Sousa", "Smith and Sons", "Kim, Jo"),
    published=PUBLISHED,
    url="https://user:secret@daily.example/a?b=1&c={d}",
    agency="AP",
    standfirst="What\nit means.",
)


def test_an_article_is_cited_as_bibtex_with_the_signs_of_tex_escaped():
    assert to_bibtex(DOCUMENT, DAY) == (
        "@article{newswire-a1,\n"
        "  author = {Ana Sousa and {Smith and Sons} and {Kim, Jo}},\n"
        "  title = {{50\\% of A\\&B: \\textbraceleft{}what\\textbraceright{} \\$1\\_000 means}},\n"
        "  journal = {Daily Example},\n"
        "  year = {2026},\n"
        "  month = nov,\n"
        "  day = {21},\n"
        "  url = {https://daily.example/a?b=1&c=%7Bd%7D},\n"
        "  urldate = {2026-11-30},\n"
        "  language = {en},\n"
        "  note = {Credit: AP}\n"
        "}\n"
    )


def test_an_article_is_cited_as_ris():
    assert to_ris(DOCUMENT, DAY).split("\r\n") == [
        "TY  - NEWS",
        "AU  - Ana Sousa",
        "AU  - Smith and Sons",
        "AU  - Kim, Jo",
        "TI  - 50% of A&B: {what} $1_000 means",
        "T2  - Daily Example",
        "AB  - What it means.",
        "PY  - 2026",
        "DA  - 2026/11/21",
        "UR  - https://daily.example/a?b=1&c=%7Bd%7D",
        "Y2  - 2026/11/30",
        "LA  - en",
        "ID  - newswire-a1",
        "ER  - ",
        "",
    ]


def test_an_article_without_title_author_or_address_is_cited_all_the_same():
    bare = msgspec.structs.replace(
        DOCUMENT, title=None, authors=(), url="javascript:alert(1)", source=None, agency=None
    )
    assert "title = {{Text.}}" in to_bibtex(bare, DAY)
    assert "javascript" not in to_bibtex(bare, DAY) + to_ris(bare, DAY)
    assert "author" not in to_bibtex(bare, DAY)


ANY = st.text(max_size=60)


@given(ANY, ANY, ANY, ANY)
def test_nothing_that_a_page_says_ends_an_entry_or_begins_another_one(title, author, source, path):
    hostile = msgspec.structs.replace(
        DOCUMENT, title=title, authors=(author,), source=source, url=f"https://daily.example/{path}"
    )
    bibtex = to_bibtex(hostile, DAY)
    depth = 0
    for sign in re.findall(r"[{}]", bibtex[:-2]):
        depth += 1 if sign == "{" else -1
        assert depth >= 1
    assert bibtex.endswith("}\n")
    assert depth == 1
    lines = to_ris(hostile, DAY).split("\r\n")
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines[:-1])
    assert [line[:2] for line in lines].count("TY") == 1
    assert not re.search(r"[\n\r\x00\x85\u2028]", "".join(lines))
