"""Set the edges of the names that the multilingual network finds: by quotes, signs, particles and suffixes.

Its pieces of Korean, Japanese and Chinese words needn't end where names do; these scripts' own signs tell more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.enrich.recogniser import Span

_LEFT = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\"“”„«‘'’`(\[<（「『《〈,;:.\-–—•·*#@/|،؛]+")
_RIGHT = re.compile(
    r"[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\"“”„»‘'’`\[<（「『《〈,;:\-–—•·*#@/|،؛!?。、，！？؟।…]+$"
)
# Behind these the suffix is written apart, and belongs to no name: Ankara'da.
_APART = frozenset(("tr", "az"))
_SUFFIX = re.compile(r"['’ʼ][^\W\d_A-ZÇĞİÖŞÜ]{1,10}$")
# One letter or sign in these scripts says little; a Chinese or Korean surname of one character is a name.
_LONE = re.compile(r"[^\u3400-\u9fff\uac00-\ud7a3]")
_HANGUL, _KATAKANA = re.compile(r"[\uac00-\ud7a3]+"), re.compile(r"[\u30a1-\u30fa\u30fc]+")
# Korean particles as the rest of a word behind a name; and those that no name ends with.
_PARTICLE = re.compile(
    r"(?:이?라는|이?라고|에서[는도]?|으?로[는도]?|으로부터|에게|에[는도]?|까지|부터|[은는이가을를의와과도로만측인]|보다|처럼|씨[는가의를]?)"
)
_SURE_PARTICLE = re.compile(r"(?<=[\uac00-\ud7a3]{2})(?:에서는|에서|에게|으로|[은는을를의와과가])$")
_SMALL_WORD = re.compile(r"(?<=[^\u3041-\u309f])[のはがをにでともへや]$|(?<=.)的$")


def trim_edges(text: str, spans: Sequence[Span], language: str | None) -> Iterator[Span]:
    """Yield the names without what stands around them; a lone letter or a number is none."""
    last = 0
    for span in spans:
        if span.start < last:  # inside of a name that became longer
            continue
        start, end = _whole_words(text, span, last)
        if start == end:
            continue
        if lead := _LEFT.match(text, start, end):
            start = lead.end()
        name = text[start:end]
        if (tail := _RIGHT.search(name)) and tail.start():
            name = name[: tail.start()]
        if language in _APART and (suffix := _SUFFIX.search(name)):
            name = name[: suffix.start()]
        for left, right in ("()", "«»", "“”", "「」", "《》"):
            if name.endswith(right) and left not in name:
                name = name[:-1]
        if not name or not any(map(str.isalpha, name)) or (len(name) == 1 and _LONE.match(name)):
            continue
        yield Span(start, start + len(name), span.type)
        last = start + len(name)


def _whole_words(text: str, span: Span, last: int) -> tuple[int, int]:
    """Return where the Korean words or the runs of katakana begin and end that a name has a part of, behind ``last``.

    A name that lies within a run of katakana, behind its beginning, is none: start and end are the same then.
    """
    start, end = span.start, span.end
    if start and _HANGUL.match(text, start) and _HANGUL.match(text, start - 1):
        while start > last and _HANGUL.match(text, start - 1):
            start -= 1
    if _HANGUL.match(text, end - 1):
        rest = _HANGUL.match(text, end)
        if rest and not _PARTICLE.fullmatch(rest[0]):
            end = rest.end()
        particle = _SURE_PARTICLE.search(text, start, end)
        return start, particle.start() if particle else end
    if start and _KATAKANA.match(text, start) and _KATAKANA.match(text, start - 1):
        return end, end
    if _KATAKANA.match(text, end - 1) and (rest := _KATAKANA.match(text, end)):
        end = rest.end()
    small = _SMALL_WORD.search(text, start, end)
    return start, small.start() if small and small.start() > start else end
