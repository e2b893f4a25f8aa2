"""Write log lines on stderr, as text, as JSON or as Elastic's schema has it; no ``user:password@`` is in them.

A record that says in ``extra`` which ``article`` it is of bears the id of that article's trace. Only the program's own
loggers are configured: those below ``pipeline``.
"""

from __future__ import annotations

import datetime as dt
import enum
import importlib.metadata
import logging
import socket
import sys

from pipeline.records import to_json
from pipeline.trace_ids import trace_id
from pipeline.urls import without_credentials


class LogFormat(enum.StrEnum):
    """The form of a log line."""

    TEXT = "text"
    JSON = "json"
    ECS = "ecs"


_ECS_VERSION = "8.11.0"


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


class EcsFormatter(logging.Formatter):
    """Formats a record as one JSON object with the names of the Elastic Common Schema, as Kibana's views of logs have.

    Source: elastic.co/docs/reference/ecs (base, log, process, host, service, error and tracing fields).
    """

    def __init__(self) -> None:
        super().__init__()
        self._always = {
            "ecs.version": _ECS_VERSION,
            "event.dataset": "newswire.log",
            "service.name": "newswire",
            "service.version": importlib.metadata.version("newswire"),
            "host.hostname": socket.gethostname(),
        }

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, object] = {
            "@timestamp": dt.datetime.fromtimestamp(record.created, dt.UTC),
            "log.level": record.levelname.lower(),
            "message": without_credentials(record.getMessage()),
            "log.logger": record.name,
            "process.pid": record.process,
            **self._always,
        }
        article = getattr(record, "article", None)
        if isinstance(article, str):
            line |= {"trace.id": trace_id(article), "labels.article": article}
        if record.exc_info and record.exc_info[1] is not None:
            line |= {
                "error.type": type(record.exc_info[1]).__name__,
                "error.message": without_credentials(str(record.exc_info[1])),
                "error.stack_trace": without_credentials(self.formatException(record.exc_info)),
            }
        return to_json(line).decode()


_FORMATTERS: dict[LogFormat, type[logging.Formatter]] = {
    LogFormat.TEXT: TextFormatter,
    LogFormat.JSON: JsonFormatter,
    LogFormat.ECS: EcsFormatter,
}


def configure_logging(*, verbose: bool = False, log_format: LogFormat = LogFormat.TEXT) -> None:
    """Send log lines to stderr: warnings and, with ``verbose``, what the program does."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FORMATTERS[log_format]())
    logger = logging.getLogger("pipeline")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO if verbose else logging.WARNING)
    logger.propagate = False
