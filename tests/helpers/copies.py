"""Invented wire copy, and a ledger's memory to decide it with."""

from __future__ import annotations

import datetime as dt
import random
from itertools import pairwise

from pipeline.dedupe import DatedArticle, decide
from pipeline.records import Article
from pipeline.settings import DedupeSettings

AT = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
WIRE = (
    "The harbour authority of Port Ansel closed its northern terminal on Monday after a crane collapsed onto two "
    "freight wagons, officials said.\n"
    "Nobody was hurt. Engineers began to inspect the remaining six cranes, which were built by the same firm in 1998, "
    "and said the work would take at least until Thursday.\n"
    "Grain exporters, who send four fifths of their cargo through the terminal, warned that a longer closure would "
    "leave them without storage, because the silos have been nearly full since the late harvest.\n"
    "The authority diverted three ships to Velmark, some 90 miles down the coast, where the berths are shallower and "
    "larger vessels have to wait for the tide.\n"
    "Transport minister Odile Farran ordered an inquiry and said that the maintenance records of all ports would be "
    "examined before the end of the month."
)
STATEMENT = (
    "“We are deeply sorry for what happened in our yard, and we shall not rest until every family knows how it could "
    "come to this. The machine was checked in the spring. It was checked again in the summer. Nothing in those reports "
    "warned us, and nothing in our long history prepared us for a morning such as this one. We ask all of you for "
    "patience while those who know these machines do their work,”"
)
OTHER = (
    "A choir of retired miners from the Tolland valley won the national singing contest on Saturday with a lament "
    "that its conductor wrote in a hospital bed.\n"
    "The jury praised the clarity of the basses and the courage of the programme, which held no well-known piece.\n"
    "Conductor Brannoch Ives said the money would go into the roof of the chapel, where rain has dripped on the "
    "organ for eleven winters.\n"
    "The runners-up, a school from Hale, had sung without a score and without a single mistake."
)


def arrival(seq, text, *, hours=0.0, source=None, id=None):  # noqa: A002
    name = id or f"a{seq}"
    article = Article(id=name, text=text, source=source)
    return DatedArticle(seq=seq, first_seen=AT + dt.timedelta(hours=hours), article=article)


def decided(store, arrivals, *, sizes=(), settings=DedupeSettings()):  # noqa: B008
    """Decide in batches of ``sizes``, the rest at once; return the copies."""
    made = []
    borders = [0, *sizes, len(arrivals)]
    for start, end in pairwise(sorted(min(border, len(arrivals)) for border in borders)):
        memory = store.sketch_index(settings)
        made += decide(arrivals[start:end], memory, settings)
        with store.write() as connection:
            memory.flush(connection)
    return made


def invented(seed, words=120):
    """Return a text of invented words between common English ones, another for each seed."""
    chosen = random.Random(seed)
    common = "the of and to in a said on was that for with by at from its as it had were".split()
    vocabulary = [a + b + c for a in "bdfgklmnprst" for b in ("ar", "el", "in", "or", "um") for c in "adeknost"]
    return " ".join(chosen.choice(common if chosen.random() < 0.4 else vocabulary) for _ in range(words))
