"""Group the surface forms of one article that name the same entity.

Rules in the order of their strength: the same words; a definition "Long Form (LF)"; an acronym of a longer name's
initials; a short name that is part of one longer name. A bare name goes to the full name used most in the article
and never merges two of them (both choices measured on coreference data: better than the nearest preceding one).
"""

from __future__ import annotations

import collections
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from pipeline.enrich.coreference.declension import choose_base_words, in_base_form
from pipeline.enrich.coreference.people import POSTNOMINALS, is_beginning, is_ending, same_person
from pipeline.enrich.coreference.romanisation import sound_key
from pipeline.enrich.knowledge.endings import strip_affixes
from pipeline.enrich.knowledge.lexicon import Lexicon
from pipeline.enrich.knowledge.tokens import join_initials, name_key
from pipeline.records import EntityType


class SurfaceForm(NamedTuple):
    """A name as it is written, its type, and the nationality that owns it where the words before it say so."""

    text: str
    type: EntityType
    nationality: str = ""


NameWords = tuple[str, ...]


class Declension(NamedTuple):
    """How an article's names change with their case."""

    language: str  # ISO 639-1
    is_known: Callable[[str, EntityType], bool]  # tells whether a folded word stands in a known name of the type


# Name → ids of the places that are known under it.
PlaceLookup = Callable[[SurfaceForm], frozenset[str]]

_ARTICLE = re.compile(r"^(?:the|al|el|an|as|ash|ad|ar|az)[ -]", re.IGNORECASE)
_COMPANY_WORDS = frozenset(
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


@lru_cache(maxsize=16384)  # linking asks again for what coreference compared
def comparison_words(form: SurfaceForm, lexicon: Lexicon) -> NameWords:
    """Return the folded words by which a name is compared, without honorifics, articles and legal forms."""
    text = (_PLACE_OF if form.type is EntityType.PLACE else _ARTICLE).sub("", join_initials(form.text), count=1)
    words = name_key(text).split()
    if form.type is EntityType.PERSON:
        while len(words) > 1 and (words[0] in lexicon.titles or words[0] in _SAINT):
            words.pop(0)
        words = [w for i, w in enumerate(words) if w not in {"al", "el"} or i == len(words) - 1] or words
        while len(words) > 1 and words[-1] in POSTNOMINALS:
            words.pop()
    if form.type is EntityType.ORG:
        while len(words) > 1 and words[-1] in _COMPANY_WORDS:
            words.pop()
        words = name_key(form.nationality).split() + _invert_ministry(words)
    if form.type is EntityType.GROUP and words and len(words[-1]) >= _PLURAL:
        words[-1] = words[-1].removesuffix("s")
    return tuple(words) or (form.text,)


def _invert_ministry(words: list[str]) -> list[str]:
    """Return "ministry of the interior" as "interior ministry"."""
    index = next((i for i, w in enumerate(words[:-2]) if w in _OFFICES and words[i + 1] == "of"), None)
    if index is None:
        return words
    subject = words[index + 2 :]
    return words[:index] + (subject[1:] if subject[0] == "the" and len(subject) > 1 else subject) + [words[index]]


def group_surface_forms(
    counted: dict[SurfaceForm, int],
    definitions: dict[str, str],
    lexicon: Lexicon,
    sure_entity_id: Callable[[SurfaceForm], str | None],
    place_ids: PlaceLookup,
    declension: Declension | None = None,
) -> list[list[SurfaceForm]]:
    """Return groups of names that name one thing each, in order of first mention; the fullest name stands first.

    Args:
        counted: each name with its number of mentions, in order of first mention.
        definitions: acronym → long form, from ``defined_acronyms``.
        lexicon: titles, which are no part of a name.
        sure_entity_id: gives the entity that is known under a name, so that two spellings of it count as one name.
        place_ids: gives the ids of the places that are known under a name.
        declension: how names change with their case, where the article's language does that.
    """
    groups: list[list[SurfaceForm]] = []
    for entity_type in EntityType:
        forms = {form: count for form, count in counted.items() if form.type is entity_type}
        by_words = _by_words(forms, lexicon, declension)
        clusters = _NameClusters(by_words, forms)
        clusters.join_known(sure_entity_id)
        if entity_type is EntityType.PERSON:
            _join_people(clusters)
        elif entity_type is EntityType.ORG:
            _join_organisations(clusters, definitions, lexicon)
        elif entity_type is EntityType.PLACE:
            _join_places(clusters, definitions, lexicon, place_ids)
        groups += clusters.groups()
    order = {form: index for index, form in enumerate(counted)}
    return sorted(groups, key=lambda group: min(order[form] for form in group))


def _by_words(
    forms: Mapping[SurfaceForm, int], lexicon: Lexicon, declension: Declension | None
) -> dict[NameWords, list[SurfaceForm]]:
    """Return the names of one type by their words, in the base form where the language declines names."""
    by_words: dict[NameWords, list[SurfaceForm]] = collections.defaultdict(list)
    if declension is None:
        for form in forms:
            by_words[comparison_words(form, lexicon)].append(form)
        return by_words
    language = declension.language
    words_of = {
        form: comparison_words(form._replace(text=strip_affixes(form.text, language)), lexicon) for form in forms
    }
    counted: collections.Counter[NameWords] = collections.Counter()
    for form, words in words_of.items():
        counted[words] += forms[form]
    entity_type = next(iter(forms)).type if forms else EntityType.PERSON
    bases = choose_base_words(counted, language, lambda word: declension.is_known(word, entity_type))
    for form, words in words_of.items():
        by_words[in_base_form(words, bases)].append(form)
    return by_words


class _NameClusters:
    """Names by their words, joined step by step; each short name points at one longer name."""

    def __init__(self, by_words: dict[NameWords, list[SurfaceForm]], counted: dict[SurfaceForm, int]) -> None:
        self.names = by_words
        self.count = {w: sum(counted[n] for n in names) for w, names in by_words.items()}
        self.counted = counted
        self.parent: dict[NameWords, NameWords] = {}
        self.entity_ids: dict[NameWords, str] = {}  # of the clusters that surely name a known entity

    def root(self, words: NameWords) -> NameWords:
        while words in self.parent:
            words = self.parent[words]
        return words

    def attach(self, short: NameWords, long: NameWords) -> None:
        """Join two clusters, unless they are known to name different entities."""
        short_root, long_root = self.root(short), self.root(long)
        short_id, long_id = self.entity_ids.get(short_root), self.entity_ids.get(long_root)
        if short_root == long_root or (short_id and long_id and short_id != long_id):
            return
        self.parent[short_root] = long_root
        self.count[long_root] += self.count[short_root]
        if short_id:
            self.entity_ids[long_root] = short_id

    def join_known(self, sure_entity_id: Callable[[SurfaceForm], str | None]) -> None:
        """Join the names that are known to name one entity."""
        first: dict[str, NameWords] = {}
        for words, names in self.names.items():
            entity_id = next((i for form in names if (i := sure_entity_id(form))), None)
            if entity_id:
                self.entity_ids[words] = entity_id
                self.attach(words, first.setdefault(entity_id, words))

    def most_used(self, candidates: Sequence[NameWords]) -> NameWords | None:
        """Return the candidate whose cluster is mentioned most; the earliest of equals."""
        return max(candidates, key=lambda c: self.count[self.root(c)], default=None)

    def groups(self) -> list[list[SurfaceForm]]:
        groups: dict[NameWords, list[SurfaceForm]] = collections.defaultdict(list)
        for words, names in self.names.items():
            groups[self.root(words)] += names
        for group in groups.values():
            group.sort(key=lambda n: (-len(name_key(n.text).split()), -self.counted[n]))
        return list(groups.values())


def _index_by_word(names: Iterable[NameWords]) -> dict[str, list[NameWords]]:
    """Return the names by each of their words."""
    index: dict[str, list[NameWords]] = collections.defaultdict(list)
    for words in names:
        for word in dict.fromkeys(words):
            index[word].append(words)
    return index


# More candidates than this share a word only in lists of names; looking at all of them would be quadratic.
_MOST_CANDIDATES = 50


def _join_people(clusters: _NameClusters) -> None:
    _join_sounds(clusters)
    full = [w for w in clusters.names if len(w) > 1]
    index = _index_by_word(full)
    for words in sorted(full, key=len):
        same_last = index[words[-1]][:_MOST_CANDIDATES]
        longer = [w for w in same_last if same_person(words, w)]
        longer = longer or [w for w in index[words[0]][:_MOST_CANDIDATES] if is_ending(words, w)]
        longer = longer or [w for w in index[words[0]][:_MOST_CANDIDATES] if is_beginning(words, w)]
        if longer:
            clusters.attach(words, clusters.most_used(longer) or words)
    for words in [w for w in clusters.names if len(w) == 1]:
        candidates = index[words[0]][:_MOST_CANDIDATES]
        last = [w for w in candidates if w[-1] == words[0]]
        first = [w for w in candidates if w[0] == words[0]]
        full_name = clusters.most_used(last or first or candidates)
        if full_name:
            clusters.attach(words, full_name)


def _join_sounds(
    clusters: _NameClusters, are_apart: Callable[[NameWords, NameWords], bool] = lambda _a, _b: False
) -> None:
    """Join names that sound alike, the rarer to the more frequent, unless ``are_apart`` says they differ."""
    by_sound: dict[str, NameWords] = {}
    for words in sorted(clusters.names, key=lambda w: -clusters.count[clusters.root(w)]):
        sound = sound_key(words)
        namesake = by_sound.setdefault(sound, words) if sound else words
        if namesake != words and not are_apart(words, namesake):
            clusters.attach(words, namesake)


def _join_organisations(clusters: _NameClusters, defined: dict[str, str], lexicon: Lexicon) -> None:
    index = _index_by_word(clusters.names)
    initials: dict[str, list[NameWords]] = collections.defaultdict(list)
    for words in clusters.names:
        if len(words) > 1:
            for letters in {"".join(w[0] for w in words), "".join(w[0] for w in words if w not in _SMALL)}:
                initials[letters].append(words)
    for words, names in clusters.names.items():
        long = _long_form(words, names, defined, clusters, lexicon) or clusters.most_used(
            initials[words[0]] if len(words) == 1 and is_acronym(names) else []
        )
        long = long or clusters.most_used(_find_longer(words, _candidates(index, words), lexicon))
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


def _candidates(index: dict[str, list[NameWords]], words: NameWords) -> list[NameWords]:
    return index[words[0]][:_MOST_CANDIDATES] + index[words[-1]][:_MOST_CANDIDATES]


def _find_longer(words: NameWords, candidates: Sequence[NameWords], lexicon: Lexicon) -> list[NameWords]:
    """Return the candidates of which ``words`` are the beginning or the end, in a way that names are shortened."""
    size = len(words)
    ends_in_kind_noun = words[-1] in lexicon.org_tails or words[-1] in lexicon.org_heads
    longer = []
    for long in candidates:
        if len(long) <= size or (size == 1 and len(words[0]) <= _TOO_SHORT):
            continue
        leads = long[:size] == words and (len(long) - size <= _CUT_WORDS or long[size] in _SMALL)
        only_kind_nouns = all(w in lexicon.org_tails for w in long[size:])  # "Southwest" of "Southwest Airlines"
        telling = words[0] not in lexicon.common or (only_kind_nouns and not ends_in_kind_noun)
        leads = leads and (size > 1 or telling)
        ends = long[-size:] == words and (size > 1 or ends_in_kind_noun)
        inside = size == 1 and ends_in_kind_noun and words[0] in long
        if leads or ends or inside:
            longer.append(long)
    if longer or size > 1 or words[0] in lexicon.common:
        return longer
    by_last_word = {long for long in candidates if long[-1] == words[0] and len(long) == len(words) + 1}
    return list(by_last_word) if len(by_last_word) == 1 else []


def _join_places(clusters: _NameClusters, defined: dict[str, str], lexicon: Lexicon, place_ids: PlaceLookup) -> None:
    """Join an acronym to its long form, "Nile" to "Nile River", "the Falklands" to "Falkland Islands".

    Two known places are never joined: "Oklahoma" and "Oklahoma City", "San Francisco" and "San Francisco Bay".
    """
    place_ids_of = {words: frozenset().union(*map(place_ids, names)) for words, names in clusters.names.items()}

    def are_apart(short: NameWords, long: NameWords) -> bool:
        return bool(place_ids_of[short]) and place_ids_of[short].isdisjoint(place_ids_of[long])

    for words, names in clusters.names.items():
        if long := _long_form(words, names, defined, clusters, lexicon):
            clusters.attach(words, long)
    for words in clusters.names:
        if len(words) > 1 and words[-1] in lexicon.place_tails:
            plural = (*words[:-2], f"{words[-2]}s")
            short = plural if plural in clusters.names and words[-1] in _SEVERAL else words[:-1]
            if short in clusters.names and not are_apart(short, words):
                clusters.attach(short, words)
    _join_sounds(clusters, lambda a, b: are_apart(a, b) and are_apart(b, a))
