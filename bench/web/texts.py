"""Invent news texts by grammar, or read them from a file: what the synthetic web's pages say.

The same number gives the same text. Five or so invented texts share an event with its people and its place, so that
there are stories to cluster; one in twelve is an earlier one's copy with another headline.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_A_STORY = 5  # texts of an event
_COPY_EVERY = 12
_FIRST = "Ana Tomas Mei Jorge Priya Samuel Ingrid Kofi Leila Marek Nadia Olu Petra Rashid Sofia Viktor Yara".split()
_LAST = (
    "Ruiz Okafor Lindqvist Haddad Novak Brandt Castellan Dovrin Esterhuys Falkner Grimaud Hartwell Ilves Jankovic "
    "Lomax Moravec Nakano Oduya Petrosyan Quillan Rostami Sandoval Tveit Ursini Vasquez Whitlock Yilmaz"
).split()
_PLACES = (
    "Nairobi Lisbon Oslo Lima Jakarta Toronto Baghdad Vienna Tampere Rotterdam Valparaiso Accra Gdansk Leeds Kyoto "
    "Marseille Dhaka Perth Riga Tunis Winnipeg Zagreb Cork"
).split()
_BODIES = (
    "the transport ministry|the harbour authority|the regional court|the teachers' union|the water board"
    "|the central bank|the election commission|the coast guard|the university hospital|the fire service"
    "|the food agency|the city council"
).split("|")
_SUBJECTS = (
    "a new bridge across the river|the closure of two railway lines|a shortage of drinking water"
    "|the rising price of grain|a strike at the container port|the reform of the school year"
    "|a leak at the chemical plant|the winter fuel allowance"
    "|an outbreak of measles|the sale of the old airport|a disputed by-election|the repair of flood defences"
).split("|")
_OPENINGS = (
    "{body} in {place} said on {day} that {subject} would be dealt with before the end of the {season}.",
    "After {number} days of talks, {person} announced in {place} what will become of {subject}.",
    "Residents of {place} learnt on {day} how {subject} is going to change their {season}.",
    "{subject} has divided {place}, where {body} presented its plans to some {number} people on {day}.",
)
_SENTENCES = (
    "“Nobody asked us whether we could wait {number} weeks,” said {person}, who has lived in {place} since {year}.",
    "{surname} told reporters that the cost had risen by {share} per cent since {year}, mostly because of {cause}.",
    "A report of {pages} pages, written for {body}, lists {number} faults and names {cause} as the gravest of them.",
    "Of the {number} households concerned, {smaller} have already been told by letter, the others will hear by {day}.",
    "{person}, a lecturer at the university of {other}, called the figures “plausible, but hardly complete”.",
    "In {other}, where something similar was tried in {year}, only {share} per cent of those affected were content.",
    "The opposition wants {body} to publish all contracts, and has asked for a debate on {day} evening.",
    "Work is to begin with {smaller} people and {number} tonnes of material, most of it by rail from {other}.",
    "{surname} rejected the criticism: {cause} had been known to all, and {subject} could not be put off.",
    "Shopkeepers near the old market fear for {share} per cent of their takings and demand {number} crowns each.",
    "By the evening the road to {other} was open again, although police turned back lorries of over {pages} tonnes.",
    "Insurers put the damage at {number} million, about {share} per cent more than after the events of {year}.",
    "“We have learnt from {other},” said {person}; “this time the plans were drawn up before the money was spent.”",
    "A second hearing, at which {body} will have to explain {cause}, is set for {day} at ten.",
    "Volunteers counted {number} cases between {day} and {other_day}, {smaller} of them late at night.",
    "For {person} the matter is closed; for the {number} families who signed the petition it has only begun.",
)
_CAUSES = (
    "late deliveries|unusually heavy rain|a dispute over wages|errors in the first survey|missing spare parts"
    "|rising rents|a lack of engineers|the weak currency|careless inspections|a change in the law"
).split("|")
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_SEASONS = "spring summer autumn winter".split()
_HEADLINES = (
    "{place}: {subject} splits the council",
    "What {subject} means for {place}",
    "{surname} defends {subject}",
    "{place} counts the cost of {subject}",
    "New figures on {subject} surprise {place}",
)


class Text(NamedTuple):
    """What one page says: its paragraphs are the lines of ``body``."""

    id: str
    title: str
    body: str


def invent_texts() -> Iterator[Text]:
    """Yield invented texts without end."""
    return map(_invent, itertools.count())


def read_texts(path: Path) -> Iterator[Text]:
    """Yield the texts of a JSONL file whose lines have ``id``, ``text`` and perhaps ``title``."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            article = json.loads(line)
            title = article.get("title") or " ".join(article["text"].split())[:80]
            yield Text(article["id"], title, article["text"])


def _invent(number: int) -> Text:
    if number % _COPY_EVERY == _COPY_EVERY - 1:
        original = _invent(number - _A_STORY)
        return Text(f"t{number:07}", f"{original.title}, agency reports", original.body)
    event, chance = _event(number // _A_STORY), random.Random(f"text {number}")
    title = chance.choice(_HEADLINES).format(**event)
    sentences = chance.sample(_SENTENCES, len(_SENTENCES))
    written = [_fill(chance.choice(_OPENINGS), event, chance)]
    written += [_fill(sentence, event, chance) for sentence in sentences[: chance.randint(9, len(sentences))]]
    paragraphs, position = [], 0
    while position < len(written):
        length = chance.randint(1, 3)
        paragraphs.append(" ".join(written[position : position + length]))
        position += length
    return Text(f"t{number:07}", title[0].upper() + title[1:], "\n".join(paragraphs))


def _event(number: int) -> dict[str, str]:
    """Return what all texts of one event share."""
    chance = random.Random(f"event {number}")
    surname = chance.choice(_LAST)
    return {
        "place": chance.choice(_PLACES),
        "body": chance.choice(_BODIES),
        "subject": chance.choice(_SUBJECTS),
        "season": chance.choice(_SEASONS),
        "surname": surname,
        "person": f"{chance.choice(_FIRST)} {surname}",
    }


def _fill(sentence: str, event: dict[str, str], chance: random.Random) -> str:
    day, later = chance.sample(_DAYS, 2)
    person = event["person"] if chance.random() < 0.4 else f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"  # noqa: PLR2004
    text = sentence.format(**event | {
        "person": person, "day": day, "other_day": later, "other": chance.choice(_PLACES),
        "number": chance.randint(24, 9000), "smaller": chance.randint(3, 23), "share": chance.randint(2, 60),
        "year": chance.randint(1978, 2024), "pages": chance.randint(8, 400), "cause": chance.choice(_CAUSES),
    })  # fmt: skip
    return text[0].upper() + text[1:]
