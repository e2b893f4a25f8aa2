"""HTTP answers in WARC records are read as they were sent or as a crawler decoded them."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.intake.http_answer import decode_answer, parse_answer

PAGE = b"<html><body><p>" + b"The bridge closes for weeks. " * 400 + b"</p></body></html>"


def chunked(data, size=1000):
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%X;x=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\nTrailer: x\r\n\r\n"


def answer(body, *fields, status=b"HTTP/1.1 200 OK"):
    return parse_answer(b"\r\n".join([status, *fields, b"", b""]) + body)


@pytest.mark.parametrize("pack", [chunked, bytes])  # the second: a crawler that joined the chunks
@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (b"gzip", gzip.compress(PAGE)),
        (b"gzip", PAGE),  # a crawler that unpacked it
        (b"br", brotli.compress(PAGE)),
        (b"deflate", zlib.compress(PAGE)),
        (b"zstd", zstandard.compress(PAGE)),
        (b"identity", PAGE),
    ],
)
def test_bodies_are_decoded_from_any_coding_that_is_there(pack, coding, packed):
    sent = answer(pack(packed), b"Transfer-Encoding: chunked", b"Content-Encoding: " + coding)
    assert decode_answer(sent, 100_000) == (PAGE, None)


@pytest.mark.parametrize(
    ("body", "coding", "fault"),
    [
        (chunked(PAGE)[:5000], b"identity", "chunks break off"),
        (chunked(gzip.compress(PAGE)[:-20]), b"gzip", "gzip breaks off"),
    ],
)
def test_a_body_that_is_cut_off_says_so(body, coding, fault):
    sent = answer(body, b"Transfer-Encoding: chunked", b"Content-Encoding: " + coding)
    assert fault in decode_answer(sent, 100_000).fault


def test_a_body_is_never_larger_than_the_limit():
    sent = answer(gzip.compress(b"x" * 10_000_000), b"Content-Encoding: gzip")
    assert len(decode_answer(sent, 1000).data) == 1000


def test_fields_are_read_by_their_names_in_any_case_folded_or_repeated():
    sent = answer(
        b"x", b"X-Robots-Tag: noindex,", b"  nofollow", b"x-robots-tag : noai", b"nonsense", status=b"HTTP/2 404"
    )
    assert (sent.status, sent.sent) == (404, b"x")
    assert sent.headers == {"x-robots-tag": ["noindex, nofollow", "noai"]}


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_whatever_a_record_holds_is_an_answer_or_none(head, body):
    for block in (head, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + head + b"\r\n\r\n" + body):
        if (sent := parse_answer(block)) and "content-encoding" not in sent.headers:
            assert len(decode_answer(sent, 100).data) <= 100
