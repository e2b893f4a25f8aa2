"""Facts about JSON with faults: it is read up to them and around them, and nothing is added."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.extract.tolerant_json import read_values

WHOLE = {"@type": "NewsArticle", "headline": "Old bridge", "author": {"name": "Ana Ruiz"}, "tags": ["a", "b"]}
TEXT = json.dumps(WHOLE)


@pytest.mark.parametrize(
    "text",
    [
        TEXT, f"\ufeff{TEXT}", f"<!-- {TEXT} -->", f"//<![CDATA[\n{TEXT}\n//]]>", f"// <![CDATA[ {TEXT} // ]]>",
        f"/* <![CDATA[ */ {TEXT} /* ]]> */", f"window.x = {TEXT};",
        TEXT.replace("{", "{ /* made by {a} */ ", 1),
        TEXT.replace(", ", ",\n// one more\n"), TEXT.replace(", ", ",, "),
        TEXT.replace("}", ",}"), TEXT.replace("]", ",]"),
        TEXT.replace('"', "'"), TEXT.replace('"headline":', "headline:"),
        TEXT.replace('", "author', '" "author').replace("}, ", "} "),
        TEXT[:-1], TEXT[:-2] + '], "image": "x', TEXT[:-2] + '], "image": {"url": ["x',
    ],
)  # fmt: skip
def test_one_fault_costs_nothing_else(text):
    value = read_values(text)[0]
    assert {key: value[key] for key in ("@type", "headline", "author", "tags")} == WHOLE


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{"a": "the mayor\'s plan", "b": 1}', {"a": "the mayor's plan", "b": 1}),
        (r'{"a": "C:\new \q \u00e9 \u12", "b": 1}', {"a": "C:\new q \u00e9 u12", "b": 1}),
        ('{"a": "one\n two\x01", "b": 1}', {"a": "one\n two\x01", "b": 1}),
        ('{"a": "He said "no" to it", "b": 1,}', {"a": 'He said "no" to it', "b": 1}),
        ('{"a": undefined, "b": NaN, "c": 012, "d": true,}', {"a": None, "b": None, "c": "012", "d": True}),
        ('{"a": , "b": 1}', {"b": 1}),
        ('{"a": "x" "b": 1}', {"a": "x", "b": 1}),
        ('{"a": [1, 2, "b": 1}', {"a": [1, 2, "b", 1]}),
        ('{"a": 1} {"b": 2,}', {"a": 1}),
        (r'{"a": "\ud83d\ude00 \ud83d",}', {"a": "\U0001f600 \ufffd"}),
    ],
)  # fmt: skip
def test_what_is_broken_is_read_as_it_was_meant_or_left_out(text, value):
    assert read_values(text)[0] == value


def test_values_in_a_row_are_all_read():
    assert read_values(f"{TEXT}{TEXT[:-1]},}};[1]") == [WHOLE, WHOLE, [1]]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"a": [' * 100_000 + "]"])
def test_what_lies_too_deep_is_left_out(text):
    depth, value = 0, read_values(text)
    while value:
        depth, value = depth + 1, value[0] if isinstance(value, list) else value.get("a")
    assert depth < 100


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9999, 9999) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@given(st.lists(json_values, max_size=4) | st.dictionaries(st.text(max_size=4), json_values, max_size=4))
def test_json_without_faults_is_read_exactly(value):
    assert read_values(json.dumps(value)) == [value]


@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.sampled_from(["red", "green", "blue"]))), st.integers(0, 80))
def test_a_text_that_is_cut_off_invents_nothing(value, length):
    text = json.dumps(value)[:length]
    for part in read_values(text):
        for key, colours in part.items():
            assert colours == value[key][: len(colours)]


@given(st.text(max_size=60) | st.text("{}[]\"',:/*\\ax1 ", max_size=60))
def test_no_text_breaks_the_reader(text):
    read_values(text)
