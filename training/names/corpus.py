"""Read the texts for training and those held out; make batches of examples of them.

A text is always either trained on or held out, in every run.
"""

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
from swap import Swapper, LabelledText, vary

# How often a text of each corpus is read per pass: the small ones, labelled by hand, more often than the large one,
# of which much is a tagger's output.
PASSES = {"gmb": 1, "wikigold": 3, "crossner": 2, "uner_ewt_dev": 3, "gum": 3, "grobid": 1}
# Texts are in the order of their sources, so whole runs of them are held out: 1 run of 25.
_RUN, _ONE_OF = 20, 25
# Share of the texts that are read with other names.
SWAPPED = 0.6
# Share of whole texts without hints, and of single hints left out, so that the network doesn't only follow them.
_NO_HINTS, _HINT_LOST = 0.15, 0.08
# Word pieces of a window, with its two end marks.
LONGEST = 256
IGNORED = -100


class Example(NamedTuple):
    """A window of a text: per piece its id, look, hint and label (``IGNORED`` where it doesn't count)."""

    ids: Ints
    looks: Ints
    hints: Ints
    labels: Ints


def read_texts(folder: Path) -> tuple[list[tuple[str, LabelledText]], list[tuple[str, LabelledText]]]:
    """Return (corpus, text) of all corpora in ``folder``: those to train on, and those held out."""
    training: list[tuple[str, LabelledText]] = []
    held: list[tuple[str, LabelledText]] = []
    for name in PASSES:
        with (folder / f"{name}.jsonl").open(encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                row = json.loads(line)
                names = tuple(sorted(Span(a, b, EntityType(kind)) for a, b, kind in row["mentions"]))
                text = LabelledText(row["text"], names, tuple(map(tuple, row["unknown"])))
                is_held_out = zlib.crc32(f"{name}-{number // _RUN}".encode()) % _ONE_OF == 0
                (held if is_held_out else training).append((name, text))
    return training, held


class Reader:
    """Makes examples of texts."""

    def __init__(self, tokenizer: Tokenizer, knowledge: KnowledgeBase) -> None:
        self.tokenizer = tokenizer
        self.knowledge = knowledge

    def example(self, labelled: LabelledText, rng: random.Random | None) -> Example:
        """Return a text as the network sees it, cut to a window; with ``rng``, hints are left out at random."""
        hints = recognise_english(self.knowledge, labelled.text)
        if rng:
            hints = [] if rng.random() < _NO_HINTS else [h for h in hints if rng.random() >= _HINT_LOST]
        words = encode_text(self.tokenizer, labelled.text, hints)
        word_labels = label_words(words.start, words.end, labelled.names)
        for start, end in labelled.unknown:
            word_labels[(words.start < end) & (words.end > start)] = IGNORED
        target = np.full(len(words.ids), IGNORED, dtype=np.int64)
        target[words.first] = word_labels
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


def endless_batches(
    training: list[tuple[str, LabelledText]], reader: Reader, size: int, seed: int
) -> Iterator[list[Example]]:
    """Yield batches of about ``size`` pieces for ever; each time a text has other names and another layout."""
    rng = random.Random(seed)
    swapper = Swapper([labelled for _, labelled in training])
    repeated = [labelled for name, labelled in training for _ in range(PASSES[name])]
    while True:
        rng.shuffle(repeated)
        for start in range(0, len(repeated), 256):
            pool = []
            for labelled in repeated[start : start + 256]:
                changed = swapper.swap(labelled, rng) if rng.random() < SWAPPED else labelled
                pool.append(reader.example(vary(changed, rng), rng))
            batches = batch_examples(pool, size)
            rng.shuffle(batches)
            yield from batches


def batch_examples(examples: list[Example], size: int) -> list[list[Example]]:
    """Return the examples in batches of at most ``size`` pieces, those of like length together."""
    batches: list[list[Example]] = []
    for example in sorted(examples, key=lambda e: len(e.ids), reverse=True):
        if not batches or (len(batches[-1]) + 1) * len(batches[-1][0].ids) > size:
            batches.append([])
        batches[-1].append(example)
    return batches
