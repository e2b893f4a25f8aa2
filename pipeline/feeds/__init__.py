"""Poll and parse feeds: RSS, Atom, JSON Feed, news sitemaps and, as a last resort, front pages.

``poll_feeds`` reads the feeds that are due; ``parse`` reads one document. Start with ``poller`` and ``schedule``.
"""

from pipeline.feeds.model import FeedItem, FeedResponse, ParsedFeed
from pipeline.feeds.parse import parse
from pipeline.feeds.poller import PolledFeed, poll_feeds

__all__ = [
    "FeedItem",
    "FeedResponse",
    "ParsedFeed",
    "PolledFeed",
    "parse",
    "poll_feeds",
]
