"""Judge what Kibana answers to an import of saved objects: done, not ready, or refused and why. Pure.

An import that failed is answered with status 200 as well (``server-internal/src/routes/import.ts``): its body decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pipeline.errors import KibanaAwayError, KibanaError

_OK, _BAD, _UNAUTHORISED, _FORBIDDEN, _MISSING, _TOO_LARGE = 200, 400, 401, 403, 404, 413
_NOT_READY = frozenset({429, 502, 503, 504})  # by Kibana itself, or by a proxy before it
OLDEST, BELOW = (8, 19), (10,)  # versions of Kibana that the objects are for: from, and below which
_SHOWN = 10  # faults that a message names
_SHOWN_CHARACTERS = 300  # of an answer that isn't Kibana's


class KibanaAnswer(NamedTuple):
    """An answer of Kibana's: status and body."""

    status: int
    body: str

    def read_json(self) -> Any:
        """Return the body as JSON, None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def check_reachable(answer: KibanaAnswer, user: str) -> None:
    """Make sure that an answer is a Kibana's that lets us in.

    Raises:
        KibanaAwayError: It is not ready.
        KibanaError: It doesn't know the password, doesn't allow it, or is no Kibana.
    """
    status = answer.status
    if status in _NOT_READY:
        raise KibanaAwayError(f"Kibana is not ready (status {status}): {_shorten(answer.body)}")
    if status == _UNAUTHORISED:
        raise KibanaError(f"Kibana doesn't take the password of {user!r}: see NEWSWIRE_KIBANA_USER and _PASSWORD")
    if status == _FORBIDDEN:
        raise KibanaError(f"Kibana doesn't let {user!r} do that: the user needs the role editor")
    if status == _MISSING:
        raise KibanaError("there is no Kibana at this address, or it stands below another path (server.basePath)")
    if status == _TOO_LARGE:
        raise KibanaError(
            "Kibana refuses the file as too large: raise savedObjects.maxImportPayloadBytes, or a proxy's limit"
        )


def check_status(answer: KibanaAnswer, user: str) -> str:
    """Return Kibana's version, "" where it doesn't say it, from its answer to ``/api/status``.

    Raises:
        KibanaAwayError: It is not ready.
        KibanaError: It is no Kibana, of another version than these objects are for, or lets us not in.
    """
    check_reachable(answer, user)
    plain = answer.read_json()
    if answer.status != _OK or not isinstance(plain, Mapping) or "status" not in plain:
        raise KibanaError(f"what answers is no Kibana (status {answer.status}): {_shorten(answer.body)}")
    level = plain["status"].get("overall", {}).get("level", "")
    if level not in {"available", "degraded"}:
        raise KibanaAwayError(f"Kibana is not ready: it says {level!r}")
    version = str(plain.get("version", {}).get("number", ""))
    numbers = tuple(int(part) for part in version.split("-", maxsplit=1)[0].split(".") if part.isdigit())
    if numbers and not OLDEST <= numbers < BELOW:
        raise KibanaError(f"Kibana is {version}; these objects are for 8.19 to 9.x")
    return version


def check_import(answer: KibanaAnswer, user: str) -> int:
    """Return how many objects an import wrote.

    Raises:
        KibanaAwayError: Kibana is not ready.
        KibanaError: It refused the file, or an object; the message names each.
    """
    check_reachable(answer, user)
    plain = answer.read_json()
    if answer.status != _OK:
        message = plain.get("message") if isinstance(plain, Mapping) else None
        raise KibanaError(f"Kibana refuses the import (status {answer.status}): {message or _shorten(answer.body)}")
    if not isinstance(plain, Mapping) or not isinstance(plain.get("success"), bool):
        raise KibanaError(f"what answers is no Kibana: {_shorten(answer.body)}")
    if plain["success"]:
        return int(plain.get("successCount", 0))
    faults = list(map(describe_failure, plain.get("errors", [])))
    hidden = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
    raise KibanaError(f"Kibana took no object, or not all: {'; '.join(faults[:_SHOWN])}{hidden}")


def describe_failure(failure: Mapping[str, Any]) -> str:
    """Return in words why an object was refused (``core-saved-objects-common``, ``SavedObjectsImportFailure``)."""
    name = f"{failure.get('type')} {failure.get('id')!r}"
    error = failure.get("error", {})
    kind = error.get("type")
    if kind == "conflict":
        return f"{name} is there already, and would not be replaced"
    if kind == "ambiguous_conflict":
        ids = ", ".join(str(place.get("id")) for place in error.get("destinations", []))
        return f"{name} is there several times ({ids}): remove all but one"
    if kind == "unsupported_type":
        return f"{name} is of a type that this Kibana doesn't know"
    if kind == "missing_references":
        wanted = ", ".join(f"{ref.get('type')} {ref.get('id')!r}" for ref in error.get("references", []))
        return f"{name} refers to what isn't there: {wanted}"
    return f"{name}: {error.get('message') or kind or 'no reason is given'}"


def read_export(answer: KibanaAnswer, user: str) -> dict[tuple[str, str], bool] | set[tuple[str, str]]:
    """Return of each object that was asked for whether it is managed; or the objects that aren't there.

    Kibana exports all that is asked for or nothing: what isn't there it names (``export/errors.ts``), to be asked for
    without it.

    Raises:
        KibanaAwayError: Kibana is not ready.
        KibanaError: It refuses.
    """
    check_reachable(answer, user)
    if answer.status == _OK:
        lines = [json.loads(line) for line in answer.body.splitlines() if line.strip()]
        return {(line["type"], line["id"]): bool(line.get("managed")) for line in lines if "id" in line}
    plain = answer.read_json()
    if answer.status == _BAD and isinstance(plain, Mapping) and (missing := set(_missing(plain))):
        return missing
    raise KibanaError(f"Kibana doesn't say which objects it has (status {answer.status}): {_shorten(answer.body)}")


def _missing(plain: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    attributes = plain.get("attributes")
    for item in attributes.get("objects", []) if isinstance(attributes, Mapping) else []:
        if item.get("error", {}).get("statusCode") == _MISSING:
            yield item["type"], item["id"]


def _shorten(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN_CHARACTERS else f"{plain[:_SHOWN_CHARACTERS]} …"
