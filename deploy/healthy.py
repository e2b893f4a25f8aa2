"""Checks that a server answers and that a part of it is healthy (exit code 0): ``healthy.py URL [PART]``.

PART is one of the parts in Airflow's health report, such as scheduler.
"""  # noqa: INP001 - a command, not a package

from __future__ import annotations

import json
import sys
import urllib.request


def healthy(url: str, part: str | None = None) -> bool:
    """Say whether the server answers with success and, where a part is named, reports it as healthy."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - an address of our own
            return part is None or json.load(answer)[part]["status"] == "healthy"
    except (OSError, ValueError, KeyError):
        return False


if __name__ == "__main__":
    sys.exit(not healthy(*sys.argv[1:3]))
