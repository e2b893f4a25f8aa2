from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.inherited import inheriting_recogniser, paragraph_names
from pipeline.enrich.recogniser import Span
from pipeline.records import Article, EntityType, Mention, Names

PERSON = EntityType.PERSON
FIRST = "Ann Lee won the race on Sunday, ahead of all the others."
SECOND = "The rain was heavy, said Tom Berg, who came in as the last."


def read_before(text: str, *names: str) -> tuple[Article, Names]:
    mentions = [
        Mention(
            field="text",
            start=text.index(n),
            end=text.index(n) + len(n),
            type=PERSON,
            name=n,
            entity=f"person:{n}",
        )
        for n in names
    ]
    return Article(id="a", text=text), Names(id="a", mentions=tuple(mentions))


class Recorder:
    """A recogniser that finds the word Berg, and remembers what it was given to read."""

    def __init__(self):
        self.read = []

    def __call__(self, text, _language):
        self.read.append(text)
        at = text.find("Berg")
        return [Span(at, at + 4, PERSON)] if at >= 0 else []


def names(text: str, spans: list[Span]) -> list[str]:
    return [text[s.start : s.end] for s in spans]


def test_an_unchanged_passage_is_not_read_again_and_has_its_names_where_it_stands_now():
    known = paragraph_names(*read_before(f"{FIRST}\n{SECOND}", "Ann Lee", "Tom Berg"))
    recorder, text = Recorder(), f"Berg is last\n\n{SECOND}\nA new paragraph stands here.\n{FIRST}"
    spans = inheriting_recogniser(recorder, known, len("Berg is last\n\n"))(text, "en")
    assert names(text, spans) == ["Berg", "Tom Berg", "Ann Lee"]
    assert FIRST not in recorder.read[0]
    assert "A new paragraph stands here." in recorder.read[0]


def test_a_new_headline_is_read_with_the_first_passage_beside_it():
    known = paragraph_names(*read_before(f"{FIRST}\n{SECOND}", "Ann Lee", "Tom Berg"))
    recorder, text = Recorder(), f"Berg last\n\n{FIRST}\n{SECOND}"
    spans = inheriting_recogniser(recorder, known, len("Berg last\n\n"))(text, "en")
    assert names(text, spans) == ["Berg", "Ann Lee", "Tom Berg"]
    assert FIRST in recorder.read[0]
    assert SECOND not in recorder.read[0]


def test_an_article_without_unchanged_passages_is_read_whole():
    known = paragraph_names(*read_before(FIRST, "Ann Lee"))
    recorder, text = Recorder(), f"Title\n\n{SECOND}"
    assert names(text, inheriting_recogniser(recorder, known, 7)(text, "en")) == ["Berg"]
    assert recorder.read == [text]


def test_a_passage_with_one_letter_changed_is_read_again():
    known = paragraph_names(*read_before(f"{FIRST}\n{SECOND}", "Ann Lee", "Tom Berg"))
    recorder = Recorder()
    text = f"{FIRST}\n{SECOND.replace('heavy', 'Heavy')}"
    inheriting_recogniser(recorder, known, 0)(text, "en")
    assert "Heavy" in recorder.read[0]


def test_a_short_line_is_always_read_with_its_article():
    assert paragraph_names(*read_before("Ann Lee won.", "Ann Lee")) == {}


def test_a_copy_that_is_wholly_unchanged_is_not_read():
    known = paragraph_names(*read_before(f"{FIRST}\n{SECOND}", "Ann Lee", "Tom Berg"))
    recorder = Recorder()
    text = f"{FIRST}\n{SECOND}"
    assert names(text, inheriting_recogniser(recorder, known, 0)(text, "en")) == ["Ann Lee", "Tom Berg"]
    assert recorder.read == []


@given(st.text(max_size=200), st.text(max_size=200), st.integers(0, 5))
def test_spans_lie_within_any_text_and_do_not_overlap(before, text, starts):
    starts = min(starts, len(text))
    mention = Mention(field="text", start=0, end=min(3, len(before)), type=PERSON, name="x", entity="e")
    known = paragraph_names(Article(id="a", text=before), Names(id="a", mentions=(mention,)))
    spans = inheriting_recogniser(Recorder(), known, starts)(text, "en")
    assert all(0 <= s.start < s.end <= len(text) for s in spans if s.start != s.end)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
