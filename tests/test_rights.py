from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import rights


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("noindex", ("noindex",)),
        ("NoIndex, nofollow", ("noindex",)),
        ("none", ("noindex",)),
        ("noarchive, nosnippet, noai, noimageai", ("noarchive", "nosnippet", "noai", "noimageai")),
        ("nocache", ("noarchive",)),
        ("max-snippet:0", ("nosnippet",)),
        ("max-snippet: 0, max-image-preview:large", ("nosnippet",)),
        ("max-snippet:-1", ()),
        ("googlebot: noindex, nofollow", ()),
        ("googlebot: noindex, newswire: noarchive, nosnippet", ("noarchive", "nosnippet")),
        ("newswire: none", ("noindex",)),
        ("unavailable_after: 25 Jun 2010 15:00:00 PST", ()),
        ("noindexing", ()),
        ("", ()),
    ],
)
def test_a_header_is_read_as_far_as_it_speaks_to_us(header, said):
    assert rights.parse_header([header], "newswire") == said


def test_several_headers_add_up():
    assert rights.parse_header(["googlebot: noindex", "noarchive"], "newswire") == ("noarchive",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("noindex,follow", ("noindex",)),
        ("index; NOARCHIVE", ("noarchive",)),
        ("noindex noarchive", ("noindex", "noarchive")),
        ("max-snippet: 0", ("nosnippet",)),
        ("max-snippet:-1, max-image-preview:large", ()),
        ("all", ()),
    ],
)
def test_a_meta_element_is_read_with_commas_semicolons_or_spaces(content, said):
    assert rights.parse_meta([content]) == said


def test_text_mining_is_reserved_by_a_one():
    assert rights.parse_tdm(["0", " 1 "]) == ("tdm-reservation",)
    assert rights.parse_tdm(["0", "", "yes"]) == ()


def test_a_robots_txt_speaks_to_gatherers_for_ai_by_name_or_by_signal():
    text = "User-agent: gptbot # openai\nUser-Agent:CCBot\nDisallow: /\n\nUser-agent: GPTBotX\n"
    assert rights.list_ai_agents(text) == ("GPTBot", "CCBot")
    assert rights.has_no_ai_signal("User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /")
    assert not rights.has_no_ai_signal("User-agent: *\nContent-Signal: search=yes, ai-train=yes\n# ai-train=no")


@given(st.text(), st.text(min_size=1))
def test_whatever_is_sent_only_known_words_come_out(text, agent):
    for said in (rights.parse_header([text], agent), rights.parse_meta([text]), rights.parse_tdm([text])):
        assert set(said) <= set(rights.RIGHTS)
        assert len(said) == len(set(said))
    rights.list_ai_agents(text)
    rights.has_no_ai_signal(text)
