"""Set how often Python looks for cyclic garbage, which reference counts don't free.

Processes that work in batches call ``tune_gc`` once.
"""

from __future__ import annotations

import gc

# Objects created and not freed between two collections. A batch of 200 articles creates some 20,000, frees all of them
# when it ends, and leaves hardly a cycle. With Python's own 700, collections go through all that the process holds once
# a batch: 14 % of the time that dedupe takes. With this, dedupe of 14,000 articles needs 2 MB more, of 107.
_THRESHOLD = 50_000


def tune_gc() -> None:
    """Let this process collect garbage seldom: for processes that work in batches."""
    gc.set_threshold(_THRESHOLD, *gc.get_threshold()[1:])
