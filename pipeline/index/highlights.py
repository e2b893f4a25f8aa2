"""Highlight what matched in a text, as safe HTML.

Whatever a text holds, the only markup in its highlight is <mark>.
"""

from __future__ import annotations

import html
import re

# Engines put these around what matched: characters of private use, which texts don't hold. (Control characters are no
# alternative: Elasticsearch trims them off the ends of a passage.)
START = "\ue002"
END = "\ue003"

# The least context that lets a reader judge a hit; Elasticsearch's highlighter counts characters, FTS5 words.
SNIPPET_CHARACTERS = 240
SNIPPET_WORDS = 40


def render_highlight(text: str) -> str:
    """Return ``text`` escaped, with <mark> around what the engine marked.

    Marks side by side are one, unpaired ones vanish.
    """
    pieces = re.split(f"{START}([^{START}{END}]*){END}", text.replace(END + START, ""))
    return "".join(
        f"<mark>{_escape(piece)}</mark>" if number % 2 else _escape(piece) for number, piece in enumerate(pieces)
    )


def _escape(text: str) -> str:
    return html.escape(text.replace(START, "").replace(END, ""))
