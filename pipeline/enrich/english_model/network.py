"""Run the packed network: for each word of an English text, the probability of each label.

It runs on one thread.
"""

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

# Words × labels.
Probabilities = npt.NDArray[np.float32]

FOLDER = "data/english"


class Network:
    """A tokenizer and a network from ``folder``, relative to the package ``pipeline.enrich``.

    Raises:
        SettingsError: A file is missing.
    """

    def __init__(self, folder: str = FOLDER) -> None:
        files = resources.files("pipeline.enrich").joinpath(folder)
        try:
            self.tokenizer = Tokenizer.from_str(files.joinpath("tokenizer.json").read_text(encoding="utf-8"))
            model = files.joinpath("model.onnx").read_bytes()
        except OSError as error:
            raise SettingsError(
                f"the recogniser of English names is missing: {error}; install newswire anew"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._ends = tuple(cast("int", self.tokenizer.token_to_id(mark)) for mark in ("[CLS]", "[SEP]"))

    def label_probabilities(self, text: str, model_input: ModelInput) -> Probabilities:
        """Return the probability of each label for each word of ``text`` (words, ``LABEL_COUNT``); rows sum to 1."""
        probabilities = np.zeros((len(model_input.ids), LABEL_COUNT), dtype=np.float32)
        for first, stop, counted_from in cut_windows(text, model_input):
            probabilities[counted_from:stop] = self._run(model_input, slice(first, stop))[counted_from - first :]
        return probabilities[model_input.first]

    def _run(self, model_input: ModelInput, part: slice) -> Probabilities:
        begin_id, end_id = self._ends
        inputs = {
            "ids": np.concatenate(((begin_id,), model_input.ids[part], (end_id,))),
            "looks": np.concatenate(((NO_LABEL,), model_input.looks[part], (NO_LABEL,))),
            "hints": np.concatenate(((NO_LABEL,), model_input.hints[part], (NO_LABEL,))),
        }
        return cast("Probabilities", self._session.run(None, {name: row[None] for name, row in inputs.items()})[0])[
            0, 1:-1
        ]
