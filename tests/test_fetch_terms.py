from __future__ import annotations

import pytest

from pipeline.errors import SettingsError
from pipeline.fetch.terms import SourceTerms
from pipeline.settings import Source

SOURCE = Source(
    name="Times", feeds=("https://feeds.times.example/rss",), home="https://times.example/", credentials="TIMES"
)


def terms(value, **changes):
    source = Source(**{**{name: getattr(SOURCE, name) for name in Source.__struct_fields__}, **changes})
    return SourceTerms([source], {} if value is None else {"NEWSWIRE_CREDENTIALS_TIMES": value})


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        ("me:word", {"Authorization": "Basic bWU6d29yZA=="}),
        ("me:wo: rd", {"Authorization": "Basic bWU6d286IHJk"}),
        ("Bearer abc", {"Authorization": "Bearer abc"}),
        ("X-Subscriber: 4711", {"X-Subscriber": "4711"}),
        ("Cookie: id=1; b=2", {"Cookie": "id=1; b=2"}),
    ],
)
def test_credentials_are_a_password_a_token_or_a_header(value, headers):
    assert terms(value).login_for("Times", "https://times.example/a").headers == headers


@pytest.mark.parametrize(
    "url",
    [
        "http://times.example/a",
        "https://times.example:8443/a",
        "https://www.times.example/a",
        "https://times.example.evil.example/",
        "nonsense",
    ],
)
def test_no_other_server_gets_them(url):
    assert terms("me:word").login_for("Times", url).headers == {}
    assert terms("me:word").login_for("Others", "https://times.example/a").headers == {}


def test_credentials_may_stand_in_a_file(tmp_path):
    (tmp_path / "secret").write_text("me:word\n")
    made = SourceTerms([SOURCE], {"NEWSWIRE_CREDENTIALS_TIMES_FILE": str(tmp_path / "secret")})
    assert made.login_for("Times", "https://feeds.times.example/rss").headers == {"Authorization": "Basic bWU6d29yZA=="}


@pytest.mark.parametrize(("value", "said"), [(None, "not set"), ("word", "user:password")])
def test_credentials_that_are_missing_or_none_are_a_settings_error(value, said):
    with pytest.raises(SettingsError, match=said) as raised:
        terms(value)
    assert "NEWSWIRE_CREDENTIALS_TIMES" in str(raised.value)


def test_certificates_are_checked_unless_the_source_says_otherwise():
    assert terms("me:word").login_for("Times", "https://times.example/a").unchecked == frozenset()
    unchecked = terms("me:word", verify_tls=False).login_for("Times", "https://times.example/a").unchecked
    assert unchecked == {"times.example", "feeds.times.example"}
