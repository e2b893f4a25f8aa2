"""Which names in one article are the same person, organisation, place, group or event?

Rules in the order of their strength: the same words; a definition "Long Form (LF)"; an acronym of a longer name's
initials; a short name that is part of one longer name. A bare name goes to the full name used most in the article
and never merges two of them (both choices measured on coreference data: better than the nearest one before it).
"""

from __future__ import annotations

import collections
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pipeline.enrich.coreference.people import POSTNOMINALS, is_beginning, is_ending, same_person
from pipeline.enrich.coreference.romanisation import sound_key
from pipeline.enrich.knowledge.lexicon import Lexicon
from pipeline.enrich.knowledge.tokens import join_initials, name_key
from pipeline.records import EntityType


class SurfaceForm(NamedTuple):
    """A surface with its type; ``whose`` is the nationality that owns it where the words before it say so."""

    text: str
    type: EntityType
    nationality: str = ""


NameWords = tuple[str, ...]
PlaceLookup = Callable[[SurfaceForm], frozenset[str]]

_ARTICLE = re.compile(r"^(?:the|al|el|an|as|ash|ad|ar|az)[ -]", re.IGNORECASE)
_COMPANY = frozenset(
    "inc incorporated corp corporation ltd limited plc llc gmbh ag sa co company group holdings".split()
)
_OFFICES = frozenset({"ministry", "department"})
_SAINT = frozenset({"st", "saint"})
_SEVERAL = frozenset({"islands", "mountains", "hills", "isles"})
_PLACE_OF = re.compile(r"^(?:the )?(?:city|town|province|state|district|county|village) of ", re.IGNORECASE)
_SMALL = frozenset("of the and for in on de du des la le al e et y und".split())
_ACRONYM = re.compile(r"(?:[^\W\d_]\.?){2,8}s?")
# A short organisation's name may leave out this many words of the long one's end.
_CUT_WORDS = 2
# So many letters begin too many names.
_TOO_SHORT = 2
# A group's name of so many letters loses its s: Iraqis, Kurds; not Laos, Inus.
_PLURAL = 5


def comparison_words(name: SurfaceForm, lexicon: Lexicon) -> NameWords:
    """Return the words by which a name is compared: without honorifics, articles and legal forms."""
    text = (_PLACE_OF if name.type is EntityType.PLACE else _ARTICLE).sub("", join_initials(name.text), count=1)
    words = name_key(text).split()
    if name.type is EntityType.PERSON:
        while len(words) > 1 and (words[0] in lexicon.titles or words[0] in _SAINT):
            words.pop(0)
        words = [w for i, w in enumerate(words) if w not in {"al", "el"} or i == len(words) - 1] or words
        while len(words) > 1 and words[-1] in POSTNOMINALS:
            words.pop()
    if name.type is EntityType.ORG:
        while len(words) > 1 and words[-1] in _COMPANY:
            words.pop()
        words = name_key(name.nationality).split() + _ministry(words)
    if name.type is EntityType.GROUP and words and len(words[-1]) >= _PLURAL:
        words[-1] = words[-1].removesuffix("s")
    return tuple(words) or (name.text,)


def _ministry(words: list[str]) -> list[str]:
    """Return "ministry of the interior" as "interior ministry"."""
    at = next((i for i, w in enumerate(words[:-2]) if w in _OFFICES and words[i + 1] == "of"), None)
    if at is None:
        return words
    rest = words[at + 2 :]
    return words[:at] + (rest[1:] if rest[0] == "the" and len(rest) > 1 else rest) + [words[at]]


def group_surface_forms(
    counted: dict[SurfaceForm, int],
    defined: dict[str, str],
    lexicon: Lexicon,
    well_known: Callable[[SurfaceForm], str | None],
    located: PlaceLookup,
) -> list[list[SurfaceForm]]:
    """Return the names as groups that name one thing each, in order of first mention; the fullest name stands first.

    Args:
        counted: each name with its number of mentions, in order of first mention.
        defined: acronym → long form, from ``definitions``.
        lexicon: titles, which are no part of a name.
        well_known: gives what is known under a name, so that two spellings of one body are counted as one name.
        located: gives the ids of the places that are known under a name.
    """
    groups: list[list[SurfaceForm]] = []
    for kind in EntityType:
        mine = {n: c for n, c in counted.items() if n.type is kind}
        by_words: dict[NameWords, list[SurfaceForm]] = collections.defaultdict(list)
        for name in mine:
            by_words[comparison_words(name, lexicon)].append(name)
        clusters = _NameClusters(by_words, mine)
        clusters.same(well_known)
        if kind is EntityType.PERSON:
            _join_people(clusters)
        elif kind is EntityType.ORG:
            _join_organisations(clusters, defined, lexicon)
        elif kind is EntityType.PLACE:
            _join_places(clusters, defined, lexicon, located)
        groups += clusters.groups()
    order = {name: i for i, name in enumerate(counted)}
    return sorted(groups, key=lambda g: min(order[n] for n in g))


class _NameClusters:
    """Names by their words, joined step by step: each short name points at one longer name."""

    def __init__(self, by_words: dict[NameWords, list[SurfaceForm]], counted: dict[SurfaceForm, int]) -> None:
        self.names = by_words
        self.count = {w: sum(counted[n] for n in names) for w, names in by_words.items()}
        self.counted = counted
        self.parent: dict[NameWords, NameWords] = {}
        self.known: dict[NameWords, str] = {}  # what a cluster surely names

    def root(self, words: NameWords) -> NameWords:
        while words in self.parent:
            words = self.parent[words]
        return words

    def attach(self, short: NameWords, long: NameWords) -> None:
        """Join two clusters, but never two that are known to name different things."""
        a, b = self.root(short), self.root(long)
        if a == b or (a in self.known and b in self.known and self.known[a] != self.known[b]):
            return
        self.parent[a] = b
        self.count[b] += self.count[a]
        if a in self.known:
            self.known[b] = self.known[a]

    def same(self, well_known: Callable[[SurfaceForm], str | None]) -> None:
        """Join names that are known to name the same."""
        first: dict[str, NameWords] = {}
        for words, names in self.names.items():
            known = next((k for n in names if (k := well_known(n))), None)
            if known:
                self.known[words] = known
                self.attach(words, first.setdefault(known, words))

    def most_used(self, candidates: Sequence[NameWords]) -> NameWords | None:
        """Return the candidate whose cluster is mentioned most; the earliest of equals."""
        return max(candidates, key=lambda c: self.count[self.root(c)], default=None)

    def groups(self) -> list[list[SurfaceForm]]:
        made: dict[NameWords, list[SurfaceForm]] = collections.defaultdict(list)
        for words, names in self.names.items():
            made[self.root(words)] += names
        for group in made.values():
            group.sort(key=lambda n: (-len(name_key(n.text).split()), -self.counted[n]))
        return list(made.values())


def _index(names: Iterable[NameWords]) -> dict[str, list[NameWords]]:
    """Return the names by each of their words."""
    found: dict[str, list[NameWords]] = collections.defaultdict(list)
    for words in names:
        for word in dict.fromkeys(words):
            found[word].append(words)
    return found


# More candidates than this share a word only in lists of names; looking at all of them would be quadratic.
_MOST_CANDIDATES = 50


def _join_people(clusters: _NameClusters) -> None:
    _join_sounds(clusters)
    full = [w for w in clusters.names if len(w) > 1]
    index = _index(full)
    for words in sorted(full, key=len):
        near = index[words[-1]][:_MOST_CANDIDATES]
        longer = [w for w in near if same_person(words, w)]
        longer = longer or [w for w in index[words[0]][:_MOST_CANDIDATES] if is_ending(words, w)]
        longer = longer or [w for w in index[words[0]][:_MOST_CANDIDATES] if is_beginning(words, w)]
        if longer:
            clusters.attach(words, clusters.most_used(longer) or words)
    for words in [w for w in clusters.names if len(w) == 1]:
        candidates = index[words[0]][:_MOST_CANDIDATES]
        last = [w for w in candidates if w[-1] == words[0]]
        first = [w for w in candidates if w[0] == words[0]]
        best = clusters.most_used(last or first or candidates)
        if best:
            clusters.attach(words, best)


def _join_sounds(clusters: _NameClusters, apart: Callable[[NameWords, NameWords], bool] = lambda _a, _b: False) -> None:
    """Join names that sound the same, the rarer to the more frequent, but for those that ``apart`` tells apart."""
    heard: dict[str, NameWords] = {}
    for words in sorted(clusters.names, key=lambda w: -clusters.count[clusters.root(w)]):
        sound = sound_key(words)
        other = heard.setdefault(sound, words) if sound else words
        if other != words and not apart(words, other):
            clusters.attach(words, other)


def _join_organisations(clusters: _NameClusters, defined: dict[str, str], lexicon: Lexicon) -> None:
    index = _index(clusters.names)
    initials: dict[str, list[NameWords]] = collections.defaultdict(list)
    for words in clusters.names:
        if len(words) > 1:
            for letters in {"".join(w[0] for w in words), "".join(w[0] for w in words if w not in _SMALL)}:
                initials[letters].append(words)
    for words, names in clusters.names.items():
        long = _long_form(words, names, defined, clusters, lexicon) or clusters.most_used(
            initials[words[0]] if len(words) == 1 and is_acronym(names) else []
        )
        long = long or clusters.most_used(_longer(words, _near(index, words), lexicon))
        if long:
            clusters.attach(words, long)


def is_acronym(names: Sequence[SurfaceForm]) -> bool:
    """Tell whether one of the names is written as an acronym."""
    return any(_ACRONYM.fullmatch(n.text) and sum(c.isupper() for c in n.text) > 1 for n in names)


def _long_form(
    words: NameWords, names: Sequence[SurfaceForm], defined: dict[str, str], clusters: _NameClusters, lexicon: Lexicon
) -> NameWords | None:
    text = defined.get(" ".join(words)) or defined.get(" ".join(words).removesuffix("s"))
    if not text:
        return None
    long = comparison_words(SurfaceForm(text, names[0].type), lexicon)
    return long if long in clusters.names and long != words else None


def _near(index: dict[str, list[NameWords]], words: NameWords) -> list[NameWords]:
    return index[words[0]][:_MOST_CANDIDATES] + index[words[-1]][:_MOST_CANDIDATES]


def _longer(words: NameWords, near: Sequence[NameWords], lexicon: Lexicon) -> list[NameWords]:
    """Return the names of which ``words`` are the beginning, or the end in a way that names leave words out."""
    n = len(words)
    generic = words[-1] in lexicon.org_tails or words[-1] in lexicon.org_heads
    found = []
    for long in near:
        if len(long) <= n or (n == 1 and len(words[0]) <= _TOO_SHORT):
            continue
        head = long[:n] == words and (len(long) - n <= _CUT_WORDS or long[n] in _SMALL)
        sort = all(w in lexicon.org_tails for w in long[n:])  # "Southwest" of "Southwest Airlines"
        head = head and (n > 1 or words[0] not in lexicon.common or (sort and not generic))
        tail = long[-n:] == words and (n > 1 or generic)
        middle = n == 1 and generic and words[0] in long
        if head or tail or middle:
            found.append(long)
    if found or n > 1 or words[0] in lexicon.common:
        return found
    last = {long for long in near if long[-1] == words[0] and len(long) == len(words) + 1}
    return list(last) if len(last) == 1 else []


def _join_places(clusters: _NameClusters, defined: dict[str, str], lexicon: Lexicon, located: PlaceLookup) -> None:
    """Join an acronym to its long form, "Nile" to "Nile River", "the Falklands" to "Falkland Islands".

    But not what is known as two places: "Oklahoma" and "Oklahoma City", "San Francisco" and "San Francisco Bay".
    """
    where = {words: frozenset().union(*map(located, names)) for words, names in clusters.names.items()}

    def apart(short: NameWords, long: NameWords) -> bool:
        return bool(where[short]) and where[short].isdisjoint(where[long])

    for words, names in clusters.names.items():
        if long := _long_form(words, names, defined, clusters, lexicon):
            clusters.attach(words, long)
    for words in clusters.names:
        if len(words) > 1 and words[-1] in lexicon.place_tails:
            plural = (*words[:-2], f"{words[-2]}s")
            short = plural if plural in clusters.names and words[-1] in _SEVERAL else words[:-1]
            if short in clusters.names and not apart(short, words):
                clusters.attach(short, words)
    _join_sounds(clusters, lambda a, b: apart(a, b) and apart(b, a))
