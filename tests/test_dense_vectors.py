"""Dense vectors: packing keeps their direction, centring takes away what is common."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.dense_vectors import DIMENSIONS, centre_dense, pack_dense, unit_rows, unpack_dense


def drawn(seed: int, spread: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=DIMENSIONS).astype(np.float32) * np.float32(spread)


seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.floats(1e-3, 1e3))
def test_packing_keeps_the_direction_whatever_the_length(seed, length):
    vector = drawn(seed)
    unit = unit_rows(vector[None])[0]
    packed = pack_dense(vector * np.float32(length))
    assert len(packed) == DIMENSIONS
    assert float(unpack_dense(packed) @ unit) > 0.9995


@given(seeds, seeds)
def test_packing_changes_a_cosine_by_less_than_a_hundredth(first, second):
    one, other = unit_rows(np.array([drawn(first), drawn(second)]))
    packed = float(unpack_dense(pack_dense(one)) @ unpack_dense(pack_dense(other)))
    assert abs(packed - float(one @ other)) < 0.01


@given(seeds)
def test_packing_again_changes_nothing(seed):
    packed = pack_dense(drawn(seed))
    assert pack_dense(unpack_dense(packed)) == packed


def test_zeros_stay_zeros():
    zeros = np.zeros(DIMENSIONS, dtype=np.float32)
    assert pack_dense(zeros) == bytes(DIMENSIONS)
    assert not unpack_dense(bytes(DIMENSIONS)).any()
    assert not centre_dense(zeros, zeros).any()


@given(seeds, seeds, seeds)
def test_texts_of_two_languages_are_compared_by_what_they_say(said, language, other_language):
    says = drawn(said, 0.4)
    means = drawn(language), drawn(other_language) + 1
    told = [centre_dense(mean + says, mean) for mean in means]
    assert float(told[0] @ told[1]) > 0.999
    assert abs(float(np.linalg.norm(told[0])) - 1) < 1e-4
