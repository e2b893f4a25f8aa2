"""What stands of an article that is decided again when its fingerprint, or that of what it copied, is forgotten?

Dedupe couldn't find its group any more. So it stays there and copies what it copied: always where its text is as it
was, and where it has another one now, while that is still a copy. What the others copy stays in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.dedupe import Arrival, Verdict, compare, relate
from pipeline.frequency import Frequencies
from pipeline.records import Article, Copy, Stage
from pipeline.stages.context import Context
from pipeline.stages.groups import arrival_of
from pipeline.store import Item, copies
from pipeline.store.lines import Grouped


def kept(
    context: Context, claimed: Sequence[Item], arrivals: Mapping[str, Arrival], frequencies: Frequencies
) -> dict[str, Copy]:
    """Return how those of ``claimed`` of which that holds relate to their groups now; ``arrivals`` has all of them."""
    again = [item for item in claimed if item.copy_group]
    if not again:
        return {}
    with context.store.database.read() as connection:
        groups = copies.members(connection, {item.copy_group for item in again if item.copy_group})
        known = copies.remembered(connection, [one.seq for members in groups.values() for one in members])
    ledger = context.store.ledger
    as_it_was = ledger.read(again, Stage.DEDUPE, Copy)
    stands: dict[str, Copy] = {}
    for name, was in ledger.of([item.id for item in again], Stage.DEDUPE, Copy).items():
        members = {one.id: one for one in groups.get(was.group, ())}
        if name not in members:
            continue
        original = members.get(was.copy_of or "")
        needed = members.values() if original is None else (members[name], original)
        if len(members) < 2 or all(one.seq in known for one in needed):  # noqa: PLR2004 - one is no group of copies
            continue
        if name in as_it_was or original is None:
            stands[name] = was
        elif found := _again(context, arrivals[name], original, frequencies):
            stands[name] = found
    return stands


def _again(context: Context, new: Arrival, original: Grouped, frequencies: Frequencies) -> Copy | None:
    """Return how an article with another text relates to what it copied, None where it is no copy any more."""
    article = context.store.ledger.of([original.id], Stage.EXTRACT, Article)[original.id]
    gap, settings = new.at - original.first_seen, context.settings.dedupe
    if compare(new.article, article, gap, frequencies, settings).verdict is not Verdict.COPY:
        return None
    return relate(new, arrival_of(original, article), original.copy_group, frequencies)
