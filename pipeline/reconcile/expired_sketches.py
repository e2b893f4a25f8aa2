"""Keep an article's copy group when it is processed again after its sketch, or its original's, has expired.

Dedupe couldn't find the group any more. So the article stays in its group and copies what it copied: always where its
text is unchanged, and where its text has changed, while that is still a copy. An original of copies stays in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.context import Context
from pipeline.count_min import CountMinSketch
from pipeline.dedupe import CopyVerdict, DatedArticle, compare_texts, relate_copy
from pipeline.reconcile.copy_groups import date_member
from pipeline.records import Article, Copy
from pipeline.store import ArticleRow, GroupMember


def kept_decisions(
    context: Context,
    claimed: Sequence[ArticleRow],
    dated_articles: Mapping[str, DatedArticle],
    frequencies: CountMinSketch,
) -> dict[str, Copy]:
    """Return article id → record for those of ``claimed`` that stay in their groups because sketches have expired.

    ``dated_articles`` has all articles of ``claimed`` by id.
    """
    decided = [article for article in claimed if article.copy_group]
    if not decided:
        return {}
    copy_groups, ledger = context.store.copy_groups, context.store.ledger
    with context.store.read() as connection:
        groups = copy_groups.list_members(connection, {article.copy_group for article in decided if article.copy_group})
        members_seqs = [member.seq for members in groups.values() for member in members]
        sketched = copy_groups.find_sketched(connection, members_seqs)
        unchanged = ledger.current(connection, decided, Copy)
        latest = ledger.latest(connection, [article.id for article in decided], Copy)
    copies: dict[str, Copy] = {}
    for article_id, copy in latest.items():
        members = {member.id: member for member in groups.get(copy.group, ())}
        if article_id not in members:
            continue
        original = members.get(copy.copy_of or "")
        needed = members.values() if original is None else (members[article_id], original)
        if len(members) < 2 or all(member.seq in sketched for member in needed):  # noqa: PLR2004 - no group of copies
            continue
        if article_id in unchanged or original is None:
            copies[article_id] = copy
        elif new := _compare_again(context, dated_articles[article_id], original, frequencies):
            copies[article_id] = new
    return copies


def _compare_again(
    context: Context, new: DatedArticle, original: GroupMember, frequencies: CountMinSketch
) -> Copy | None:
    """Return the record of an article with another text as a copy of its original, None where it is none any more."""
    with context.store.read() as connection:
        article = context.store.ledger.latest(connection, [original.id], Article)[original.id]
    gap, settings = new.first_seen - original.first_seen, context.settings.dedupe
    if compare_texts(new.article, article, gap, frequencies, settings).verdict is not CopyVerdict.COPY:
        return None
    return relate_copy(new, date_member(original, article), original.copy_group, frequencies)
