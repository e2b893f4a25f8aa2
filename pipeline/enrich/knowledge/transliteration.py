"""Write names of other scripts in Latin letters, as English reads them. Pure.

Cyrillic, Greek, Arabic, Hebrew, Devanagari, Kana and Hangul; Han characters have no sound of their own and stay. What
comes out is for comparing sounds, not for showing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_CYRILLIC = dict(
    pair.split(":")
    for pair in (
        "а:a б:b в:v г:g ґ:g д:d ђ:dj ѓ:dj е:e ё:yo є:ye ж:zh з:z ѕ:dz и:i і:i ї:yi й:y ј:y к:k қ:k л:l љ:ly м:m "
        "н:n њ:ny ң:ng о:o ө:o п:p р:r с:s т:t ћ:ch ќ:kj у:u ў:u ү:u ұ:u ф:f х:kh ғ:g һ:h ц:ts ч:ch џ:dj ш:sh щ:shch "
        "ъ:a ы:y ь:' э:e ә:a ю:yu я:ya"
    ).split()
)
_GREEK = dict(
    pair.split(":")
    for pair in (
        "α:a β:v γ:g δ:d ε:e ζ:z η:i θ:th ι:i κ:k λ:l μ:m ν:n ξ:x ο:o π:p ρ:r σ:s ς:s τ:t υ:i φ:f χ:ch ψ:ps ω:o"
    ).split()
)
_GREEK_PAIRS = tuple(
    (pair[:2], pair[3:]) for pair in "ου:u μπ:b ντ:d γκ:g γγ:ng τζ:dj τσ:ts αυ:av ευ:ev αι:e ει:i οι:i".split()
)
_ARABIC = dict(
    pair.split(":")
    for pair in (
        "ا:a أ:a إ:i آ:a ء:' ئ:' ؤ:' ب:b پ:p ت:t ث:th ج:j چ:ch ح:h خ:kh د:d ذ:dh ر:r ز:z ژ:zh س:s ش:sh ص:s ض:d ط:t ظ:z "
        "ع:' غ:gh ف:f ڤ:v ق:q ک:k ك:k گ:g ل:l م:m ن:n ه:h ة:a و:w ي:y ی:y ى:a"
    ).split()
)
_HEBREW = dict(
    pair.split(":")
    for pair in (
        "א:a ב:b ג:g ד:d ה:h ו:v ז:z ח:ch ט:t י:y כ:k ך:k ל:l מ:m ם:m נ:n ן:n ס:s ע:a פ:p ף:f צ:ts ץ:ts "
        "ק:k ר:r ש:sh ת:t"
    ).split()
)
_DEVANAGARI = dict(
    pair.split(":")
    for pair in (
        "अ:a आ:a इ:i ई:i उ:u ऊ:u ऋ:ri ए:e ऐ:ai ऑ:o ओ:o औ:au क:k ख:kh ग:g घ:gh ङ:n च:ch छ:chh ज:j झ:jh ञ:n ट:t ठ:th ड:d "
        "ढ:dh ण:n त:t थ:th द:d ध:dh न:n प:p फ:ph ब:b भ:bh म:m य:y र:r ल:l व:v श:sh ष:sh स:s ह:h ा:a ि:i ी:i ु:u ू:u "
        "ृ:ri े:e ै:ai ॉ:o ो:o ौ:au ं:n ँ:n"
    ).split()
)
_KANA_ROWS = {
    "アイウエオ": "a i u e o",
    "カキクケコ": "ka ki ku ke ko",
    "サシスセソ": "sa shi su se so",
    "タチツテト": "ta chi tsu te to",
    "ナニヌネノ": "na ni nu ne no",
    "ハヒフヘホ": "ha hi fu he ho",
    "マミムメモ": "ma mi mu me mo",
    "ラリルレロ": "ra ri ru re ro",
    "ヤユヨワン": "ya yu yo wa n",
    "ガギグゲゴ": "ga gi gu ge go",
    "ザジズゼゾ": "za ji zu ze zo",
    "ダヂヅデド": "da ji zu de do",
    "バビブベボ": "ba bi bu be bo",
    "パピプペポ": "pa pi pu pe po",
    "ァィゥェォ": "a i u e o",
    "ャュョヴー": "ya yu yo v -",
}
_KANA = {kana: sound for row, sounds in _KANA_ROWS.items() for kana, sound in zip(row, sounds.split(), strict=True)}
# Revised Romanisation, leading consonants, vowels and trailing consonants in the order of Unicode
_LEADS = "g kk n d tt r m b pp s ss - j jj ch k t p h".split()
_HANGUL_VOWELS = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split()
_TAILS = "- g kk gs n nj nh d l lg lm lb ls lt lp lh m b bs s ss ng j ch k t p h".split()
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_KATAKANA = re.compile(r"[\u30a1-\u30fc]")
_HIRAGANA = range(0x3041, 0x3097)
_VIRAMA = "\u094d"
_TABLE = str.maketrans({**_CYRILLIC, **_GREEK, **_ARABIC, **_HEBREW, "ł": "l", "đ": "dj", "ø": "o", "ı": "i", "ə": "a"})
# Scripts in which short vowels aren't written, or in which sounds of other languages fall together
_ROUGH = re.compile(r"[\u0590-\u06ff\u30a1-\u30fc\uac00-\ud7a3\u1100-\u11ff]")
_OTHER_SCRIPT = re.compile(r"[^\W\d_a-z]", re.IGNORECASE)
_LATIN_END = 0x250


def is_rough(text: str) -> bool:
    """Tell whether a script leaves out or merges sounds, so that only consonants can be compared."""
    return bool(_ROUGH.search(text))


def is_latin(text: str) -> bool:
    """Tell whether a name is written in Latin letters."""
    return all(ord(char) < _LATIN_END or not char.isalpha() for char in text)


@lru_cache(maxsize=65536)
def to_latin(word: str) -> str:
    """Return a folded word in small Latin letters; what has no sound (Han) stays."""
    if word.isascii():
        return word
    text = unicodedata.normalize("NFC", word)
    for pair, sound in _GREEK_PAIRS if "α" <= max(text) <= "ω" else ():
        text = text.replace(pair, sound)
    if _HANGUL.search(text):
        text = _HANGUL.sub(lambda match: _syllable(match[0]), text)
    text = "".join(chr(ord(c) + 0x60) if ord(c) in _HIRAGANA else c for c in text)
    if _KATAKANA.search(text):
        text = _from_kana(text)
    if any("\u0900" <= c <= "\u097f" for c in text):
        text = _from_devanagari(text)
    return text.translate(_TABLE).replace("'", "")


def _syllable(char: str) -> str:
    index = ord(char) - 0xAC00
    lead, vowel, tail = index // 588, index // 28 % 21, index % 28
    return (_LEADS[lead] + _HANGUL_VOWELS[vowel] + _TAILS[tail]).replace("-", "")


def _from_kana(text: str) -> str:
    sounds: list[str] = []
    for char in text:
        sound = _KANA.get(char, char)
        if char in "ァィゥェォャュョ" and sounds and sounds[-1][-1:] in "aeiou":  # ティ is ti, チャ is cha
            sounds[-1] = sounds[-1][:-1] + (sound[1:] if sounds[-1][:-1] in {"ch", "sh", "j"} else sound)
        elif char == "ッ" or sound == "-":
            continue
        else:
            sounds.append(sound)
    return "".join(sounds)


def _from_devanagari(text: str) -> str:
    """Return a word with the a that a consonant has where no vowel sign follows, but not at the end."""
    sounds = []
    for index, char in enumerate(text):
        following = text[index + 1 : index + 2]
        sounds.append("" if char == _VIRAMA else _DEVANAGARI.get(char, char))
        is_consonant = "क" <= char <= "ह"
        if is_consonant and following and ("क" <= following <= "ह" or following in "ंँ"):
            sounds.append("a")
    return "".join(sounds)
