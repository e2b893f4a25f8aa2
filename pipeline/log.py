"""Write log lines on stderr, as text or as JSON; no ``user:password@`` of an address is in them.

Only the program's own loggers are configured: those below ``pipeline``.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys

from pipeline.records import to_json
from pipeline.urls import without_credentials


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, message, and the error where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_credentials(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = without_credentials(self.formatException(record.exc_info))
        return to_json(line).decode()


class TextFormatter(logging.Formatter):
    """Formats a record as a line of text."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; a traceback follows it."""
        return without_credentials(super().format(record))


def configure_logging(*, verbose: bool = False, as_json: bool = False) -> None:
    """Send log lines to stderr: warnings and, with ``verbose``, what the program does."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    logger = logging.getLogger("pipeline")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO if verbose else logging.WARNING)
    logger.propagate = False
