"""Assign each article of a batch to a story.

Single-pass clustering in order of arrival: an article joins the story whose centroid is most like it, or opens one.
Copies of one text have one vote: they follow their copy group, and their words count once. An article that no story
resembles by its words may tell what a story tells in other languages: then it begins a part of that story.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from pipeline.cluster.anchors import article_anchors
from pipeline.cluster.protocol import StoryMemory, TermWeights
from pipeline.cluster.retelling import NEAREST, Voter, do_others_agree, find_told_story
from pipeline.cluster.story_summary import NameRarities, name_rarities
from pipeline.cluster.terms import article_terms, count_document, document_shares
from pipeline.cluster.vector import (
    TextVectors,
    Vector,
    compare_vectors,
    mix_vectors,
    pack_vector,
    strongest_terms,
    tfidf_vectors,
)
from pipeline.count_min import CountMinSketch
from pipeline.records import Article, Copy, Names, Placed, Placement
from pipeline.settings import ClusterSettings

# Of an article's strongest terms, so many are looked up to find stories, and so many index its own story. With fewer
# looked up, or more indexed, the true story is missed more often where terms lead to as many stories as they may
# (measured with bench/candidates.py; the figures are in docs/stories.md)
LOOKUP_TERMS, INDEXED_TERMS = 24, 16
STORY_TERMS = 64  # under which a story is found
# What it is worth that a story has a term: the term's weight in the article to this power. The product with an equal
# weight in the story would be the square, but where the story's weight is less the plain weight says more
PREFERENCE = 1.5
STORY_SIZE = (300, 150)  # terms of a centroid: whole text, beginning; 2.7 kB at most
# The least gap in time to an article whose time of publication is unknown: within its story, but not the same day
UNKNOWN_GAP_DAYS = 2.0
# Where a time is unknown, what is alike may be a topic alone (an armed group, a firm): a few names then make up most of
# the similarity. This many words that add the same to it halve it; fifteen leave it as it is. Of a text with as many
# different words as the third number it is half as many; headlines, which share few words in any case, are left as they
# are. Of undated articles of five topics (bench/topics.jsonl) BCubed F1 was .936 without and .983 with it, in three
# orders; of three collections without their dates .985, .911, .929 and .992, .927, .916; of their headlines alone .921,
# .882, .865 and .923, .890, .868 in two orders. With a sixth power of 30 or 34 words precision of headlines is higher
# and recall lower; to spare what is very similar changed little
FEW_SHARED, ENOUGH_SHARED, SPARED_WORDS, SPARED_POWER = 3.2, 15.0, 38, 6
# An article's similarity to its story must be at least this share of the mean with which the others joined: a topic
# (one firm's products) is less coherent than its stories. With 0.4 nothing changes, with 0.6 true stories fall apart
COHERENCE = 0.5
# Short texts share a few words by chance: this many different words halve the similarity, 200 leave 98 % of it. Of
# headlines alone ("titles alone" of bench/stories.py, all mixed) BCubed precision was .919 without, .964 with it, and
# recall .793 and .758. With 10 too many true pairs of short texts stay apart: recall .613
FEW_WORDS = 4

# A likeness by words of less than this many times cluster.threshold is weak: where the story is told in other languages
# too, half of these articles must agree by their vectors. Of the leads in bench/events.jsonl some on another quake or
# another rate decision were joined by such words
WEAK = 1.5

_encode = msgspec.msgpack.Encoder().encode


class ArticleToAssign(msgspec.Struct, frozen=True, kw_only=True):
    """An article with its place in the order of arrival and the records of earlier stages."""

    seq: int
    first_seen: dt.datetime
    article: Article
    copy: Copy
    names: Names | None = None
    story: str | None = None  # the story that it is in already
    vector: bytes | None = None  # as ``pipeline.dense_vectors`` packs it; None: not known

    @property
    def happened_at(self) -> dt.datetime:
        """Return when it happened: published where that is known and not in the future, else first seen."""
        return min(self.article.published or self.first_seen, self.first_seen)


class StoryCluster(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is remembered of a story: its centroid, the mean of its articles' vectors.

    What is told in a further language has a part of its own, a cluster of the same id: the words of two languages would
    make a mean that is like neither.
    """

    id: str
    votes: int
    mean_similarity: float = msgspec.field(name="likeness")  # of the articles when they joined, 0 before any did
    day: float  # mean time of the votes, published or first seen, in days since 1970
    dated: bool  # whether the time of publication of any article is known
    vectors: tuple[Vector, Vector]  # of the whole text, of its beginning
    terms: tuple[int, ...]  # under which it is found
    language: str = ""  # of a further part
    others: tuple[StoryCluster, ...] = ()  # the further parts; they have none themselves

    @classmethod
    def empty(cls, story: str, language: str = "") -> StoryCluster:
        """Return a story, or a further part of one, with the id ``story`` and no article yet."""
        return cls(
            id=story,
            votes=0,
            mean_similarity=0.0,
            day=0.0,
            dated=False,
            vectors=(Vector(), Vector()),
            terms=(),
            language=language,
        )

    @property
    def parts(self) -> tuple[StoryCluster, ...]:
        """Return the story in the language in which it was told first, then its further parts."""
        return (self, *self.others)

    def mean_vectors(self) -> TextVectors:
        """Return the mean vectors as arrays."""
        whole, lede = self.vectors
        return whole.arrays(), lede.arrays()


Vectorise = Callable[[Article], bytes | None]
decode_story = msgspec.msgpack.Decoder(StoryCluster).decode


def decide(
    newcomers: Sequence[ArticleToAssign],
    memory: StoryMemory,
    settings: ClusterSettings,
    rarities: dict[int, NameRarities] | None = None,
    vectorise: Vectorise | None = None,
) -> list[Placement]:
    """Return for each of ``newcomers``, in their order, its story; ``memory`` learns them.

    An article whose copy group has a story gets that one, so an article that is decided again stays where it is.
    The result doesn't depend on where batches begin and end, but for which articles have a vector. ``rarities`` gets,
    by seq, how rare the names are of those articles that have a vote. ``vectorise`` makes the vector of an article
    that has none and would open a story, or is only weakly like one; without it such an article is compared by its
    words alone.
    """
    memory.prefetch_groups({newcomer.copy.group for newcomer in newcomers})
    vectors = _voting_vectors(newcomers, memory, {} if rarities is None else rarities)
    terms = {seq: lookup_terms(newcomer_vectors) for seq, newcomer_vectors in vectors.items()}
    memory.prefetch([(newcomer.first_seen, terms[newcomer.seq]) for newcomer in newcomers if newcomer.seq in terms])
    placements = []
    for newcomer in newcomers:
        placement = _present_story(newcomer, memory) or _assign(
            newcomer, vectors[newcomer.seq], terms[newcomer.seq], memory, settings, vectorise
        )
        memory.assign_group(newcomer.copy.group, placement.story, newcomer.first_seen)
        memory.count_article(newcomer.article.base_language, newcomer.first_seen)
        placements.append(placement)
    return placements


def _present_story(newcomer: ArticleToAssign, memory: StoryMemory) -> Placement | None:
    """Return the story that the copy group is in, else the one that the article is in; None where it is in neither."""
    article_id = newcomer.article.id
    if story := memory.story_of(newcomer.copy.group):
        return Placement(id=article_id, story=story, how=Placed.KEPT if story == newcomer.story else Placed.COPY)
    return Placement(id=article_id, story=newcomer.story, how=Placed.KEPT) if newcomer.story else None


def _voting_vectors(
    newcomers: Sequence[ArticleToAssign], memory: StoryMemory, rarities: dict[int, NameRarities]
) -> dict[int, TextVectors]:
    """Return seq → vectors of the articles that have a vote; count their words, in their order."""
    voted: set[str] = set()
    vectors: dict[int, TextVectors] = {}
    frequencies = memory.frequencies
    for newcomer in newcomers:
        group = newcomer.copy.group
        if group in voted or _present_story(newcomer, memory):
            continue
        voted.add(group)
        vectors[newcomer.seq] = article_vectors(newcomer, frequencies, count=True)
        rarities[newcomer.seq] = name_rarities(newcomer.article, newcomer.names, frequencies)
    return vectors


def article_vectors(newcomer: ArticleToAssign, frequencies: CountMinSketch, *, count: bool = False) -> TextVectors:
    """Return the vectors of an article; with ``count`` count its words in ``frequencies`` too."""
    terms = article_terms(newcomer.article, newcomer.names)
    vectors = tfidf_vectors(terms, document_shares(terms, frequencies))
    if count:
        count_document(terms, frequencies)
    return vectors


def _assign(
    newcomer: ArticleToAssign,
    vectors: TextVectors,
    terms: TermWeights,
    memory: StoryMemory,
    settings: ClusterSettings,
    vectorise: Vectorise | None,
) -> Placement:
    """Put the article into the most similar story, else into one that tells the same, else into a new one."""
    candidates = [(seq, decode_story(data)) for seq, data in memory.candidates(newcomer.first_seen, terms)]
    parts = [(seq, story, number) for seq, story in candidates for number in range(len(story.parts))]
    scores = _similarities(newcomer, vectors, [story.parts[number] for _, story, number in parts], settings)
    alike = [
        (score, seq, story, number)
        for score, (seq, story, number) in zip(scores, parts, strict=True)
        if score >= max(settings.threshold, COHERENCE * story.parts[number].mean_similarity)
    ]
    vector = newcomer.vector
    if alike:
        score, seq, story, number = max(alike, key=lambda scored: (scored[0], -scored[1]))
        is_weak = score < WEAK * settings.threshold
        if is_weak and vector is None and vectorise:
            vector = vectorise(newcomer.article)
        if not (is_weak and vector) or _do_others_agree(newcomer, seq, memory, settings, vector):
            join_story(seq, story, newcomer, vectors, terms, memory, score, number)
            _remember_voter(newcomer, seq, memory, vector)
            return Placement(id=newcomer.article.id, story=story.id, score=round(score, 4), how=Placed.JOINED)
    vector = vector or (vectorise(newcomer.article) if vectorise else None)
    if vector and (retold := _retell(newcomer, vectors, terms, memory, settings, vector)):
        return retold
    opened = StoryCluster.empty(f"s{newcomer.article.id}")
    join_story(newcomer.seq, opened, newcomer, vectors, terms, memory)
    _remember_voter(newcomer, newcomer.seq, memory, vector)
    return Placement(id=newcomer.article.id, story=opened.id, how=Placed.OPENED)


def _retell(
    newcomer: ArticleToAssign,
    vectors: TextVectors,
    terms: TermWeights,
    memory: StoryMemory,
    settings: ClusterSettings,
    vector: bytes,
) -> Placement | None:
    """Put the article into the story that tells the same in other languages; None where there is none."""
    voter, window = _voter(newcomer, newcomer.seq, vector), memory.voters(newcomer.first_seen)
    nearest = window.find_nearest(voter, NEAREST, settings.window_days)
    memory.prefetch_groups({other.group for _, other in nearest})
    retold = find_told_story(voter, nearest, window, memory.story_of, settings)
    found = memory.find_story(retold.story, retold.seq) if retold else None
    if retold is None or found is None:
        return None
    seq, data = found
    story, language = decode_story(data), newcomer.article.base_language
    story, number = with_part(story, language)
    join_story(seq, story, newcomer, vectors, terms, memory, 0.0, number)
    _remember_voter(newcomer, seq, memory, vector)
    return Placement(id=newcomer.article.id, story=story.id, score=round(retold.score, 4), how=Placed.RETOLD)


def _do_others_agree(
    newcomer: ArticleToAssign, seq: int, memory: StoryMemory, settings: ClusterSettings, vector: bytes
) -> bool:
    """Tell whether what the story ``seq`` tells in other languages is what the article tells."""
    return do_others_agree(_voter(newcomer, seq, vector), seq, memory.voters(newcomer.first_seen), settings)


def with_part(story: StoryCluster, language: str) -> tuple[StoryCluster, int]:
    """Return the story with a further part in ``language``, which may be there already, and that part's number."""
    for number, part in enumerate(story.others, 1):
        if part.language == language:
            return story, number
    others = (*story.others, StoryCluster.empty(story.id, language))
    return msgspec.structs.replace(story, others=others), len(others)


def _voter(newcomer: ArticleToAssign, seq: int, vector: bytes) -> Voter:
    anchors = article_anchors(newcomer.article, newcomer.names)
    return Voter(
        group=newcomer.copy.group,
        seq=seq,
        day=_day(newcomer),
        language=newcomer.article.base_language,
        vector=vector,
        anchors=anchors.astype("<u4").tobytes(),
    )


def _remember_voter(newcomer: ArticleToAssign, seq: int, memory: StoryMemory, vector: bytes | None) -> None:
    """Let texts in other languages be compared with the article, which is in the story ``seq``, if it has a vector."""
    if vector:
        memory.add_voter(_voter(newcomer, seq, vector), newcomer.first_seen)


def _similarities(
    newcomer: ArticleToAssign, vectors: TextVectors, stories: Sequence[StoryCluster], settings: ClusterSettings
) -> list[float]:
    """Return for each story the mean cosine of the two vectors, decayed with the gap in time, less for few words.

    Where a time is unknown it is less also where few words are shared. The decay is a Gaussian of
    ``settings.sigma_days``.
    """
    if not stories:
        return []
    size = len(vectors[0][0])
    enough = size / (size + FEW_WORDS)
    few = FEW_SHARED / (1 + (SPARED_WORDS / max(1, size)) ** SPARED_POWER)
    whole, lede = (
        compare_vectors(vector, [story.vectors[part] for story in stories]) for part, vector in enumerate(vectors)
    )
    means = ((whole.cosines + lede.cosines) / 2).tolist()
    day, dated = _day(newcomer), newcomer.article.published is not None
    similarities = []
    for story, mean, breadth in zip(stories, means, whole.breadths.tolist(), strict=True):
        gap, worth = abs(day - story.day), enough
        if not (dated and story.dated):
            gap = max(gap, UNKNOWN_GAP_DAYS)
            worth *= min(1.0, (1 + few / ENOUGH_SHARED) * breadth / (breadth + few))
        decay = math.exp(-((gap / settings.sigma_days) ** 2) / 2)
        similarities.append(mean * decay * worth)
    return similarities


def join_story(  # noqa: PLR0913, PLR0917 - an article and a story, each as it is remembered
    seq: int,
    story: StoryCluster,
    newcomer: ArticleToAssign,
    vectors: TextVectors,
    terms: TermWeights,
    memory: StoryMemory,
    score: float = 0.0,
    number: int = 0,
) -> StoryCluster:
    """Let an article vote in the part ``number`` of the story ``seq``; return the story, whose centroid it has moved.

    ``vectors`` and ``terms``, the strongest first, are the article's; ``score`` is its similarity to that part.
    """
    article_index = list(terms)[:INDEXED_TERMS]
    part = story.parts[number]
    moved = _vote(part, newcomer, vectors, article_index, score)
    parts = [*story.parts[:number], moved, *story.parts[number + 1 :]]
    new = msgspec.structs.replace(parts[0], others=tuple(parts[1:]))
    indexed = set[int]().union(*(part.terms for part in parts))
    memory.save_story(
        seq,
        newcomer.first_seen,
        set(moved.terms).intersection(article_index),
        set(part.terms) - indexed,
        _encode(new),
    )
    return new


def _vote(
    part: StoryCluster, newcomer: ArticleToAssign, vectors: TextVectors, article_index: Sequence[int], score: float
) -> StoryCluster:
    """Return a part of a story after an article has voted in it."""
    share = 1 / (part.votes + 1)
    means, story_index = _mean(part, vectors, article_index, share)
    return msgspec.structs.replace(
        part,
        votes=part.votes + 1,
        mean_similarity=part.mean_similarity + (score - part.mean_similarity) / max(1, part.votes),
        day=part.day + (_day(newcomer) - part.day) * share,
        dated=part.dated or newcomer.article.published is not None,
        vectors=means,
        terms=tuple(story_index),
    )


def _mean(
    story: StoryCluster, vectors: TextVectors, terms: Sequence[int], share: float
) -> tuple[tuple[Vector, Vector], Sequence[int]]:
    """Return the story's centroid with an article's vectors for ``share`` of it, and the terms that index the story."""
    if not story.votes:
        whole, lede = (strongest_terms(vector, size) for vector, size in zip(vectors, STORY_SIZE, strict=True))
        return (pack_vector(whole), pack_vector(lede)), terms
    whole, lede = (
        mix_vectors(mean, vector, share, size)
        for mean, vector, size in zip(story.mean_vectors(), vectors, STORY_SIZE, strict=True)
    )
    mixed_terms, weights = mix_vectors(whole, lede, 0.5, sum(STORY_SIZE))
    strength = dict(zip(mixed_terms.tolist(), weights.tolist(), strict=True))
    strongest = sorted({*story.terms, *terms}, key=lambda term: (-strength.get(term, 0.0), term))[:STORY_TERMS]
    return (pack_vector(whole), pack_vector(lede)), strongest


def lookup_terms(vectors: TextVectors) -> TermWeights:
    """Return the terms that are strongest in the two vectors together, the strongest first, with what each is worth."""
    terms, weights = mix_vectors(*vectors, 0.5, LOOKUP_TERMS)
    order = np.argsort(-weights, kind="stable")
    return dict(zip(terms[order].tolist(), (weights[order] ** PREFERENCE).tolist(), strict=True))


def _day(newcomer: ArticleToAssign) -> float:
    return newcomer.happened_at.timestamp() / 86_400
