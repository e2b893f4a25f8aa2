from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.feeds.opml import read_opml, sources_to_opml
from pipeline.settings import Source


def opml(*outlines):
    return f'<?xml version="1.0"?><opml version="1.0"><body>{"".join(outlines)}</body></opml>'.encode()


def test_outlines_are_sources_in_folders_too_and_of_one_title_one():
    sources, bad = read_opml(
        opml(
            '<outline text="News"><outline title="Times" xmlUrl="https://t.example/a" htmlUrl="https://t.example/"/>',
            '<outline title="Times" xmlURL="https://t.example/b"/></outline>',
            '<outline text="Post &amp; Mail" xmlUrl="https://p.example/f"/>',
            '<outline text="R&D caf&eacute;" xmlUrl="https://r.example/f?a=1&copy=2"/>',
        )
    )
    assert sources == [
        Source(name="Times", feeds=("https://t.example/a", "https://t.example/b"), home="https://t.example/"),
        Source(name="Post & Mail", feeds=("https://p.example/f",)),
        Source(name="R&D café", feeds=("https://r.example/f?a=1&copy=2",)),
    ]
    assert bad == []


def test_addresses_that_cannot_be_used_are_named_and_the_rest_goes_on():
    sources, bad = read_opml(
        opml('<outline text="A" xmlUrl="file:///etc/passwd"/><outline text="B" xmlUrl="https://b.example/"/>')
    )
    assert [one.name for one in sources] == ["B"]
    assert bad == ["A: 'file:///etc/passwd' is not an http or https address"]


@pytest.mark.parametrize("data", [b"", b"<rss/>", b"{}", b"\xff\xfe<"])
def test_what_is_no_opml_is_refused(data):
    with pytest.raises(UsageError, match="not OPML"):
        read_opml(data)


def test_a_file_that_defines_entities_is_refused():
    bomb = b'<!DOCTYPE o [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><opml><body><outline text="&b;" xmlUrl="https://a.example/"/></body></opml>'
    with pytest.raises(UsageError, match="defines entities"):
        read_opml(bomb)


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1, max_size=30)


@given(
    st.dictionaries(
        names.map(lambda n: " ".join(n.split())).filter(bool), st.lists(st.integers(0, 99), min_size=1, unique=True)
    )
)
def test_what_is_written_is_read_again(made):
    sources = [
        Source(
            name=name, feeds=tuple(f"https://{n}.example/{place}" for n in numbers), home=f"https://{place}.example/"
        )
        for place, (name, numbers) in enumerate(made.items())
    ]
    assert read_opml(sources_to_opml(sources)) == (sources, [])
