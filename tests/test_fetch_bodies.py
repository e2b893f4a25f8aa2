"""Facts about bodies whose header says another coding than they have."""

from __future__ import annotations

import gzip
import time
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch.bodies import DecodedBody, decode_body, is_whole_document

FEED = b"<rss>" + b"The swing bridge closes for eleven weeks. " * 200 + b"</rss>"


def pack(data):
    """Return a gzip without a time in it: it stands in the ids of tests, which all processes must have alike."""
    return gzip.compress(data, mtime=0)


PACKED = pack(FEED)
LIMIT = 1_000_000


def bare_deflate(data):
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("body", "codings"),
    [
        (PACKED, ["gzip"]), (PACKED, ["x-gzip"]), (PACKED, ["GZIP"]), (PACKED, []), (PACKED, ["utf-8"]),
        (PACKED, ["gzip, gzip"]), (PACKED, ["gzip", "gzip"]), (pack(PACKED), ["gzip, gzip"]),
        (pack(PACKED), ["gzip"]), (PACKED, ["deflate"]), (PACKED, ["br"]), (PACKED, ["aws-chunked,gzip"]),
        (PACKED + bytes(100), ["gzip"]), (PACKED + b"\r\n<!-- cached -->", ["gzip"]), (PACKED + b"\x1f", ["gzip"]),
        (pack(FEED[:99]) + pack(FEED[99:]), ["gzip"]),
        (zlib.compress(FEED), ["deflate"]), (bare_deflate(FEED), ["deflate"]), (brotli.compress(FEED), ["br"]),
        (brotli.compress(PACKED), ["gzip, br"]), (zstandard.compress(FEED), ["zstd"]), (zstandard.compress(FEED), []),
        *[(FEED, [name]) for name in "gzip deflate br zstd none identity utf-8 UTF-8 aws-chunked x cp1252".split()],
        (FEED, [""]), (FEED, []),
    ],
)  # fmt: skip
def test_a_body_is_read_by_its_bytes_whatever_it_is_said_to_be(body, codings):
    assert decode_body(body, codings, LIMIT) == DecodedBody(FEED)


@given(st.binary(max_size=3000), st.integers(1, 4000))
def test_of_a_gzip_so_much_is_decoded_as_may_be(data, limit):
    decoded = decode_body(pack(data * 5), ["gzip"], limit)
    assert decoded.data == (data * 5)[:limit]
    assert decoded.fault is None or len(data) * 5 >= limit


@pytest.mark.parametrize(
    ("body", "codings"),
    [
        (PACKED[:-20], ["gzip"]),
        (zlib.compress(FEED)[:-10], ["deflate"]),
        (brotli.compress(FEED)[:-3], ["br"]),
        (zstandard.compress(FEED)[:-3], ["zstd"]),
    ],
)
def test_a_coding_that_breaks_off_is_told(body, codings):
    decoded = decode_body(body, codings, LIMIT)
    assert FEED.startswith(decoded.data)
    assert "breaks off" in decoded.fault


def test_a_wrong_check_sum_is_told_and_all_before_it_kept():
    decoded = decode_body(PACKED[:-8] + bytes(8), [], LIMIT)
    assert decoded.data == FEED
    assert "damaged" in decoded.fault


def test_a_coding_that_nobody_knows_is_refused_unless_there_is_none():
    with pytest.raises(ValueError, match="'compress' is not one"):
        decode_body(b"\x1f\x9d\x90", ["compress"], LIMIT)


@pytest.mark.parametrize("pack", [gzip.compress, brotli.compress, zstandard.compress, zlib.compress])
def test_no_more_than_the_limit_is_unpacked(pack):
    decoded = decode_body(
        pack(bytes(20_000_000)), {brotli.compress: ["br"], zlib.compress: ["deflate"]}.get(pack, []), 1000
    )
    assert decoded.data == bytes(1000)


def test_a_million_members_take_no_time():
    began = time.process_time()
    decode_body(gzip.compress(b"") * 500_000, [], LIMIT)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "end",
    [
        b"</rss>",
        b"</feed>\n",
        b"</rdf:RDF>\0\n",
        b"</HTML >",
        b"</body>",
        b"</urlset><!-- page cached -->\n<!-- 3 s -->",
    ],
)
def test_a_document_is_whole_when_its_root_has_ended(end):
    assert is_whole_document(b"<a><b>text</b>" + end)
    assert not is_whole_document(b"<a>" + end + b"<b>more")
    assert not is_whole_document(b"<a><b>text</b>" + end[:3])


def test_json_is_whole_when_it_can_be_read():
    assert is_whole_document(b'{"items": []}\n')
    assert not is_whole_document(b'{"items": [')


@given(st.binary(max_size=200), st.lists(st.sampled_from(["gzip", "br", "deflate", "zstd", "utf-8", ""]), max_size=3))
def test_any_bytes_are_decoded(body, codings):
    assert len(decode_body(body, codings, 100_000).data) <= 100_000
    assert is_whole_document(body) in {True, False}
