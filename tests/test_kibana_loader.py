"""Objects come to a Kibana, or it is said why not: against a stand-in on loopback that answers as Kibana's sources do.

No Kibana was run. The stand-in follows ``saved_objects/server-internal/src/routes/import.ts``, ``import/lib`` and
``export`` of Kibana's public sources.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re

import pytest
from aiohttp import web

from pipeline.errors import KibanaAwayError, KibanaError, SettingsError
from pipeline.kibana.catalog import build_catalog
from pipeline.kibana.loader import KibanaAddress, load_objects

USER, PASSWORD = "editor", "päss:word"
OBJECTS = build_catalog().objects
FEW = tuple(item for item in OBJECTS if item.type in {"index-pattern", "search"})


class StandIn:
    """What a Kibana has and how it answers; ``site`` is the server that it answers on."""

    def __init__(self, site):
        self.objects: dict[tuple[str, str], dict] = {}
        self.ready_after = 0  # requests that are told that it isn't ready
        self.version = "9.4.3"
        self.import_limit = 26_214_400  # savedObjects.maxImportPayloadBytes
        self.types = {"index-pattern", "search", "lens", "map", "visualization", "dashboard"}
        self.refused: dict[str, str] = {}  # id → message, as bulkCreate says it
        self.asked: list[str] = []
        self.url = site.url("").rstrip("/")
        site.handlers["/api/status"] = self.status
        site.handlers["/api/saved_objects/_import"] = self.import_file
        site.handlers["/s/desk/api/saved_objects/_import"] = self.import_file
        for space in ("", "/s/desk"):
            site.handlers[f"{space}/api/saved_objects/_export"] = self.export

    def refusal(self, request) -> web.Response | None:
        self.asked.append(request.path)
        if self.ready_after:
            self.ready_after -= 1
            return web.Response(status=503, text="Kibana server is not ready yet.")
        word = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {word}":
            plain = {"statusCode": 401, "error": "Unauthorized", "message": "[security_exception] no such user"}
            return web.json_response(plain, status=401)
        if request.method == "POST" and "kbn-xsrf" not in request.headers:
            plain = {"statusCode": 400, "message": "Request must contain a kbn-xsrf header."}
            return web.json_response(plain, status=400)
        return None

    async def status(self, request):
        plain = {"status": {"overall": {"level": "available"}}, "version": {"number": self.version}}
        return self.refusal(request) or web.json_response(plain)

    async def export(self, request):
        if refusal := self.refusal(request):
            return refusal
        keys = [(each["type"], each["id"]) for each in (await request.json())["objects"]]
        missing = [key for key in keys if key not in self.objects]
        if missing:
            items = [{"type": k, "id": i, "error": {"statusCode": 404, "message": "Not found"}} for k, i in missing]
            body = {"statusCode": 400, "message": "Error fetching objects to export", "attributes": {"objects": items}}
            return web.json_response(body, status=400)
        return web.Response(text="\n".join(json.dumps(self.objects[key]) for key in keys))

    async def import_file(self, request):
        if refusal := self.refusal(request):
            return refusal
        if (request.content_length or 0) > self.import_limit:
            plain = {"statusCode": 413, "error": "Request Entity Too Large", "message": "Payload content length"}
            return web.json_response(plain, status=413)
        field = await (await request.multipart()).next()
        if not field.filename.endswith(".ndjson"):
            return web.json_response({"statusCode": 400, "message": "Invalid file extension"}, status=400)
        lines = [json.loads(line) for line in (await field.text()).splitlines()]
        overwrite = request.query.get("overwrite") == "true"
        return web.json_response(self.take(lines, overwrite=overwrite))

    def take(self, lines, *, overwrite):
        """Import objects as ``import_saved_objects.ts`` does: with a conflict or a lost reference, none is written."""
        errors = [
            {"type": line["type"], "id": line["id"], "error": {"type": "unsupported_type"}}
            for line in lines
            if line["type"] not in self.types
        ]
        there = {(line["type"], line["id"]) for line in lines} | self.objects.keys()
        for line in lines:
            key = (line["type"], line["id"])
            lost = [
                {"type": ref["type"], "id": ref["id"]}
                for ref in line["references"]
                if ref["type"] in {"index-pattern", "search"} and (ref["type"], ref["id"]) not in there
            ]
            if lost:
                error = {"type": "missing_references", "references": lost}
                errors.append({"type": key[0], "id": key[1], "error": error})
            if key in self.objects and not overwrite:
                errors.append({"type": key[0], "id": key[1], "error": {"type": "conflict"}})
        resolvable = any(each["error"]["type"] in {"conflict", "missing_references"} for each in errors)
        failed = {(each["type"], each["id"]) for each in errors}
        written = [] if resolvable else [each for each in lines if (each["type"], each["id"]) not in failed]
        for line in list(written):
            if message := self.refused.get(line["id"]):
                error = {"type": "unknown", "message": message, "statusCode": 400}
                errors.append({"type": line["type"], "id": line["id"], "error": error})
                written.remove(line)
        self.objects |= {(line["type"], line["id"]): line for line in written}
        body = {"success": not errors, "successCount": len(written), "warnings": []}
        return body | ({"errors": errors} if errors else {})


@pytest.fixture
def kibana(site):
    return StandIn(site)


def load(kibana, objects=FEW, *, password=PASSWORD, wait=0.0, replace=False, space=None, told=None):
    address = KibanaAddress(url=kibana.url, user=USER, password=password, space=space)
    lines = [] if told is None else told
    return load_objects(address, objects, wait_seconds=wait, replace=replace, tell=lines.append)


def test_all_objects_come_to_an_empty_kibana_and_again_over_themselves(kibana):
    assert load(kibana, OBJECTS).written == len(OBJECTS)
    assert kibana.objects.keys() == {item.key for item in OBJECTS}
    again = load(kibana, OBJECTS)
    assert (again.written, again.kept, again.version) == (len(OBJECTS), (), "9.4.3")


def test_a_new_object_arrives_beside_those_that_are_there(kibana):
    load(kibana, FEW[:-1])
    load(kibana, FEW)
    assert FEW[-1].key in kibana.objects


def test_an_update_replaces_what_is_managed(kibana):
    load(kibana)
    kibana.objects[("search", "newswire-latest")]["attributes"]["title"] = "as it was"
    load(kibana)
    assert kibana.objects[("search", "newswire-latest")]["attributes"]["title"] == "Latest articles"


def test_what_people_made_of_our_ids_stays_until_it_is_to_be_replaced(kibana):
    load(kibana)
    theirs = {**kibana.objects[("search", "newswire-latest")], "managed": False}
    kibana.objects[("search", "newswire-latest")] = theirs
    result = load(kibana)
    assert result.kept == (("search", "newswire-latest"),)
    assert result.written == len(FEW) - 1
    assert kibana.objects[("search", "newswire-latest")] is theirs
    assert load(kibana, replace=True).written == len(FEW)
    assert kibana.objects[("search", "newswire-latest")]["managed"] is True


def test_peoples_own_objects_are_not_touched(kibana):
    theirs = {"type": "dashboard", "id": "desk", "attributes": {}, "references": [], "managed": False}
    kibana.objects[("dashboard", "desk")] = theirs
    load(kibana)
    assert kibana.objects[("dashboard", "desk")] is theirs


def test_objects_come_to_the_space_that_is_named(kibana):
    load(kibana, space="desk")
    assert "/s/desk/api/saved_objects/_import" in kibana.asked


def test_a_kibana_that_is_not_ready_is_waited_for(kibana):
    kibana.ready_after, told = 1, []
    assert load(kibana, wait=30, told=told).written == len(FEW)
    assert told == ["waiting for Kibana: Kibana is not ready (status 503): Kibana server is not ready yet."]


def test_waiting_has_an_end(kibana):
    kibana.ready_after = 1_000_000
    with pytest.raises(KibanaAwayError, match=r"is not ready yet[.]; waited 0 s for http"):
        load(kibana)


def test_where_nothing_answers_that_is_said(site):
    address = KibanaAddress(url="http://127.0.0.1:1", user=USER, password=PASSWORD)
    with pytest.raises(KibanaAwayError, match="nothing answers there"):
        load_objects(address, FEW, wait_seconds=0, replace=False, tell=print)


def test_a_wrong_password_is_not_tried_again(kibana):
    with pytest.raises(KibanaError, match="doesn't take the password of 'editor'"):
        load(kibana, password="wrong", wait=300)
    assert len(kibana.asked) == 1


@pytest.mark.parametrize("version", ["8.18.4", "7.17.0", "10.0.0"])
def test_another_version_is_named(kibana, version):
    kibana.version = version
    with pytest.raises(KibanaError, match=f"Kibana is {version}; these objects are for 8.19 to 9.x"):
        load(kibana)


@pytest.mark.parametrize("version", ["8.19.0", "9.0.0", "9.6.0-SNAPSHOT"])
def test_the_versions_from_8_19_to_9_are_taken(kibana, version):
    kibana.version = version
    assert load(kibana).version == version


def test_a_failure_that_is_answered_with_200_is_a_failure_that_names_the_object(kibana):
    kibana.refused["newswire-latest"] = "Document belongs to a more recent version of Kibana"
    with pytest.raises(KibanaError, match="search 'newswire-latest': Document belongs to a more recent version"):
        load(kibana)


def test_a_type_that_this_kibana_does_not_know_is_named(kibana):
    kibana.types -= {"search"}
    with pytest.raises(KibanaError, match="search 'newswire-latest' is of a type that this Kibana doesn't know"):
        load(kibana)


def test_a_reference_to_nothing_is_named(kibana):
    lonely = tuple(item for item in FEW if item.type == "search")
    with pytest.raises(KibanaError, match="refers to what isn't there: index-pattern 'newswire-articles'"):
        load(kibana, lonely)


def test_conflicts_are_named(kibana):
    load(kibana)
    take = kibana.take
    kibana.take = lambda lines, overwrite: take(lines, overwrite=False)  # as a Kibana that ignored the parameter
    with pytest.raises(KibanaError, match=r"is there already, and would not be replaced; .*; and 2 more"):
        load(kibana)


def test_a_file_that_is_too_large_is_said_to_be(kibana):
    kibana.import_limit = 1000
    with pytest.raises(KibanaError, match=r"raise savedObjects[.]maxImportPayloadBytes"):
        load(kibana)


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (403, "{}", "the user needs the role editor"),
        (404, "{}", "no Kibana at this address"),
        (500, '{"message": "An internal server error occurred"}', "An internal server error occurred"),
        (302, "", "refuses the import (status 302)"),
        (200, "<html>a login page</html>", "what answers is no Kibana"),
        (200, '{"successCount": 3}', "what answers is no Kibana"),
    ],
)
def test_other_answers_to_an_import_are_told(kibana, site, status, body, fault):
    site.page("/api/saved_objects/_import", body, status=status)
    with pytest.raises(KibanaError, match=re.escape(fault)):
        load(kibana)


def test_a_server_that_is_none_of_kibanas_is_told(site):
    site.page("/api/status", "<html>hello</html>")
    address = KibanaAddress(url=site.url("").rstrip("/"), user=USER, password=PASSWORD)
    with pytest.raises(KibanaError, match="what answers is no Kibana"):
        load_objects(address, FEW, wait_seconds=0, replace=False, tell=print)


def test_a_certificate_file_that_is_none_is_a_setting_to_mend(tmp_path):
    address = KibanaAddress(url="https://127.0.0.1:1", user=USER, password=PASSWORD, ca_file=str(tmp_path / "no.crt"))
    with pytest.raises(SettingsError, match=r"NEWSWIRE_KIBANA_CA: .*no\.crt can't be used"):
        load_objects(address, FEW, wait_seconds=0, replace=False, tell=print)


def test_an_interrupted_answer_is_waited_for_as_a_kibana_that_starts_is(kibana, site):
    async def cut(request):
        request.transport.abort()
        await asyncio.sleep(0)
        return web.Response()

    site.handlers["/api/status"] = cut
    with pytest.raises(KibanaAwayError, match="nothing answers there"):
        load(kibana)
