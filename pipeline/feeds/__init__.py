"""What do the feeds say exists? Polling and parsing of RSS, Atom, JSON Feed and news sitemaps."""

from pipeline.feeds.items import Document, Item, Parsed
from pipeline.feeds.line import to_line
from pipeline.feeds.parse import parse
from pipeline.feeds.poller import Polled, poll, poll_in_parts

__all__ = ["Document", "Item", "Parsed", "Polled", "parse", "poll", "poll_in_parts", "to_line"]
