"""Read how long ago something was published: "5 hours ago", "vor 14 Minuten", "3時間前".

Which day that was is told where it can be one alone: "1 day ago" may be yesterday or the day before.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata

from pipeline.dates import names

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_MOST = {
    "second": 120,
    "minute": 120,
    "hour": 47,
    "day": 400,
    "week": 60,
}  # a page that says more counts otherwise, or is no news
# How pages write it beside CLDR.
_FURTHER = {
    "second": "{0}秒前|{0}초 전|{0} giây trước|{0} secs ago|{0} sec ago|{0}s ago",
    "minute": "{0}分前|{0}分钟前|{0}分鐘前|{0}분 전|{0} phút trước|{0} mins ago|{0} min ago|vor {0} min|hace {0} mins|"
    "{0} min geleden|منذ {0} دقيقة|منذ {0} دقائق",
    "hour": "{0}時間前|{0}小时前|{0}小時前|{0}시간 전|{0} giờ trước|{0} ชั่วโมงที่แล้ว|{0} hrs ago|{0} hr ago|vor {0} std|"
    "vor {0} h|{0} u geleden|منذ {0} ساعات|منذ {0} ساعة",
    "day": "{0}日前|{0}天前|{0}일 전|{0} ngày trước|{0}d ago",
}  # fmt: skip
# "an hour ago": the words for one, in languages that say "ago"
_ONE = re.compile(r"\bun['’](?=\w)|(?<!\w)(?:an?|one|einer|einem|une?|una|uma?|um|een|ett|en|jedną|godzinę)(?!\w)")
_NUMBER = re.compile(r"(?<!\d)\d{1,3}(?!\d)")
_WHOLE_NUMBER = re.compile(r"\d+")  # in the digits of any script
_LEFT_OUT = re.compile(r"[\s.॰]+")
_MAX_CHARACTERS = 40


Age = tuple[dt.timedelta, dt.timedelta]  # the least and the most time that has gone by


def parse_age(text: str) -> Age | None:
    """Return the least and the most time that ``text`` as a whole says has gone by; None where it says none.

    Pages cut what isn't whole, or round it: "5 hours ago" may be 4½ to 6.
    """
    if len(text) > _MAX_CHARACTERS:
        return None
    plain = _WHOLE_NUMBER.sub(lambda match: str(int(match[0])), unicodedata.normalize("NFC", names.lower(text)))
    if _NUMBER.search(plain):
        spoken = [plain]
    else:
        spoken = [f"{plain[: one.start()]}1{plain[one.end() :]}" for one in _ONE.finditer(plain)]
    units = {unit for words in spoken if (unit := _forms().get(_key(_NUMBER.sub("{0}", words, count=1))))}
    if len(units) != 1:
        return None
    unit, number = units.pop(), _NUMBER.search(plain)
    count = int(number[0]) if number else 1
    if count > _MOST[unit]:
        return None
    size = dt.timedelta(seconds=_SECONDS[unit])
    return max(count - 0.5, 0) * size, (count + 1) * size


def day_of_age(age: Age, now: dt.datetime, zone: dt.tzinfo) -> dt.date | None:
    """Return the day in ``zone`` that lies so long before ``now``; None where it may be one of two."""
    latest, earliest = ((now - span).astimezone(zone).date() for span in age)
    return latest if latest == earliest else None


@functools.cache
def _forms() -> dict[str, str]:
    """Return how it is said that a number ({0}) of units have gone by → the unit; what means two units is left out."""
    units: dict[str, set[str]] = {}
    for kind, cells in (*((kind, cells) for _, kind, cells in names.list_rows()), *_FURTHER.items()):
        if kind in _SECONDS:
            for form in filter(None, cells.split("|")):
                units.setdefault(_key(form), set()).add(kind)
    return {form: kinds.pop() for form, kinds in units.items() if len(kinds) == 1}


def _key(text: str) -> str:
    """Return ``text`` in lower case, without full stops and spaces."""
    return _LEFT_OUT.sub("", unicodedata.normalize("NFC", names.lower(text)))
