"""A real S3 server on loopback, of the package moto: object stores are tested over HTTP, as any of them speaks."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from typing import Any

import fsspec
import pytest

BUCKET = "newsroom"


@contextlib.contextmanager
def object_store() -> Iterator[Any]:
    """Run a server with an empty bucket that the environment's ``AWS_*`` lead to; yields fsspec's view of it."""
    from moto.s3.models import s3_backends
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        kind = fsspec.get_filesystem_class("s3")
        kind.clear_instance_cache()
        files = kind(use_listings_cache=False)
        files.mkdir(BUCKET)
        try:
            yield files
        finally:
            kind.clear_instance_cache()
            server.stop()
            # all servers of a process share what they keep, and the next one begins empty
            s3_backends.reset()
