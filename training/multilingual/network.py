"""The network that is trained: six layers of multilingual-e5-small, a head for labels and one for a text's vector."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.multilingual.labels import LABEL_COUNT

WIDTH, HEADS, INNER, EPSILON = 384, 12, 1536, 1e-12
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

    def forward(self, x: Tensor, hidden: Tensor | None) -> Tensor:
        """Return the layer's output for ``x`` (windows, pieces, width); ``hidden`` is minus infinity at fillers."""
        query, keys, values = self.mixed(x).unflatten(-1, (3, HEADS, WIDTH // HEADS)).permute(2, 0, 3, 1, 4)
        # Written out: PyTorch's own attention takes half of the time of a step on a CPU.
        scores = query @ keys.transpose(-1, -2) / math.sqrt(WIDTH // HEADS)
        scores = scores if hidden is None else scores + hidden
        attended = scores.softmax(-1) @ values
        x = self.norm(x + self.out(attended.transpose(1, 2).flatten(2)))
        return self.last_norm(x + self.down(functional.gelu(self.up(x))))


class Network(nn.Module):
    """Gives each piece a score for each label, and each window a vector."""

    def __init__(self, layers: int, vocabulary: int, positions: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, WIDTH)
        self.positions = nn.Embedding(positions, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.head = nn.Linear(WIDTH, LABEL_COUNT)
        self.pool = nn.Linear(WIDTH, WIDTH, bias=False)
        self.drop = nn.Dropout(_DROPOUT)
        nn.init.eye_(self.pool.weight)

    def encode(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the last layer's output (windows, pieces, width); ``mask`` is true where a piece is."""
        words = self.words(ids).to(self.norm.weight.dtype)  # shared with a teacher of another precision
        x = self.drop(self.norm(words + self.positions.weight[: ids.shape[1]]))
        hidden = None if mask is None else torch.zeros(mask.shape).masked_fill(~mask, -1e9)[:, None, None, :].to(x)
        for layer in self.layers:
            x = layer(x, hidden)
        return x

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the scores (windows, pieces, labels) and the vectors (windows, width), which aren't normalised."""
        x = self.encode(ids, mask)
        mean = x.mean(1) if mask is None else (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.head(self.drop(x)), self.pool(mean)


def pretrained(weights: dict[str, Tensor], words: Tensor, layers: list[int]) -> Network:
    """Return the network with the given layers of a BERT checkpoint and these word embeddings; the head is new."""
    at = "embeddings."
    positions = weights[at + "position_embeddings.weight"] + weights[at + "token_type_embeddings.weight"][0]
    network = Network(len(layers), len(words), len(positions))
    state = {
        "words.weight": words,
        "positions.weight": positions,
        "norm.weight": weights[at + "LayerNorm.weight"],
        "norm.bias": weights[at + "LayerNorm.bias"],
    }
    names = {"attention.output.dense": "out", "attention.output.LayerNorm": "norm"}
    names |= {"intermediate.dense": "up", "output.dense": "down", "output.LayerNorm": "last_norm"}
    for n, source in enumerate(layers):
        for part in ("weight", "bias"):
            old, new = f"encoder.layer.{source}.", f"layers.{n}."
            mixed = [weights[f"{old}attention.self.{name}.{part}"] for name in ("query", "key", "value")]
            state[f"{new}mixed.{part}"] = torch.cat(mixed)
            state |= {f"{new}{to}.{part}": weights[f"{old}{name}.{part}"] for name, to in names.items()}
    network.load_state_dict(state, strict=False)
    return network
