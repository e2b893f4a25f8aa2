"""Read what a publisher lets others do with a page from headers, meta elements and robots.txt.

All of it is put in the same words: noindex, noarchive, nosnippet, notranslate, noimageai, noai (no training of, and no
use by, AI) and tdm-reservation (text and data mining is reserved; W3C TDMRep).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

RIGHTS = ("noindex", "noarchive", "nosnippet", "notranslate", "noai", "noimageai", "tdm-reservation")

# What means the same: "none" is noindex and nofollow, "nocache" is what Bing calls noarchive.
_SAME = {"none": "noindex", "nocache": "noarchive", "max-snippet:0": "nosnippet"}
# Rules with a value; any word besides these before a colon names the robot that the rules after it are for.
_VALUED = ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")
# Robots that gather text for AI, by the names in their makers' documentation. A robots.txt that refuses one of them
# means AI.
AI_AGENTS = (
    "GPTBot",
    "Google-Extended",
    "CCBot",
    "ClaudeBot",
    "anthropic-ai",
    "Applebot-Extended",
    "Amazonbot",
    "Bytespider",
    "cohere-ai",
    "meta-externalagent",
    "PerplexityBot",
)
_AI_SIGNAL = re.compile(r"^\s*content-signal\s*:.*\bai-(?:train|input)\s*=\s*no\b", re.IGNORECASE | re.MULTILINE)


def parse_header(values: Iterable[str], agent: str) -> tuple[str, ...]:
    """Return the rights in X-Robots-Tag headers, as far as they are for all robots or for ``agent``."""
    rules: list[str] = []
    for value in values:
        applies = True
        for part in value.lower().split(","):
            name, colon, rule = (word.strip() for word in part.partition(":"))
            if colon and name not in _VALUED:
                applies, part = name == agent.lower(), rule  # noqa: PLW2901
            if applies:
                rules.append("".join(part.split()))
    return normalise_rights(rules)


def parse_meta(values: Iterable[str]) -> tuple[str, ...]:
    """Return the rights in the contents of meta elements that are for all robots or for newswire."""
    return normalise_rights(
        "".join(part.split()) for value in values for part in re.split(r"[,;]|(?<!:)\s+", value.lower())
    )


def parse_tdm(values: Iterable[str]) -> tuple[str, ...]:
    """Return the rights in tdm-reservation headers or meta elements."""
    return ("tdm-reservation",) if any(value.strip() == "1" for value in values) else ()


def list_ai_agents(robots_txt: str) -> tuple[str, ...]:
    """Return which of ``AI_AGENTS`` a robots.txt has rules for."""
    agents = {name.strip().lower() for name in re.findall(r"(?im)^\s*user-agent\s*:([^#\r\n]*)", robots_txt)}
    return tuple(agent for agent in AI_AGENTS if agent.lower() in agents)


def has_no_ai_signal(robots_txt: str) -> bool:
    """Return whether a robots.txt refuses use by AI with a Content-Signal (contentsignals.org)."""
    return _AI_SIGNAL.search(robots_txt) is not None


def normalise_rights(words: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``words`` that are rights, each once, in the order of ``RIGHTS``."""
    spelled = {_SAME.get(word, word) for word in words}
    return tuple(right for right in RIGHTS if right in spelled)
