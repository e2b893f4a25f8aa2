"""Make the mean vector of each language: what is common to all its texts, which vectors are centred by.

python training/multilingual/means.py [LANGUAGE:]FILE...

FILES are JSON lines with "text" and, where there are any, "title" and "language" (or "lang"); a language that stands
before a file's name is that of the lines that name none. Of each language the same texts are taken
whatever the order of files and lines; a language with fewer than ``LEAST`` is left out: its texts are centred by the
mean of the others. Writes pipeline/multilingual/means.npz; needed again whenever the network's files change.
"""

from __future__ import annotations

import collections
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pipeline.multilingual.network import load_network

# Means of 40 texts differ by .05 from those of 160 (length of the difference of unit vectors), those of 10 by .1
LEAST, MOST = 20, 40
OUT = Path(__file__).parents[2] / "pipeline" / "multilingual" / "means.npz"


def read(paths: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield language, title and text of the lines of these files."""
    for argument in paths:
        unnamed, _, path = argument.rpartition(":")
        with Path(path).open(encoding="utf-8") as file:
            for line in map(json.loads, file):
                language = line.get("language") or line.get("lang") or unnamed
                if language and (line.get("text") or "").strip():
                    yield language.partition("-")[0], line.get("title") or "", line["text"]


def choose(texts: Iterable[tuple[str, str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Return the texts (title, text) of each language that its mean is made from."""
    chosen: dict[str, dict[str, tuple[str, str]]] = collections.defaultdict(dict)
    for language, title, text in texts:
        chosen[language][hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()] = title, text
    return {
        language: [by_hash[key] for key in sorted(by_hash)[:MOST]]
        for language, by_hash in sorted(chosen.items())
        if len(by_hash) >= LEAST
    }


def main() -> None:
    """Write the means of the texts in the files that are named."""
    network = load_network()
    means = {}
    for language, texts in choose(read(sys.argv[1:])).items():
        vectors = np.array([network.vector(title, text) for title, text in texts], dtype=np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
        means[language] = vectors.mean(axis=0).astype(np.float16)
        print(f"{language}: {len(texts)} texts, mean of length {np.linalg.norm(means[language]):.3f}", file=sys.stderr)
    np.savez(OUT, **means)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
