"""Read labelled texts of many languages, and make windows of them for ever: languages balanced, names swapped."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer

from pipeline import gazetteer
from pipeline.multilingual.labels import LABEL_COUNT, NO_LABEL, TYPES, first_label
from pipeline.multilingual.tokenizer import BEGIN, END, Ints, encode_text
from pipeline.records import EntityType

# Pieces of a window, with its two end marks.
LONGEST = 128
IGNORED = -100
# "No name, or one of a type that the corpus doesn't label": one label for each set of such types.
OPEN_TYPES = (EntityType.GROUP, EntityType.EVENT)
# How much more or less often than by its size a corpus is read: old and scanned texts, lists of villages and traffic
# reports less, news written by hand more.
WORTH = {"europeana_onb": 0.15, "europeana_lft": 0.6, "europeana_sbb": 0.4, "hiner_validation": 0.8}
WORTH |= {"uner_talbanken": 0.3, "smartdata_short": 0.4, "germeval_test_news": 1.5, "smartdata_news_a": 1.6}
WORTH |= {"factrueval": 1.4, "idner_news_2k": 1.2, "wnut17": 0.0, "grobid": 0.4, "europeana_bnf": 1.2}
# A corpus is read as often as this power of its size says: one of a hundredth of the size is read a tenth as often.
_POWER = 0.5
# Share of the texts that are read with other names; fewer where a name's form depends on the words around it.
_SWAPPED, _SWAPPED_INFLECTED = 0.4, 0.2
_INFLECTED = frozenset("ru hr sr sk fi et hu lv uk pl cs".split())
_CAPITALS, _SMALL = 0.04, 0.03
# Share of the batches' first windows that are of texts without labels, read for the vectors alone.
UNLABELLED = 0.5
_WORD = re.compile(r"[^\W\d_]{2,}")
_CASED = re.compile(r"[A-Za-zÀ-ɏΑ-Ωα-ωА-Яа-яЀ-ӿ]")
_LATIN, _CYRILLIC = re.compile(r"[A-Za-zÀ-ɏ]"), re.compile(r"[Ѐ-ӿ]")
_CAPITAL_LETTERS = {"latin": "ABCDEFGHIKLMNOPRSTUVZ", "cyrillic": "АБВГДЕКЛМНОПРСТУФ"}
PERSON, ORG, PLACE = EntityType.PERSON, EntityType.ORG, EntityType.PLACE


class Text(NamedTuple):
    """A text, its names (start, end, type), and what its corpus says nothing of (start, end)."""

    text: str
    names: list[tuple[int, int, EntityType]]
    unknown: list[tuple[int, int]]
    open_label: int


class Corpus(NamedTuple):
    """The texts of one file."""

    name: str
    language: str
    texts: list[Text]
    weight: float


class Window(NamedTuple):
    """Per piece of a window its id and label (``IGNORED`` where it doesn't count)."""

    ids: Ints
    labels: Ints


def open_label(types: list[str] | None) -> int:
    """Return the label of a word outside of names in a corpus that labels these types (None: all)."""
    labelled = {name.partition("(")[0] for name in types} if types else {t.value for t in TYPES}
    code = sum(1 << n for n, t in enumerate(OPEN_TYPES) if t.value not in labelled)
    return LABEL_COUNT - 1 + code if code else NO_LABEL


def label_sets() -> np.ndarray:
    """Return which labels (columns) each label of a window (rows) allows."""
    allowed = np.zeros((LABEL_COUNT + 3, LABEL_COUNT), dtype=bool)
    allowed[:LABEL_COUNT] = np.eye(LABEL_COUNT, dtype=bool)
    for code in range(1, 4):
        allowed[LABEL_COUNT - 1 + code, NO_LABEL] = True
        for n, t in enumerate(OPEN_TYPES):
            if code >> n & 1:
                allowed[LABEL_COUNT - 1 + code, first_label(t) : first_label(t) + 2] = True
    return allowed


def read_file(file: Path, language: str) -> Corpus:
    """Return the texts of a file of labelled texts."""
    texts = []
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            names = [(a, b, EntityType(kind)) for a, b, kind in row["mentions"]]
            unknown = [(a, b) for a, b, *_ in row.get("unknown", row.get("ignore", []))]
            texts.append(Text(row["text"], sorted(names), unknown, open_label(row.get("types"))))
    size = sum(len(t.text) * (3 if re.search("[\u3040-\u9fff\uac00-\ud7af]", t.text) else 1) for t in texts) / 4
    return Corpus(file.stem, language, texts, size**_POWER * WORTH.get(file.stem, 1.0))


def read_corpora(data: Path) -> list[Corpus]:
    """Return the labelled corpora under ``data``: of many languages, and of English."""
    many = [read_file(f, f.parents[1].name) for f in sorted(data.glob("entities/multi/*/train/*.jsonl"))]
    english = [read_file(f, "en") for f in sorted(data.glob("entities/train/*.jsonl"))]
    return [corpus for corpus in many + english if corpus.weight]


def read_unlabelled(data: Path) -> Corpus:
    """Return articles without labels, cut by lines."""
    texts = []
    for file in sorted(data.glob("pages/gold.jsonl")):
        with file.open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                text = f"{row.get('title') or ''} {row.get('text') or ''}"
                texts += [Text(text[at : at + 1200], [], [(0, 1200)], 0) for at in range(0, len(text), 1200)]
    return Corpus("unlabelled", "", texts, 1.0)


class Swapper:
    """Puts names of other texts and places of the gazetteer into texts, each the same throughout a text."""

    def __init__(self, corpora: list[Corpus]) -> None:
        self.own: dict[tuple[str, EntityType], list[str]] = defaultdict(list)
        self.shared: dict[tuple[str, EntityType], list[str]] = defaultdict(list)
        for corpus in corpora:
            surfaces = {(t.text[a:b], kind) for t in corpus.texts for a, b, kind in t.names if "\n" not in t.text[a:b]}
            for surface, kind in sorted(surfaces):
                self.own[corpus.language, kind].append(surface)
                if script := _script(surface):
                    self.shared[script, kind].append(surface)
        cities = [row.split("\t")[3] for row in gazetteer.read_rows() if row.startswith("P\t")]
        self.shared["latin", PLACE] += sorted(set(cities))
        self.parts = {
            (script, is_last): [w for s in self.shared[script, PERSON] if len(w := s.split()[-1 if is_last else 0]) > 1]
            for script in ("latin", "cyrillic")
            for is_last in (False, True)
        }

    def swap(self, text: Text, language: str, rng: random.Random) -> Text:
        """Return the text with most of its names replaced."""
        shares = {PERSON: rng.choice((0.0, 1.0, 1.0)), PLACE: 0.5, ORG: 0.5}
        new: dict[tuple[str, EntityType], str] = {}
        words: dict[str, str] = {}
        pieces: list[str] = []
        names, shifts, position, length = [], [], 0, 0
        for start, end, kind in text.names:
            surface = text.text[start:end]
            key = surface, kind
            if key not in new:
                new[key] = (
                    self._other(surface, kind, language, words, rng) if rng.random() < shares.get(kind, 0) else surface
                )
            pieces += [text.text[position:start], new[key]]
            length += start - position
            names.append((length, length + len(new[key]), kind))
            length += len(new[key])
            position = end
            shifts.append((end, length - end))
        pieces.append(text.text[position:])

        def moved(offset: int) -> int:
            return offset + next((by for end, by in reversed(shifts) if end <= offset), 0)

        return text._replace(text="".join(pieces), names=names, unknown=[(moved(a), moved(b)) for a, b in text.unknown])

    def _other(self, surface: str, kind: EntityType, language: str, words: dict[str, str], rng: random.Random) -> str:
        script = _script(surface)
        if not script:
            pool = self.own[language, kind]
            return rng.choice(pool) if not surface.isascii() else surface
        if kind is PERSON:
            return self._person(surface, script, words, rng)
        if surface.isupper() and kind is ORG and len(surface) < 6:
            return "".join(rng.choice(_CAPITAL_LETTERS[script]) for _ in surface)
        pool = self.own[language, kind] if rng.random() < (0.7 if kind is ORG else 0.5) else self.shared[script, kind]
        for _ in range(4):
            other = rng.choice(pool)
            if (" " in other) == (" " in surface) and other[:1].isupper() == surface[:1].isupper():
                return other
        return surface

    def _person(self, surface: str, script: str, words: dict[str, str], rng: random.Random) -> str:
        matches = list(_WORD.finditer(surface))

        def replace(match: re.Match[str]) -> str:
            word = match.group()
            if not word[0].isupper():
                return word
            if word not in words:
                is_last = match.start() == matches[-1].start()
                fresh = rng.choice(self.parts[script, is_last])
                words[word] = fresh.upper() if word.isupper() else fresh
            return words[word]

        return _WORD.sub(replace, surface)


def _script(surface: str) -> str:
    return "latin" if _LATIN.match(surface) else "cyrillic" if _CYRILLIC.match(surface) else ""


def vary(text: Text, rng: random.Random) -> Text:
    """Return the text, now and then in capitals or in small letters throughout."""
    drawn = rng.random()
    if drawn < _CAPITALS + _SMALL and _CASED.search(text.text):
        other = text.text.upper() if drawn < _CAPITALS else text.text.lower()
        if len(other) == len(text.text):
            return text._replace(text=other)
    return text


def label_pieces(tokenizer: Tokenizer, text: Text) -> tuple[Ints, Ints]:
    """Return the ids and labels of a text's pieces; the first piece of a word has the word's label."""
    pieces = encode_text(tokenizer, text.text)
    words = np.full(len(pieces.start), text.open_label, dtype=np.int64)
    for start, end, kind in text.names:
        low = np.searchsorted(pieces.end, start, side="right")
        high = np.searchsorted(pieces.start, end, side="left")
        if low < high:
            words[low:high] = first_label(kind) + 1
            words[low] -= 1
    for start, end in text.unknown:
        words[(pieces.start < end) & (pieces.end > start)] = IGNORED
    labels = np.full(len(pieces.ids), IGNORED, dtype=np.int64)
    labels[pieces.first] = words
    return pieces.ids, labels


def endless_windows(corpus: Corpus, tokenizer: Tokenizer, swapper: Swapper | None, seed: int) -> Iterator[Window]:
    """Yield windows of a corpus for ever, each of ``LONGEST`` pieces, with texts one after the other."""
    rng = random.Random(f"{corpus.name} {corpus.language} {seed}")
    swapped = _SWAPPED_INFLECTED if corpus.language in _INFLECTED else _SWAPPED
    size = LONGEST - 2
    ids, labels = np.zeros(0, np.int64), np.zeros(0, np.int64)
    while True:
        for text in rng.sample(corpus.texts, len(corpus.texts)):
            varied = text
            if swapper and rng.random() < swapped:
                varied = swapper.swap(text, corpus.language, rng)
            more_ids, more_labels = label_pieces(tokenizer, vary(varied, rng))
            ids, labels = np.concatenate((ids, more_ids)), np.concatenate((labels, more_labels))
            while len(ids) >= size:
                yield Window(
                    np.concatenate(([BEGIN], ids[:size], [END])),
                    np.concatenate(([IGNORED], labels[:size], [IGNORED])),
                )
                ids, labels = ids[size:], labels[size:]


def endless_batches(
    corpora: list[Corpus], unlabelled: Corpus, tokenizer: Tokenizer, size: int, seed: int
) -> Iterator[list[Window]]:
    """Yield batches of ``size`` windows for ever; half of the first windows are of texts without labels."""
    rng = random.Random(seed)
    swapper = Swapper(corpora)
    streams = [endless_windows(corpus, tokenizer, swapper, seed) for corpus in corpora]
    others = endless_windows(unlabelled, tokenizer, None, seed) if unlabelled.texts else None
    weights = [corpus.weight for corpus in corpora]
    while True:
        batch = [next(stream) for stream in rng.choices(streams, weights, k=size)]
        if others and rng.random() < UNLABELLED:
            batch[0] = next(others)
        yield batch


def sample_dev(data: Path, tokenizer: Tokenizer, pieces: int) -> dict[str, list[Window]]:
    """Return about so many pieces of each file of dev texts, by language and file."""
    samples: dict[str, list[Window]] = {}
    for file in sorted(data.glob("entities/multi/*/dev/*.jsonl")):
        windows: list[Window] = []
        corpus = read_file(file, file.parents[1].name)
        for text in random.Random(file.stem).sample(corpus.texts, len(corpus.texts)):
            ids, labels = label_pieces(tokenizer, text)
            room = pieces - sum(len(w.ids) for w in windows)
            if room < 8:
                break
            ids, labels = ids[: min(LONGEST - 2, room)], labels[: min(LONGEST - 2, room)]
            windows.append(
                Window(np.concatenate(([BEGIN], ids, [END])), np.concatenate(([IGNORED], labels, [IGNORED])))
            )
        samples[f"{corpus.language}/{corpus.name}"] = windows
    return samples
