"""Bytes of packed and plain files can be read from any place at which an earlier reading ended, and behind damage."""

from __future__ import annotations

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.intake.packed_stream import FilePosition, PackedStream

MEMBERS = [b"{one}\n" * 9, b"{two}\n" * 20_000, b"{three}\n" * 3]
WHOLE = b"".join(MEMBERS)
PACKED = b"".join(map(gzip.compress, MEMBERS))


def opened(data, start=None):
    return PackedStream(io.BytesIO(data), start or FilePosition(), lambda text: text.startswith(b"{"))


def all_of(stream):
    parts = [stream.read_bytes(len(WHOLE) * 2)]
    while stream.fault and stream.pass_fault():
        parts.append(stream.read_bytes(len(WHOLE) * 2))
    return parts


@pytest.mark.parametrize("data", [WHOLE, PACKED, gzip.compress(WHOLE), PACKED + b"\0" * 100_000])
@given(size=st.integers(0, len(WHOLE)))
def test_what_is_left_is_read_from_where_reading_ended(data, size):
    stream = opened(data)
    first = stream.read_bytes(size)
    assert first + opened(data, stream.position(7)).read_bytes(len(WHOLE)) == WHOLE
    assert stream.position(7).number == 7


@given(st.binary(max_size=300), st.sampled_from([b"{", b"\n", b"\x1f\x8b\x08"]))
def test_lines_are_those_of_the_file_whatever_it_holds(data, begin):
    data = b"{" + data + begin + b"\n" + data
    for packed in (data, gzip.compress(data)):
        stream, lines = opened(packed), []
        while line := stream.readline():
            lines.append(line)
        assert lines == data.splitlines(keepends=True) if b"\r" not in data else b"".join(lines) == data


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (gzip.compress(MEMBERS[0])[:-9] + PACKED, "damaged"),
        (gzip.compress(MEMBERS[0])[:12] + b"\xff" * 90_000 + PACKED, "damaged"),
        (gzip.compress(MEMBERS[0]) + b"rubbish \x1f\x8b\x08 rubbish" + PACKED, "other bytes"),
    ],
)
def test_reading_goes_on_at_the_next_whole_member(data, told):
    stream = opened(data)
    stream.read_bytes(len(WHOLE))
    assert told in stream.fault
    assert stream.pass_fault()
    place = stream.position()
    assert b"".join(all_of(stream)) == WHOLE
    assert all_of(opened(data, place)) == [WHOLE]


def test_a_file_that_breaks_off_says_so_and_ends():
    stream = opened(PACKED[:-9])
    assert WHOLE.startswith(b"".join(all_of(stream)))
    assert "cut off" in opened_fault(PACKED[:-9])
    assert opened_fault(PACKED) is None


def opened_fault(data):
    stream = opened(data)
    stream.read_bytes(len(WHOLE) * 2)
    return stream.fault


@given(st.integers(0, len(PACKED)), st.integers(1, 200), st.binary(max_size=50))
def test_damage_anywhere_ends_no_reading_before_the_file_ends(place, removed, noise):
    parts = all_of(opened(PACKED[:place] + noise + PACKED[place + removed :]))
    assert sum(map(len, parts)) <= len(WHOLE) + 1000 * (len(noise) + 1)
