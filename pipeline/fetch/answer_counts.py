"""Count the answers that servers gave to this process: by HTTP status, and failures by host as well.

How many hosts are told apart is bounded; one that was, is until the process ends, so that each count only grows.
"""

from __future__ import annotations

import collections

from pipeline.fetch.statuses import is_failure

MOST_HOSTS = 200
OTHERS = "others"  # the hosts beyond these

# the event loop of one thread adds to them
_counts: collections.Counter[str] = collections.Counter()
_failures: collections.Counter[str] = collections.Counter()
_hosts: set[str] = set()


def answer_counts() -> dict[str, int]:
    """Return status → how many answers had it so far, redirects among them."""
    return dict(_counts)


def failure_counts() -> dict[str, int]:
    """Return "host status" → how many answers of 400 and above had it so far."""
    return dict(_failures)


def count_answer(host: str, status: int) -> None:
    """Count an answer of a host."""
    _counts[str(status)] += 1
    if is_failure(status):
        if host not in _hosts and len(_hosts) < MOST_HOSTS:
            _hosts.add(host)
        _failures[f"{host if host in _hosts else OTHERS} {status}"] += 1
