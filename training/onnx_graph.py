"""Build an ONNX graph with int8 weights, node by node: what the exports of both recognisers share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

Array = npt.NDArray[np.generic]
MICROSOFT = "com.microsoft"
_OPSET, _IR = 17, 8
# Seven bits for weights: processors without VNNI would overflow with eight.
_HIGHEST = 63


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
        return self.node("DynamicQuantizeMatMul", inputs, MICROSOFT)

    def norm(self, x: str, skip: str, name: str, weights: dict[str, Array], epsilon: float) -> str:
        """Add the norm of x + skip."""
        parts = [self.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias")]
        return self.node("LayerNormalization", [self.node("Add", [x, skip]), *parts], epsilon=epsilon)

    def layer(self, x: str, name: str, weights: dict[str, Array], heads: int, epsilon: float) -> str:
        """Add one layer of the encoder, as in BERT."""

        def linear(value: str, part: str) -> str:
            return self.linear(
                value, f"{name}.{part}", weights[f"{name}.{part}.weight"], weights[f"{name}.{part}.bias"]
            )

        mixed = [f"{name}.{part}" for part in ("query", "keys", "values")]
        self.nodes.append(helper.make_node("Split", [linear(x, "mixed")], mixed, axis=-1))
        attended = self.node("MultiHeadAttention", mixed, MICROSOFT, num_heads=heads)
        x = self.norm(linear(attended, "out"), x, f"{name}.norm", weights, epsilon)
        inner = self.node("Gelu", [linear(x, "up")], MICROSOFT)
        return self.norm(linear(inner, "down"), x, f"{name}.last_norm", weights, epsilon)

    def model(self, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> onnx.ModelProto:
        """Return the graph as a model."""
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
        onnx_graph = helper.make_graph(self.nodes, "names", inputs, outputs, self.constants)
        return helper.make_model(onnx_graph, opset_imports=opsets, ir_version=_IR, producer_name="newswire")
