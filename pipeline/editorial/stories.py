"""How are stories merged, split and renamed, and how is that taken back? Each change is one transaction.

A change is made under cluster's lock: no article is placed meanwhile. Links stay whole: the id of a story that becomes
part of another one leads there from then on, and the documents of all articles concerned are indexed again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pipeline.cluster import ArticleToAssign, StoryMemory, StorySummary, rebuild_story
from pipeline.context import Context
from pipeline.editorial.entities import apply_decisions
from pipeline.errors import UnknownError, UsageError
from pipeline.records import Article, Copy, Names, Stage
from pipeline.stage_lock import exclusive
from pipeline.store import ArticleRow, StoredStory, StoryChange

MERGE, SPLIT, RENAME = "merge", "split", "rename"
_READ = 200  # articles at a time


class DecisionAuthor(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a change and why; what an editor decides stands: repair keeps to it."""

    name: str
    reason: str | None = None
    stands: bool = True
    undoes: int | None = None


def resolve_story(context: Context, story: str) -> str:
    """Return the present id of a story, named by any of its ids or articles; else raises UnknownError."""
    with context.store.read() as connection:
        if present := context.store.story_catalog.resolve(connection, story):
            return present
        article = context.store.ledger.find_article(connection, story)
    if article is None or article.story is None:
        raise UnknownError(f"{story}: no story has or had this id, nor an article; newswire stories list names them")
    return article.story


def merge_stories(context: Context, kept: str, gone: str, who: DecisionAuthor) -> StoryChange:
    """Make the story ``gone`` part of ``kept``; return the change, whose ``story`` both are now."""
    with exclusive(context, Stage.CLUSTER):
        kept, gone = resolve_story(context, kept), resolve_story(context, gone)
        if kept == gone:
            raise UsageError(f"{kept}: that is one story already")
        with context.store.read() as connection:
            of = {name: context.store.ledger.list_story_articles(connection, name) for name in (kept, gone)}
        both = sorted((*of[kept], *of[gone]), key=lambda item: item.seq)
        given = _given_titles(context, [kept, gone])
        change = {"kind": MERGE, "story": kept, "other": gone, "before": given[gone]}
        titles = {kept: given[kept] or given[gone]}
        moved = {item.id for item in of[gone]}
        return _regroup(context, {kept: both}, titles, [kept, gone], change, who, moved=moved)


def split_story(
    context: Context,
    story: str,
    articles: Sequence[str],
    who: DecisionAuthor,
    name: str | None = None,
    brought: str | None = None,
) -> StoryChange:
    """Take ``articles``, with their copies, out of a story; return the change, whose ``other`` they are now.

    ``name`` is the id that it is to have where that is free; else it is named after its first article. ``brought`` is
    the title that an editor had given to them before they came: it goes with them.
    """
    with exclusive(context, Stage.CLUSTER):
        story = resolve_story(context, story)
        with context.store.read() as connection:
            items = context.store.ledger.list_story_articles(connection, story)
        own = {item.id for item in items}
        if foreign := set(articles) - own:
            raise UsageError(f"{min(foreign)}: not an article of story {story}")
        groups = {item.copy_group or item.id for item in items if item.id in set(articles)}
        out = [item for item in items if (item.copy_group or item.id) in groups]
        stay = [item for item in items if (item.copy_group or item.id) not in groups]
        if not stay or not out:
            raise UsageError(f"{story}: a split leaves at least one article, with its copies, on either side")
        other = choose_story_id(context, [item.id for item in out], name)
        given = _given_titles(context, [story])[story]
        # none any more: it has been taken back since
        titles = {story: None if given == brought else given, other: brought if given else None}
        change = {"kind": SPLIT, "story": story, "other": other}
        moved = {item.id for item in out}
        return _regroup(context, {story: stay, other: out}, titles, [story], change, who, moved=moved)


def rename_story(context: Context, story: str, title: str | None, who: DecisionAuthor) -> StoryChange:
    """Give a story a title that stays, or (None) let its articles choose one again; return the change."""
    if title is not None and not (title := " ".join(title.split())):
        raise UsageError("the new title is empty")
    with exclusive(context, Stage.CLUSTER):
        story = resolve_story(context, story)
        with context.store.write() as connection:
            told = context.store.story_catalog.load_stories(connection, [story])[story]
            context.store.story_catalog.save_stories(connection, {story: msgspec.structs.replace(told, given=title)})
            change = {"kind": RENAME, "story": story, "other": None, "before": told.given}
            made = record_change(context, connection, change, who, [])
            context.store.ledger.bump_revision(connection, stories=[story])
    return made


def undo_change(context: Context, n: int, who: DecisionAuthor) -> StoryChange:
    """Take a change back; return it. What repair did and an editor takes back, repair doesn't do again."""
    with context.store.read() as connection:
        change = context.store.story_catalog.get_change(connection, n)
    if change is None:
        raise UnknownError(f"{n}: there is no such change; newswire stories show STORY names them")
    if change.undone:
        raise _already_undone(n)
    who = msgspec.structs.replace(who, undoes=n, stands=not change.stands)
    if change.kind == RENAME:
        rename_story(context, change.story, change.before, who)
    elif change.kind == MERGE:
        story = resolve_story(context, change.story)
        with context.store.read() as connection:
            moved = set(context.store.story_catalog.list_moved(connection, n))
            members = context.store.ledger.list_story_articles(connection, story)
        still = [item.id for item in members if item.id in moved]
        split_story(context, story, still, who, change.other, change.before)
    elif change.other:
        merge_stories(context, change.story, change.other, who)
    return msgspec.structs.replace(change, undone=True, stands=False)


def refresh_story(context: Context, story: str) -> None:
    """Make a story anew of the articles that it still has; without any it is forgotten."""
    with exclusive(context, Stage.CLUSTER):
        rebuild_locked_story(context, story)


def rebuild_locked_story(context: Context, story: str) -> None:
    """Do what ``refresh`` does, for who has cluster's lock; that the story has lost an article is settled then."""
    memory = context.store.story_index(context.settings.cluster)
    with context.store.read() as connection:
        told = context.store.story_catalog.load_stories(connection, [story]).get(story)
        items = context.store.ledger.list_story_articles(connection, story)
    new = rebuild_stored_story(context, memory, story, items, told) if told else None
    with context.store.write() as connection:
        context.store.ledger.assert_lock(connection, Stage.CLUSTER)
        context.store.groups_to_settle.delete(connection, Stage.CLUSTER, [story])
        if told is None:
            return
        memory.flush(connection)
        if new is None:
            context.store.story_catalog.delete_story(connection, story)
            return
        context.store.story_catalog.save_stories(connection, {story: new})
        context.store.ledger.bump_revision(connection, stories=[story])


def rebuild_stored_story(
    context: Context, memory: StoryMemory, story: str, items: Sequence[ArticleRow], before: StoredStory | None
) -> StoredStory | None:
    """Let ``memory`` know a story, of which ``before`` was told, by these articles alone; None where there are none."""
    if before:
        memory.delete_story(before.seq)
    if not items:
        return None
    card = rebuild_story(story, iter_cluster_inputs(context, items), memory)
    return StoredStory(seq=items[0].seq, card=card, given=before.given if before else None)


def cluster_input(item: ArticleRow, article: Article, copy: Copy, names: Names | None) -> ArticleToAssign:
    """Return an article as cluster reads it."""
    return ArticleToAssign(
        seq=item.seq, first_seen=item.first_seen, article=article, copy=copy, names=names, story=item.story
    )


def iter_cluster_inputs(context: Context, items: Sequence[ArticleRow]) -> Iterator[ArticleToAssign]:
    """Yield the articles of ``items``, as cluster reads them; a few at a time, however many there are."""
    ledger = context.store.ledger
    for start in range(0, len(items), _READ):
        some = items[start : start + _READ]
        ids = [item.id for item in some]
        with context.store.read() as connection:
            articles = ledger.latest(connection, ids, Article)
            copies = ledger.latest(connection, ids, Copy)
            names = ledger.latest(connection, ids, Names)
        names = apply_decisions(context.store, names)
        for item in some:
            if item.id in articles and item.id in copies:
                yield cluster_input(item, articles[item.id], copies[item.id], names.get(item.id))


def _regroup(
    context: Context,
    parts: Mapping[str, Sequence[ArticleRow]],
    titles: Mapping[str, str | None],
    before: Sequence[str],
    change: Mapping[str, str | None],
    who: DecisionAuthor,
    *,
    moved: set[str],
) -> StoryChange:
    """Make the stories ``before`` into ``parts``: story → its articles; return the change.

    ``titles``: those given by editors.
    """
    store = context.store
    memory = store.story_index(context.settings.cluster)
    with store.read() as connection:
        told = store.story_catalog.load_stories(connection, before)
    for one in told.values():
        memory.delete_story(one.seq)
    made = {name: rebuild_story(name, iter_cluster_inputs(context, items), memory) for name, items in parts.items()}
    for name, items in parts.items():
        for item in items:
            memory.assign_group(item.copy_group or item.id, name, item.first_seen)
    with store.write() as connection:
        store.ledger.assert_lock(connection, Stage.CLUSTER)
        memory.flush(connection)
        _rewrite(context, connection, parts, before, made, titles)
        pins = _first_of_groups(parts)
        logged = record_change(context, connection, change, who, [{**pin, "moved": pin["id"] in moved} for pin in pins])
        for name, items in parts.items():
            store.ledger.assign_story(connection, name, [item.id for item in items if item.story != name])
        store.ledger.bump_revision(connection, stories=parts)
    return logged


def _rewrite(
    context: Context,
    connection: sa.Connection,
    parts: Mapping[str, Sequence[ArticleRow]],
    before: Sequence[str],
    made: Mapping[str, StorySummary],
    titles: Mapping[str, str | None],
) -> None:
    """Save the cards of ``parts`` and where the ids of ``before`` lead."""
    first = before[0]
    for name in before:
        if name not in parts:
            context.store.story_catalog.delete_story(connection, name)
            context.store.story_catalog.redirect(connection, name, first)
    for name, items in parts.items():
        context.store.story_catalog.remove_redirect(connection, name)
        told = StoredStory(seq=items[0].seq, card=made[name], given=titles[name])
        context.store.story_catalog.save_stories(connection, {name: told})


def _given_titles(context: Context, stories: Sequence[str]) -> dict[str, str | None]:
    """Return story → the title that an editor gave it."""
    with context.store.read() as connection:
        told = context.store.story_catalog.load_stories(connection, stories)
    return {name: told[name].given if name in told else None for name in stories}


def _first_of_groups(parts: Mapping[str, Sequence[ArticleRow]]) -> list[dict[str, str]]:
    """Return where one article of each copy group is: the others follow it."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for name, items in parts.items():
        for item in items:
            found[name].setdefault(item.copy_group or item.id, item.id)
    return [{"id": article, "story": name} for name, groups in found.items() for article in groups.values()]


def record_change(
    context: Context,
    connection: sa.Connection,
    change: Mapping[str, str | None],
    who: DecisionAuthor,
    moves: Sequence[Mapping[str, object]],
) -> StoryChange:
    """Append a change to the history of stories, with where it put which articles; return it."""
    told: dict[str, object] = {"at": context.clock(), "made_by": who.name, "reason": who.reason}
    told |= {"undoes": who.undoes, "stands": who.stands, "before": None, **change}
    if who.undoes is not None and not context.store.story_catalog.mark_undone(connection, who.undoes):
        raise _already_undone(who.undoes)  # by somebody else, while this one waited for the lock
    return msgspec.convert(
        {"n": context.store.story_catalog.log_change(connection, told, moves), "undone": False, **told}, StoryChange
    )


def _already_undone(n: int) -> UsageError:
    return UsageError(f"{n}: that change has been taken back already")


def choose_story_id(context: Context, articles: Sequence[str], wanted: str | None = None) -> str:
    """Return an id for a story of these articles: one that no other story has now."""
    names = [*([wanted] if wanted else []), *(f"s{article}" for article in articles)]
    names += [f"s{articles[0]}-{n}" for n in range(2, len(articles) + 100)]
    with context.store.read() as connection:
        taken = context.store.story_catalog.load_stories(connection, names)
    return next(name for name in names if name not in taken)
