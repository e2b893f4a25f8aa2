"""Split a byline into its parts: names, roles, places, without what is said of others than the authors.

Nothing is judged here: whether a part is a person, an agency or a desk is decided in ``authors``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence

from pipeline.extract.config import Phrases

_KEPT_COMMA = "\ue000"  # a comma inside a name ("Smith, Jr.") while the others part names
_OF_ANOTHER = "\ue001"  # what stands behind the name of another than an author
_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|@\w+|\([^()]{0,200}\)|\[[^\[\]]{0,200}\]|<[^<>]{0,200}>")
# All of a byline in brackets is a signature: （山田太郎）, (Ana Ruiz)
_WRAPPED = re.compile(r"\s*[(（\[【]([^()（）\[\]【】]{2,60})[)）\]】]\s*")
_HAN = r"\u3400-\u9fff"
_HAN_NAME = re.compile(rf"[{_HAN}]{{2,4}}")
# Where a Chinese report comes from, behind the reporter's name: "王小明 北京报道"
_HAN_REPORT = re.compile(rf"(?<=[{_HAN}])[\s／/]+[{_HAN}]{{2,6}}(?:报道|報道|報導|电|電|讯|訊)$")
_MARKS = " ,:-–—*\"'【】「」"
_STOP = r"(?=$|[;|\n]|\.\s)"  # where what is said of another ends
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?){1,3}|[A-ZÀ-Þ]{1,3}")
_BEFORE = r"(?:^|(?<=[\s,;.|/(—–-]))"


def split_byline(text: str, phrases: Phrases) -> list[str]:
    """Return the parts of a byline, without addresses, brackets, degrees and those whom it names for other work."""
    whole = _WRAPPED.fullmatch(text)
    plain = _labelled(phrases).sub(_OF_ANOTHER, whole[1] if whole else text)
    plain = _others(phrases).sub(" ; ", _NOISE.sub(" ; ", plain))
    plain = _HAN_REPORT.sub("", _degrees(phrases).sub("", plain))
    plain = _suffixes(phrases).sub(lambda match: match[0].replace(",", _KEPT_COMMA), plain)
    parts: list[str] = []
    for part in _separators(phrases).split(plain):
        name = _outlet(phrases).sub("", part.strip().replace(_KEPT_COMMA, ",")).strip(_MARKS)
        if name and _OF_ANOTHER not in name and not _place(phrases).fullmatch(name):
            parts += _split_han(name, phrases)
    return parts


def turn_around(name: str) -> str:
    """Return a name that data give as "Ruiz, Ana" in the order in which it is spoken; others as they are."""
    surname, comma, given = (part.strip() for part in name.partition(","))
    single = len(surname.split()) == 1 and len(given.split()) in {1, 2} and "," not in given
    if not comma or not single or not all(word[:1].isupper() for word in (surname, *given.split())):
        return name
    return f"{given} {surname}"


def is_short_form(name: str) -> bool:
    """Tell whether a name is but initials, or a reporter's code: "A. R.", "AR", "aru"."""
    words = name.split()
    return all(_INITIALS.fullmatch(word) for word in words) or (len(words) == 1 and name.islower())


def spell_out(name: str, known: Sequence[str]) -> str:
    """Return the one name of ``known`` that ``name`` gives in initials ("A. Ruiz", "AR"), else ``name`` itself."""
    full = {other for other in known if other != name and _abbreviates(name.split(), other.split())}
    return full.pop() if len(full) == 1 else name


def _abbreviates(short: list[str], full: list[str]) -> bool:
    if any(_INITIALS.fullmatch(word) for word in full) or len(full) < 2:  # noqa: PLR2004 - given name and surname
        return False
    letters = "".join(re.findall(r"[^\W\d_]", " ".join(short)))
    if all(_INITIALS.fullmatch(word) for word in short):
        return letters.upper() == "".join(word[0] for word in full).upper()
    given, surname = short[:-1], short[-1]
    initials = bool(given) and all(_INITIALS.fullmatch(word) for word in given)
    return initials and surname == full[-1] and given[0][0] == full[0][0]


def _split_han(part: str, phrases: Phrases) -> list[str]:
    """Return Chinese names that a space parts; a Japanese name with a space inside stays whole."""
    pieces = part.split()
    chinese = len(pieces) > 1 and all(
        _HAN_NAME.fullmatch(piece) and piece[0] in phrases.han_surnames for piece in pieces
    )
    return pieces if chinese else [part]


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True)) or r"(?!)"


@functools.lru_cache(maxsize=4)
def _separators(phrases: Phrases) -> re.Pattern[str]:
    joins = _any_of([*phrases.joins, *(word.upper() for word in phrases.joins if len(word) > 1)])
    roles, labels = _any_of(phrases.roles), _any_of([*phrases.by_labels, *phrases.labelled])
    return re.compile(
        rf"(?<=\w\w)\.\s+(?=(?i:{roles})\b)|\s+(?=(?:{labels})\s*[:：])|"
        rf"\s*[,،;]?\s+(?:{joins})\s+|\s*(?:&|[;；|｜、，،／•\n]|(?<![{_HAN}])·|·(?![{_HAN}]))\s*|\s*,\s*|\s+[-–—]+\s+|"
        r"(?<=\w)\s*/\s*(?=[A-ZÀ-Þ])"
    )


@functools.lru_cache(maxsize=4)
def _others(phrases: Phrases) -> re.Pattern[str]:
    """Match what a byline says of photographers, editors and colleagues, up to its end."""
    said, marked = _any_of(phrases.others), _any_of([*phrases.other_labels, *phrases.editors])
    return re.compile(rf"{_BEFORE}(?:(?:{said})\s|(?:{marked})\s*[:：/]).*?{_STOP}", re.IGNORECASE)


@functools.lru_cache(maxsize=4)
def _labelled(phrases: Phrases) -> re.Pattern[str]:
    """Match a label in brackets behind the name of another: "Jo Doe (Fotos)"."""
    return re.compile(rf"\s*[(（]\s*(?:{_any_of([*phrases.other_labels, *phrases.editors])})\s*[)）]", re.IGNORECASE)


@functools.lru_cache(maxsize=4)
def _suffixes(phrases: Phrases) -> re.Pattern[str]:
    return re.compile(rf",\s*(?:{_any_of(phrases.suffixes)})\.?(?![^\W_])")


@functools.lru_cache(maxsize=4)
def _degrees(phrases: Phrases) -> re.Pattern[str]:
    """Match degrees behind a comma; those that no name is written like behind a space too."""
    sure = [degree for degree in phrases.degrees if "." in degree or not degree.isupper()]
    return re.compile(
        rf"(?:\s*,\s*(?:{_any_of(phrases.degrees)})|(?<=[a-zà-ÿ.])\s+(?:{_any_of(sure)}|MD))(?=$|[\s,;|&])"
    )


@functools.lru_cache(maxsize=4)
def _outlet(phrases: Phrases) -> re.Pattern[str]:
    """Match for whom somebody wrote, behind a name or alone."""
    return re.compile(rf"(?:^|(?<=\w)\s+|(?<=\.)\s+)(?:{_any_of(phrases.outlet_words)})\s+(?:the\s+)?(?=[A-ZÀ-Þ]).*$")


@functools.lru_cache(maxsize=4)
def _place(phrases: Phrases) -> re.Pattern[str]:
    """Match a part that says where somebody reported from."""
    return re.compile(rf"(?:{_any_of(phrases.place_words)})\s+[^\W\d_a-zà-öø-ÿ].*")
