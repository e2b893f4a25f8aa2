"""Choose a story's title and key names from its members, one vote for each copy group.

A summary keeps what is needed to choose again when a member is added, in bounded space however large the story grows.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from pipeline.cluster.terms import counter_keys, expected_share, word_pieces
from pipeline.count_min import CountMinSketch, hash_words
from pipeline.records import Article, Entity, EntityType, Names, StoryTitle
from pipeline.text import normalise, shorten

# Titles kept to choose from: the first ones say what happened, the latest what has come of it
FIRST_TITLES, LATEST_TITLES = 6, 6
# The present title stays until another one is better by this factor: what a story is called should seldom change
TITLE_STAYS = 0.8
SHORTEST_TITLE = 3  # words; "Live", "Analysis" and "News in brief" say nothing
POOR_TITLE_WEIGHT = 0.3  # of the weight of others: so short ones, and beginnings of texts for want of a title
KEPT_NAMES, SHOWN_NAMES = 40, 8
LEAST_SALIENCE = 0.05  # of a name that an article mentions; 1 is what it is most about
NameRarities = Mapping[str, float]  # entity → negative logarithm of the share of articles that name it
_TELLING = frozenset({EntityType.PERSON, EntityType.ORG, EntityType.PLACE, EntityType.EVENT})


class StoryFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a story as a whole, the same for all its articles."""

    id: str
    title: str | None = None
    names: tuple[str, ...] = ()  # of who and what it is about, the most telling first
    first: dt.datetime | None = None  # when its first article was published, or seen where that is unknown
    last: dt.datetime | None = None
    aliases: tuple[str, ...] = ()  # ids of stories that are part of it now
    languages: tuple[str, ...] = ()  # in which it is told, the one of most articles first
    titles: tuple[StoryTitle, ...] = ()  # what it is called in each of them, where there are several


class MemberTitle(msgspec.Struct, frozen=True, array_like=True):
    """The title of an article of the story."""

    article: str
    text: str
    language: str = ""
    begun: bool = False  # whether it is the beginning of the text, as the article has no title


class NameTally(msgspec.Struct, frozen=True, array_like=True):
    """How many members name an entity, and how rare it is elsewhere (the negative logarithm of its share)."""

    id: str
    text: str
    members: int
    rarity: float
    salience: float = 0.0  # how much the members are about it, added up


class StorySummary(msgspec.Struct, frozen=True, kw_only=True):
    """A story as a whole; titles in order of arrival."""

    votes: int = 0
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    titles: tuple[MemberTitle, ...] = ()
    names: tuple[NameTally, ...] = ()
    chosen: str | None = None  # the article whose title is the story's
    languages: dict[str, int] = {}  # language → votes

    @property
    def title(self) -> str | None:
        """Return what the story is called."""
        return next((title.text for title in self.titles if title.article == self.chosen), None)

    def ranked_languages(self) -> tuple[str, ...]:
        """Return the languages in which it is told, the one of most votes first; a story of before knew only titles."""
        votes = self.languages or Counter(title.language for title in self.titles)
        return tuple(sorted(filter(None, votes), key=lambda language: (-votes[language], language)))

    def titles_by_language(self) -> tuple[StoryTitle, ...]:
        """Return what the story is called in each of its languages; nothing where there is but one."""
        languages = self.ranked_languages()
        if len(languages) < 2:  # noqa: PLR2004
            return ()
        titles = []
        for language in languages:
            candidates = [title for title in self.titles if title.language == language]
            article = choose_title(candidates, self.chosen)
            titles += [StoryTitle(language=language, title=t.text) for t in candidates if t.article == article]
        return tuple(titles)

    def key_names(self) -> tuple[str, ...]:
        """Return who and what the story is about: names that several members are about, and that are rare elsewhere."""
        least = 1 if self.votes < 2 else 2  # noqa: PLR2004
        agreed = [name for name in self.names if name.members >= least] or self.names
        ranked = sorted(agreed, key=lambda name: (-name.salience * name.rarity, name.text))
        return tuple(dict.fromkeys(name.text for name in ranked))[:SHOWN_NAMES]


def extend_time_span(summary: StorySummary, at: dt.datetime) -> StorySummary:
    """Return the summary after a member of the time ``at`` was added, without a vote."""
    first, last = min(summary.first or at, at), max(summary.last or at, at)
    return msgspec.structs.replace(summary, first=first, last=last)


def add_vote(summary: StorySummary, article: Article, names: Names | None, rarities: NameRarities) -> StorySummary:
    """Return the summary after the article voted on title and names; ``rarities`` are those of its names."""
    titles = summary.titles
    article_title = " ".join((article.title or "").split())
    if text := article_title or shorten(article.text):
        vote = MemberTitle(article.id, text, article.base_language, begun=not article_title)
        titles = (*(title for title in titles if title.article != article.id), vote)
        if len(titles) > FIRST_TITLES + LATEST_TITLES:
            middle = titles[FIRST_TITLES:-LATEST_TITLES]
            ends = (*titles[:FIRST_TITLES], *titles[-LATEST_TITLES:])
            lacking = {title.language: title.article for title in reversed(middle)}  # of a language: its first one
            for title in ends:
                lacking.pop(title.language, None)
            kept = {summary.chosen, *lacking.values()}
            chosen = tuple(title for title in middle if title.article in kept)
            titles = (*titles[:FIRST_TITLES], *chosen, *titles[-LATEST_TITLES:])
    return msgspec.structs.replace(
        summary,
        votes=summary.votes + 1,
        titles=titles,
        chosen=choose_title(titles, summary.chosen),
        languages=_add_language(summary, article.base_language),
        names=_tally(summary.names, names, rarities),
    )


def _add_language(summary: StorySummary, language: str) -> dict[str, int]:
    """Return how many votes are in which language, with one more."""
    before = summary.languages or Counter(title.language for title in summary.titles)
    return dict(Counter(before) + Counter({language: 1}))


def choose_title(titles: Sequence[MemberTitle], present: str | None = None) -> str | None:
    """Return the article whose title is most like the others; the earliest of equals.

    ``present`` is the article chosen so far: it stays while its title is nearly as good. Titles in the language of most
    of them are preferred. None where there are no titles.
    """
    if not titles:
        return None
    languages = Counter(title.language for title in titles)
    most = max(languages.values())
    words = [Counter(word_pieces(normalise(title.text))) for title in titles]
    weights = [{word: -math.log(expected_share(word)) for word in title_words} for title_words in words]
    total: Counter[str] = Counter()
    for title_weights in weights:
        total.update(title_weights)
    scores = []
    for title, title_weights in zip(titles, weights, strict=True):
        length = math.sqrt(sum(weight * weight for weight in title_weights.values())) or 1.0
        similarity = sum(weight * total[word] for word, weight in title_weights.items()) / length
        poor = POOR_TITLE_WEIGHT if title.begun or len(title_weights) < SHORTEST_TITLE else 1.0
        scores.append(similarity * poor * languages[title.language] / most)
    best = max(scores)
    for title, score in zip(titles, scores, strict=True):
        if title.article == present and score >= TITLE_STAYS * best:
            return present
    return titles[scores.index(best)].article


def name_rarities(article: Article, names: Names | None, frequencies: CountMinSketch) -> NameRarities:
    """Return how rare each telling name of an article is elsewhere, as far as words are counted in ``frequencies``.

    So that stories don't depend on where batches begin and end, an article is asked for when it has been counted, and
    none after it.
    """
    telling = _telling_names(names)
    if not telling:
        return {}
    language = hash_words([article.base_language])
    documents = frequencies.estimate_counts(language)[0]
    counts = frequencies.estimate_counts(counter_keys(hash_words(entity.id for entity in telling), language))
    rarities = -np.log((counts + 1.0) / (documents + 2.0))
    return {e.id: round(max(rarity, 0.1), 2) for e, rarity in zip(telling, rarities.tolist(), strict=True)}


def _telling_names(names: Names | None) -> list[Entity]:
    return [entity for entity in (names.entities if names else ()) if entity.type in _TELLING]


def _tally(present: Iterable[NameTally], names: Names | None, rarities: NameRarities) -> tuple[NameTally, ...]:
    """Return the tallies after an article with these ``names`` was counted."""
    tallies = {tally.id: tally for tally in present}
    for entity in _telling_names(names):
        tally = tallies.pop(entity.id, None)  # so that they stand in the order in which they were mentioned last
        members, salience = (tally.members, tally.salience) if tally else (0, 0.0)
        salience = round(salience + max(entity.salience, LEAST_SALIENCE), 3)
        tallies[entity.id] = NameTally(entity.id, entity.name, members + 1, rarities[entity.id], salience)
    # of the names that the story is least about the new ones stay: a name that comes late can become a key name
    most_salient = {tally.id for tally in sorted(tallies.values(), key=lambda tally: tally.salience)[-KEPT_NAMES:]}
    return tuple(tally for tally in tallies.values() if tally.id in most_salient)
