"""Count the answers that servers gave to this process, by HTTP status."""

from __future__ import annotations

import collections

_counts: collections.Counter[str] = collections.Counter()  # the event loop of one thread adds to it


def answer_counts() -> dict[str, int]:
    """Return status → how many answers had it so far, redirects among them."""
    return dict(_counts)


def count_answer(status: int) -> None:
    """Count an answer."""
    _counts[str(status)] += 1
