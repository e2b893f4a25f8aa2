from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.errors import QuerySyntaxError
from pipeline.index.query_language import MAX_CHARACTERS, MAX_TERMS, is_read_as_typed, parse, word_tree
from pipeline.index.query_language.tree import (
    And,
    Exists,
    Near,
    Not,
    Or,
    Range,
    Similar,
    Value,
    Wildcard,
    Words,
    all_leaves,
)
from tests.helpers.query_corpus import LINES
from tests.helpers.query_lines import TREES

NOW = dt.datetime(2026, 11, 30, 6, tzinfo=dt.UTC)


def day(month, number, hour=0, minute=0):
    return dt.datetime(2026, month, number, hour, minute, tzinfo=dt.UTC)


def tree(line):
    return parse(line, NOW).tree


def warnings(line):
    return [warning.message for warning in parse(line, NOW).warnings]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", None),
        ("flood dam", And((Words("flood"), Words("dam")))),
        ('"state of  emergency"', Words("state of emergency")),
        ("„Haus am See“ «à la une» »Haus«", And((Words("Haus am See"), Words("à la une"), Words("Haus")))),
        ("-flood", Not(Words("flood"))),
        ('-"dam wall"', Not(Words("dam wall"))),
        ("NOT flood", Not(Words("flood"))),
        ("NOT -flood", Words("flood")),
        ("a OR b OR c d", And((Or((Words("a"), Words("b"), Words("c"))), Words("d")))),
        ("a OR -b", Or((Words("a"), Not(Words("b"))))),
        ("a AND b", And((Words("a"), Words("b")))),
        ("(a b) OR c", Or((And((Words("a"), Words("b"))), Words("c")))),
        ("NOT (a OR b)", Not(Or((Words("a"), Words("b"))))),
        ("((a)) (b (c))", And((Words("a"), Words("b"), Words("c")))),
        ("a or b", And((Words("a"), Words("or"), Words("b")))),
        ('"a b"~5', Near("a b", 5)),
        ('title:"a b"~5', Near("a b", 5, "title")),
        ("flo*", Wildcard("flo*")),
        ("Häu?er*", Wildcard("hau?er*")),
        ("title:flo*", Wildcard("flo*", "title")),
        ("people:merkel", Words("merkel", "people")),
        ('-Person:"Jo Kim"', Not(Words("Jo Kim", "people"))),
        ("people:(a OR -b)", Or((Words("a", "people"), Not(Words("b", "people"))))),
        ("story:s1", Words("s1", "story")),
        ("similar:9f2c", Similar("9f2c")),
        ("has:image", Exists("image")),
        ("people:*", Exists("people")),
        ("is:copy", Value("is_primary", "false")),
        ("words:250", Value("words", "100-299")),
        ("words:>500", Range("word_count", 500.0, low_open=True)),
        ("copies:2..5", Range("copies", 2.0, 5.0)),
        ("own_share:<=0.5", Range("own_share", None, 0.5)),
        ("published:2026-11-20", Range("published", day(11, 20), day(11, 21), high_open=True)),
        ("published:2026-11-01..2026-11-20", Range("published", day(11, 1), day(11, 21), high_open=True)),
        ("published:[2026-11-01 TO 2026-11-20]", Range("published", day(11, 1), day(11, 21), high_open=True)),
        ("published:2026-02", Range("published", day(2, 1), day(3, 1), high_open=True)),
        ("published:>2026-11-20", Range("published", day(11, 21), high_open=True)),
        ("published:<2026-11-20", Range("published", None, day(11, 20), high_open=True)),
        (
            "published:2026-11-20T15:30+01:00",
            Range("published", day(11, 20, 14, 30), day(11, 20, 14, 31), high_open=True),
        ),
        ("last:7d", Range("date", NOW - dt.timedelta(days=7), high_open=True)),
        ("date:yesterday", Range("date", day(11, 29), day(11, 30), high_open=True)),
        ("colour:red", Words("colour:red")),
        ("https://daily.example/dam?a=b", Words("https://daily.example/dam?a=b")),
        ("10:30", Words("10:30")),
        ('צה"ל חיפה', And((Words('צה"ל'), Words("חיפה")))),
        ('"צה"ל בחיפה"', Words('צה"ל בחיפה')),
        ('5"x8" dam', And((Words("5"), Words("x8"), Words("dam")))),
        ('a 6" pipe', And((Words("a"), Words("6"), Words("pipe")))),
        ("F-16 - dam", And((Words("F-16"), Words("dam")))),
        ("Who won?", And((Words("Who"), Words("won")))),
        ("難民*", Words("難民")),
        ('a OR "" b', And((Words("a"), Words("b")))),
    ],
)  # fmt: skip
def test_a_line_means(line, expected):
    assert tree(line) == expected


@pytest.mark.parametrize(
    ("line", "position", "words"),
    [
        ("flood (dam", 7, "does not close"),
        ("flood) dam", 6, "closes none"),
        ("flood ()", 7, "nothing in these brackets"),
        ('dam "state of', 5, "quotation mark"),
        ("OR flood", 1, "nothing before"),
        ("flood AND", 7, "nothing behind"),
        ("(flood OR) dam", 8, "nothing behind"),
        ("flood AND OR dam", 7, "nothing behind"),
        ("NOT", 1, "nothing behind"),
        ("flood NOT", 7, "nothing behind"),
        ("flood *ood", 7, "at least 2 letters"),
        ("a f*", 4, "at least 2 letters"),
        ("state-own*", 10, "single word"),
        ("flo*a*b*c*d*", 4, "at most 4"),
        ('"a b"~51', 1, "at most 50"),
        ("people:(title:x)", 9, "within the brackets of another field"),
        ("published:tomorrow", 11, "published takes a day"),
        ("published:2026-11-20..2026-11-01", 11, "ends before it begins"),
        ("published:2026-02-30", 11, "takes a day"),
        ("published:..", 11, "takes a day"),
        ("published:0001-01-01T00:00+14:00", 11, "takes a day"),
        ("last:week", 6, "last takes"),
        ("last:999999y", 6, "last takes"),
        ("copies:many", 8, "copies takes a number"),
        ("words:many", 7, "words takes a number"),
        ("is:nice", 4, "is: takes original"),
        ("has:charm", 5, "charm is none"),
        ("is_primary:perhaps", 12, "true or false"),
        ("(" * 21 + "a" + ")" * 21, 21, "more than 20 brackets"),
        ("a " * (MAX_TERMS + 1), 2 * MAX_TERMS + 1, "more than 1,000 words"),
        ("x" * (MAX_CHARACTERS + 1), MAX_CHARACTERS, "30,001 characters"),
    ],
)
def test_what_cannot_be_read_is_an_error_at_its_character(line, position, words):
    with pytest.raises(QuerySyntaxError, match=words) as caught:
        parse(line, NOW)
    assert caught.value.position == position
    assert f"character {position}" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sourc:Northwire", "did you mean source?"),
        ("title: dam", "without a space"),
        ("a AND b OR c", "OR binds its neighbours"),
        ("flood^2", "means nothing behind a word"),
        ("flod~", "means nothing behind a word"),
        ("a || b", "write OR"),
        ("!flood", "write -flood"),
        ("NEAR/5 x", "two words"),
        ("wor?", "is a question mark"),
        ("flood 🔥", "left out"),
        ("!!!", "finds everything"),
    ],
)
def test_what_was_hardly_meant_so_is_said(line, words):
    assert any(words in message for message in warnings(line)), warnings(line)


@pytest.mark.parametrize(
    "line",
    ["flood dam", '"a b" -c', "a OR b", "a NOT (b c) flo*", "Flood - what we know", "AT&T, Inc.", "people:x last:7d"],
)
def test_what_is_clear_is_left_uncommented(line):
    assert warnings(line) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flood dam flood", Or((Words("flood"), Words("dam")))),
        ("state-owned dam", Or((Words("state"), Words("owned"), Words("dam")))),
        ('"dam wall" flood -x', And((Or((Words("dam wall"), Words("flood"))), Not(Words("x"))))),
        ("flood", Words("flood")),
        ("flood last:7d", And((Words("flood"), Range("date", NOW - dt.timedelta(days=7), high_open=True)))),
    ],
)
def test_where_any_word_is_enough_a_line_means(line, expected):
    assert parse(line, NOW, any_word=True).tree == expected


@pytest.mark.parametrize("line", LINES)
def test_what_was_understood_means_the_same_again(line):
    understood = word_tree(tree(line))
    assert tree(understood) == tree(line)
    assert word_tree(tree(understood)) == understood


@given(TREES)
def test_every_tree_can_be_said_and_read_again(made):
    assert word_tree(parse(word_tree(made), NOW).tree) == word_tree(made)


SIGNS = [*'"-:()*?^+~\\/[]<>.!&|', "OR", "AND", "NOT", "title:", "published:", "dam", " ", "2026", "..", "last:"]


@example("\u17b4")  # a mark by itself, which searches take for a word
@given(st.one_of(st.text(), st.lists(st.sampled_from(SIGNS), max_size=30).map("".join)))
def test_every_line_is_read_or_refused_with_its_character(line):
    try:
        parsed, position = parse(line, NOW), 1
    except QuerySyntaxError as error:
        parsed, position = parse("", NOW), error.position
    assert 1 <= position <= max(1, len(line))
    assert sum(1 for _ in all_leaves(parsed.tree)) <= MAX_TERMS
    assert all(0 <= warning.position <= len(line) for warning in parsed.warnings)


@pytest.mark.parametrize(
    "line",
    ["flood", " flood  Dam ", "flood AND dam", "flood -dam", "flood NOT dam", "-(dam OR wall)", '"dam wall" flood',
     '"flood"', "people:Merkel", "has:image", "U.S. C++ F-16 O'Brien AT&T", "a OR b", '"loan emergency"~5'],
)  # fmt: skip
def test_a_line_that_says_what_is_meant_needs_no_second_wording(line):
    assert is_read_as_typed(line, word_tree(tree(line)))


@pytest.mark.parametrize(
    "line",
    ["a b OR c", "last:7d", "person:Merkel", "flood sourc:Northwire", "flood^2", "flood && dam", "--flood", "flood?",
     "flood ???", "(flood (dam))", "flood 🔥", "words:>500"],
)  # fmt: skip
def test_a_line_that_is_read_otherwise_than_it_was_typed_is_said_again(line):
    assert not is_read_as_typed(line, word_tree(tree(line)))
