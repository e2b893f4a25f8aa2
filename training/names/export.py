"""Export trained weights as the packed network: ``python export.py WEIGHTS FOLDER``.

It writes model.onnx (int8) and tokenizer.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from safetensors.numpy import load_file

sys.path.append(str(Path(__file__).parents[1]))

from network import EPSILON, HEADS, LAYERS
from onnx_graph import Array, Graph
from train import start_weights

_ROW_HIGHEST = 127


def graph(weights: dict[str, Array]) -> onnx.ModelProto:
    """Return the network as ONNX: ids, looks and hints (windows, pieces) in, probabilities of the labels out.

    All windows of a call are equally long, so that nothing is padded and nothing masked.
    """
    g = Graph()
    rows = weights["words.weight"]
    scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-9) / _ROW_HIGHEST
    table = g.constant("words.q", np.round(rows / scale).astype(np.int8))
    embedded = g.node("Cast", [g.node("Gather", [table, "ids"])], to=TensorProto.FLOAT)
    x = g.node("Mul", [embedded, g.node("Gather", [g.constant("words.scale", scale.astype(np.float32)), "ids"])])
    for name in ("looks", "hints"):
        x = g.node("Add", [x, g.node("Gather", [g.constant(name + ".weight", weights[name + ".weight"]), name])])
    size = g.node("Slice", [g.node("Shape", ["ids"]), *(g.constant(f"n{n}", np.array([n])) for n in (1, 2))])
    ends = [g.constant("zero", np.array([0])), size, g.constant("axis", np.array([0]))]
    positions = g.node("Slice", [g.constant("positions", weights["positions.weight"]), *ends])
    x = g.node("Add", [x, positions])
    parts = [g.constant(f"norm.{part}", weights[f"norm.{part}"]) for part in ("weight", "bias")]
    x = g.node("LayerNormalization", [x, *parts], epsilon=EPSILON)
    for n in range(LAYERS):
        x = g.layer(x, f"layers.{n}", weights, HEADS, EPSILON)
    head = g.node("MatMul", [x, g.constant("head.weight", weights["head.weight"].T)])
    scores = g.node("Add", [head, g.constant("head.bias", weights["head.bias"])])
    g.nodes.append(helper.make_node("Softmax", [scores], ["chances"], axis=-1))
    inputs = [
        helper.make_tensor_value_info(n, TensorProto.INT64, ["windows", "pieces"]) for n in ("ids", "looks", "hints")
    ]
    outputs = [helper.make_tensor_value_info("chances", TensorProto.FLOAT, ["windows", "pieces", "labels"])]
    return g.model(inputs, outputs)


def main() -> None:
    """Read the command line, and write model.onnx and tokenizer.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    model = graph(load_file(options.weights))
    onnx.checker.check_model(model)
    onnx.save(model, options.folder / "model.onnx")
    source, _ = start_weights()
    tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer |= {"truncation": None, "padding": None}
    text = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    (options.folder / "tokenizer.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
