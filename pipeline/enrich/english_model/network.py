"""What does the packed network say that each word of an English text is?"""

from __future__ import annotations

from importlib import resources
from typing import cast

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from pipeline.enrich.english_model.model_input import LABEL_COUNT, NO_LABEL, ModelInput
from pipeline.enrich.english_model.windows import cut_windows
from pipeline.errors import SettingsError

Chances = npt.NDArray[np.float32]

_FOLDER = "data/english"


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

    def label_probabilities(self, text: str, words: ModelInput) -> Chances:
        """Return for each word of ``text`` how likely each label is (words, ``LABELS``); rows sum to 1."""
        pieces = np.zeros((len(words.ids), LABEL_COUNT), dtype=np.float32)
        for first, after, counts in cut_windows(text, words):
            pieces[counts:after] = self._run(words, slice(first, after))[counts - first :]
        return pieces[words.first]

    def _run(self, words: ModelInput, part: slice) -> Chances:
        begin, end = self._ends
        given = {
            "ids": np.concatenate(((begin,), words.ids[part], (end,))),
            "looks": np.concatenate(((NO_LABEL,), words.looks[part], (NO_LABEL,))),
            "hints": np.concatenate(((NO_LABEL,), words.hints[part], (NO_LABEL,))),
        }
        return cast("Chances", self._session.run(None, {name: row[None] for name, row in given.items()})[0])[0, 1:-1]
