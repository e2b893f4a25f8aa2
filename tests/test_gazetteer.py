"""Facts about the packed table of places."""

from __future__ import annotations

import collections

from pipeline.gazetteer import load_city_names, read_rows


def test_a_row_is_a_country_its_name_in_another_language_a_subdivision_or_a_city():
    cells = [row.split("\t") for row in read_rows()]
    assert {(one[0], len(one)) for one in cells} == {("C", 8), ("N", 4), ("S", 5), ("T", 5), ("P", 8)}
    assert collections.Counter(one[0] for one in cells)["C"] == 249


def test_cities_are_known_by_their_names_in_any_case_and_the_larger_in_other_languages():
    assert {"port sudan", "münchen", "munich", "москва"} <= load_city_names()
    assert "" not in load_city_names()
