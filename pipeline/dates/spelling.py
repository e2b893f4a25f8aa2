"""Write dates of other scripts and habits in the forms that the parser reads.

Digits become ASCII, the dates of East Asia ISO 8601, halves of the day "am" and "pm"; all else stays as it is.
"""

from __future__ import annotations

import functools
import re
import unicodedata

from pipeline.dates.calendars import era_pattern, era_year

_NOON = 12
_DROPPED = dict.fromkeys(
    [0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x061C, 0x2060, 0x202A, 0x202B, 0x202C, 0x0640, 0xFEFF]
)
_OTHER_MARKS = str.maketrans(
    {"،": ",", "．": ".", "：": ":", "／": "/", "，": ",", "（": "(", "）": ")", "－": "-", "・": " "}
)
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}

_ERA_DATE = re.compile(rf"({era_pattern()})\s*(\d{{1,3}}|元)\s*年\s*(\d\d?)\s*月\s*(\d\d?)\s*日")
_EAST_ASIAN_DATE = re.compile(
    r"(?<!\d)(\d{4})\s*[年년]\s*(\d\d?)\s*[月월]\s*(\d\d?)\s*[日号號일]"
    # the weekday: (金), 星期五, 金曜日, 금요일
    r"(?:\s*[,(]?\s*(?:[日月火水木金土一二三四五六월화수목금토일](?=\))|星期[日天一二三四五六]|[周週][日一二三四五六]|[日月火水木金土]曜日?|"
    r"[월화수목금토일]요일)\s*\)?)?"
)
_VIETNAMESE_DATE = re.compile(r"(?<!\d)(\d\d?)\s*tháng\s*(\d\d?)\s*(?:năm|,|-)?\s*(\d{4})", re.IGNORECASE)
_MONGOLIAN_DATE = re.compile(r"(?<!\d)(\d{4})\s*оны?\s*(\d\d?)\s*(?:-р\s*|дугаар\s*|дүгээр\s*)?сарын\s*(\d\d?)")
_FORENOON = "上午|午前|凌晨|早上|清晨|오전|öö|de\\."
_AFTERNOON = "下午|午後|晚上|傍晚|中午|오후|ös|du\\."
_EAST_ASIAN_CLOCK = re.compile(
    r"(?P<half>上午|午前|凌晨|早上|清晨|오전|下午|午後|晚上|傍晚|中午|오후)?\s*(?<!\d)(?P<hour>\d\d?)\s*[時时點点시]\s*"
    r"(?:(?P<minute>\d\d?)\s*[分분]|(?P<thirty>半))?(?:\s*\d\d?\s*[秒초])?"
)
_HALF_BEFORE = re.compile(
    rf"(?<!\w)(?:(?P<am>{_FORENOON}|(?<!\d\s)am)|(?P<pm>{_AFTERNOON}|(?<!\d\s)pm))\s*(?P<clock>\d\d?:\d\d(?::\d\d)?)",
    re.IGNORECASE,
)
# After the time of day: Greek, Arabic, Persian, Vietnamese, Urdu, Hindi
_HALF_AFTER = re.compile(
    r"(?<=:\d\d)\s*(?:(?P<am>π\.?\s?μ|ص(?:باحا)?|صباحًا|صباحاً|ق\.\s?ظ|SA|पूर्वाह्न)|"
    r"(?P<pm>μ\.?\s?μ|م(?:ساء)?|مساءً|مساء|ب\.\s?ظ|CH|अपराह्न))(?!\w)\.?"
)
_NOON_WORD = re.compile(r"(?<!\w)(?:12 )?noon(?!\w)", re.IGNORECASE)
# Words beside a year or a day that say just that it is one.
_FILLERS = re.compile(
    r"(?<=\d)-?(?:го|ого|ης|ος|ին|[oe]?ko|a)(?=\s)|(?<=\d{4})\s*m\.(?=\s)|(?<=\d)\s*d\.(?=\s|,|$)|(?<=\d)\s*წლის(?!\w)|"
    r"(?:พ|ค)\.ศ\.|(?<!\w)den\s+(?=\d)"
)
_DAY_SUFFIX = re.compile(r"(?<=\d)-(?:án|én|е|а|я|ше|ga)(?!\w)")


def standardise(text: str) -> str:
    """Return ``text`` with its dates and times of day in Western forms."""
    if not text.isascii():
        text = _ascii_digits(
            unicodedata.normalize("NFC", text).translate(_DROPPED).translate(_WIDE).translate(_OTHER_MARKS)
        )
        text = _ERA_DATE.sub(_era_date, text)
        text = _EAST_ASIAN_DATE.sub(lambda m: f"{m[1]}-{int(m[2]):02}-{int(m[3]):02} ", text)
        text = _EAST_ASIAN_CLOCK.sub(_east_asian_clock, text)
        text = _VIETNAMESE_DATE.sub(lambda m: f" {m[3]}-{int(m[2]):02}-{int(m[1]):02} ", text)
        text = _MONGOLIAN_DATE.sub(lambda m: f"{m[1]}-{int(m[2]):02}-{int(m[3]):02} ", text)
        text = _HALF_AFTER.sub(lambda m: " am" if m["am"] else " pm", text)
    text = _HALF_BEFORE.sub(lambda m: f"{m['clock']} {'am' if m['am'] else 'pm'}", text)
    text = _NOON_WORD.sub("12:00", text)
    return " ".join(_DAY_SUFFIX.sub("", _FILLERS.sub(" ", text)).split())


def _ascii_digits(text: str) -> str:
    return "".join(_ascii_digit(character) for character in text)


@functools.lru_cache(maxsize=4096)
def _ascii_digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


def _era_date(match: re.Match[str]) -> str:
    return f"{era_year(match[1], match[2])}-{int(match[3]):02}-{int(match[4]):02} "


def _east_asian_clock(match: re.Match[str]) -> str:
    hour = int(match["hour"])
    if match["half"] in {"下午", "午後", "晚上", "傍晚", "中午", "오후"} and hour < _NOON:
        hour += _NOON
    elif match["half"] in {"上午", "午前", "凌晨", "오전"} and hour == _NOON:
        hour = 0
    return f" {hour:02}:{30 if match['thirty'] else int(match['minute'] or 0):02} "
