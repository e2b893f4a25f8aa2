"""Train the multilingual network: ``python train.py DATA START OUT --minutes 60`` (see README.md).

OUT/best.safetensors holds the averaged weights that did best on the sample so far; OUT/state.pt lets a run go on.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from corpus import IGNORED, Window, endless_batches, label_sets, read_corpora, read_unlabelled, sample_dev
from network import Network, pretrained
from pipeline.multilingual.labels import LABEL_COUNT, NO_LABEL
from pipeline.multilingual.tokenizer import FILLER
from start import dequantise

LAYERS = [0, 1, 2, 9, 10, 11]
TEACHER = list(range(12))
# Windows of a step, and those of them whose vector the teacher gives too.
BATCH, TAUGHT = 16, 3
RATE, NEW_RATE = 1.8e-4, 1.5e-3
# How much the loss of the vectors counts beside that of the labels.
VECTOR_SHARE = 0.2
WARM_UP = 0.03
# The average keeps this share of itself at each step; it is brought up to date every few steps.
AVERAGED, AVERAGING = 0.996, 4
SHOWN, SAVED, MEASURED = 25, 100, 500
DEV_PIECES = 600
SEED = 20
FRESH = ("head", "pool")


class Run:
    """A training run: the network, its average, its teacher and its batches."""

    def __init__(self, options: argparse.Namespace) -> None:
        torch.manual_seed(options.seed)
        torch.set_num_threads(options.threads)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.out = options.out
        blocks = np.load(options.start / "words.npz")
        table = np.zeros(blocks["scale"].shape, [("scale", "<f2"), ("bits", "u1", 16)])
        table["scale"], table["bits"] = blocks["scale"], blocks["bits"]
        words = torch.from_numpy(dequantise(table.reshape(-1), 384))
        weights = load_file(options.start / "encoder.safetensors")
        self.network = pretrained(weights, words, LAYERS)
        self.network.words.weight.requires_grad = False
        if options.weights:
            missing = self.network.load_state_dict(load_file(options.weights), strict=False)
            assert missing.missing_keys == ["words.weight"], missing
        self.teacher = pretrained(weights, words, TEACHER).to(self.device).to(torch.bfloat16).eval()
        self.network.to(self.device).train()
        self.average = copy.deepcopy(self.network).eval()
        self.teacher.words = self.average.words = self.network.words
        self.learning = [p for p in self.network.parameters() if p.requires_grad]
        self.averaged = [p for n, p in self.average.named_parameters() if n != "words.weight"]
        self.optimizer = self._optimiser()
        self.rates = [options.rate * group["lr"] for group in self.optimizer.param_groups]
        self.allowed = torch.from_numpy(np.where(label_sets(), 0.0, -1e9)).float().to(self.device)
        tokenizer = Tokenizer.from_file(str(options.start / "tokenizer.json"))
        self.dev = sample_dev(options.data, tokenizer, DEV_PIECES)
        self.corpora, self.unlabelled = read_corpora(options.data), read_unlabelled(options.data)
        self.tokenizer = tokenizer
        self.step, self.seconds, self.best, self.seed = 0, 0.0, 0.0, options.seed
        self.centre = self._centre()
        if (self.out / "state.pt").exists():
            self._resume()
        self.batches = endless_batches(self.corpora, self.unlabelled, tokenizer, BATCH, options.seed + self.step)

    def _optimiser(self) -> torch.optim.Optimizer:
        """Return AdamW with a higher rate for what is new, and no decay of biases and norms."""
        parameters = [(n, p) for n, p in self.network.named_parameters() if p.requires_grad]
        fresh = [p for n, p in parameters if n.startswith("head")]
        old = [p for n, p in parameters if not n.startswith("head")]
        groups = [
            {"params": fresh, "lr": NEW_RATE, "weight_decay": 0.0},
            {"params": [p for p in old if p.dim() > 1], "lr": RATE, "weight_decay": 0.01},
            {"params": [p for p in old if p.dim() == 1], "lr": RATE, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)

    def _centre(self) -> Tensor:
        """Return the mean of the teacher's vectors, which all texts share."""
        batches = endless_batches(self.corpora, self.unlabelled, self.tokenizer, BATCH, 0)
        vectors = [self._taught(self._ids(batch)[:8]) for batch in itertools.islice(batches, 8)]
        return torch.cat(vectors).mean(0)

    def _ids(self, batch: list[Window]) -> Tensor:
        return torch.from_numpy(np.stack([w.ids for w in batch])).to(self.device)

    def _taught(self, ids: Tensor) -> Tensor:
        with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16):
            _, vectors = self.teacher(ids)
        return functional.normalize(vectors.float(), dim=-1)

    def take_step(self, done: float) -> tuple[float, float]:
        """Take one step after the share ``done`` of the training; return the loss of labels and of vectors."""
        self.step += 1
        share = min(done / WARM_UP, 1.0) * max(1.0 - done, 0.01)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * share
        batch = next(self.batches)
        ids, target = self._ids(batch), torch.from_numpy(np.stack([w.labels for w in batch])).to(self.device).view(-1)
        with torch.autocast(self.device.type, torch.bfloat16):
            scores, vectors = self.network(ids)
        counted = target != IGNORED
        chances = scores.float().view(-1, LABEL_COUNT)[counted].log_softmax(-1)
        loss = -(chances + self.allowed[target[counted]]).logsumexp(-1).mean()
        taught = self._taught(ids[:TAUGHT]) - self.centre
        own = functional.normalize(vectors[:TAUGHT].float(), dim=-1) - self.centre
        apart = (1 - functional.cosine_similarity(own, taught, dim=-1)).mean()
        (loss + VECTOR_SHARE * apart).backward()
        torch.nn.utils.clip_grad_norm_(self.learning, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.step % AVERAGING == 0:
            kept = min(AVERAGED**AVERAGING, self.step / (self.step + 10 * AVERAGING))
            with torch.no_grad():
                torch._foreach_lerp_(self.averaged, self.learning, 1 - kept)
        return loss.item(), apart.item()

    def check(self) -> None:
        """Measure the averaged weights on the sample; save them if they are the best so far."""
        began = time.time()
        figures = measure(self.average, self.dev, self.device)
        mean = sum(figures.values()) / len(figures)
        print_figures(step=self.step, mean=round(mean, 4), seconds=round(time.time() - began), **figures)
        if mean > self.best:
            self.best = mean
            self.save_weights("best.safetensors")

    def save_weights(self, name: str) -> None:
        """Save the averaged weights, without the embeddings of pieces, which don't change."""
        state = {n: p.half().contiguous() for n, p in self.average.state_dict().items() if n != "words.weight"}
        save_file(state, self.out / "writing")
        (self.out / "writing").replace(self.out / name)

    def save(self) -> None:
        """Save all that a run needs to go on, and the average as it is now."""
        state = {
            "network": {n: p for n, p in self.network.state_dict().items() if n != "words.weight"},
            "average": {n: p for n, p in self.average.state_dict().items() if n != "words.weight"},
            "optimizer": self.optimizer.state_dict(),
            "run": (self.step, self.seconds, self.best),
        }
        torch.save(state, self.out / "writing.pt")
        (self.out / "writing.pt").replace(self.out / "state.pt")
        self.save_weights("last.safetensors")

    def _resume(self) -> None:
        state = torch.load(self.out / "state.pt", map_location=self.device)
        self.network.load_state_dict(state["network"], strict=False)
        self.average.load_state_dict(state["average"], strict=False)
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds, self.best = state["run"]


def decode_labels(labels: list[int]) -> Iterator[tuple[int, int, int]]:
    """Yield (first, stop, type) of the names that a sequence of labels means."""
    start: tuple[int, int] | None = None
    for at, label in enumerate([*labels, NO_LABEL]):
        inside = label and label < LABEL_COUNT and label % 2 == 0
        if start is not None and not (inside and (label - 1) // 2 == start[1]):
            yield start[0], at, start[1]
            start = None
        if label and label < LABEL_COUNT and start is None:
            start = at, (label - 1) // 2


def measure(network: Network, dev: dict[str, list[Window]], device: torch.device) -> dict[str, float]:
    """Return F1 over the exact names of persons, organisations and places of each file."""
    figures = {}
    for name, windows in dev.items():
        size = max(len(w.ids) for w in windows)
        ids = np.full((len(windows), size), FILLER, np.int64)
        for row, window in zip(ids, windows, strict=True):
            row[: len(window.ids)] = window.ids
        batch = torch.from_numpy(ids).to(device)
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            scores, _ = network(batch, batch != FILLER)
        hit = predicted = true = 0
        for row, window in zip(scores.float().argmax(-1).cpu().numpy(), windows, strict=True):
            counts = window.labels != IGNORED
            a = {n for n in decode_labels(window.labels[counts].tolist()) if n[2] < 3}
            b = {n for n in decode_labels(row[: len(counts)][counts].tolist()) if n[2] < 3}
            hit, predicted, true = hit + len(a & b), predicted + len(b), true + len(a)
        figures[name] = round(2 * hit / max(predicted + true, 1), 3)
    return figures


def print_figures(**figures: float) -> None:
    """Print figures as a line of JSON."""
    print(json.dumps(figures), flush=True)


def train(run: Run, minutes: float) -> None:
    """Train until the time is over, with what an earlier run took of it."""
    began, losses = time.time() - run.seconds, []
    while run.seconds < 60 * minutes:
        losses.append(run.take_step(run.seconds / (60 * minutes)))
        run.seconds = time.time() - began
        if run.step % SHOWN == 0:
            names, vectors = np.mean(losses[-SHOWN:], axis=0).round(4).tolist()
            print_figures(step=run.step, names=names, vectors=vectors, seconds=round(run.seconds))
        if run.step % MEASURED == 0:
            run.check()
        if run.step % SAVED == 0:
            run.save()
    run.check()
    run.save()


def main() -> None:
    """Read the command line, and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("start", type=Path, help="what start.py wrote")
    parser.add_argument("out", type=Path, help="folder for the weights")
    parser.add_argument("--minutes", type=float, default=120, help="of training; the rates fall within them")
    parser.add_argument("--weights", type=Path, help="go on from these averaged weights in a new run")
    parser.add_argument("--rate", type=float, default=1.0, help="times the learning rates")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    train(Run(options), options.minutes)


if __name__ == "__main__":
    main()
