"""What does the packed network say that each word of an English text is?"""

from __future__ import annotations

from importlib import resources
from typing import cast

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from pipeline.enrich.inputs import LABELS, NONE, Ints, Words
from pipeline.errors import SettingsError

Chances = npt.NDArray[np.float32]

_FOLDER = "data/english"
# Pieces of a window, without its two ends, and how many of them two neighbours share at most; the network was trained
# on up to 254.
_WINDOW, _SHARED = 126, 16
# Windows in one call: more need more memory, and are slower, since they outgrow the processor's cache.
_AT_ONCE = 4


class Network:
    """The tokenizer and the network of data/english, on one thread."""

    def __init__(self) -> None:
        folder = resources.files("pipeline.enrich").joinpath(_FOLDER)
        try:
            self.tokenizer = Tokenizer.from_str(folder.joinpath("tokenizer.json").read_text(encoding="utf-8"))
            network = folder.joinpath("model.onnx").read_bytes()
        except OSError as error:
            raise SettingsError(
                f"the recogniser of English names is missing: {error}; install newswire anew"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        self._ends = tuple(cast("int", self.tokenizer.token_to_id(end)) for end in ("[CLS]", "[SEP]"))

    def chances(self, words: Words) -> Chances:
        """Return for each word how likely each label is (words, ``LABELS``); rows sum to 1."""
        size = len(words.ids)
        if not size:
            return np.zeros((0, LABELS), dtype=np.float32)
        starts, length = windows(size)
        pieces = np.zeros((size, LABELS), dtype=np.float32)
        trust = np.full(size, -1, dtype=np.int64)
        for some in np.split(starts, range(_AT_ONCE, len(starts), _AT_ONCE)):
            for start, told in zip(some.tolist(), self._run(words, some, length), strict=True):
                middle = np.minimum(np.arange(length), np.arange(length)[::-1])
                middle[: length // 2] += size * (start == 0)
                middle[length // 2 :] += size * (start + length == size)
                part = slice(start, start + length)
                better = middle > trust[part]
                pieces[part][better] = told[better]
                trust[part][better] = middle[better]
        return pieces[words.first]

    def _run(self, words: Words, starts: Ints, length: int) -> Chances:
        at = starts[:, None] + np.arange(length)
        first, last = (np.full((len(starts), 1), end) for end in self._ends)
        none = np.full((len(starts), 1), NONE)
        given = {
            "ids": np.concatenate((first, words.ids[at], last), axis=1),
            "looks": np.concatenate((none, words.looks[at], none), axis=1),
            "hints": np.concatenate((none, words.hints[at], none), axis=1),
        }
        return cast("Chances", self._session.run(None, given)[0])[:, 1:-1]


def windows(size: int) -> tuple[Ints, int]:
    """Return where the windows over ``size`` pieces start, and their one length; neighbours overlap.

    All are equally long, so that none needs padding, and begin at even distances.
    """
    if size <= _WINDOW:
        return np.zeros(1, dtype=np.int64), size
    count = -(-(size - _SHARED) // (_WINDOW - _SHARED))
    return np.linspace(0, size - _WINDOW, count).astype(np.int64), _WINDOW
