from __future__ import annotations

import base64
import datetime as dt

import pytest
from fastapi import Request, Response
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from pipeline.errors import SettingsError
from pipeline.settings import ServeSettings
from pipeline.web.editor_session import (
    COOKIE,
    SESSION,
    EditorSessions,
    check_own_request,
    check_token,
    clean_name,
    is_within,
)

NOW = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)
BEHIND_PROXY = ServeSettings(editor_header="X-Forwarded-User", trusted_proxies=("10.0.0.0/8",))


def request(client="127.0.0.1", scheme="http", **headers):
    pairs = [(name.lower().replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request(
        {"type": "http", "headers": pairs, "client": (client, 5), "scheme": scheme, "path": "/", "server": ("x", 80)}
    )


def with_cookie(value, **headers):
    return request(cookie=f"{COOKIE}={value}", **headers)


def test_a_session_holds_a_name_until_it_ends_and_another_key_ends_it():
    sessions = EditorSessions("key", ServeSettings())
    cookie = sessions.begin(" Ana\n Sousa ", NOW)
    editor = sessions.find_editor(with_cookie(cookie), NOW)
    assert (editor.name, editor.until) == ("Ana Sousa", NOW + SESSION)
    assert sessions.find_editor(with_cookie(cookie), NOW + SESSION) is None
    assert EditorSessions("other", ServeSettings()).find_editor(with_cookie(cookie), NOW) is None
    assert sessions.find_editor(request(), NOW) is None
    assert "key" not in base64.urlsafe_b64decode(cookie.partition(".")[0]).decode()


@given(st.data())
def test_a_cookie_that_was_changed_anywhere_is_none(data):
    sessions = EditorSessions("key", ServeSettings())
    cookie = sessions.begin("Ana", NOW)
    place = data.draw(st.integers(0, len(cookie) - 1))
    letter = data.draw(st.sampled_from("abcdefABCDEF0123456789-_.="))
    changed = cookie[:place] + letter + cookie[place + 1 :]
    editor = sessions.find_editor(with_cookie(changed), NOW)
    assert (editor is None) == (changed != cookie)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=';,"\\'), max_size=80))
def test_a_cookie_that_we_never_gave_is_none(cookie):
    assert EditorSessions("key", ServeSettings()).find_editor(with_cookie(cookie), NOW) is None


def test_only_the_key_is_the_key():
    sessions = EditorSessions("key", ServeSettings())
    assert [sessions.accepts(key) for key in ("key", "Key", "", "key ")] == [True, False, False, False]
    nobody = EditorSessions(None, ServeSettings())
    assert not nobody.accepts_keys
    assert not any(nobody.accepts(key) for key in ("", "key", "None"))


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_travels_by_https_where_there_is_https():
    plain, secure = ServeSettings(), ServeSettings(public_url="https://news.example")
    for settings, scheme, is_secure in ((plain, "http", False), (plain, "https", True), (secure, "http", True)):
        response = Response()
        EditorSessions("key", settings).set_cookie(response, request(scheme=scheme), "value")
        header = response.headers["Set-Cookie"].lower()
        assert "httponly" in header
        assert "samesite=lax" in header
        assert ("secure" in header) == is_secure


def test_a_trusted_proxy_says_who_is_there_and_nobody_else_does():
    sessions = EditorSessions(None, BEHIND_PROXY)
    editor = sessions.find_editor(request("10.1.2.3", X_Forwarded_User="ana"), NOW)
    assert (editor.name, editor.until) == ("ana", None)
    assert sessions.find_editor(request("127.0.0.1", X_Forwarded_User="ana"), NOW) is None
    assert sessions.find_editor(request("10.1.2.3", X_Forwarded_User=" "), NOW) is None
    twice = request("10.1.2.3", X_Forwarded_User="ana")
    twice.scope["headers"].append((b"x-forwarded-user", b"bo"))
    assert sessions.find_editor(Request(twice.scope), NOW) is None
    without = EditorSessions(None, ServeSettings(trusted_proxies=("10.0.0.0/8",)))
    assert without.find_editor(request("10.1.2.3", X_Forwarded_User="ana"), NOW) is None


def test_a_network_that_is_none_is_named():
    with pytest.raises(SettingsError, match=r"serve\.trusted_proxies"):
        EditorSessions(None, ServeSettings(trusted_proxies=("the proxy",)))


def test_an_address_lies_in_a_network_also_as_ipv6_writes_it():
    networks = EditorSessions(None, BEHIND_PROXY)._proxies
    assert is_within("::ffff:10.0.0.1", networks)
    assert not is_within("testclient", networks)


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "none"}, True),
        ({"Sec_Fetch_Site": "same-site"}, False),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost:8000"}, False),
        ({"Origin": "http://localhost:8000"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({}, True),
    ],
)
def test_a_request_that_another_site_makes_is_refused(headers, is_ours):
    made = request(Host="localhost:8000", **headers)
    if is_ours:
        check_own_request(made)
    else:
        with pytest.raises(HTTPException, match="another site"):
            check_own_request(made)


def test_a_token_belongs_to_one_session():
    sessions = EditorSessions("key", ServeSettings())
    first, second = (sessions.find_editor(with_cookie(sessions.begin("Ana", NOW)), NOW) for _ in range(2))
    check_token(first, first.token)
    for token in (second.token, "", "é"):
        with pytest.raises(HTTPException, match="present session"):
            check_token(first, token)


@given(st.text(max_size=300))
def test_a_name_is_one_printable_line(name):
    cleaned = clean_name(name)
    assert cleaned.isprintable()
    assert len(cleaned) <= 100
