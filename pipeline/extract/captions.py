"""What stands under a picture, and who is credited for it?"""

from __future__ import annotations

import re

from pipeline.extract.agencies import pattern
from pipeline.extract.known import Known
from pipeline.extract.mend import mend
from pipeline.records import Caption

_MAX_CREDIT = 80  # characters
# Words that begin a picture credit, in the languages of the larger picture agencies' clients.
_MARK = (
    r"(?:(?:image|photo|picture|foto|bild|video)?\s*credits?|photos?|fotos?|image|bild(?:er)?|picture|quelle|source|photograph|"
    r"copyright|фото|ảnh|写真)"
)


def caption(text: str, known: Known) -> Caption | None:
    """Return the caption in ``text``, its credit apart; None where there is no text.

    Credits: "… AFP PHOTO/NAME Image Credit: AFP", "… Foto: Name/dpa", "(AP Photo/Name)", "… © Name", "… | Name/AFP".
    """
    plain = mend(text)
    if not plain:
        return None
    agency = pattern(known.agencies)
    ends = [
        rf"(?:[(\[]\s*)?\b{_MARK}(?:\s*by)?\s*[:©]\s*(?P<credit>[^:]{{2,{_MAX_CREDIT}}}?)[)\].]*$",
        rf"[(\[]?\s*©\s*(?P<credit>.{{2,{_MAX_CREDIT}}}?)[)\]]?$",
        rf"[(\[](?P<credit>[^()\[\]]{{0,40}}{agency}[^()\[\]]{{0,40}})[)\]]\.?$",
        rf"(?:^|[|.–—-]\s*)(?P<credit>[^|.]{{0,40}}\s?/\s?{agency}(?:/[^|.]{{2,40}})?|{agency}(?:\s?/\s?[^|.]{{2,40}})?)$",
    ]
    for end in ends:
        if match := re.search(end, plain, re.IGNORECASE if end is ends[0] else 0):
            words = _without_photo(plain[: match.start()].strip(" |–—-·"), agency)
            return Caption(text=words, credit=match["credit"].strip(" .|"))
    return Caption(text=plain)


def _without_photo(text: str, agency: str) -> str:
    """Return ``text`` without a second, inner credit at its end ("… challenges. AFP PHOTO/NAME SURNAME")."""
    return re.sub(rf"\s*{agency}\s+PHOTO(?:\s*/\s*[\w .'-]{{2,60}})?$", "", text).strip()
