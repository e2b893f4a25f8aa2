"""Run the packed multilingual network: labels for the pieces of a text's windows, and a vector of each window.

It runs on one thread. The embeddings of pieces stay in their file, which all processes of a machine share.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from pipeline.errors import SettingsError
from pipeline.multilingual.tokenizer import BEGIN, END, Ints, Pieces, encode_text

Floats = npt.NDArray[np.float32]
Vector = npt.NDArray[np.int8]

FOLDER = "data"
# Numbers of a vector.
WIDTH = 384
# A row of the file: a scale for each block of 32 weights, then the blocks, two weights of four bits in a byte; the low
# bits are a block's first half.
_SCALE_BYTES = 2 * WIDTH // 32
_ZERO = 8
# What a vector is read from: the title and so many words, or characters where a script has no spaces; and at most so
# many pieces, as the network knows 512 places and attention grows with the square.
_LEAD_WORDS, _LEAD_CHARACTERS, _LEAD_PIECES = 100, 1200, 254
_WORD = re.compile(r"\S+")
_HIGHEST = 127


class MultilingualNetwork:
    """A tokenizer and a network from ``folder``.

    Raises:
        SettingsError: A file is missing.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self.tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
            model = (folder / "model.onnx").read_bytes()
            self._words = np.load(folder / "words.npy", mmap_mode="r")
        except OSError as error:
            raise SettingsError(f"the multilingual network is missing: {error}; install newswire anew") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def encode(self, text: str) -> Pieces:
        """Return the words and pieces of ``text``."""
        return encode_text(self.tokenizer, text)

    def infer(self, windows: Sequence[Ints]) -> tuple[list[Floats], Floats]:
        """Read windows, each the ids of its pieces without end marks.

        Returns:
            Per window the probability of each label for each of its pieces (pieces, labels), and a vector for each
            window (windows, ``WIDTH``), which isn't normalised.
        """
        probabilities: list[Floats] = []
        vectors = np.zeros((len(windows), WIDTH), dtype=np.float32)
        for row, ids in zip(vectors, windows, strict=True):
            embedded = self._embed(np.concatenate(((BEGIN,), ids, (END,))))
            chances, vector = self._session.run(None, {"embedded": embedded[None]})
            probabilities.append(chances[0, 1:-1])
            row[:] = vector[0]
        return probabilities, vectors

    def vector(self, title: str, text: str) -> Vector:
        """Return a vector of what an article is about, in any language; the less the angle between two, the more alike.

        It is read from the title and the first hundred words. Its length says nothing; all zero for no text.
        """
        ids = self.encode(_lead(title, text)).ids[:_LEAD_PIECES]
        if not len(ids):
            return np.zeros(WIDTH, dtype=np.int8)
        _, vectors = self.infer([ids])
        return scale_vector(vectors[0])

    def _embed(self, ids: Ints) -> Floats:
        rows = np.ascontiguousarray(self._words[ids])
        scales = np.ascontiguousarray(rows[:, :_SCALE_BYTES]).view("<f2").astype(np.float32)
        bits = rows[:, _SCALE_BYTES:].reshape(len(ids), scales.shape[1], -1)
        weights = np.concatenate((bits & 15, bits >> 4), axis=2).astype(np.float32) - _ZERO
        return (weights * scales[:, :, None]).reshape(len(ids), WIDTH)


def scale_vector(vector: Floats) -> Vector:
    """Return a vector in whole numbers, its largest part 127; only its direction counts."""
    return np.round(vector / (float(np.abs(vector).max()) or 1.0) * _HIGHEST).astype(np.int8)


@cache
def load_network() -> MultilingualNetwork:
    """Return the network that comes with the package; loaded once.

    Raises:
        SettingsError: It is missing.
    """
    return MultilingualNetwork(Path(str(resources.files("pipeline.multilingual") / FOLDER)))


def _lead(title: str, text: str) -> str:
    words = _WORD.finditer(text, 0, _LEAD_WORDS * 100)
    end = next((match.start() for number, match in enumerate(words) if number == _LEAD_WORDS), len(text))
    return f"{title}\n{text[: min(end, _LEAD_CHARACTERS)]}".strip()
