"""How is it said in words what another version of an article says otherwise?"""

from __future__ import annotations

import textwrap
from difflib import SequenceMatcher

from pipeline.revisions import Change

_AROUND = 4  # words shown on either side of a change
_WIDTH = 200  # characters of what was taken out or put in
_WORDS = 3000  # compared; of longer ones only their beginning
_SHOWN = 10  # places; nobody reads more in a terminal, and --json has all


def edits(change: Change) -> list[str]:
    """Return each place where the text changed, as ``… words [-taken out-] {+put in+} words …``."""
    old, new = (" ".join(lines).split()[:_WORDS] for lines in (change.removed, change.added))
    said = []
    for what, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        out, put = _short(old[i:j]), _short(new[k:m])
        parts = [
            f"… {' '.join(new[max(0, k - _AROUND) : k])}" if k else "",
            f"[-{out}-]" if out else "",
            f"{{+{put}+}}" if put else "",
            f"{' '.join(new[m : m + _AROUND])} …" if m < len(new) else "",
        ]
        said.append(" ".join(part for part in parts if part))
    more = len(said) - _SHOWN
    return [*said[:_SHOWN], f"and in {more} more places; --json tells all of it"] if more > 0 else said


def _short(words: list[str]) -> str:
    return textwrap.shorten(" ".join(words), _WIDTH, placeholder=" …")
