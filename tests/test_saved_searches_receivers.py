"""Whom a search may tell is decided before anything is sent; what a webhook gets is signed with a key of its own."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from aiohttp import web

from pipeline.errors import UsageError
from pipeline.notifiers import NotifierError
from pipeline.notifiers.signature import is_body_signed
from pipeline.saved_searches import add_search, tend_searches
from pipeline.saved_searches.receivers import check_mail, check_webhook, open_receivers, signing_key
from pipeline.search_records import SavedSearch, SearchRequest
from pipeline.settings import AlertSettings, FetchSettings, MailSettings, SearchSettings, Settings
from tests.helpers.searching import Clock, open_program, publish
from tests.helpers.support import NOW

ENVIRON = {"NEWSWIRE_SEARCHES_KEY": "sixteen-characters-and-more"}
LOOPBACK = Settings(searches=SearchSettings(allow_addresses=("127.0.0.0/8",)))


def search(**values):
    return SavedSearch(id="5eed", name="floods", created=NOW, begins=0, **values)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/hook",
        "https://10.0.0.5/hook",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://017700000001/",
        "http://127.1/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://printer.localhost/",
        "http://0/",
        "http://user:secret@hooks.example.org/",
        "http://hooks.example.org:22/",
        "ftp://hooks.example.org/",
        "javascript:alert(1)",
        "http://",
        "hooks",
    ],
)
def test_an_address_inside_the_network_or_none_at_all_is_refused_and_nothing_is_sent(url):
    with pytest.raises(UsageError, match="webhook: ") as caught:
        check_webhook(url, Settings(), ENVIRON)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://hooks.example.org/a?b=c", "http://8.8.8.8/", "https://[2606:4700::1111]/"])
def test_a_public_address_is_kept_as_it_is(url):
    assert check_webhook(url, Settings(), ENVIRON) == url


def test_a_private_network_is_called_where_the_operator_opened_it():
    assert check_webhook("http://127.0.0.1:9000/hook", LOOPBACK, ENVIRON)
    with pytest.raises(UsageError, match=r"10\.0\.0\.5 is not public"):
        check_webhook("http://10.0.0.5/", LOOPBACK, ENVIRON)


def test_without_a_key_of_the_server_nobody_has_a_webhook_and_without_a_mail_server_no_mails():
    for environ in ({}, {"NEWSWIRE_SEARCHES_KEY": "short"}):
        with pytest.raises(UsageError, match="NEWSWIRE_SEARCHES_KEY"):
            check_webhook("https://hooks.example.org/", Settings(), environ)
    with pytest.raises(UsageError, match=r"searches\.mail"):
        check_mail(["ana@example.org"], Settings())
    for addresses in (["ana"], ["ana@example.org, bo@example.org"], ["a@b\nBcc: c@d"]):
        with pytest.raises(UsageError, match="no e-mail address"):
            check_mail(addresses, Settings())


def test_a_name_that_leads_into_the_network_is_refused_when_it_is_connected_to(site):
    searches = SearchSettings(allow_addresses=())
    settings = Settings(searches=searches, fetch=FetchSettings(allow_ports=(site.port,)))
    hidden = search(webhook=f"http://localhost:{site.port}/")  # as a name that resolves to it would be
    notifiers = open_receivers([hidden], settings, lambda: NOW, ENVIRON).notifiers
    with pytest.raises(NotifierError, match="not public") as caught:
        notifiers[hidden.webhook_name].send(_message())
    assert caught.value.is_final
    assert site.requests == []


def _message():
    from pipeline.saved_searches.messages import compose_test

    return compose_test(search(), NOW, "https://news.example.org")


def test_each_search_has_a_key_of_its_own_that_stays_and_does_not_lie_in_the_ledger():
    first, second = search(), SavedSearch(id="other", name="n", created=NOW, begins=0)
    assert signing_key(first, ENVIRON) == signing_key(first, ENVIRON)
    assert signing_key(first, ENVIRON) != signing_key(second, ENVIRON)
    assert signing_key(first, ENVIRON).startswith("whsec_")
    assert "sixteen" not in signing_key(first, ENVIRON)


def test_a_search_whose_receivers_can_not_be_opened_is_named_and_the_others_are_opened():
    mail = MailSettings(name="desk", host="smtp.example", sender="n@example.org", to=("d@example.org",))
    settings = Settings(alerts=AlertSettings(mail=(mail,)))
    fine, broken = search(webhook="https://h.example.org/"), SavedSearch(
        id="b", name="broken", created=NOW, begins=0, mail=("ana@example.org",))  # fmt: skip
    receivers = open_receivers([broken, fine], settings, lambda: NOW, ENVIRON)
    assert list(receivers.notifiers) == [fine.webhook_name]
    assert "searches.mail" in receivers.faults["broken"]


def test_a_webhook_is_told_of_a_match_signed_and_again_under_the_same_id_until_it_takes_it(tmp_path, site, monkeypatch):
    monkeypatch.setenv("NEWSWIRE_SEARCHES_KEY", ENVIRON["NEWSWIRE_SEARCHES_KEY"])
    calls, statuses = [], [503, 200]

    async def answer(request):
        calls.append((request.headers, await request.read()))
        return web.Response(status=statuses.pop(0))

    site.handlers["/hook"] = answer
    clock = Clock()
    with open_program(tmp_path, clock, LOOPBACK) as context:
        saved = add_search(context, SearchRequest(name="floods", q="flood", webhook=site.url("/hook"))).search
        publish(context, "a1", "The flood came.")
        assert tend_searches(context) == 1
        clock.now += dt.timedelta(minutes=2)
        assert tend_searches(context) == 0
        assert tend_searches(context) == 0
    (first, body), (second, same) = calls
    assert (body, first["webhook-id"]) == (same, second["webhook-id"])
    headers = {name.lower(): value for name, value in second.items()}
    assert is_body_signed(signing_key(saved), headers, same, clock.now)
    assert json.loads(body)["matches"][0]["article"] == "a1"
