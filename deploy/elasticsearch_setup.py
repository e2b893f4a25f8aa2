"""Sets passwords and makes API keys in a running Elasticsearch.

It waits until Elasticsearch answers, for WAIT_SECONDS at most. It sets the password of kibana_system, as which Kibana
works, and of the user "editor", as which people use Kibana. It makes one API key that may write articles, one that may
only read them, and one that may only write operations. It may run again: keys that work stay. The environment gives
addresses and files (see docker-compose.yml). Templates of indices come with the first run of newswire.
"""  # noqa: INP001 - a command, not a package

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elasticsearch import ApiError, AuthenticationException, AuthorizationException, Elasticsearch, TransportError

from pipeline.errors import NewswireError, SettingsError
from pipeline.settings import load_settings
from pipeline.telemetry.fields import DocumentFamily

_WAIT_SECONDS = "120"  # where the environment says nothing
_PAUSE = 2.0  # seconds between two looks
_NOT_READY = frozenset({429, 502, 503, 504})
_MAJOR = 9  # the version that the client speaks to


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
            "cluster": ["monitor", "manage_index_templates"],
            "indices": [{"names": operations, "privileges": ["create_index", "read", "write", "manage"]}],
        },
        "read": {"cluster": [], "indices": [{"names": articles, "privileges": ["read", "view_index_metadata"]}]},
    }


def set_up(environ: Mapping[str, str]) -> None:
    """Set passwords and write API keys; raises ApiError or TransportError where Elasticsearch refuses."""
    client = Elasticsearch(
        environ["ELASTICSEARCH_URL"],
        basic_auth=("elastic", secret(environ, "ELASTIC_PASSWORD_FILE")),
        **certificates(environ),
    )
    version = wait_for(client, float(environ.get("WAIT_SECONDS", _WAIT_SECONDS)))
    if int(version.split(".")[0]) != _MAJOR:
        raise SettingsError(f"Elasticsearch is {version}; newswire needs {_MAJOR}.x")
    if "KIBANA_PASSWORD_FILE" in environ:  # else Kibana's operator gives it a user
        client.security.change_password(username="kibana_system", password=secret(environ, "KIBANA_PASSWORD_FILE"))
    client.security.put_user(username="editor", password=secret(environ, "EDITOR_PASSWORD_FILE"), roles=["editor"])
    folder = Path(environ["KEYS_FOLDER"])
    settings = load_settings()
    for name, role in keys(settings.index.alias, settings.operations.prefix).items():
        file = folder / name
        if file.exists() and works(file.read_text().strip(), environ):
            continue
        made = client.security.create_api_key(name=f"newswire-{name}", role_descriptors={"newswire": role})
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
