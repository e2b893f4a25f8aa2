"""Forms that are filled in anew are no copies; what was edited, cut or extended is."""

from __future__ import annotations

import pytest

from pipeline.dedupe.filled_forms import is_refilled, mark_facts
from pipeline.dedupe.sketch import sketch_text
from tests.helpers.copies import OTHER, WIRE

FORECAST = (
    "{town} will see {sky} on {day}, the weather service said in its daily forecast. Temperatures will reach {high} "
    "degrees Celsius in the afternoon and fall to {low} overnight. Winds will blow from the {wind} at up to {speed} "
    "kilometres an hour. Drivers should check the roads before they set out. Sunrise is at {rise} in the morning."
)
RESULTS = (
    "{firm} on Tuesday reported net income of ${net} million in the quarter that ended in March. The {seat} firm said "
    "it had profit of {share} cents a share. The results beat the expectations of Dunmore Research, whose analysts had "
    "expected {less} cents. The company posted revenue of ${sales} million and expects ${year} million in the year."
)
DRAW = "The winning numbers are {}, {}, {}, {}, {} and {}. Nobody won the first prize. The next draw is on Saturday."
NAMES = "It stands so in the Norland Gazette, the Westhaven Echo, the Port Anse Mail and the Tolland Star."
ONE = {"town": "Eastmark", "sky": "sunny spells", "day": "Friday", "high": 21, "low": 9, "wind": "north", "speed": 31}
TWO = {"town": "Port Anse", "sky": "a cloudy start", "day": "Monday", "high": 14, "low": 3, "wind": "west", "speed": 24}
NOVA = {"firm": "Nova Foods", "net": 61, "seat": "Denver", "share": 44, "less": 39, "sales": 812, "year": 3100}
KELM = {"firm": "Kelm Energy", "net": 18, "seat": "Boston", "share": 12, "less": 10, "sales": 240, "year": 950}


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (FORECAST.format(**ONE, rise="6.12"), FORECAST.format(**TWO, rise="6.58")),
        (RESULTS.format(**NOVA), RESULTS.format(**KELM)),
        (f"{NAMES} {RESULTS.format(**NOVA)}", f"{NAMES} {RESULTS.format(**KELM | {'seat': 'Denver'})}"),
        (DRAW.format(3, 7, 12, 21, 33, 40), DRAW.format(1, 9, 14, 25, 31, 44)),
    ],
)
def test_a_form_with_other_names_and_figures_is_told(new, old):
    assert is_refilled(mark_facts(new), sketch_text(old).sketch)
    assert is_refilled(mark_facts(old), sketch_text(new).sketch)


@pytest.mark.parametrize(
    "edited",
    [
        WIRE,
        WIRE.replace("Nobody was hurt.", "Two workers were hurt, one of them badly."),
        WIRE.replace("on Monday", "Monday").replace("some 90 miles", "about 145 kilometres").replace("1998", "the 90s"),
        WIRE.replace("officials said", "officials told the Evening Echo of Velmark on Tuesday 3 March"),
        "\n".join(WIRE.split("\n")[:2]) + "\n" + OTHER,
        OTHER + "\n" + WIRE,
    ],
)
def test_what_was_edited_cut_or_extended_is_no_form(edited):
    assert not is_refilled(mark_facts(edited), sketch_text(WIRE).sketch)
    assert not is_refilled(mark_facts(WIRE), sketch_text(edited).sketch)


def test_figures_that_an_update_changes_make_no_form_while_the_names_stay():
    later = WIRE.replace("two freight wagons", "5 freight wagons").replace("six", "4").replace("1998", "1997")
    assert not is_refilled(mark_facts(later.replace("90", "95")), sketch_text(WIRE).sketch)
