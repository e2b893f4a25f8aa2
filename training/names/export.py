"""Export trained weights as the packed network: ``python export.py WEIGHTS FOLDER``.

It writes model.onnx (int8) and tokenizer.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from network import EPSILON, HEADS, LAYERS
from train import start_weights

Array = npt.NDArray[np.generic]
_OPSET, _IR, _MICROSOFT = 17, 8, "com.microsoft"
# Seven bits for weights: processors without VNNI would overflow with eight.
_HIGHEST = 63
_ROW_HIGHEST = 127


class Graph:
    """An ONNX graph in the making."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: Array) -> str:
        """Add a constant; return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], domain: str = "", **settings: object) -> str:
        """Add a node with one output; return its name."""
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **settings))
        return name

    def linear(self, x: str, name: str, weights: Array, bias: Array) -> str:
        """Add x @ weights.T + bias in int8, with a scale for each column of the result."""
        table = weights.T.astype(np.float32)
        scale = np.maximum(np.abs(table).max(axis=0), 1e-9) / _HIGHEST
        inputs = [
            x,
            self.constant(f"{name}.q", np.round(table / scale).astype(np.int8)),
            self.constant(f"{name}.scale", scale),
            self.constant(f"{name}.zero", np.zeros(len(scale), np.int8)),
            self.constant(f"{name}.bias", bias.astype(np.float32)),
        ]
        return self.node("DynamicQuantizeMatMul", inputs, _MICROSOFT)

    def norm(self, x: str, skip: str, name: str, weights: dict[str, Array]) -> str:
        """Add the norm of x + skip."""
        parts = [self.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")]
        return self.node("LayerNormalization", [self.node("Add", [x, skip]), *parts], epsilon=EPSILON)


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
        x = _layer(g, x, f"layers.{n}", weights)
    head = g.node("MatMul", [x, g.constant("head.weight", weights["head.weight"].T)])
    scores = g.node("Add", [head, g.constant("head.bias", weights["head.bias"])])
    g.nodes.append(helper.make_node("Softmax", [scores], ["chances"], axis=-1))
    inputs = [
        helper.make_tensor_value_info(n, TensorProto.INT64, ["windows", "pieces"]) for n in ("ids", "looks", "hints")
    ]
    outputs = [helper.make_tensor_value_info("chances", TensorProto.FLOAT, ["windows", "pieces", "labels"])]
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
    onnx_graph = helper.make_graph(g.nodes, "names", inputs, outputs, g.constants)
    return helper.make_model(onnx_graph, opset_imports=opsets, ir_version=_IR, producer_name="newswire")


def _layer(g: Graph, x: str, name: str, weights: dict[str, Array]) -> str:
    def linear(value: str, part: str) -> str:
        return g.linear(value, f"{name}.{part}", weights[f"{name}.{part}.weight"], weights[f"{name}.{part}.bias"])

    mixed = [f"{name}.{part}" for part in ("query", "keys", "values")]
    g.nodes.append(helper.make_node("Split", [linear(x, "mixed")], mixed, axis=-1))
    attended = g.node("MultiHeadAttention", mixed, _MICROSOFT, num_heads=HEADS)
    x = g.norm(linear(attended, "out"), x, f"{name}.norm", weights)
    inner = g.node("Gelu", [linear(x, "up")], _MICROSOFT)
    return g.norm(linear(inner, "down"), x, f"{name}.last_norm", weights)


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
