"""Define what the key of a program or person may allow: the scopes of the API."""

from __future__ import annotations

import enum


class AccessScope(enum.StrEnum):
    """What may be done with a key."""

    READ = "read"  # search, and read articles, stories, changes
    EXPORT = "export"  # take out whole results
    INGEST = "ingest"  # hand in articles
    DECIDE = "decide"  # decide as an editor
