"""Read the packed network back as weights to train on from: ``python unpack.py FOLDER/model.onnx WEIGHTS``.

int8 weights have lost less than one part in a hundred; ``train.py --weights WEIGHTS`` goes on from them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

_TRANSPOSED = {"head.weight": "head.weight", "pool": "pool.weight"}


def unpack(model: onnx.ModelProto) -> dict[str, npt.NDArray[np.float32]]:
    """Return name → weights, as ``network.Network`` calls them, without the embeddings of pieces."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    weights = {}
    for name, value in constants.items():
        if name.endswith(".q"):
            weights[name.removesuffix(".q") + ".weight"] = (value * constants[name.removesuffix("q") + "scale"]).T
        elif name in _TRANSPOSED:
            weights[_TRANSPOSED[name]] = value.T
        elif name == "positions":
            weights["positions.weight"] = value
        elif name.endswith((".weight", ".bias")):
            weights[name] = value
    return {name: np.ascontiguousarray(value, np.float32) for name, value in weights.items()}


def main() -> None:
    """Read the command line, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("weights", type=Path)
    options = parser.parse_args()
    save_file(unpack(onnx.load(options.model)), options.weights)


if __name__ == "__main__":
    main()
