"""Sets up a running Elasticsearch: passwords, API keys, and templates and lifecycle of the indices of operations.

It waits until Elasticsearch answers, for WAIT_SECONDS at most. It sets the password of kibana_system, as which Kibana
works, and of the user "editor", as which people use Kibana. It makes one API key that may write articles, one that may
only read them, and one that may only write operations. It may run again: keys stay that work and may do what they
must. Policies that delete old indices are made where the server has index lifecycle management. The environment gives
addresses and files (see docker-compose.yml). The template of articles comes with the first run of newswire, which
knows what is there of an earlier version. The exit code is 1 where something is wrong, which is named.
"""  # noqa: INP001 - a command, not a package

from __future__ import annotations

import base64
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from elasticsearch import ApiError, AuthenticationException, AuthorizationException, Elasticsearch, TransportError

from pipeline.errors import NewswireError, SettingsError
from pipeline.index.operations import open_operations
from pipeline.settings import load_settings
from pipeline.settings_sections import OperationsSettings
from pipeline.telemetry.fields import DocumentFamily
from pipeline.telemetry.sending import list_families

_WAIT_SECONDS = "120"  # where the environment says nothing
_PAUSE = 2.0  # seconds between two looks
_NOT_READY = frozenset({429, 502, 503, 504})
_MAJOR = 9  # the version that the client speaks to
_ROLE = "newswire"  # the name of a key's only role
_REQUEST_SECONDS = 60.0


def keys(alias: str, prefix: str) -> dict[str, dict[str, Any]]:
    """Return the privileges of each API key, by the name of its file; names of operations begin with ``prefix``."""
    articles = [f"{alias}*"]
    operations = [f"{prefix}-{family}{end}" for family in DocumentFamily for end in ("", "-*")]
    return {
        "write": {
            "cluster": ["monitor", "manage_index_templates"],
            "indices": [{"names": articles, "privileges": ["create_index", "read", "write", "manage"]}],
        },
        "operations": {
            "cluster": ["monitor", "manage_index_templates", "read_ilm"],
            "indices": [{"names": operations, "privileges": ["create_index", "read", "write", "manage"]}],
        },
        # monitor: to tell its size
        "read": {
            "cluster": [],
            "indices": [{"names": articles, "privileges": ["read", "view_index_metadata", "monitor"]}],
        },
    }


def set_up(environ: Mapping[str, str]) -> None:
    """Set passwords, templates and policies, and write API keys.

    It raises ApiError, TransportError or NewswireError where Elasticsearch refuses.
    """
    client = Elasticsearch(
        environ["ELASTICSEARCH_URL"],
        basic_auth=("elastic", secret(environ, "ELASTIC_PASSWORD_FILE")),
        **certificates(environ),
    )
    version = wait_for(client, wait_seconds(environ))
    if int(version.split(".")[0]) != _MAJOR:
        raise SettingsError(f"Elasticsearch is {version}; newswire needs {_MAJOR}.x")
    if "KIBANA_PASSWORD_FILE" in environ:  # else Kibana's operator gives it a user
        client.security.change_password(username="kibana_system", password=secret(environ, "KIBANA_PASSWORD_FILE"))
    client.security.put_user(username="editor", password=secret(environ, "EDITOR_PASSWORD_FILE"), roles=["editor"])
    folder = Path(environ["KEYS_FOLDER"])
    settings = load_settings()
    prepare_operations(environ, settings.operations)
    for name, role in keys(settings.index.alias, settings.operations.prefix).items():
        file = folder / name
        if file.exists() and may_stay(client, file.read_text().strip(), role, environ):
            continue
        made = client.security.create_api_key(name=f"newswire-{name}", role_descriptors={_ROLE: role})
        new = file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(made["encoded"])
        new.replace(file)
        say(f"made {file}")


def wait_for(client: Elasticsearch, seconds: float) -> str:
    """Return Elasticsearch's version as soon as it answers; raise what it last said where it doesn't in time."""
    end = time.monotonic() + seconds
    while True:
        try:
            return str(client.info()["version"]["number"])
        except (ApiError, TransportError) as error:
            passes = error.status_code in _NOT_READY if isinstance(error, ApiError) else not is_certificate(error)
            if not passes or time.monotonic() + _PAUSE > end:
                raise
            say(f"waiting for Elasticsearch: {error}")
        time.sleep(_PAUSE)


def is_certificate(error: TransportError) -> bool:
    """Say whether it is the certificate that isn't trusted, which waiting doesn't mend."""
    return "CERTIFICATE" in str(error).upper()


def prepare_operations(environ: Mapping[str, str], settings: OperationsSettings) -> None:
    """Put templates, and policies where the server takes them."""
    scheme, _, host = environ["ELASTICSEARCH_URL"].partition("://")
    password = quote(secret(environ, "ELASTIC_PASSWORD_FILE"), safe="")
    index = open_operations(
        f"{scheme}://elastic:{password}@{host}",
        settings.prefix,
        timeout=_REQUEST_SECONDS,
        ca_file=environ.get("ELASTICSEARCH_CA"),
    )
    try:
        index.prepare(list_families(settings))
    finally:
        index.close()


def wait_seconds(environ: Mapping[str, str]) -> float:
    """Return how long to wait; raise SettingsError where that is no number."""
    text = environ.get("WAIT_SECONDS", _WAIT_SECONDS)
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"WAIT_SECONDS: {text!r} is no number of seconds") from None


def may_stay(client: Elasticsearch, api_key: str, role: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Say whether Elasticsearch still knows the key, and the key may do just what it must by now."""
    if not works(api_key, environ):
        return False
    key_id = base64.b64decode(api_key).decode().partition(":")[0]
    (told,) = client.security.get_api_key(id=key_id)["api_keys"]
    present = told["role_descriptors"].get(_ROLE, {})
    return privileges(present) == privileges(role)


def privileges(role: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """Return what a role may do with the cluster, and with which indices."""
    indices = role.get("indices", ())
    pairs = ((name, right) for each in indices for name in each["names"] for right in each["privileges"])
    return frozenset(role.get("cluster", ())), frozenset(pairs)


def works(api_key: str, environ: Mapping[str, str]) -> bool:
    """Say whether Elasticsearch still knows the key."""
    try:
        Elasticsearch(environ["ELASTICSEARCH_URL"], api_key=api_key, **certificates(environ)).security.authenticate()
    except AuthenticationException:
        return False
    return True


def certificates(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the client's arguments for a CA of our own, none without one."""
    file = environ.get("ELASTICSEARCH_CA")
    return {"ca_certs": file} if file else {}


def secret(environ: Mapping[str, str], name: str) -> str:
    """Return the content of the file that the variable names."""
    return Path(environ[name]).read_text(encoding="utf-8").strip()


def say(line: str) -> None:
    """Tell the operator."""
    sys.stderr.write(f"setup: {line}\n")


def main() -> int:
    """Set up; return the exit code."""
    try:
        set_up(os.environ)
    except KeyError as error:
        say(f"the variable {error} is not set")
    except AuthenticationException:
        say("Elasticsearch doesn't take the password of elastic: see ELASTIC_PASSWORD_FILE")
    except AuthorizationException as error:
        say(f"Elasticsearch doesn't allow it: {error}")
    except (ApiError, TransportError, NewswireError, OSError) as error:
        say(str(error))
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
