"""Read the words that English names are made of, by kind (data/lexicon.toml).

They are folded: in lower case, without accents.
"""

from __future__ import annotations

import tomllib
from importlib import resources

import msgspec


class Lexicon(msgspec.Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """Words in lower case, without accents, by kind; data/lexicon.toml says what each kind is.

    Two of them are never equal, so that what is worked out with one can be remembered by it.
    """

    titles: frozenset[str]
    title_parts: frozenset[str]
    org_tails: frozenset[str]
    org_heads: frozenset[str]
    place_tails: frozenset[str]
    place_heads: frozenset[str]
    event_tails: frozenset[str]
    not_names: frozenset[str]
    particles: frozenset[str]
    place_before: frozenset[str]
    person_verbs: frozenset[str]
    common: frozenset[str]
    given_names: frozenset[str]
    stop: frozenset[str]
    single_organisations: frozenset[str]
    locatives: frozenset[str]
    surname_tails: frozenset[str]
    honorifics: frozenset[str]
    org_nouns: frozenset[str]
    person_nouns: frozenset[str]
    of_towns: frozenset[str]
    government: frozenset[str]
    offices: frozenset[str]
    human_verbs: frozenset[str]
    han_words: frozenset[str]

    def is_kind_noun(self, word: str) -> bool:
        """Tell whether a word at the end of a name says what kind of thing it names ("ministry", "river", "war")."""
        return word in self.org_tails or word in self.event_tails or word in self.place_tails


def read_lexicon() -> Lexicon:
    """Read the word lists that come with the package."""
    file = resources.files("pipeline.enrich") / "data" / "lexicon.toml"
    plain = tomllib.loads(file.read_text(encoding="utf-8"))
    return Lexicon(**{kind: frozenset(words.split()) for kind, words in plain.items()})
