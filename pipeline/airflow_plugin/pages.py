"""Say where newswire's pages are, for links from Airflow's."""

from __future__ import annotations

import logging
import os

from pipeline.errors import NewswireError
from pipeline.settings import ServeSettings, load_settings, read_variable

_log = logging.getLogger(__name__)

_ADDRESS_VARIABLE = "NEWSWIRE_SERVE_URL"


def pages_url() -> str:
    """Return where a browser finds our pages, without a slash at the end.

    That is ``NEWSWIRE_SERVE_URL``, else ``serve.public_url`` of the settings, else where ``newswire serve`` listens.
    What can't be read is logged: a faulty settings file must not keep Airflow from starting.
    """
    stated, serve = None, ServeSettings()
    try:
        stated = read_variable(os.environ, _ADDRESS_VARIABLE)
        serve = load_settings().serve
    except NewswireError as error:
        _log.warning("where newswire's pages are can't be read: %s", error)
    return (stated or serve.public_url or f"http://{serve.host}:{serve.port}").rstrip("/")
