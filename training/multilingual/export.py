"""Export trained weights as the packed network: ``python export.py START WEIGHTS FOLDER``.

It writes model.onnx (int8), words.npy (the embeddings of pieces, in four bits) and tokenizer.json. Without weights
("-") it packs the network as it is before training.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from safetensors.numpy import load_file

sys.path.append(str(Path(__file__).parents[1]))

from network import EPSILON, HEADS, WIDTH, pretrained
from onnx_graph import Array, Graph
from start import MARKS
from train import LAYERS, SEED


def graph(weights: dict[str, Array]) -> onnx.ModelProto:
    """Return the network as ONNX: embedded pieces (windows, pieces, width) in, labels' chances and vectors out.

    All windows of a call are equally long, so that nothing is padded and nothing masked.
    """
    g = Graph()
    size = g.node("Slice", [g.node("Shape", ["embedded"]), *(g.constant(f"n{n}", np.array([n])) for n in (1, 2))])
    ends = [g.constant("zero", np.array([0])), size, g.constant("axis", np.array([0]))]
    positions = g.node("Slice", [g.constant("positions", weights["positions.weight"]), *ends])
    x = g.norm("embedded", positions, "norm", weights, EPSILON)
    for n in range(sum(name.endswith(".up.bias") for name in weights)):
        x = g.layer(x, f"layers.{n}", weights, HEADS, EPSILON)
    head = g.node("MatMul", [x, g.constant("head.weight", weights["head.weight"].T)])
    scores = g.node("Add", [head, g.constant("head.bias", weights["head.bias"])])
    g.nodes.append(helper.make_node("Softmax", [scores], ["chances"], axis=-1))
    mean = g.node("ReduceMean", [x], axes=[1], keepdims=0)
    g.nodes.append(helper.make_node("MatMul", [mean, g.constant("pool", weights["pool.weight"].T)], ["vectors"]))
    inputs = [helper.make_tensor_value_info("embedded", TensorProto.FLOAT, ["windows", "pieces", WIDTH])]
    outputs = [
        helper.make_tensor_value_info("chances", TensorProto.FLOAT, ["windows", "pieces", "labels"]),
        helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["windows", WIDTH]),
    ]
    return g.model(inputs, outputs)


def pack_words(start: Path) -> np.ndarray:
    """Return the embeddings of pieces as rows of bytes: twelve scales (two bytes each), then the bits of each block."""
    blocks = np.load(start / "words.npz")
    scales = np.ascontiguousarray(blocks["scale"]).view(np.uint8)
    return np.concatenate([scales, blocks["bits"].reshape(len(scales), -1)], axis=1)


def untrained(start: Path) -> dict[str, Array]:
    """Return the weights before training; the head is random."""
    torch.manual_seed(SEED)
    weights = {name: torch.from_numpy(value) for name, value in load_file(start / "encoder.safetensors").items()}
    network = pretrained(weights, torch.zeros(MARKS, WIDTH), LAYERS)
    return {name: value.numpy() for name, value in network.state_dict().items()}


def main() -> None:
    """Read the command line, and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("start", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    is_untrained = str(options.weights) == "-"
    weights = untrained(options.start) if is_untrained else load_file(options.weights)
    model = graph({name: np.asarray(value, dtype=np.float32) for name, value in weights.items()})
    onnx.checker.check_model(model)
    onnx.save(model, options.folder / "model.onnx")
    np.save(options.folder / "words.npy", pack_words(options.start))
    shutil.copy(options.start / "tokenizer.json", options.folder / "tokenizer.json")


if __name__ == "__main__":
    main()
