"""When vectors are made, and by what they are centred."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.dense_vectors import DIMENSIONS, unpack_dense
from pipeline.multilingual.article_vectors import (
    centred_vector,
    choose_vectorise,
    is_multilingual,
    load_means,
    vectorise_article,
)
from pipeline.records import Article

ENGLISH = Article(
    id="en",
    language="en",
    title="Quake off Chile",
    text="A magnitude 6.8 earthquake struck off the coast of Chile before dawn, cutting power to 40,000 homes.",
)
GERMAN = Article(
    id="de",
    language="de-CH",
    title="Erdbeben vor Chile",
    text="Vor der Küste Chiles hat in der Nacht die Erde gebebt. Für 40.000 Haushalte fiel der Strom aus.",
)
OTHER = Article(
    id="other",
    language="de",
    title="Zentralbank senkt Leitzins",
    text="Die Zentralbank hat am Freitag den Leitzins gesenkt. Die Inflation war im Vormonat zurückgegangen.",
)


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        ({}, False),
        ({"en": 9}, False),
        ({"en": 9, "": 5}, False),
        ({"en": 9, "de": 1}, True),
        ({"en": 999, "de": 2}, False),
    ],
)
def test_vectors_are_needed_where_a_second_language_is_no_stray(languages, expected):
    assert is_multilingual(languages) is expected
    assert (choose_vectorise("auto", languages) is not None) is expected


def test_the_setting_and_the_sources_decide_too():
    assert choose_vectorise("always", {"en": 1})
    assert choose_vectorise("auto", {}, {"en", "fr"})
    assert choose_vectorise("never", {"en": 1, "de": 1}, {"en", "fr"}) is None


def test_an_event_is_more_like_its_retelling_than_like_another_in_the_same_language():
    english, german, other = (unpack_dense(vectorise_article(article)) for article in (ENGLISH, GERMAN, OTHER))
    assert english @ german > 0.35 > other @ german


def test_an_article_without_words_has_no_vector():
    assert vectorise_article(Article(id="a", title=" ", text="\n")) is None


def test_a_language_without_a_mean_is_centred_by_that_of_all():
    raw = np.arange(-192, 192).astype(np.int8).tobytes()
    assert centred_vector(raw, "xx") == centred_vector(raw, None) != centred_vector(raw, "de")
    assert all(mean.shape == (DIMENSIONS,) for mean in load_means().values())
