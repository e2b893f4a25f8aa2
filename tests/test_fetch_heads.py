"""Facts about heads that browsers put up with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch.heads import mend_head


def mended(*lines, status=b"HTTP/1.1 200 OK", end=b"\r\n"):
    return mend_head(end.join([status, *lines, b"", b""]))


def lines_of(*lines, **options):
    return mended(*lines, **options).data.split(b"\r\n")[1:-2]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ([b"Content-Type : text/xml"], [b"Content-Type: text/xml"]),
        ([b"Content-Type\t:text/xml"], [b"Content-Type: text/xml"]),
        ([b" Content-Type: text/xml"], [b"Content-Type: text/xml"]),
        ([b"no colon here", b"ETag: x"], [b"ETag: x"]),
        ([b"X-A: 1", b"  folded", b"\tand again", b"ETag: x"], [b"X-A: 1 folded and again", b"ETag: x"]),
        ([b"bad name: 1", b": 2", b"(x): 3", b"ETag: x"], [b"ETag: x"]),
        ([b"X-A: a\x00b\x01c\rd"], [b"X-A: a b c d"]),
        ([b"Location: /caf\xe9"], [b"Location: /caf\xe9"]),
        ([b"X-Long: " + b"x" * 20_000, b"ETag: x"], [b"ETag: x"]),
    ],
)
def test_a_field_means_what_a_browser_takes_it_for(sent, meant):
    assert lines_of(*sent) == meant
    assert lines_of(*sent, end=b"\n") == meant


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        (b"HTTP/1.1 200", b"HTTP/1.1 200 "),
        (b"HTTP/1.1  404   Not Found ", b"HTTP/1.1 404 Not Found"),
        (b"HTTP/1.0 200 OK", b"HTTP/1.0 200 OK"),
        (b"http/1.1 200 ok", b"HTTP/1.1 200 ok"),
        (b"HTTP/2 200 OK", b"HTTP/1.1 200 OK"),
        (b"ICY 200 OK", b"HTTP/1.0 200 OK"),
        (b"\r\nHTTP/1.1 200 OK", b"HTTP/1.1 200 OK"),
        (b"HTTP/1.1 200 caf\xe9", b"HTTP/1.1 200 caf\xe9"),
    ],
)
def test_a_status_line_may_be_careless(status, meant):
    assert mended(status=status).data == meant + b"\r\n\r\n"


@pytest.mark.parametrize(
    "first", [b"SSH-2.0-OpenSSH", b"<rss>", b"HTTP/1.1 OK", b"HTTP/1.1 2000 OK", b"", b"RTSP/1.0 200 OK"]
)
def test_what_is_no_http_stays_so(first):
    assert mend_head(first + b"\r\n\r\n") is None


@pytest.mark.parametrize(
    ("sent", "framing", "is_doubtful"),
    [
        ([b"Content-Length: 5"], [b"Content-Length: 5"], False),
        ([b"Content-Length: 5", b"content-length: 5"], [b"Content-Length: 5"], True),
        ([b"Content-Length: 5, 5,05"], [b"Content-Length: 5"], True),
        ([b"Content-Length: 5", b"Transfer-Encoding: chunked"], [b"Transfer-Encoding: chunked"], True),
        ([b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked"], [b"Transfer-Encoding: chunked"], True),
        ([b"Transfer-Encoding: gzip, chunked"], [b"Transfer-Encoding: chunked"], True),
        ([b"Transfer-Encoding: identity", b"Content-Length: 5"], [b"Content-Length: 5"], True),
        ([b"Content-Length: "], [], True),
        ([b"Content-Length: -1"], [], True),
        ([b"Content-Length: 0x5"], [], True),
        ([b"Transfer-Encoding: chunked"], [b"Transfer-Encoding: chunked"], False),
    ],
)
def test_where_a_body_ends_is_said_once(sent, framing, is_doubtful):
    head = mended(*sent)
    assert head.data.split(b"\r\n")[1:-2] == framing
    assert head.is_doubtful == is_doubtful


@pytest.mark.parametrize("sent", [[b"Content-Length: 5", b"Content-Length: 6"], [b"Content-Length: 5, 6"]])
def test_two_different_lengths_are_refused_in_plain_words(sent):
    with pytest.raises(ValueError, match=r"different lengths of the body \(5 and 6 bytes\)"):
        mended(*sent)


def test_two_hundred_fields_are_read_and_twenty_thousand_refused():
    assert len(lines_of(*[b"Set-Cookie: a=b"] * 200)) == 200
    with pytest.raises(ValueError, match="more than 1000 header fields"):
        mended(*[b"X-A: b"] * 20_000)


@pytest.mark.parametrize(("status", "is_final"), [(100, False), (103, False), (101, True), (200, True), (304, True)])
def test_what_comes_before_the_answer_is_not_it(status, is_final):
    assert mended(status=b"HTTP/1.1 %d x" % status).is_final == is_final


@given(st.binary(max_size=300))
def test_any_head_is_mended_to_proper_lines_or_refused(rest):
    try:
        head = mend_head(b"HTTP/1.1 200 OK\r\n" + rest + b"\r\n\r\n")
    except ValueError:
        return
    *lines, end = head.data.removesuffix(b"\r\n").split(b"\r\n")
    assert end == b""
    assert all(b":" in line and not line.startswith((b" ", b"\t")) for line in lines[1:])
    assert mend_head(head.data).data == head.data
