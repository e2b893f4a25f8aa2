"""Split what stands under a picture into its caption and its credit."""

from __future__ import annotations

import re

from pipeline.extract.agencies import agency_pattern
from pipeline.extract.config import ExtractConfig
from pipeline.extract.text_repair import repair_text
from pipeline.records import Caption

_MAX_CREDIT = 80  # characters
# Words that begin a picture credit, in the languages of the larger picture agencies' clients.
_MARK = (
    r"(?:(?:image|photo|picture|foto|bild|video)?\s*credits?|photos?|fotos?|image|bild(?:er)?|picture|quelle|source|photograph|"
    r"copyright|фото|ảnh|写真)"
)
# Words of a photographer's, an archive's or an outlet's name.
_WORD = r"(?:[^\W\d_a-zà-öø-ÿ][\w.'’-]*|d[aeiu]l?|de[rn]|van|von|of|the|and|&)"
_NAME = rf"[^\W\d_a-zà-öø-ÿ][\w.'’-]*(?:\s{_WORD}){{0,4}}"
_STOP = r"(?<=[.!?…\"”»])(?<!\b[A-ZÀ-Þ]\.)"
# Under a picture a name behind the last sentence is who made it: "… on Monday. Ana Ruiz", "… (Courier/Jo Doe)".
_BARE = re.compile(
    rf"{_STOP}\s*[(\[](?P<credit>{_NAME}(?:\s?/\s?{_NAME}){{0,2}})[)\]]$|[(\[](?P<credit2>{_NAME}\s?/\s?{_NAME})[)\]]$"
    rf"|{_STOP}\s(?P<credit3>{_NAME}(?:\s?/\s?{_NAME}){{1,2}}|(?!(?:The|A|An)\s){_NAME.replace('{0,4}', '{1,3}')})$"
)
_PICTURE = re.compile(
    rf"(?<=\S)\s[(\[]?(?i:photos?|fotos?|picture|image credit|photo credit)\s?:\s?{_NAME}(?:\s?/\s?{_NAME})?[)\].]*$"
)


def is_credited(text: str) -> bool:
    """Tell whether a line ends by saying whose picture it describes ("… in the harbour. Photo: Ana Ruiz")."""
    return ":" in text[-_MAX_CREDIT:] and bool(_PICTURE.search(text))


def parse_caption(text: str, config: ExtractConfig, *, pictured: bool = False) -> Caption | None:
    """Return the caption in ``text``, its credit apart; None where there is no text.

    Credits: "… AFP PHOTO/NAME Image Credit: AFP", "… Foto: Name/dpa", "(AP Photo/Name)", "… © Name", "… | Name/AFP";
    where the text stands under a picture for sure (``pictured``) also a name behind its last sentence.
    """
    plain = repair_text(text)
    if not plain:
        return None
    agency = agency_pattern(config.agencies)
    ends = [
        rf"(?:[(\[]\s*)?\b{_MARK}(?:\s*by)?\s*[:©]\s*(?P<credit>[^:]{{2,{_MAX_CREDIT}}}?)[)\].]*$",
        rf"[(\[]?\s*©\s*(?P<credit>.{{2,{_MAX_CREDIT}}}?)[)\]]?$",
        rf"[(\[](?P<credit>[^()\[\]]{{0,40}}{agency}[^()\[\]]{{0,40}})[)\]]\.?$",
        rf"(?:^|[|.–—-]\s*)(?P<credit>[^|.]{{0,40}}\s?/\s?{agency}(?:/[^|.]{{2,40}})?|{agency}(?:\s?/\s?[^|.]{{2,40}})?)$",
    ]
    for end in ends:
        if match := re.search(end, plain, re.IGNORECASE if end is ends[0] else 0):
            caption = _without_photo(plain[: match.start()].strip(" |–—-·"), agency)
            return Caption(text=caption, credit=match["credit"].strip(" .|"))
    if pictured and (bare := _BARE.search(plain)):
        credit = next(filter(None, bare.groups()))
        return Caption(text=plain[: bare.start()].strip(), credit=credit)
    return Caption(text=plain)


def _without_photo(text: str, agency: str) -> str:
    """Return ``text`` without a second, inner credit at its end ("… challenges. AFP PHOTO/NAME SURNAME")."""
    return re.sub(rf"\s*{agency}\s+PHOTO(?:\s*/\s*[\w .'-]{{2,60}})?$", "", text).strip()
