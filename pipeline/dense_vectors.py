"""Pack, centre and compare the dense vectors of articles: 384 numbers, one byte each.

Raw vectors of one language lie close together, whatever the texts are about. What is common to a language, its mean, is
taken away, so that texts of two languages are compared by what they say. Pure.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DIMENSIONS = 384
_LARGEST = 127  # of a signed byte, used on both sides alike

Dense = npt.NDArray[np.float32]


def pack_dense(vector: Dense) -> bytes:
    """Return the direction of ``vector`` in one signed byte a number, the largest of them at the end of the range.

    The cosine of two unit vectors changes by less than 0.01 (tests/test_dense_vectors.py).
    """
    largest = float(np.abs(vector).max(initial=0.0))
    scaled = vector * np.float32(_LARGEST / largest) if largest > 0 else np.zeros_like(vector)
    return np.rint(scaled).astype(np.int8).tobytes()


def unpack_dense(packed: bytes) -> Dense:
    """Return the unit vector in the direction that was packed; of nothing but zeros, zeros."""
    unit: Dense = unit_rows(np.frombuffer(packed, dtype=np.int8)[None].astype(np.float32))[0]
    return unit


def centre_dense(vector: Dense, mean: Dense) -> Dense:
    """Return the unit vector of what distinguishes ``vector``, a unit vector, from the ``mean`` of its language."""
    unit: Dense = unit_rows((vector - mean)[None])[0]
    return unit


def unit_rows(rows: Dense) -> Dense:
    """Return each row at unit length; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units: Dense = (rows / np.maximum(lengths, np.float32(1e-12))).astype(np.float32)
    return units
