"""The network that is trained: MiniLM's encoder and a head for the labels.

The encoder also sees each word's look and a hint.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.enrich.english_model.model_input import LABEL_COUNT, LOOK_COUNT

WIDTH, HEADS, LAYERS, INNER, EPSILON = 384, 12, 6, 1536, 1e-12
_DROPOUT = 0.1


class Layer(nn.Module):
    """One layer of the encoder, as in BERT."""

    def __init__(self) -> None:
        super().__init__()
        self.mixed = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.last_norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.drop = nn.Dropout(_DROPOUT)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return the layer's output for ``x`` (batch, pieces, width); ``mask`` is true where a piece is."""
        query, keys, values = self.mixed(x).unflatten(-1, (3, HEADS, WIDTH // HEADS)).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask[:, None, None, :])
        x = self.norm(x + self.drop(self.out(attended.transpose(1, 2).flatten(2))))
        return self.last_norm(x + self.drop(self.down(functional.gelu(self.up(x)))))


class Network(nn.Module):
    """Gives each piece a score for each label."""

    def __init__(self, vocabulary: int, positions: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, WIDTH)
        self.positions = nn.Embedding(positions, WIDTH)
        self.looks = nn.Embedding(LOOK_COUNT, WIDTH)
        self.hints = nn.Embedding(LABEL_COUNT, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.head = nn.Linear(WIDTH, LABEL_COUNT)
        self.drop = nn.Dropout(_DROPOUT)
        nn.init.normal_(self.looks.weight, std=0.02)
        nn.init.normal_(self.hints.weight, std=0.02)

    def forward(self, ids: Tensor, looks: Tensor, hints: Tensor, mask: Tensor) -> Tensor:
        """Return the scores (batch, pieces, labels)."""
        x = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.looks(looks) + self.hints(hints)
        x = self.drop(self.norm(x))
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(x)


def pretrained(weights: dict[str, Tensor]) -> Network:
    """Return the network with the encoder of a BERT checkpoint; looks, hints and head are new."""
    at = "embeddings."
    words, positions = weights[at + "word_embeddings.weight"], weights[at + "position_embeddings.weight"]
    network = Network(len(words), len(positions))
    state = {
        "words.weight": words + weights[at + "token_type_embeddings.weight"][0],
        "positions.weight": positions,
        "norm.weight": weights[at + "LayerNorm.weight"],
        "norm.bias": weights[at + "LayerNorm.bias"],
    }
    names = {"attention.output.dense": "out", "attention.output.LayerNorm": "norm"}
    names |= {"intermediate.dense": "up", "output.dense": "down", "output.LayerNorm": "last_norm"}
    for n in range(LAYERS):
        for part in ("weight", "bias"):
            old, new = f"encoder.layer.{n}.", f"layers.{n}."
            mixed = [weights[f"{old}attention.self.{name}.{part}"] for name in ("query", "key", "value")]
            state[f"{new}mixed.{part}"] = torch.cat(mixed)
            state |= {f"{new}{to}.{part}": weights[f"{old}{name}.{part}"] for name, to in names.items()}
    network.load_state_dict(state, strict=False)
    return network
