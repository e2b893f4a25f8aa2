"""Derive the ids of traces and spans from an article's id, so that all programs agree on them without a word.

Source: W3C Trace Context: 16 bytes name a trace, 8 bytes a span, and neither is all zeros.
"""

from __future__ import annotations

import hashlib

_SPANS = 2**64


def trace_id(article: str) -> str:
    """Return the 32 hex digits of the trace that all that happens to an article belongs to."""
    return _digest(f"newswire/{article}", 16)


def root_span_id(article: str) -> str:
    """Return the 16 hex digits of the first span of an article's trace."""
    return _digest(f"newswire/{article}/root", 8)


def span_id(article: str, number: int) -> str:
    """Return the 16 hex digits of the span of an article's outcome with this number."""
    return _digest(f"newswire/{article}/{number}", 8)


def is_traced(article: str, share: float) -> bool:
    """Tell whether an article is among the ``share`` (0 to 1) of which traces are told: always the same ones."""
    return int(trace_id(article)[:16], 16) < share * _SPANS


def _digest(text: str, size: int) -> str:
    return hashlib.sha256(text.encode()).digest()[:size].hex()
