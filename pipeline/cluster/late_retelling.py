"""Find the stories that tell the same in different languages, once all their articles are there.

An article is compared when it comes, and only where no story resembles it by its words: what links two stories may come
later. Two stories are one where each of them leads to the other, and most of their articles agree. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from pipeline.cluster.repair import ProposedMerger
from pipeline.cluster.retelling import (
    MOST_ASKED,
    NEAREST,
    ToldStory,
    Voter,
    VoterWindow,
    do_half_agree,
    find_alike_story,
    rate_voters,
)
from pipeline.dense_vectors import unpack_dense
from pipeline.settings import ClusterSettings

# So many of a story's voters, the latest, look for a story that tells the same: each is compared with the whole window
MOST_LOOKING = 6


class StoryVoters:
    """The voters of a window by the story that they are in."""

    def __init__(self, window: VoterWindow, stories: Mapping[str, str]) -> None:
        self.window = window
        self._stories = dict(stories)  # copy group → story
        self._voters: dict[str, list[Voter]] = defaultdict(list)
        for voter in window:
            if story := self._stories.get(voter.group):
                self._voters[story].append(voter)

    def story_of(self, group: str) -> str | None:
        """Return the story of a copy group, None where it is in none."""
        return self._stories.get(group)

    def list_voters(self, story: str) -> Sequence[Voter]:
        """Return the voters of a story, in the order in which they came."""
        return self._voters.get(story, [])

    def merge(self, merger: ProposedMerger) -> None:
        """Let one story be part of another one."""
        joining = self._voters.pop(merger.absorbed, [])
        self._stories.update((voter.group, merger.target) for voter in joining)
        self._voters[merger.target] += joining


def find_late_retelling(
    story: str, voters: StoryVoters, find_pins: Callable[[str], set[str]], settings: ClusterSettings
) -> ProposedMerger | None:
    """Return the merger of ``story`` with the one that tells the same in other languages, None where none surely does.

    Two stories that share a language are left to their words, and those into which editors have put members of
    different stories stay apart: ``find_pins`` gives the stories into which they have put members of one. A story into
    which an editor has put something keeps its id, else the one of more voters, else the earlier one.
    """
    retold = _find_told(story, voters, settings)
    returned = _find_told(retold.story, voters, settings) if retold else None
    if retold is None or returned is None or returned.story != story:
        return None
    if not _do_stories_agree(story, retold.story, voters, settings):
        return None
    pinned = {name: find_pins(name) for name in (story, retold.story)}
    if len(pinned[story] | pinned[retold.story]) > 1:
        return None
    target, absorbed = sorted(
        (story, retold.story),
        key=lambda name: (not pinned[name], -len(voters.list_voters(name)), voters.list_voters(name)[0].day, name),
    )
    return ProposedMerger(target=target, absorbed=absorbed, score=round(retold.score, 4))


def _find_told(story: str, voters: StoryVoters, settings: ClusterSettings) -> ToldStory | None:
    """Return the story that most of those voters of ``story`` lead to that lead to any."""

    def story_of(group: str) -> str | None:
        name = voters.story_of(group)
        return None if name == story else name

    led: dict[str, list[ToldStory]] = defaultdict(list)
    own = {voter.language for voter in voters.list_voters(story)}
    for voter in voters.list_voters(story)[-MOST_LOOKING:]:
        nearest = voters.window.find_nearest(voter, NEAREST, settings.window_days)
        if retold := find_alike_story(voter, nearest, voters.window, story_of, settings):
            led[retold.story].append(retold)
    ranked = sorted(led.values(), key=lambda tellings: (-len(tellings), -max(t.score for t in tellings)))
    if not ranked or (len(ranked) > 1 and len(ranked[0]) == len(ranked[1])):
        return None
    best = max(ranked[0], key=lambda retold: retold.score)
    is_told_apart = own.isdisjoint(voter.language for voter in voters.list_voters(best.story))
    return best if is_told_apart else None


def _do_stories_agree(first: str, second: str, voters: StoryVoters, settings: ClusterSettings) -> bool:
    """Tell whether at least half of the pairs of the two stories' latest articles are alike."""
    rates = [
        rate_voters(one, other, float(unpack_dense(one.vector) @ unpack_dense(other.vector)), voters.window, settings)
        for one in voters.list_voters(first)[-MOST_ASKED:]
        for other in voters.list_voters(second)[-MOST_ASKED:]
    ]
    return do_half_agree(rates, settings)
