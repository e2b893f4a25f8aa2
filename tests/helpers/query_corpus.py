"""A small newsroom of which every field that a search line can name says something, and search lines for it."""

from __future__ import annotations

import datetime as dt

import msgspec

from pipeline.records import Article, Caption, Document
from tests.helpers import support

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SUBJECTS = ("flood", "drought", "dam", "bridge", "harbour", "vaccine", "cholera", "strike", "budget", "election")
PLACES = ("Harbourton", "Springfield", "Rivertown", "São Paulo")
PEOPLE = ("Ana Sousa", "Jo Kim", "Mary O'Brien", "Lee Chan")
OUTLETS = ("Northwire", "Daily Example", "Evening Post", "Tagblatt")
EXTRAS = (
    "The U.S. sent 1,000 tents.",
    "An F-16 flew over AT&T towers.",
    "They don't know C++ here.",
    "A state of emergency was declared; the state said that an emergency loan was agreed.",
    "数千人の難民が逃げた",
    "Officials met the women's council, one woman said.",
    "The flooding and the floods, flooded fields and a floodplain.",
    "",
)


def corpus() -> list[Document]:
    """Return the documents; the same every time."""
    return [_document(number) for number in range(60)]


def _document(number: int) -> Document:
    subject, other = SUBJECTS[number % 10], SUBJECTS[(number * 7 + 3) % 10]
    place, person = PLACES[number % 4], PEOPLE[(number // 3) % 4]
    text = f"The {subject} near {place} worried {person} and many others. " * (1 + number % 3)
    text += f"A report on the {other} follows. " + EXTRAS[number % 8] + " filler" * (number * 17 % 400)
    published = None if number % 9 == 8 else NOW - dt.timedelta(hours=number * 11)
    first = f"{number - number % 5:020x}"
    group = first if number % 5 < 2 else None  # every fifth has a copy
    article = Article(
        id=f"{number:020x}",
        title=f"{subject.title()} in {place}" if number % 6 else f"Live blog: {other}",
        text=text,
        published=published,
    )
    seen = NOW - dt.timedelta(hours=number * 11 - 2)
    return msgspec.structs.replace(
        support.document(article, group=group, at=seen),
        copy_of=first if number % 5 == 1 else None,
        is_primary=number % 5 != 1,
        copies=1 if number % 5 == 0 else 0,
        source=OUTLETS[number % 4],
        people=(person,) if number % 7 else (person, PEOPLE[number % 4]),
        places=(place,),
        authors=(PEOPLE[number % 3],) if number % 2 else (),
        standfirst=f"What the {subject} means" if number % 4 == 0 else None,
        subheadings=("What comes next", f"The {other}") if number % 8 == 0 else (),
        captions=(Caption(text=f"The {subject} seen from above"),) if number % 6 == 1 else (),
        image="https://daily.example/a.jpg" if number % 3 == 0 else None,
        story=f"s{number % 12}",
        story_size=1 if number % 12 == 11 else 5,
        version=2 if number % 10 == 3 else 1,
        paywalled=(None, True, False)[number % 3],
        language="en",
    )


# Search lines of all forms
LINES: tuple[str, ...] = (
    "", "flood", "FLOODS", "flooding", "flood dam", "flood AND dam", "flood OR drought", "flood OR drought OR dam",
    "report flood OR drought", "-flood", "flood -dam", "NOT flood", "flood NOT dam", "flood AND NOT dam",
    "NOT flood NOT dam", "flood OR NOT dam", "NOT (flood OR dam)", "(flood OR dam) AND springfield",
    "flood OR (dam springfield)", "(flood OR drought) (springfield OR harbourton)", "((flood))",
    "-(flood OR dam) -drought", "NOT NOT flood", "(flood -springfield) OR (dam -harbourton)", "cholera NOT vaccine",
    "cholera OR (flood harbourton)", '"state of emergency"', '"emergency state"', '-"state of emergency"',
    '"state emergency"~1', '"state emergency"~0', '"emergency state"~3', '"flood worried"~2', '"flood worried"~1',
    '"springfield flood many"~6', '"report dam"~2', 'title:"flood springfield"~1', '"what next"~1',
    '"next drought"~3', "flo*", "floo*", "flood*", "floode*", "floodp*", "wom?n", "wom*n", "ha*r", "har*n", "spr*f*d",
    "fl* OR dr*", "flo* -flood", "title:flo*", "title:har*", "people:sou*", "people:ob*", "source:nor*",
    "text:emerg*", "authors:ki*", "captions:abo*", "title:spr?ngfield", "title:flood", "title:(flood OR dam)",
    "title:(flood springfield)", "-title:flood", 'title:"live blog"', '-title:"live blog" flood',
    "text:flood -title:flood", "standfirst:means", "subheadings:next", 'subheadings:"next the"', "captions:above",
    "caption:seen", "authors:sousa", "author:kim", 'authors:"ana sousa"', "people:sousa", 'people:"jo kim"',
    'people:"kim jo"', "person:o'brien", "people:(sousa OR kim)", "people:(sousa kim)", "people:sousa flood",
    "places:paulo", "place:são", 'place:"são paulo" flood', "source:northwire", 'source:"daily example"',
    "source:(daily OR tagblatt)", "-source:northwire", "flood source:northwire people:sousa", "story:s3",
    "story:(s3 OR s4)", "-story:s3 flood", "language:en", "lang:de", "published:2026-11-18", "published:2026-11",
    "published:2025", "published:>2026-11-15", "published:>=2026-11-15", "published:<2026-11-15",
    "published:<=2026-11-15", "published:2026-11-01..2026-11-10", "published:2026-11-10..", "published:..2026-11-10",
    "published:[2026-11-01 TO 2026-11-10]", "-published:2026", "published:2026-11-18T12:00Z..2026-11-19T12:00Z",
    "date:2026-11-10..2026-11-12", "date:today", "date:yesterday", "last:7d", "last:48h flood", "-last:2w",
    "first_seen:>2026-11-01", "word_count:>200", "words:>200", "words:100-299", "words:150", "words:100..200",
    "-words:>50", "copies:1", "copies:>0", "story_size:>1", "version:2", "own_share:1", "own_share:<0.5", "has:image",
    "-has:image", "has:authors", "has:captions", "has:standfirst flood", "has:copies", "has:story", "has:published",
    "-has:published", "has:paywalled", "people:*", "authors:*", "is:original", "is:copy", "is:paywalled",
    "is:revised", "is:gone", "-is:copy flood", "is_primary:true", "is_primary:no", "paywalled:false",
    "flood OR last:48h", "flood OR people:sousa", "(flood last:7d) OR (dam words:<100)", "flood OR -has:image",
    "flo* OR published:2026-11-18 OR people:chan", "(people:sousa OR flood) -words:>100", "US", "U.S.", "u.s", "usa",
    "F16", "F-16", "AT&T", '"AT&T towers"', "C++", "C", "don't", "dont", "O'Brien", "obrien", "o’brien", "1,000",
    "sao", "SÃO", "難民", "難民*", "民難", "women", "woman", "women's", "harbour", "floodplain", "the",
    "what the flood means", "Flood in Springfield", "flood: a report?", "flood - dam", "flood & dam", "colour:flood",
    "flood ~", "!!!",
)  # fmt: skip
