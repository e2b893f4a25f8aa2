"""What stands of an article that is decided again when its fingerprint, or that of what it copied, is forgotten?

Dedupe couldn't find its group any more. So it stays there and copies what it copied: always where its text is as it
was, and where it has another one now, while that is still a copy. What the others copy stays in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.context import Context
from pipeline.count_min import CountMinSketch
from pipeline.dedupe import Arrival, CopyVerdict, compare_texts, relate_copy
from pipeline.reconcile.copy_groups import grouped_arrival
from pipeline.records import Article, Copy
from pipeline.store import ArticleRow, GroupMember


def kept_decisions(
    context: Context, claimed: Sequence[ArticleRow], arrivals: Mapping[str, Arrival], frequencies: CountMinSketch
) -> dict[str, Copy]:
    """Return how those of ``claimed`` of which that holds relate to their groups now; ``arrivals`` has all of them."""
    again = [item for item in claimed if item.copy_group]
    if not again:
        return {}
    copy_groups, ledger = context.store.copy_groups, context.store.ledger
    with context.store.read() as connection:
        groups = copy_groups.list_members(connection, {item.copy_group for item in again if item.copy_group})
        known = copy_groups.find_sketched(connection, [one.seq for members in groups.values() for one in members])
        as_it_was = ledger.current(connection, again, Copy)
        latest = ledger.latest(connection, [item.id for item in again], Copy)
    stands: dict[str, Copy] = {}
    for name, was in latest.items():
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


def _again(context: Context, new: Arrival, original: GroupMember, frequencies: CountMinSketch) -> Copy | None:
    """Return how an article with another text relates to what it copied, None where it is no copy any more."""
    with context.store.read() as connection:
        article = context.store.ledger.latest(connection, [original.id], Article)[original.id]
    gap, settings = new.first_seen - original.first_seen, context.settings.dedupe
    if compare_texts(new.article, article, gap, frequencies, settings).verdict is not CopyVerdict.COPY:
        return None
    return relate_copy(new, grouped_arrival(original, article), original.copy_group, frequencies)
