"""Tell readers what their saved searches match, each match once: by webhook, by e-mail, and in feeds.

``rules`` says what is new, ``messages`` and ``result_feeds`` put it into words: all pure. ``matching`` asks searches of
what has changed, ``digests`` mails what has gathered, ``receivers`` opens the notifiers, and ``watch`` does it all.
"""

from pipeline.saved_searches.catalog import (
    add_search,
    change_search,
    find_search,
    pause_search,
    remove_search,
    to_request,
)
from pipeline.saved_searches.watch import tend_searches

__all__ = ["add_search", "change_search", "find_search", "pause_search", "remove_search", "tend_searches", "to_request"]
