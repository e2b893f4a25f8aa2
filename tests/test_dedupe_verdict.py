"""Why one text is a copy of another, or none."""

from __future__ import annotations

import datetime as dt

import pytest

from pipeline.count_min import CountMinSketch
from pipeline.dedupe import CopyVerdict, compare_texts
from pipeline.records import Article
from pipeline.settings import DedupeSettings
from tests.helpers.copies import OTHER, STATEMENT, WIRE, invented

PARAGRAPHS = WIRE.split("\n")
HOUR = dt.timedelta(hours=1)


def compared(new, old, gap=HOUR):
    later, earlier = Article(id="b", text=new), Article(id="a", text=old)
    return compare_texts(later, earlier, gap, CountMinSketch(), DedupeSettings())


@pytest.mark.parametrize(
    ("new", "old", "verdict"),
    [
        (WIRE, WIRE, CopyVerdict.COPY),
        ("\n".join(PARAGRAPHS[:2]), WIRE, CopyVerdict.COPY),
        ("Nobody was hurt.", WIRE, CopyVerdict.TOO_SHORT),
        (OTHER, WIRE, CopyVerdict.NOT_LOOKED_UP),
        ("\n".join([PARAGRAPHS[2], invented(1, 200)]), WIRE, CopyVerdict.TOO_LITTLE),
        ("\n".join([PARAGRAPHS[2], invented(1, 200)]), PARAGRAPHS[2], CopyVerdict.ONLY_A_PART),
        (
            "\n".join([*OTHER.split("\n")[:3], STATEMENT[1:-2]]),
            f"{PARAGRAPHS[2]}\n{STATEMENT[1:-2]}",
            CopyVerdict.OTHER_BEGINNING,
        ),
    ],
)
def test_each_reason_is_told(new, old, verdict):
    assert compared(new, old).verdict == verdict


def test_what_lies_beyond_the_window_is_said_to_be_not_compared_but_the_shares_are_told():
    found = compared(WIRE, WIRE, gap=dt.timedelta(days=15))
    assert (found.verdict, found.new, found.old, found.beginnings) == (CopyVerdict.TOO_FAR_APART, 1.0, 1.0, 1.0)
