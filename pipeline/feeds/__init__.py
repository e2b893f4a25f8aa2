"""What do the feeds say exists? Polling and parsing of RSS, Atom, JSON Feed and news sitemaps."""

from pipeline.feeds.model import FeedItem, FeedResponse, ParsedFeed
from pipeline.feeds.parse import parse
from pipeline.feeds.poller import PolledFeed, poll_feeds, poll_feeds_in_batches

__all__ = [
    "FeedItem",
    "FeedResponse",
    "ParsedFeed",
    "PolledFeed",
    "parse",
    "poll_feeds",
    "poll_feeds_in_batches",
]
