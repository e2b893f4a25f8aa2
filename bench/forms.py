"""Measure whether short texts in one form are told apart, and whether their true copies are still recognised.

    python bench/forms.py [--half seen|unseen|all] [--seed N] [--show N] [--write FILE]

Forms (quakes, results, notices, prices, warnings … in ten languages, ``bench/forms.toml``) are filled in two to thirty
times each, by one outlet or by many, the same subject sometimes again on a later day. Some fillings are reprinted: word
for word, cut, with a local credit, lightly edited, with a corrected figure or two by the same outlet, or as a flash
that grows. Each filling with its reprints is one copy group. A seeded half of the forms is "seen": rules are fitted to
that half only, and the other one says what they are worth.
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import json
import random
import re
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pipeline import dedupe
from pipeline.records import Article, Copy
from pipeline.settings import load_settings
from pipeline.store import Store

START = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
SPAN_HOURS = 60
# How often a filling keeps the subject of an earlier one, on a later day
SAME_SUBJECT = 0.2
# How many fillings are made by one outlet, have no copy, have their credit first, are corrected as they grow
ONE_OUTLET, UNCOPIED, CREDITED_FIRST, CORRECTED_TOO = 0.5, 0.4, 0.5, 0.3
MIN_SENTENCES = 3  # of a text that is cut
MIN_FIGURES = 4  # of a text of which two are updated: of fewer they would be most
HALVES_SEED = 11
_SLOT = re.compile(r"\{([^{}]+)\}")
_SUBJECT = re.compile(r"(?:PLACE|PERSON|FIRM|TEAM|STATE|STREET|SHIP|SIGN|PARTY|SHOW|PRODUCT)\d?")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_FIGURE = re.compile(r"(?<![\w:.,-])\d+(?:[.,]\d+)?(?![\w:-])")


class Item(NamedTuple):
    """One article with the group that is true and how it was made."""

    id: str
    group: str
    kind: str
    form: str
    source: str
    at: dt.datetime
    title: str
    text: str
    language: str


class Filler:
    """Fills forms of one language with values of its vocabulary."""

    def __init__(self, words: Mapping[str, Sequence[str]], chance: random.Random) -> None:
        self._words, self._chance = words, chance

    def values(self, form: str, subject: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return a value for each slot of ``form``; the names that are the ``subject`` stay."""
        values: dict[str, str] = {}
        for slot in dict.fromkeys(_SLOT.findall(form)):
            kept = subject.get(slot) if subject and _SUBJECT.fullmatch(slot) else None
            values[slot] = kept or self._draw(slot, set(values.values()))
        return values

    def _draw(self, slot: str, taken: set[str]) -> str:
        what = slot.partition(":")[2] or slot.rstrip("0123456789")
        if "|" in what:
            return self._chance.choice(what.split("|"))
        if span := re.fullmatch(r"(-?[\d.]+)~([\d.]+)", what):
            low, high = span.groups()
            if "." in high:
                digits = len(high.partition(".")[2])
                return f"{self._chance.uniform(float(low), float(high)):.{digits}f}"
            return str(self._chance.randint(int(low), int(high)))
        if what == "TIME":
            return f"{self._chance.randint(0, 23):02}:{self._chance.randint(0, 59):02}"
        free = [word for word in self._words[what] if word not in taken]
        return self._chance.choice(free)


def fill(form: str, values: Mapping[str, str]) -> str:
    """Return the form with these values in its slots."""
    return _SLOT.sub(lambda slot: values[slot[1]], form)


class Desk:
    """Makes the articles of forms."""

    def __init__(self, languages: Mapping[str, Any], seed: int) -> None:
        self._languages, self._chance = languages, random.Random(seed)
        self._outlets = [f"Outlet {n}" for n in range(40)]

    def items(self, name: str, form: Mapping[str, str]) -> list[Item]:
        """Return fillings of a form and their copies."""
        chance, language = self._chance, form["language"]
        vocabulary = self._languages[language]
        filler = Filler(vocabulary["words"], chance)
        one_outlet = chance.random() < ONE_OUTLET
        desk = chance.choice(self._outlets)
        items: list[Item] = []
        earlier: list[dict[str, str]] = []
        for n in range(chance.choice([2, 2, 3, 3, 4, 6, 10, 20, 30])):
            again = earlier and "{DAY}" in form["text"] and chance.random() < SAME_SUBJECT
            days = len(earlier) if again else 0
            values = filler.values(form["title"] + form["text"], chance.choice(earlier) if again else None)
            earlier.append(values)
            at = START + dt.timedelta(hours=chance.uniform(0, SPAN_HOURS), days=days)
            source = desk if one_outlet else chance.choice(self._outlets)
            item = Item(
                f"{name}-{n}",
                f"{name}-{n}",
                "first",
                name,
                source,
                at,
                fill(form["title"], values),
                fill(form["text"], values),
                language,
            )
            items += self._with_copies(item, vocabulary)
        return items

    def _with_copies(self, item: Item, vocabulary: Mapping[str, Any]) -> list[Item]:
        if self._chance.random() < UNCOPIED:
            return [item]
        made = [item]
        for kind in self._chance.sample(sorted(_COPIES), self._chance.choice([1, 1, 2, 3])):
            text = _COPIES[kind](item.text, vocabulary, self._chance)
            if text is None or (kind != "exact" and text == item.text):
                continue
            own = kind in {"corrected", "grown", "updated"}
            source = item.source if own else self._chance.choice([o for o in self._outlets if o != item.source])
            at = item.at + dt.timedelta(minutes=self._chance.uniform(4, 180))
            made.append(item._replace(id=f"{item.id}-{kind}", kind=kind, source=source, at=at, text=text))
        return made


def _exact(text: str, _: Mapping[str, Any], __: random.Random) -> str:
    return text


def _cut(text: str, _: Mapping[str, Any], chance: random.Random) -> str | None:
    sentences = _SENTENCE.split(text)
    return _join(sentences[: chance.randint(2, len(sentences) - 1)], text) if len(sentences) >= MIN_SENTENCES else None


def _credited(text: str, vocabulary: Mapping[str, Any], chance: random.Random) -> str:
    credit = chance.choice(vocabulary["credits"])
    return f"{credit} {text}" if chance.random() < CREDITED_FIRST else f"{text}\n{credit}"


def _edited(text: str, vocabulary: Mapping[str, Any], chance: random.Random) -> str:
    pairs = [(old, new) for old, new in vocabulary["edits"] if old in text]
    for old, new in chance.sample(pairs, min(len(pairs), chance.choice([1, 2, 3]))):
        text = text.replace(old, new, 1)
    return text


def _corrected(text: str, _: Mapping[str, Any], chance: random.Random) -> str | None:
    figures = list(_FIGURE.finditer(text))
    if not figures:
        return None
    figure = chance.choice(figures)[0]
    digits = [at for at, letter in enumerate(figure) if letter.isdigit()]
    at = chance.choice(digits)
    other = chance.choice([digit for digit in "123456789" if digit != figure[at]])
    return re.sub(rf"(?<![\w:.,-]){re.escape(figure)}(?![\w:-])", figure[:at] + other + figure[at + 1 :], text)


def _updated(text: str, vocabulary: Mapping[str, Any], chance: random.Random) -> str | None:
    figures = list(dict.fromkeys(_FIGURE.findall(text)))
    if len(figures) < MIN_FIGURES:
        return None
    once = _corrected(text, vocabulary, chance)
    twice = once and _corrected(once, vocabulary, chance)
    return _edited(twice, vocabulary, chance) if twice else None


def _grown(text: str, vocabulary: Mapping[str, Any], chance: random.Random) -> str:
    longer = f"{text}\n{chance.choice(vocabulary['more'])}"
    return (_corrected(longer, vocabulary, chance) or longer) if chance.random() < CORRECTED_TOO else longer


def _join(sentences: Iterable[str], text: str) -> str:
    return ("" if "。" in text else " ").join(sentences)


_COPIES = {
    "exact": _exact,
    "cut": _cut,
    "credited": _credited,
    "edited": _edited,
    "corrected": _corrected,
    "grown": _grown,
    "updated": _updated,
}


def make_items(half: str, seed: int) -> list[Item]:
    """Return the articles of one half of the forms, or of all, in the order of arrival."""
    data = tomllib.loads((Path(__file__).parent / "forms.toml").read_text(encoding="utf-8"))
    kinds = sorted({form["kind"] for form in data["forms"]})
    seen = set(random.Random(HALVES_SEED).sample(kinds, len(kinds) // 2))
    desk = Desk(data["languages"], seed)
    items: list[Item] = []
    for form in data["forms"]:
        made = desk.items(f"{form['language']}-{form['kind']}", form)
        if half == "all" or (form["kind"] in seen) == (half == "seen"):
            items += made
    return sorted(items, key=lambda item: item.at)


def found_copies(items: Sequence[Item]) -> dict[str, Copy]:
    """Return the id of each article → what dedupe decides of it."""
    settings = load_settings().dedupe
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder)}/ledger.db")
        memory = store.sketch_index(settings)
        dated = [
            dedupe.DatedArticle(
                seq=seq,
                first_seen=item.at,
                article=Article(
                    id=item.id,
                    title=item.title,
                    text=item.text,
                    published=item.at,
                    source=item.source,
                    language=item.language,
                ),
            )
            for seq, item in enumerate(items, 1)
        ]
        copies: dict[str, Copy] = {}
        for start in range(0, len(dated), 200):
            memory = store.sketch_index(settings)
            copies |= {copy.id: copy for copy in dedupe.decide(dated[start : start + 200], memory, settings)}
            with store.write() as connection:
                memory.flush(connection)
        store.close()
    return copies


def report(items: Sequence[Item], copies: Mapping[str, Copy], show: int) -> None:
    """Print how many fillings were taken for copies of others, and how many copies were lost, by form and by kind."""
    by_id = {item.id: item for item in items}
    first = {item.group: copies[item.id].group for item in reversed(items)}
    wrong = [item for item in items if (of := copies[item.id].copy_of) and by_id[of].group != item.group]
    groups = collections.defaultdict(set)
    for item in items:
        groups[copies[item.id].group].add(item.group)
    mixed = sum(len(groups[copies[item.id].group]) > 1 for item in items)
    lost = [item for item in items if copies[item.id].group != first[item.group]]
    kinds = collections.Counter(item.kind for item in items)
    lost_kinds = collections.Counter(item.kind for item in lost)
    print(
        f"{len(items)} articles, {len(first)} fillings: {len(wrong)} are copies of another one, "
        f"{mixed} in groups of several"
    )
    print(
        f"{len(items) - kinds['first']} copies: {len(lost)} lost;",
        ", ".join(f"{kind} {lost_kinds[kind]}/{count}" for kind, count in sorted(kinds.items())),
    )
    counts = collections.Counter(item.form for item in items)
    for name, which in (("wrong", wrong), ("lost", lost)):
        forms = collections.Counter(item.form for item in which)
        print(f"{name}:", ", ".join(f"{form} {count}/{counts[form]}" for form, count in forms.most_common(30)))
    for item in [*wrong[:show], *lost[:show]]:
        other = by_id.get(copies[item.id].copy_of or "")
        print(f"\n{item.id} ({item.kind}): {item.text}\n   copy of {other and (other.id, other.text)}")
        if not other:
            print("   first:", next(other.text for other in items if other.group == item.group))


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--half", choices=["seen", "unseen", "all"], default="seen")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--show", type=int, default=0)
    asked.add_argument("--write", type=Path)
    wanted = asked.parse_args()
    items = make_items(wanted.half, wanted.seed)
    if wanted.write:
        lines = [{**item._asdict(), "at": None, "published": item.at.isoformat()} for item in items]
        wanted.write.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    report(items, found_copies(items), wanted.show)


if __name__ == "__main__":
    main()
