"""Letters beyond ASCII that languages are written with, and how well a text fits a language by them. Pure.

Letters are the exemplar characters of Unicode's CLDR (main and auxiliary where outlets use them).
"""

from __future__ import annotations

import functools
import re
import string
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

_LETTERS = dict(
    line.split()
    for line in """\
az çəğıöşüİ
be абвгдеёжзійклмнопрстуўфхцчшыьэюя
bg абвгдежзийклмнопрстуфхцчшщъьюя
bs čćđšž
ca àçèéíïòóúü·
cs áčďéěíňóřšťúůýž
da æøåé
de äöüß
el αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ
en éèçñï
es áéíñóúüªº
et äõöüšž
eu ñç
fi äöåšž
fr àâæçéèêëîïôœùûüÿ
ga áéíóú
gl áéíñóúü
he אבגדהוזחטיךכלםמןנסעףפץצקרשת
hr čćđšž
hu áéíóöőúüű
is áðéíóúýþæö
it àèéìíîòóùú
kk абвгдежзийклмнопрстуфхцчшщъыьэюяёәғқңөұүһі
lt ąčęėįšųūž
lv āčēģīķļņōŗšūž
mk абвгдѓежзѕијклљмнњопрстќуфхцчџшѐѝ
mn абвгдежзийклмнопрстуфхцчшщъыьэюяёөү
mt ċġħżà
nb æøåéòôê
nl éëïöüèáóêç
nn æøåéòôê
no æøåéòôê
pl ąćęłńóśźż
pt áàâãçéêíóôõúüªº
ro ăâîșşțţ
ru абвгдежзийклмнопрстуфхцчшщъыьэюяё
sk áäčďéíĺľňóôŕšťúýž
sl čšžćđ
sq çë
sr абвгдђежзијклљмнњопрстћуфхцчџшčćđšž
sv åäöé
tr çğıöşüâîûİ
uk абвгґдеєжзиіїйклмнопрстуфхцчшщьюя
vi àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵ
""".splitlines()
)
_ARABIC = "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيًٌٍَُِّْـ،؛؟٠١٢٣٤٥٦٧٨٩"
_PERSIAN = _ARABIC + "پچژگکی۰۱۲۳۴۵۶۷۸۹"
_THAI = "".join(map(chr, range(0x0E01, 0x0E5C)))
# Punctuation and signs that stand in any text. Only some of them stand between two letters.
_SIGNS = frozenset("«»“”„‘’‚‹›–—…•·°§©®™€£¥¢¿¡½¼¾²³×÷±№†‡\u00a0\u200c\u200d\u200e\u200f\u00ad\u202f")
_IN_WORDS = frozenset("’‘“”–—…·•\u00a0\u202f\u00ad\u200c\u200d")
_LATIN = frozenset(string.ascii_letters)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_SIGN = re.compile(f"[{re.escape(''.join(sorted(_SIGNS - _IN_WORDS)))}]")
_WORD = re.compile(r"[^\W\d_]+")
_WIDE_SIGNS = range(0x3000, 0x3020), range(0xFF01, 0xFF66)
_KANA = range(0x3041, 0x3100)
_HANGUL = range(0xAC00, 0xD7A4)
# The rows of the national standards in which the common characters stand, by their first byte.
_COMMON_ROWS = {
    "zh": (("gb2312", range(0xB0, 0xD8)), ("big5", range(0xA4, 0xC7))),
    "ja": (("euc_jp", range(0xB0, 0xD0)),),
    "ko": (("euc_kr", range(0xB0, 0xC9)),),
}
_WIDE_LANGUAGES = frozenset(_COMMON_ROWS)
LANGUAGES = tuple(sorted([*_LETTERS, "ar", "fa", "ur", "th", *_WIDE_LANGUAGES]))


def knows_language(language: str) -> bool:
    """Tell whether the letters of ``language`` (ISO 639-1) are known."""
    return language in LANGUAGES


def letter_fits(text: str, languages: Sequence[str]) -> dict[str, float]:
    """Return how well the characters of ``text`` beyond ASCII fit each language, from 0 to 1; 1 where there are none.

    Counted are letters of the language's alphabet against all others; signs count only where they stand inside of a
    word, alphabets that are mixed in a word and capitals after small letters against it.
    """
    counts = Counter(match[0] for match in _BEYOND_ASCII.finditer(text))
    inside = sum(_is_inside_word(text, match.start()) for match in _SIGN.finditer(text)) if counts else 0
    odd = inside + sum(map(_oddity, _WORD.findall(text)))
    return {language: _fit(counts, odd, language) for language in languages}


def _fit(counts: Counter[str], odd: float, language: str) -> float:
    good, others = 0.0, 0.0
    if language in _WIDE_LANGUAGES:
        common = max(sum(counts[c] for c in counts if _is_common(c, language, row)) for row in _COMMON_ROWS[language])
        good, others = common, sum(counts[c] for c in counts if not _is_wide_sign(c)) - common
    else:
        letters = _letters_of(language)
        good = sum(counts[c] for c in counts if c in letters)
        others = sum(counts[c] for c in counts if c not in letters and c not in _SIGNS)
    bad = others + odd
    return good / (good + bad) if good or bad else 1.0


@functools.cache
def _letters_of(language: str) -> frozenset[str]:
    letters = {"ar": _ARABIC, "fa": _PERSIAN, "ur": _PERSIAN + "ٹڈڑںھہۂۃےۓ", "th": _THAI}.get(language) or _LETTERS[
        language
    ]
    return frozenset(letters + letters.upper()) - _LATIN


def _is_inside_word(text: str, at: int) -> bool:
    return text[at - 1 : at].isalpha() and text[at + 1 : at + 2].isalpha()


def _oddity(word: str) -> float:
    """Return how many letters of a word can hardly stand there: of another alphabet, or a capital after a small one."""
    if word.isascii():
        return 0
    scripts = [_script(letter) for letter in word]
    mixed = sum(before != after for before, after in pairwise(scripts))
    capitals = sum(before.islower() and after.isupper() for before, after in pairwise(word))
    return 2.0 * mixed + 2.0 * capitals


def _script(letter: str) -> int:
    """Return a number that letters of one alphabet share: the first code point of their block, roughly."""
    code = ord(letter)
    return next((start for start in (0x3000, 0x1E00, 0xE00, 0x600, 0x590, 0x400, 0x370) if code >= start), 0) % 0x1E00


def _is_wide_sign(character: str) -> bool:
    return character in _SIGNS or any(ord(character) in signs for signs in _WIDE_SIGNS)


def _is_common(character: str, language: str, row: tuple[str, range]) -> bool:
    """Tell whether a character that is no sign is a common one of Chinese, Japanese or Korean."""
    code, (charset, first_bytes) = ord(character), row
    if code in _KANA:
        return language == "ja"
    if _is_wide_sign(character) or (language == "ko") != (code in _HANGUL):
        return False
    encoded = character.encode(charset, "ignore")
    return len(encoded) > 1 and encoded[0] in first_bytes
