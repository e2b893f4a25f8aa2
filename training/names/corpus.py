"""Which texts is the network trained on, and which are held out?"""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer

from pipeline.enrich.english_model.model_input import Ints, label_words, encode_text
from pipeline.enrich.knowledge.knowledge_base import KnowledgeBase
from pipeline.enrich.english_rules.patterns import recognise_english
from pipeline.enrich.recogniser import Span
from pipeline.records import EntityType
from swap import Swapper, Text, varied

# How often a text of each corpus is read per pass: the small ones, made by hand, more often than the large one, of
# which much is a tagger's output.
PASSES = {"gmb": 1, "wikigold": 3, "crossner": 2, "uner_ewt_dev": 3, "gum": 3, "grobid": 1}
# Texts lie in the order of their sources, so whole runs of them are held out: 1 of 25.
_RUN, _ONE_OF = 20, 25
SWAPPED = 0.6
# Hints are left out of whole texts, and singly, so that the network doesn't only follow them.
_NO_HINTS, _HINT_LOST = 0.15, 0.08
LONGEST = 256
IGNORED = -100


class Example(NamedTuple):
    """A window of a text: per piece its id, look, hint and label (``IGNORED`` where it doesn't count)."""

    ids: Ints
    looks: Ints
    hints: Ints
    labels: Ints


def texts(folder: Path) -> tuple[list[tuple[str, Text]], list[tuple[str, Text]]]:
    """Return the texts of all corpora in ``folder`` with the corpus's name: those to train on, and those held out."""
    kept: list[tuple[str, Text]] = []
    held: list[tuple[str, Text]] = []
    for name in PASSES:
        with (folder / f"{name}.jsonl").open(encoding="utf-8") as lines:
            for at, line in enumerate(lines):
                row = json.loads(line)
                names = tuple(sorted(Span(a, b, EntityType(kind)) for a, b, kind in row["mentions"]))
                text = Text(row["text"], names, tuple(map(tuple, row["unknown"])))
                away = zlib.crc32(f"{name}-{at // _RUN}".encode()) % _ONE_OF == 0
                (held if away else kept).append((name, text))
    return kept, held


class Reader:
    """Makes examples of texts."""

    def __init__(self, tokenizer: Tokenizer, known: KnowledgeBase) -> None:
        self.tokenizer = tokenizer
        self.known = known

    def example(self, one: Text, rng: random.Random | None) -> Example:
        """Return a text as the network sees it, cut to a window; with ``rng``, hints are lost at random."""
        hints = recognise_english(self.known, one.text)
        if rng:
            hints = [] if rng.random() < _NO_HINTS else [h for h in hints if rng.random() >= _HINT_LOST]
        words = encode_text(self.tokenizer, one.text, hints)
        told = label_words(words.start, words.end, one.names)
        for start, end in one.unknown:
            told[(words.start < end) & (words.end > start)] = IGNORED
        target = np.full(len(words.ids), IGNORED, dtype=np.int64)
        target[words.first] = told
        size = LONGEST - 2
        low = rng.randrange(max(1, len(target) - size + 1)) if rng else 0
        cut = slice(low, low + size)
        edge = np.zeros(1, dtype=np.int64)
        return Example(
            np.concatenate(([101], words.ids[cut], [102])),
            np.concatenate((edge, words.looks[cut], edge)),
            np.concatenate((edge, words.hints[cut], edge)),
            np.concatenate((edge + IGNORED, target[cut], edge + IGNORED)),
        )


def endless(kept: list[tuple[str, Text]], reader: Reader, size: int, seed: int) -> Iterator[list[Example]]:
    """Yield batches of about ``size`` pieces for ever, each text with other names and in another dress each time."""
    rng = random.Random(seed)
    swapper = Swapper([text for _, text in kept])
    every = [text for name, text in kept for _ in range(PASSES[name])]
    while True:
        rng.shuffle(every)
        for at in range(0, len(every), 256):
            pool = []
            for one in every[at : at + 256]:
                other = swapper.swap(one, rng) if rng.random() < SWAPPED else one
                pool.append(reader.example(varied(other, rng), rng))
            batches = batched(pool, size)
            rng.shuffle(batches)
            yield from batches


def batched(examples: list[Example], size: int) -> list[list[Example]]:
    """Return the examples in batches of at most ``size`` pieces, of like length."""
    batches: list[list[Example]] = []
    for one in sorted(examples, key=lambda e: len(e.ids), reverse=True):
        if not batches or (len(batches[-1]) + 1) * len(batches[-1][0].ids) > size:
            batches.append([])
        batches[-1].append(one)
    return batches
