"""Know the names of months, weekdays and zones in the languages of news.

The names come from CLDR (calendar_names.txt); the spellings that newsrooms use beside those stand here.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from importlib import resources

_SOLAR_HIJRI = 20  # added to the number of a month of that calendar
# Spellings beside CLDR's, by language and month; the cases that dates stand in, older spellings, other regions' names.
_FURTHER_MONTHS = {
    "en": {9: "sept"},
    "de": {1: "jän jänner", 2: "feber", 3: "maerz mrz"},
    "es": {9: "setiembre set sep"},
    "fr": {2: "fevrier fév fevr", 8: "aout", 12: "decembre"},
    "it": {1: "genn", 2: "febbr", 5: "magg"},
    "ro": {9: "sep", 11: "noem"},
    "ru": {2: "фев", 9: "сен", 11: "ноя"},
    "el": {9: "σεπτ"},
    "hr": {11: "studenog"},
    "sq": {11: "nentor"},
    "id": {11: "nop"},
    "lv": {
        1: "janvārī", 2: "februārī", 3: "martā", 4: "aprīlī", 5: "maijā", 6: "jūnijā", 7: "jūlijā", 8: "augustā",
        9: "septembrī", 10: "oktobrī", 11: "novembrī", 12: "decembrī",
    },
    "eu": {
        1: "urtarrilaren", 2: "otsailaren", 3: "martxoaren", 4: "apirilaren", 5: "maiatzaren", 6: "ekainaren",
        7: "uztailaren", 8: "abuztuaren", 9: "irailaren", 10: "urriaren", 11: "azaroaren", 12: "abenduaren",
    },
    "ka": {
        1: "იანვრის", 2: "თებერვლის", 3: "მარტის", 4: "აპრილის", 5: "მაისის", 6: "ივნისის", 7: "ივლისის",
        8: "აგვისტოს", 9: "სექტემბრის", 10: "ოქტომბრის", 11: "ნოემბრის", 12: "დეკემბრის",
    },
    "ar": {
        1: "كانون_الثاني جانفي", 2: "شباط فيفري", 3: "آذار اذار", 4: "نيسان أفريل ابريل إبريل", 5: "أيار ايار ماي",
        6: "حزيران جوان", 7: "تموز جويلية يوليوز", 8: "آب اب أوت غشت اغسطس", 9: "أيلول ايلول شتنبر",
        10: "تشرين_الأول تشرين_الاول اكتوبر", 11: "تشرين_الثاني نونبر", 12: "كانون_الأول كانون_الاول دجنبر",
    },
    "fa": {8: "آگوست اگوست"},
    "hi": {2: "फरवरी", 10: "अक्तूबर अक्टुबर", 11: "नवम्बर", 12: "दिसम्बर"},
    "bn": {1: "জানুয়ারি", 2: "ফেব্রুয়ারি"},
}  # fmt: skip
_SOLAR_HIJRI_MONTHS = (
    "فروردین حمل|اردیبهشت ثور|خرداد جوزا|تیر سرطان|مرداد امرداد اسد|شهریور سنبله|مهر میزان|آبان ابان عقرب|"
    "آذر قوس|دی جدی|بهمن دلو|اسفند حوت"
)
# Whose names count where the language isn't known and a name means different months (listopada: November in Polish,
# October in Croatian): those that more people read come first.
_PRECEDENCE = "en de fr es it pt nl pl tr ru cs uk id da sv no sr sk".split()
_SHORT = 3  # letters: so short a Latin name is one month's in a language, and a word of all kinds in others
_MARKS = (
    r"\u0300-\u036f\u0591-\u05c7\u064b-\u0655\u0670\u0900-\u0963\u0966-\u0dff\u0e00-\u0eff\u1000-\u103f\u1780-\u17d3"
)
_WORD = re.compile(rf"(?:[^\W\d_]|[{_MARKS}])+")
# Hours east of Greenwich. Ambiguous ones in the sense in which news uses them (BST British, CST American, IST Indian).
ZONES = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "met": 1, "mez": 1, "cest": 2,
    "mest": 2, "mesz": 2, "eet": 2, "eest": 3, "msk": 3, "мск": 3, "sast": 2, "cat": 2, "wat": 1, "eat": 3,
    "ist": 5.5, "pkt": 5, "wib": 7, "wita": 8, "wit": 9, "ict": 7, "hkt": 8, "sgt": 8, "awst": 8, "jst": 9, "kst": 9,
    "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "nst": -3.5, "ndt": -2.5, "adt": -3,
    "ast": -4, "at": -4, "edt": -4, "est": -5, "et": -5, "cdt": -5, "cst": -6, "ct": -6, "mdt": -6, "mst": -7,
    "mt": -7, "pdt": -7, "pst": -8, "pt": -8, "akdt": -8, "akst": -9, "hst": -10, "brt": -3, "art": -3, "clt": -4,
}  # fmt: skip
FIRST_TOKEN = 0xE000  # a private character stands for each month; the texts of pages have no use for them
_TOKENS = f"[{chr(FIRST_TOKEN + 1)}-{chr(FIRST_TOKEN + _SOLAR_HIJRI + 12)}]"


def lower(text: str) -> str:
    """Return ``text`` in lower case, each character in its place; the Turkish i is one letter, dotted or not."""
    return text.lower().replace("i\u0307", "i").replace("ı", "i")


def month_pattern() -> str:
    """Return a regular expression, without groups, for the months of a text that ``mark_months`` returned."""
    return _TOKENS


def month_of_token(token: str) -> tuple[int, bool]:
    """Return the month that ``mark_months`` wrote so: its number, and whether it is one of the Solar Hijri calendar."""
    number = ord(token) - FIRST_TOKEN
    return (number - _SOLAR_HIJRI, True) if number > _SOLAR_HIJRI else (number, False)


def mark_months(text: str, language: str | None = None) -> str:
    """Return ``text`` with a character of its own for the name of each month.

    Args:
        text: a short text.
        language: its language, where it is known: names of two months mean that language's.
    """
    if not text.isascii():
        text = _joined_names().sub(lambda match: chr(FIRST_TOKEN + _month(match[0], language)), text)
    return _WORD.sub(lambda match: _mark(match[0], language), text)


def weekday_of(word: str) -> int | None:
    """Return the day (Monday is 0) that ``word`` names in any language; None where it names none, or several."""
    days = _weekdays().get(lower(word), set())
    return next(iter(days)) if len(days) == 1 else None


def is_calendar_word(word: str) -> bool:
    """Tell whether ``word`` names a weekday in any language."""
    return lower(word) in _weekdays()


def list_words(text: str) -> list[str]:
    """Return the words of a text, with the vowel signs of scripts that write them as marks."""
    return _WORD.findall(text)


def _mark(word: str, language: str | None) -> str:
    month = _month(word, language)
    return chr(FIRST_TOKEN + month) if month else word


def _month(word: str, language: str | None) -> int:
    """Return the month that ``word`` names, 0 where it names none."""
    plain = lower(word)
    months = _months().get(plain)
    if not months and plain[0] == "ב":  # "in", joined to the word
        months = _months().get(plain[1:])
    if not months:
        return 0
    if language in months:
        return months[language]
    short = len(plain) <= _SHORT and plain.isascii()
    known = [months[name] for name in _PRECEDENCE if name in months]
    if known:
        return known[0]
    distinct = set(months.values())
    return distinct.pop() if len(distinct) == 1 and not short else 0


@functools.cache
def _months() -> dict[str, dict[str, int]]:
    """Return name → language → number of the month."""
    names: dict[str, dict[str, int]] = {}
    rows = [(language, cells) for language, kind, cells in list_rows() if kind == "months"]
    for language, cells in rows:
        for number, forms in enumerate(cells.split("|"), start=1):
            for form in filter(None, forms.split(",")):
                names.setdefault(_plain(form), {}).setdefault(language, number)
    for language, months in _FURTHER_MONTHS.items():
        for number, forms in months.items():
            for form in forms.split():
                names.setdefault(_plain(form), {}).setdefault(language, number)
    for number, forms in enumerate(_SOLAR_HIJRI_MONTHS.split("|"), start=1):
        for form in forms.split():
            names.setdefault(_plain(form), {}).setdefault("fa", _SOLAR_HIJRI + number)
    return names


@functools.cache
def _weekdays() -> dict[str, set[int]]:
    names: dict[str, set[int]] = {}
    for _, kind, cells in list_rows():
        if kind == "days":
            for number, forms in enumerate(cells.split("|")):
                for form in filter(None, forms.split(",")):
                    names.setdefault(_plain(form), set()).add(number)
    return names


@functools.cache
def _joined_names() -> re.Pattern[str]:
    """Return the names of months that are more than one word to us: in two words, or with dots inside."""
    joined = [name for name in _months() if not _WORD.fullmatch(name)]
    return re.compile(
        "|".join(rf"(?<![^\W\d_]){re.escape(name)}(?![^\W\d_])" for name in sorted(joined, key=len, reverse=True))
    )


def list_rows() -> list[tuple[str, str, str]]:
    """Return the lines of calendar_names.txt: language, what the line is of, the names."""
    text = (resources.files("pipeline.dates") / "calendar_names.txt").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return [("no" if language in {"nb", "nn"} else language, kind, cells) for language, kind, cells in rows]


def _plain(form: str) -> str:
    return unicodedata.normalize("NFC", lower(form).replace("_", " "))
