from __future__ import annotations

import contextlib
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.foreign_json import MAX_DEPTH, decode_foreign, decode_line, read_lines


def nested(depth, opening="[", closing="]"):
    return (opening * depth + closing * depth).encode()


@pytest.mark.parametrize(
    "data",
    [
        nested(200_000),
        b'{"a":' * 200_000,
        b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
        nested(MAX_DEPTH + 1),
        b"[[]," * (MAX_DEPTH + 1) + b"[]" + b"]" * (MAX_DEPTH + 1),
        b'{"text": "a", "x": ' + nested(900) + b"}",
        b"[" * 200_000,
        b"NaN",
        b"Infinity",
        b"1e999",
        b"1" * 5000,
        b'"\\ud800"',
        b'"\xff"',
        b'"a\x00b"',
        b"",
        b"{",
        b"'a'",
    ],
)
def test_what_is_no_usable_json_is_a_value_error(data):
    with pytest.raises(ValueError, match=r"\w"):
        decode_foreign(data)


def test_as_deep_as_the_limit_and_wide_is_read():
    assert decode_foreign(nested(MAX_DEPTH)) is not None
    assert len(decode_foreign(b"[" + b"[],{}," * 5000 + b"1]")) == 10_001
    assert decode_foreign(b'{"a": 1, "a": 2}') == {"a": 2}
    assert decode_foreign(b'"[[[[" ') == "[[[["


def test_values_of_another_kind_are_a_value_error_that_says_which():
    with pytest.raises(ValueError, match="Expected `int`, got `str`"):
        decode_foreign(b'"a"', int)


@given(
    st.recursive(
        st.none() | st.integers(-(2**60), 2**60) | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_what_msgspec_writes_is_read(value):
    assert decode_foreign(msgspec.json.encode(value)) == value


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_a_value_error(data):
    with contextlib.suppress(ValueError):
        assert msgspec.json.encode(decode_foreign(data))


def test_lines_are_numbered_blank_ones_left_out_and_long_ones_told():
    text = b"\xef\xbb\xbf{}\n\n  \n" + b"x" * 30 + b"\n[1]\n" + b"y" * 31
    assert list(read_lines(io.BytesIO(text), limit=10)) == [(1, b"{}\n"), (4, None), (5, b"[1]\n"), (6, None)]
    with pytest.raises(ValueError, match="longer than"):
        decode_line(None)
    with pytest.raises(ValueError, match="Expected `object`"):
        decode_line(b"[1]")


@given(st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line)), st.integers(1, 8))
def test_each_line_comes_once_under_its_number(lines, limit):
    text = b"\n".join(lines)
    numbers = [number for number, _ in read_lines(io.BytesIO(text), limit)]
    expected = [n for n, line in enumerate(text.split(b"\n"), 1) if line.strip() or len(line) >= limit]
    assert set(numbers) <= set(expected)
    assert {n for n in expected if lines[n - 1].strip() and (n > 1 or not lines[0].startswith(b"\xef"))} <= set(numbers)
