"""Keep the profiles of sites in memory between transactions, so that a small batch doesn't read them all again.

A profile is taken out while a transaction works with it and comes back under a token that the same transaction writes
into the ledger. Where the ledger names another token (another process was at it, or the transaction was rolled back),
the profile is read anew.
"""

from __future__ import annotations

import collections
import threading

from pipeline.sites import SiteProfile

_MAX_SITES = 128  # of 150 pages with 1.5 kB each: 30 MB


class SiteCache:
    """The profiles that were worked with last; safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._profiles: collections.OrderedDict[str, tuple[str, SiteProfile]] = collections.OrderedDict()

    def take(self, name: str, token: str | None) -> SiteProfile | None:
        """Take a site's profile out; None where there is none of that token."""
        with self._lock:
            known, profile = self._profiles.pop(name, (None, None))
        return profile if token is not None and known == token else None

    def put(self, name: str, token: str, profile: SiteProfile) -> None:
        """Keep a site's profile, which nobody changes any more; those not used for longest are forgotten."""
        with self._lock:
            self._profiles[name] = token, profile
            self._profiles.move_to_end(name)
            if len(self._profiles) > _MAX_SITES:
                self._profiles.popitem(last=False)
