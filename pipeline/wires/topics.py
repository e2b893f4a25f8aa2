"""Name the section that IPTC's subject codes put an article in.

Only the first level of Media Topics, and of the older subject codes, counts as a section.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Of the eight digits of a code of the first level the first two count; names as IPTC gives them in English.
_SECTIONS = {
    "01": "Arts, culture, entertainment and media",
    "02": "Crime, law and justice",
    "03": "Disaster, accident and emergency incident",
    "04": "Economy, business and finance",
    "05": "Education",
    "06": "Environment",
    "07": "Health",
    "08": "Human interest",
    "09": "Labour",
    "10": "Lifestyle and leisure",
    "11": "Politics and government",
    "12": "Religion",
    "13": "Science and technology",
    "14": "Society",
    "15": "Sport",
    "16": "Conflict, war and peace",
    "17": "Weather",
}
_CODE = re.compile(r"(?:^|[:/])(\d\d)000000$")  # "medtop:15000000", "http://cv.iptc.org/newscodes/mediatopic/15000000"


def find_section(subjects: Iterable[tuple[str | None, str | None]]) -> str | None:
    """Return the name of the first subject (code, name) that is of the first level; None where none is."""
    for code, name in subjects:
        if code and (match := _CODE.search(code)) and match[1] in _SECTIONS:
            return name or _SECTIONS[match[1]]
    return None
