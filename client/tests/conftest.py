"""A running newswire for the client's tests."""

from __future__ import annotations

import socket
import threading

import msgspec
import pytest
import uvicorn

from pipeline.context import Context
from pipeline.settings import Settings
from pipeline.stages import run_all
from pipeline.web.app import create_app
from tests.helpers.arriving import NOW, SOURCES, STAGES, arrive
from tests.helpers.support import REPO, places

KEY = "open-sesame"
TEXT = (
    "The old harbour bridge was closed on Tuesday after engineers found cracks in two of its piers. "
    "Ferries carry people across until the repairs are done, the harbour office said. Article number {}."
)


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """A newswire that serves five articles: its application, its address, the key to write."""
    folder = tmp_path_factory.mktemp("service")
    environment = msgspec.structs.replace(places(folder), api_key=KEY)
    with Context(Settings(), SOURCES, environment, config=REPO / "config", clock=lambda: NOW) as context:
        app = create_app(context)
        for number in range(5):
            arrive(context, f"a{number}", TEXT.format(number) * (number + 1), seen=float(number))
        run_all(context, STAGES)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            yield app, f"http://127.0.0.1:{listener.getsockname()[1]}", KEY
            server.should_exit = True
            thread.join()
