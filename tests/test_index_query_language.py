from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.index.fields import QUERY_FIELDS
from pipeline.index.folding import has_words
from pipeline.index.query_language import MAX_TERMS, Term, parse


@pytest.mark.parametrize(
    ("line", "tree"),
    [
        ("", ()),
        ("flood dam", ((Term("flood"),), (Term("dam"),))),
        ('"state of  emergency"', ((Term("state of emergency"),),)),
        ("„Haus am See“ «à la une»", ((Term("Haus am See"),), (Term("à la une"),))),
        ("-flood", ((Term("flood", negated=True),),)),
        ('-"dam wall"', ((Term("dam wall", negated=True),),)),
        ("a OR b OR c d", ((Term("a"), Term("b"), Term("c")), (Term("d"),))),
        ("a OR -b", ((Term("a"), Term("b", negated=True)),)),
        ("a AND b", ((Term("a"),), (Term("b"),))),
        ("a or b", ((Term("a"),), (Term("or"),), (Term("b"),))),
        ("people:merkel", ((Term("merkel", "people"),),)),
        ('-Person:"Jo Kim"', ((Term("Jo Kim", "people", negated=True),),)),
        ("colour:red", ((Term("colour red"),),)),
        ("https://daily.example/dam", ((Term("https://daily.example/dam"),),)),
        ("10:30", ((Term("10 30"),),)),
        ('צה"ל חיפה', ((Term('צה"ל'),), (Term("חיפה"),))),
        ('"צה"ל בחיפה"', ((Term('צה"ל בחיפה'),),)),
        ('5"x8" dam', ((Term("5"),), (Term("x8"),), (Term("dam"),))),
        ("title: dam", ((Term("title:"),), (Term("dam"),))),
    ],
)
def test_a_line_means(line, tree):
    assert parse(line) == tree


@pytest.mark.parametrize("line", ["OR", "OR OR", "- -", '"', '""', '-""', "title:", "!?", "\x00", "\ud800", "(", "NOT"])
def test_a_broken_line_is_words_or_nothing(line):
    assert all(has_words(term.text) for group in parse(line) for term in group)


def test_an_or_without_a_neighbour_joins_nothing():
    assert parse("OR a OR") == ((Term("a"),),)
    assert parse('a OR "" b') == ((Term("a"), Term("b")),)


def test_an_unclosed_phrase_ends_with_the_line():
    assert parse('dam "state of') == ((Term("dam"),), (Term("state of"),))


@example("\u17b4")  # a mark by itself, which searches take for a word
@given(st.text())
def test_every_line_becomes_few_terms_that_hold_words(line):
    terms = [term for group in parse(line) for term in group]
    assert len(terms) <= MAX_TERMS
    assert all(has_words(term.text) for term in terms)
    assert all(term.field is None or term.field in QUERY_FIELDS for term in terms)
    assert all(group for group in parse(line))
