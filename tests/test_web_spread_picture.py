"""How a text spread is drawn step by step."""

from __future__ import annotations

import datetime as dt

from pipeline.web.spread_picture import HEIGHT, WIDTH, draw_spread

NOON = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)


def test_each_article_is_a_step_from_the_first_to_the_last():
    picture = draw_spread(
        [NOON, NOON + dt.timedelta(minutes=30), NOON + dt.timedelta(hours=1), NOON + dt.timedelta(hours=2)]
    )
    assert [step.height for step in picture.steps] == [25, 50, 75, HEIGHT]
    xs = [step.x for step in picture.steps]
    assert xs[0] == 0
    assert xs[1] - xs[0] == xs[2] - xs[1]
    assert WIDTH - 10 < xs[3] < WIDTH
    assert picture.area.startswith("0,100 0.0,100 0.0,75 ")
    assert picture.area.endswith("1000,0 1000,100")


def test_articles_of_one_moment_stand_in_one_place():
    assert [step.x for step in draw_spread([NOON, NOON]).steps] == [0, 0]
