"""Facts about headlines: which two are one article's, and what a headline announces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.headline_likeness import are_alike, is_announced

BRIDGE = "Old swing bridge at Millgate to close for eleven weeks"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (BRIDGE, BRIDGE.upper()),
        (BRIDGE, f"{BRIDGE} | The Courier"),
        (BRIDGE, "LIVE: " + BRIDGE),
        (BRIDGE, "Old swing bridge at Millgate to close for eleven months"),
        ("Minister says ‘no’ to the plan", "Minister says 'no' to the plan"),
        ("台風が九州に接近、交通に影響", "台風が九州に接近、交通に影響|日報"),
        ("Мост в Милгейте закроют на ремонт", "Мост в Милгейте закроют на ремонт — Курьер"),
    ],
)
def test_headlines_that_were_added_to_or_changed_in_a_word_are_alike(left, right):
    assert are_alike(left, right)
    assert are_alike(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (BRIDGE, "Storm Odette floods streets in three coastal towns"),
        ("Quake of magnitude 5.1 shakes the coast", "Quake of magnitude 5.2 shakes the coast"),
        ("Report 1 from the council chamber", "Report 2 from the council chamber"),
        ("News", "News of the day from Millgate"),
        ("台風が九州に接近", "地震が東北で発生"),
        (BRIDGE, None),
        ("", ""),
    ],
)
def test_headlines_of_two_articles_are_not_alike(left, right):
    assert not are_alike(left, right)
    assert not are_alike(right, left)


@pytest.mark.parametrize(
    ("headline", "text"),
    [
        (BRIDGE, "The bridge at Millgate is shut until spring, the harbour authority says."),
        ("Opinion", "Anything may stand here."),
        (None, "Anything"),
        ("台風が九州に接近、交通に影響", "大型の台風が九州に近づいている。"),
        ("태풍 북상에 항공편 결항 속출", "태풍이 북상하면서 결항이 이어졌다"),
        ("Мост в Милгейте закроют на ремонт", "Ремонт моста начнётся в январе"),
        ("إغلاق الجسر القديم أحد عشر أسبوعا", "قالت السلطات إن الجسر سيغلق"),
    ],
)
def test_a_text_with_a_headlines_words_is_what_it_announces(headline, text):
    assert is_announced(headline, text)


@pytest.mark.parametrize(
    ("headline", "text"),
    [
        (BRIDGE, "Tafadhali jiandikishe ili uendelee kusoma habari zote za gazeti letu."),
        (BRIDGE, ""),
        ("台風が九州に接近、交通に影響", "ログインして続きを読む。会員登録は無料です。"),
        ("태풍 북상에 항공편 결항 속출", "로그인 후 이용해 주세요"),
        ("Мост в Милгейте закроют на ремонт", "Введите имя пользователя и пароль"),
    ],
)
def test_a_text_without_any_of_them_is_not(headline, text):
    assert not is_announced(headline, text)


@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_is_mutual_and_a_headline_announces_itself(left, right):
    assert are_alike(left, right) == are_alike(right, left)
    assert is_announced(left, left)
