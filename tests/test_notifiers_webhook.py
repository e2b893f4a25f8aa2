"""A webhook gets signed messages; what it answers decides what becomes of them, and no secret is told."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
import hmac
import json

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alert_records import Message
from pipeline.errors import SettingsError
from pipeline.notifiers import NotifierError, open_notifiers
from pipeline.notifiers.signature import is_body_signed, sign_body
from pipeline.notifiers.webhook import WebhookNotifier
from pipeline.settings import AlertSettings, FetchSettings, WebhookSettings
from tests.helpers.support import NOW

MESSAGE = Message(id="m1", at=NOW, subject="newswire: fetch waits", text="fetch waits\nsince then", data={"type": "x"})
KEY = "a-long-key"


def notifier(url, environ=None, **values):
    values = {"allow_addresses": ("127.0.0.0/8",), **values}
    form = values.pop("format", "signed")
    settings = AlertSettings(webhook=(WebhookSettings(name="ops", url=url, format=form),), **values)
    environ = {"NEWSWIRE_WEBHOOK_KEY_OPS": KEY} if environ is None else environ
    return open_notifiers(settings, FetchSettings(), lambda: NOW, environ)["ops"]


def refusal(sender):
    with pytest.raises(NotifierError) as caught:
        sender.send(MESSAGE)
    return caught.value


def receive(site, path="/hook", status=200, **headers):
    """Let the site keep the bodies that are posted to a path; return its address and where they are kept."""
    bodies = []

    async def answer(request):
        bodies.append((dict(request.headers), await request.read()))
        return web.Response(status=status, headers=headers, text="what I think of it")

    site.handlers[path] = answer
    return site.url(path), bodies


def test_a_message_is_signed_as_the_standard_says(site):
    url, bodies = receive(site)
    notifier(url).send(MESSAGE)
    ((headers, body),) = bodies
    assert json.loads(body) == {"id": "m1", "subject": MESSAGE.subject, "text": MESSAGE.text, "type": "x"}
    assert headers["Content-Type"] == "application/json"
    stamp = headers["webhook-timestamp"]
    assert int(stamp) == NOW.timestamp()
    digest = hmac.new(KEY.encode(), f"m1.{stamp}.".encode() + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_a_chat_program_gets_the_text_alone(site):
    url, bodies = receive(site)
    notifier(url, {}, format="text").send(MESSAGE)
    ((headers, body),) = bodies
    assert json.loads(body) == {"text": "newswire: fetch waits\nfetch waits\nsince then"}
    assert "webhook-signature" not in headers


@pytest.mark.parametrize(
    ("status", "is_final"),
    [(500, False), (503, False), (404, False), (401, False), (429, False), (400, True), (410, True), (302, False)],
)
def test_what_is_not_taken_is_tried_again_unless_it_never_will_be(site, status, is_final):
    url, bodies = receive(site, status=status, Location="/elsewhere")
    error = refusal(notifier(url))
    assert error.is_final is is_final
    assert f"it answered {status}" in str(error)
    assert len(bodies) == 1
    assert site.paths() == ["/hook"]  # redirects aren't followed


def test_a_receiver_says_when_it_wants_to_be_asked_again(site):
    url, _ = receive(site, status=503, Retry_After="x", **{"Retry-After": "120"})
    assert refusal(notifier(url)).retry_after == 120


def test_an_address_inside_the_network_is_refused_unless_it_is_opened(site):
    url, bodies = receive(site)
    error = refusal(notifier(url, allow_addresses=()))
    assert error.is_final
    assert "alerts.allow_addresses" in str(error)
    assert bodies == []


def test_a_receiver_that_does_not_answer_is_given_up(site):
    async def answer(_):
        await asyncio.sleep(60)

    site.handlers["/slow"] = answer
    settings = FetchSettings(allow_addresses=("127.0.0.0/8",), allow_ports=(), timeout_seconds=0.2)
    error = refusal(WebhookNotifier(site.url("/slow"), KEY, settings, lambda: NOW))
    assert not error.is_final
    assert "no full answer within" in str(error)


def test_a_secret_in_an_address_is_told_to_nobody(site):
    secret = "/services/T0/s3cret"
    for url in (site.url(secret), f"http://127.0.0.1:9{secret}", f"http://10.0.0.1{secret}"):
        error = refusal(notifier(None, {"NEWSWIRE_WEBHOOK_URL_OPS": url, "NEWSWIRE_WEBHOOK_KEY_OPS": KEY}))
        assert "s3cret" not in str(error)


@pytest.mark.parametrize(
    ("settings", "environ", "said"),
    [
        ({}, {"NEWSWIRE_WEBHOOK_KEY_OPS": KEY}, "NEWSWIRE_WEBHOOK_URL_OPS"),
        ({"url": "ftp://a.example/"}, {"NEWSWIRE_WEBHOOK_KEY_OPS": KEY}, "not an http or https address"),
        ({"url": "https://a.example/"}, {}, "NEWSWIRE_WEBHOOK_KEY_OPS"),
        ({"url": "https://a.example/"}, {"NEWSWIRE_WEBHOOK_KEY_OPS": "whsec_%"}, "base64"),
        ({"url": "https://a.example/", "name": "Ops 1"}, {}, "no name"),
    ],
)
def test_a_webhook_that_can_not_be_used_is_named(settings, environ, said):
    webhook = WebhookSettings(**{"name": "ops", **settings})
    with pytest.raises(SettingsError, match=said):
        open_notifiers(AlertSettings(webhook=(webhook,)), FetchSettings(), lambda: NOW, environ)


def test_two_notifiers_of_one_name_and_networks_that_are_none_are_refused():
    webhook = WebhookSettings(name="ops", url="https://a.example/", format="text")
    for settings, said in (
        (AlertSettings(webhook=(webhook, webhook)), "two notifiers are called 'ops'"),
        (AlertSettings(webhook=(webhook,), allow_addresses=("here",)), "alerts.allow_addresses"),
        (AlertSettings(webhook=(msgspec.structs.replace(webhook, name="log"),), log=True), "two notifiers"),
    ):
        with pytest.raises(SettingsError, match=said):
            open_notifiers(settings, FetchSettings(), lambda: NOW, {})


@given(st.sampled_from(["plain", "whsec_c2VjcmV0"]), st.text(), st.binary(), st.integers(-600, 600), st.binary())
def test_a_signature_holds_for_what_was_signed_lately_and_for_nothing_else(key, name, body, seconds, other):
    headers = sign_body(key, name, body, NOW)
    at = NOW + dt.timedelta(seconds=seconds)
    assert is_body_signed(key, headers, body, at) is (abs(seconds) <= 300)
    assert is_body_signed(key, headers, other, NOW) is (other == body)
    assert not is_body_signed("another", headers, body, NOW)
    assert not is_body_signed(key, {**headers, "webhook-id": name + "x"}, body, NOW)
    assert not is_body_signed(key, {**headers, "webhook-timestamp": "soon"}, body, NOW)
    rotated = {**headers, "webhook-signature": f"v1,b2xk {headers['webhook-signature']}"}
    assert is_body_signed(key, rotated, body, NOW)
