"""The packed multilingual network: probabilities, vectors, and what it does with odd texts."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import SettingsError
from pipeline.multilingual.labels import LABEL_COUNT
from pipeline.multilingual.network import WIDTH, MultilingualNetwork, load_network, scale_vector

QUAKE = {
    "en": ("Earthquake in Valmora", "An earthquake of magnitude 6.1 shook the coast of Valmora; three people died."),
    "de": (
        "Erdbeben in Valmora",
        "Ein Erdbeben der Stärke 6,1 hat die Küste von Valmora erschüttert; drei Menschen starben.",
    ),
    "zh": ("瓦尔莫拉发生地震", "瓦尔莫拉海岸发生6.1级地震，造成三人死亡。"),
    "ru": (
        "Землетрясение в Валморе",
        "Землетрясение магнитудой 6,1 произошло у побережья Валморы, погибли три человека.",
    ),
}
RATES = {
    "en": (
        "Central bank raises rates",
        "The central bank raised its key interest rate by a quarter point on Thursday.",
    ),
    "de": (
        "Zentralbank erhöht Zinsen",
        "Die Zentralbank hat am Donnerstag ihren Leitzins um einen Viertelpunkt angehoben.",
    ),
    "zh": ("央行加息", "央行周四将基准利率上调25个基点。"),
    "ru": ("Центробанк повысил ставку", "Центральный банк в четверг повысил ключевую ставку на четверть пункта."),
}


def direction(title: str, text: str) -> np.ndarray:
    vector = load_network().vector(title, text).astype(np.float64)
    return vector / np.linalg.norm(vector)


def test_probabilities_of_each_piece_sum_to_one() -> None:
    network = load_network()
    windows = [network.encode(text).ids for text in ("Marion Kessler lebt in Bremen.", "北京")]
    probabilities, vectors = network.infer(windows)
    assert [p.shape for p in probabilities] == [(len(ids), LABEL_COUNT) for ids in windows]
    assert all(np.allclose(p.sum(axis=1), 1, atol=1e-4) for p in probabilities)
    assert vectors.shape == (2, WIDTH)


def test_a_window_reads_the_same_alone_and_among_others() -> None:
    network = load_network()
    ids = network.encode("Die Ministerin sprach in Bremen mit Herrn Kessler.").ids
    alone, vectors = network.infer([ids])
    among, more_vectors = network.infer([network.encode("Anderes.").ids, ids])
    assert np.array_equal(alone[0], among[1])
    assert np.array_equal(vectors[0], more_vectors[1])


def test_the_same_event_in_other_languages_is_nearer_than_another_event() -> None:
    quake = {language: direction(*article) for language, article in QUAKE.items()}
    rates = {language: direction(*article) for language, article in RATES.items()}
    for first, second in itertools.permutations(QUAKE, 2):
        assert quake[first] @ quake[second] > quake[first] @ rates[second], (first, second)


def test_a_vector_is_read_from_the_title_and_the_first_hundred_words() -> None:
    network = load_network()
    text = " ".join(["wave"] * 100)
    assert np.array_equal(network.vector("Storm", text), network.vector("Storm", text + " and more " * 50))
    assert not np.array_equal(network.vector("Storm", text), network.vector("Calm", text))


def test_the_vector_of_no_text_is_zero() -> None:
    assert not load_network().vector("", "  \n").any()


def test_a_scaled_vector_keeps_its_direction() -> None:
    vector = np.linspace(-0.3, 0.2, WIDTH, dtype=np.float32)
    scaled = scale_vector(vector)
    assert scaled.dtype == np.int8
    assert np.abs(scaled).max() == 127
    assert vector @ scaled / np.linalg.norm(vector) / np.linalg.norm(scaled) > 0.9999


def test_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"the multilingual network is missing.*install newswire anew"):
        MultilingualNetwork(tmp_path)
