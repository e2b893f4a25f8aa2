"""Set the edges of the names that the multilingual network finds: by quotes, signs and particles.

Its pieces of Korean, Japanese and Chinese words needn't end where names do; these scripts' own signs tell more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pipeline.enrich.recogniser import Span
from pipeline.records import EntityType

# Signs at the edges that belong to no name; quotes and brackets are looked at in pairs, full stops by what follows.
_LEFT = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff<,;:.\-–—•·*#@/|،؛]+")
_RIGHT = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff<,;:\-–—•·*#@/|،؛。、，！？؟।…]+$")
# Languages end and begin quotations with the same signs: all are one sign here, which must stand twice.
_QUOTES = frozenset('"“”„‟')
_SINGLE_QUOTES = "'‘’‚‹›`´"
# A Dutch name may begin with what is left of an article.
_DUTCH = re.compile(r"['’‘`´][tsnk](?=[ -])", re.IGNORECASE)
# Sign → its counterpart; German also quotes »so«.
_PAIRS = {")": "(", "]": "[", "）": "（", "」": "「", "』": "『", "》": "《", "〉": "〈", "»": "«", "«": "»"}
_OPENING = {counterpart: sign for sign, counterpart in _PAIRS.items()}
# A full stop at a name's end is its own behind an initial, a number or further full stops, and in Thai, which ends no
# sentence with it; any sign that ends a sentence is where the sentence goes on.
_STOP = re.compile(r"[.!?]+$")
_ABBREVIATED = re.compile(r"(?:(?<![^\W_])[^\W_]|\b[IVX]+|\d|\.[^\W_]+|[\u0e00-\u0e7f])\.$")
_GOES_ON = re.compile(r"(?:[^\S\n]|[\u200b-\u200f])*(?:[,;:)»”]|[^\W\d_])")
# One letter or sign in these scripts says little; a Chinese or Korean surname of one character is a name.
_LONE = re.compile(r"[^\u3400-\u9fff\uac00-\ud7a3]")
_HANGUL, _KATAKANA = re.compile(r"[\uac00-\ud7a3]+"), re.compile(r"[\u30a1-\u30fa\u30fc]+")
# Korean particles as the rest of a word behind a name; and those that no name ends with.
_PARTICLE = re.compile(
    r"(?:이?라는|이?라고|에서[는도]?|으?로[는도]?|으로부터|에게|에[는도]?|까지|부터|[은는이가을를의와과도로만측인]|보다|처럼|씨[는가의를]?|시[간각]|산)"
)
_SURE_PARTICLE = re.compile(
    r"(?<=[\uac00-\ud7a3]{2})(?:으?로부터|에서는|에서|에는|에도|에게|으로|[은는을를의에와과가])$"
)
# "A certain" Kim, whose given name isn't told; a single letter stands for a name in the same way: A씨.
_CERTAIN, _ANONYMOUS = re.compile(r"모(?![\uac00-\ud7a3]{3})"), re.compile(r"[A-Z](?=[\uac00-\ud7a3])")
# What no person's name ends with, nor any other; and what none begins with. A piece may reach beyond the name there.
_CALLED = re.compile(
    r"(?<=[\uac00-\ud7a3]{2})씨$|(?<=..)(?:氏|さん|選手|監督|首相|大統領|议员|議員|先生|女士|总统|總統|总理|總理|主席)$"
)
_HEAD_OF = re.compile(r"(?<=.[部会會局院厅廳省市州县縣])[长長]$")
_THAI_LEAD = re.compile(r"(?:ใน|ที่|ของ)(?=[\u0e00-\u0e7f]{3})")
_CHINESE_LEAD, _HIRAGANA = re.compile(r"[在是对對](?=[\u3400-\u9fff]{2})"), re.compile(r"[\u3041-\u309f]")
# Invisible marks belong to the word before them (Unicode Standard Annex 29).
_MARKS = re.compile(r"[\u200c-\u200f\ufeff]+")
# Of a name with more signs at its edges nothing is left that anybody reads.
_MOST_ROUNDS = 8
_SMALL_WORD = re.compile(r"(?<=[^\u3041-\u309f])[のはがをにでともへや]$|(?<=.)的$")


def trim_edges(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield the names without what stands around them; a lone letter or a number is none."""
    last = 0
    is_chinese = not _HIRAGANA.search(text)
    for span in spans:
        if span.start < last:  # inside of a name that became longer
            continue
        start, end = _whole_words(text, span, last)
        if start == end:
            continue
        start, end = cut_signs(text, *_cut_affixes(text, start, end, span.type, is_chinese=is_chinese))
        name = text[start:end]
        is_lone = len(name) == 1 and _LONE.match(name) and not _ANONYMOUS.match(text, start)
        if is_lone or not any(map(str.isalpha, name)):
            continue
        yield Span(start, start + len(name), span.type)
        last = start + len(name)


def _cut_affixes(text: str, start: int, end: int, of_type: EntityType, *, is_chinese: bool) -> tuple[int, int]:
    """Return a name without what a piece of a script without spaces has beyond it: 在|中国, 司法部|長, 安倍|氏."""
    if of_type is EntityType.PERSON:
        tail, lead = _CALLED.search(text, start, end), None
    else:
        tail, lead = _HEAD_OF.search(text, start, end), _THAI_LEAD.match(text, start, end)
    lead = (_CHINESE_LEAD.match(text, start, end) if is_chinese else None) or lead
    return lead.end() if lead else start, tail.start() if tail else end


def cut_signs(text: str, start: int, end: int) -> tuple[int, int]:
    """Return start and end of a name without the signs at its edges, and with the sign that closes a quote within it.

    A quote or bracket at an edge stays where its counterpart stands within the name: ООО «Ромашка», not «Ромашка».
    """
    for _ in range(_MOST_ROUNDS):
        before = start, end
        if lead := _LEFT.match(text, start, end):
            start = lead.end()
        end -= len(tail[0]) if (tail := _RIGHT.search(text[start:end])) and tail.start() else 0
        end = _cut_stop(text, start, end)
        start, end = _cut_pairs(text, start, end)
        if before == (start, end):
            break
    end = _close(text, start, end)
    marks = _MARKS.match(text, end) if start < end else None
    return start, marks.end() if marks else end


def _cut_stop(text: str, start: int, end: int) -> int:
    """Return where a name ends without the full stop that ends its sentence."""
    stop = _STOP.search(text, start, end)
    if not stop or _ABBREVIATED.search(text, start, end):
        return end
    following = _GOES_ON.match(text, end)
    does_go_on = following and (not following[0][-1].isalpha() or following[0][-1].islower())
    return end if does_go_on else stop.start()


def _cut_pairs(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a name without quotes or brackets around it, and without one at an edge that has no counterpart."""
    name = text[start:end]
    if len(name) < 2:  # noqa: PLR2004 - nothing stands between the two
        return start, end
    first, last, quotes = name[0], name[-1], sum(map(name.count, _QUOTES))
    if first in _QUOTES and last in _QUOTES and (quotes == 2 or (first, last) == ("„", "“")):  # noqa: PLR2004 - a pair
        return start + 1, end - 1
    if _PAIRS.get(last) == first and name.count(first) == name.count(last) == 1:
        return start + 1, end - 1
    is_odd = quotes % 2 == 1
    if last in _SINGLE_QUOTES or (last in _QUOTES and is_odd) or _is_alone(name, last, _PAIRS):
        return start, end - 1
    is_single = first in _SINGLE_QUOTES and not _DUTCH.match(name)
    return start + (is_single or (first in _QUOTES and is_odd) or _is_alone(name, first, _OPENING)), end


def _is_alone(name: str, sign: str, pairs: Mapping[str, str]) -> bool:
    return sign in pairs and name.count(sign) > name.count(pairs[sign])


def _close(text: str, start: int, end: int) -> int:
    """Return where a name ends with the sign behind it that closes what opens within it."""
    name, sign = text[start:end], text[end : end + 1]
    opens_quote = sign in _QUOTES and sum(map(name.count, _QUOTES)) % 2 == 1
    opens_bracket = sign in _PAIRS and name.count(_PAIRS[sign]) > name.count(sign)
    return end + (bool(sign) and (opens_quote or opens_bracket))


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
        is_certain = end - start == 1 and _CERTAIN.match(text, end)
        if rest and not is_certain and not _PARTICLE.fullmatch(rest[0]):
            end = rest.end()
        particle = _SURE_PARTICLE.search(text, start, end)
        return start, particle.start() if particle else end
    if start and _KATAKANA.match(text, start) and _KATAKANA.match(text, start - 1):
        return end, end
    if _KATAKANA.match(text, end - 1) and (rest := _KATAKANA.match(text, end)):
        end = rest.end()
    small = _SMALL_WORD.search(text, start, end)
    return start, small.start() if small and small.start() > start else end
