"""Decide whether an article is known by an address that its page states, and whether it is another article's.

Pure. A page states addresses by its canonical link and ``og:url``, and by where its own address leads. Templates,
content systems and walls state wrong ones: a section's address, a script's, another article's. An address that the
texts speak against is never believed, and nothing that is decided depends on which article came first.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Iterable
from typing import NamedTuple

from pipeline.address_forms import describe_no_article, show_same_page
from pipeline.headline_likeness import are_alike, exchanged_words, is_announced
from pipeline.text import normalise, split_words

_MUCH_TEXT = 0.5  # of the shorter text, under one headline: a page that was updated, or cut otherwise in another form
_MIN_SENTENCE = 20  # letters; shorter sentences stand in many articles
_MIN_TEXT = 120  # letters of telling sentences; a shorter text tells nothing
_SENTENCE = re.compile(r"(?<=[.!?。！？।؟])\s+|(?<=[。！？।])|\n+")
_NO_LETTERS = re.compile(r"[\W_]+")
_ONE_DAY = dt.timedelta(hours=36)  # articles of one headline that lie further apart are two: forecasts, letters


class Belief(enum.Enum):
    """What is done about an address that a page states."""

    TAKE = enum.auto()  # the article is known by it from now on
    JOIN = enum.auto()  # the article is the one that is known by it
    REFUSE = enum.auto()  # the article is another one; the address says nothing of it
    WAIT = enum.auto()  # the article at the address isn't read yet


class ArticleFacts(NamedTuple):
    """What tells an article from others: headline, text and day, as far as they are known."""

    id: str
    title: str | None = None  # the page's headline
    feed_title: str | None = None
    text: str | None = None  # None: its page isn't read yet
    published: dt.datetime | None = None
    from_feed: bool = False  # the text is the feed's

    @property
    def titles(self) -> tuple[str, ...]:
        """Return the headlines that it goes by."""
        return tuple(title for title in (self.title, self.feed_title) if title)


class Verdict(NamedTuple):
    """What is decided about a stated address; ``why`` it is refused, in words that follow "because"."""

    belief: Belief
    article: str | None = None  # the id of the article that it is, or that speaks against it
    why: str = ""


def judge_canonical(
    stated: str, own: Iterable[str | None], facts: ArticleFacts, rivals: Iterable[ArticleFacts], *, shared: bool
) -> Verdict:
    """Decide whether the address that a page calls its own is believed.

    Args:
        stated: that address, another one than the page's.
        own: the addresses at which the page was read.
        facts: the article on the page.
        rivals: the other articles that are known by that address or whose pages state it too.
        shared: whether different articles are known to state it.
    """
    different, unread = None, None
    is_own_form = any(show_same_page(stated, address) for address in own)
    no_article = None if is_own_form else describe_no_article(stated)
    for rival in rivals:
        like_titles = _have_like_titles(facts, rival, exactly=rival.text is None)
        if rival.text is None and not like_titles:
            unread = rival.id
        elif (rival.text is None or are_same(facts, rival)) and (like_titles or not no_article):
            return Verdict(Belief.JOIN, rival.id)
        else:
            different = rival.id
    if no_article:
        return Verdict(Belief.REFUSE, different, f"it is {no_article}")
    if different:
        return Verdict(Belief.REFUSE, different, f"article {different} has it too, with another headline or text")
    if shared and not is_own_form:
        return Verdict(Belief.REFUSE, None, "different articles state it")
    return Verdict(Belief.WAIT if unread else Belief.TAKE, unread)


def leads_elsewhere(asked: str, answered: str, facts: ArticleFacts, *, is_listed: bool) -> str | None:
    """Return why a page that an article's address was redirected to isn't the article; None where it may be.

    Args:
        asked: the address that the feed gives.
        answered: the address at which the page was read.
        facts: the feed's headline, and headline and text of the page.
        is_listed: whether a feed lists the page as another article: one that took this one's place.
    """
    if show_same_page(asked, answered) or are_alike(facts.title, facts.feed_title):
        return None
    no_article = describe_no_article(answered)
    if no_article and not describe_no_article(asked) and not is_announced(facts.feed_title, facts.title):
        return f"{answered}, {no_article}: {facts.title or 'no headline'}"
    if not is_listed and not is_announced(facts.feed_title, facts.title, facts.text):
        return f"{answered} says nothing of what the feed announces: {facts.title or 'no headline'}"
    return None


def are_same(left: ArticleFacts, right: ArticleFacts) -> bool:
    """Tell whether two articles, both read, are one: one text as a whole, or much of it under one headline in one day.

    A word may be the difference: the place of a quake, the name of a team.
    """
    like_titles = _have_like_titles(left, right) and not _are_about_others(left, right)
    if left.published and right.published and abs(left.published - right.published) > _ONE_DAY:
        like_titles = False
    if left.from_feed or right.from_feed:
        return like_titles
    share = shared_text(left.text or "", right.text or "")
    if share is None:
        return like_titles
    return (like_titles and share >= _MUCH_TEXT) or _stands_whole(left.text or "", right.text or "")


def shared_text(left: str, right: str) -> float | None:
    """Return how much of the shorter text stands in the other sentence for sentence; None where it is too short.

    Whole sentences are compared, as forms that are filled anew share all but names and figures.
    """
    shorter, longer = sorted((_letters(left), _letters(right)), key=lambda sentences: sum(map(len, sentences)))
    telling = [sentence for sentence in shorter if len(sentence) >= _MIN_SENTENCE]
    total = sum(map(len, telling))
    if total < _MIN_TEXT:
        return None
    whole = "".join(longer)
    return sum(len(sentence) for sentence in telling if sentence in whole) / total


def _stands_whole(left: str, right: str) -> bool:
    shorter, longer = sorted(("".join(_letters(left)), "".join(_letters(right))), key=len)
    return shorter in longer


def _letters(text: str) -> list[str]:
    return [letters for part in _SENTENCE.split(normalise(text)) if (letters := _NO_LETTERS.sub("", part))]


def _have_like_titles(left: ArticleFacts, right: ArticleFacts, *, exactly: bool = False) -> bool:
    """Tell whether two articles go by one headline; ``exactly``: none in which words were exchanged."""
    alike = ((ours, theirs) for ours in left.titles for theirs in right.titles if are_alike(ours, theirs))
    return any(not exactly or not any(exchanged_words(*pair)) for pair in alike)


def _are_about_others(left: ArticleFacts, right: ArticleFacts) -> bool:
    """Tell whether the words that were exchanged in a headline were so in the text: a form that was filled anew."""
    if _have_like_titles(left, right, exactly=True):
        return False
    ours, theirs = frozenset(split_words(left.text or "")), frozenset(split_words(right.text or ""))
    pairs = (exchanged_words(one, another) for one in left.titles for another in right.titles)
    return any(only_left & ours - theirs and only_right & theirs - ours for only_left, only_right in pairs)
