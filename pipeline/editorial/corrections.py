"""Find the copies that still say what the article that they were taken from says no more, and what was withdrawn."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from pipeline.context import Context
from pipeline.dedupe.corrections import SentenceChange, changed_sentences, has_old_wording, is_withdrawn
from pipeline.reconcile.withdrawals import list_open_notices, match_notice
from pipeline.records import Article, Copy

_USUAL = dt.timedelta(days=7)  # who looks once a week misses nothing


class ArticleReference(msgspec.Struct, frozen=True, kw_only=True):
    """An article by its names."""

    id: str
    url: str | None
    source: str | None
    title: str | None


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence that an article says otherwise or no more, or all of it, and who still has it as it stood."""

    article: ArticleReference
    at: dt.datetime  # when the change was read
    old: str | None  # None: all of the text
    new: str | None  # None: taken out
    copies: tuple[ArticleReference, ...]
    withdrawn: str | None = None  # why all of it was taken back, and by whom
    decision: int | None = None  # the withdrawal's number, by which it is undone
    candidates: tuple[ArticleReference, ...] | None = None  # of an open notice: what it may take back


def find_corrections(
    context: Context, since: dt.datetime | None = None, *, include_uncopied: bool = False
) -> Iterator[Correction]:
    """Yield what was corrected or withdrawn ``since`` (else in the last week) and copies still say as it was.

    First come the notices of agencies that nobody has carried out yet, and what senders and editors took back, whether
    there are copies or not. ``include_uncopied``: also corrections that no copy has wrong.
    """
    start = context.clock() - _USUAL if since is None else since
    yield from _find_open_notices(context, start)
    yield from _find_withdrawals(context, start)
    for correction in _find_corrections(context, start):
        if correction.copies or include_uncopied:
            yield correction


def find_outdated(context: Context, groups: Collection[str]) -> dict[str, dict[str, Correction]]:
    """Return copy group → id of each copy that still says what was corrected → one such correction."""
    history = context.store.article_history
    with context.store.read() as connection:
        changed = history.list_changed_of(connection, groups)
        revisions = history.list_revisions_of(connection, groups)
    outdated: dict[str, dict[str, Correction]] = {}
    for group, versions in _list_versions(context, changed, revisions):
        *earlier, (at, latest) = versions
        for correction in _compare_texts(context, [article for _, article in earlier], latest, at):
            outdated.setdefault(group, {}).update({copy.id: correction for copy in correction.copies})
    return outdated


def _list_versions(
    context: Context, changed: Mapping[str, str], revisions: Sequence[Copy]
) -> Iterator[tuple[str, list[tuple[dt.datetime, Article]]]]:
    """Yield the copy group and the texts, oldest first, of what was changed or published anew under another address.

    ``changed``: id → copy group of articles whose present text is not their first.
    """
    texts = _load_texts(context, changed)
    yield from ((changed[name], versions) for name, versions in texts.items() if len(versions) > 1)
    for copy in revisions:
        older, newer = _in_order(copy)
        of_both = _load_texts(context, [older, newer])
        if older in of_both and newer in of_both and _are_shown(context, [older, newer]):
            yield copy.group, [of_both[older][-1], of_both[newer][-1]]


def _find_open_notices(context: Context, since: dt.datetime) -> Iterator[Correction]:
    """Yield the notices that name no article for sure, with those that an editor may choose from."""
    store = context.store
    with store.read() as connection:
        stored = [notice for notice in list_open_notices(context, connection) if notice.at >= since]
        matches = [match_notice(context, connection, notice) for notice in stored]
    for notice, match in zip(stored, matches, strict=True):
        reference = ArticleReference(id=notice.id, url=None, source=notice.source, title=notice.notice.title)
        found = tuple(_refer(context, name) for name in (*match.targets, *match.candidates))
        yield Correction(article=reference, at=notice.at, old=None, new=None, copies=(), candidates=found)


def _find_withdrawals(context: Context, since: dt.datetime) -> Iterator[Correction]:
    with context.store.read() as connection:
        decided = context.store.decisions.list_withdrawals(connection, since=since)
    for decision in decided:
        texts = _load_texts(context, [decision.article]).get(decision.article, [])
        groups = [_load_copies(context, name, {decision.article}) for name in decision.copies]
        copies = {copy.id: copy for group in groups for copy in group}.values()
        still = [copy for copy in copies if not texts or not is_withdrawn(texts[-1][1].text, copy.text)]
        yield Correction(
            article=_refer(context, decision.article),
            at=decision.at,
            old=None,
            new=None,
            copies=tuple(_reference(copy) for copy in still),
            withdrawn=f"{decision.by or 'somebody'}: {decision.note}" if decision.note else decision.by or "somebody",
            decision=decision.n,
        )


def _refer(context: Context, article_id: str) -> ArticleReference:
    """Return an article by its names; without its headline where it may not be published yet."""
    with context.store.read() as connection:
        row = context.store.ledger.get_articles(connection, [article_id]).get(article_id)
        article = context.store.ledger.latest(connection, [article_id], Article).get(article_id)
        standing = context.store.wire_items.get_standings(connection, [article_id]).get(article_id)
    is_held = row is not None and row.embargoed is not None and row.embargoed > context.clock()
    title = (article.title if article else None) or (standing.title if standing else None)
    return ArticleReference(
        id=article_id,
        url=row.url if row else None,
        source=row.source if row else None,
        title=None if is_held else title,
    )


def _find_corrections(context: Context, since: dt.datetime) -> Iterator[Correction]:
    """Yield the corrections of three kinds: new versions of a page, revisions under another address, lost pages."""
    history = context.store.article_history
    with context.store.read() as connection:
        changed_ids = history.list_changed(connection, since)
    for article_id in changed_ids:
        *earlier, (at, latest) = _load_texts(context, [article_id])[article_id]
        if at >= since:
            yield from _compare_texts(context, [article for _, article in earlier], latest, at)
    with context.store.read() as connection:
        revisions = history.list_revisions(connection, since)
    for copy in revisions:
        older, newer = _in_order(copy)
        texts = _load_texts(context, [older, newer])
        if older in texts and newer in texts and _are_shown(context, [older, newer]):
            at = texts[copy.id][-1][0]
            if at >= since:
                yield from _compare_texts(context, [texts[older][-1][1]], texts[newer][-1][1], at)
    with context.store.read() as connection:
        gone_ids = history.list_gone(connection, since)
    for article_id in gone_ids:
        for at, latest in _load_texts(context, [article_id]).get(article_id, [])[-1:]:
            if copies := _load_copies(context, latest.id, {article_id}):
                yield _correction(latest, at, None, copies)


def _load_texts(context: Context, ids: Collection[str]) -> dict[str, list[tuple[dt.datetime, Article]]]:
    with context.store.read() as connection:
        return context.store.article_history.load_texts(connection, ids)


def _are_shown(context: Context, ids: Sequence[str]) -> bool:
    """Tell whether none of these articles is withdrawn, or held back by an embargo."""
    with context.store.read() as connection:
        rows = context.store.ledger.get_articles(connection, ids)
    return all(name in rows and rows[name].copy_group is not None for name in ids)


def _in_order(copy: Copy) -> tuple[str, str]:
    """Return a revision and what it is one of: first what was published first, where that is known, else arrived."""
    pair = (copy.copy_of or copy.id, copy.id)
    return pair if (copy.behind or 0) >= 0 else pair[::-1]


def _compare_texts(
    context: Context, earlier: Sequence[Article], latest: Article, at: dt.datetime
) -> Iterator[Correction]:
    """Yield what ``latest`` says otherwise than the texts before it, with the copies that still say that."""
    copies = _load_copies(context, latest.id, {latest.id, *(article.id for article in earlier)})
    if not copies:
        return
    if is_withdrawn(earlier[-1].text, latest.text):
        unchanged = [copy for copy in copies if not is_withdrawn(earlier[-1].text, copy.text)]
        yield _correction(latest, at, None, unchanged)
        return
    reported: set[str] = set()
    for article in earlier:
        for change in changed_sentences(article.text, latest.text):
            if change.old not in reported:
                reported.add(change.old)
                yield _correction(latest, at, change, [copy for copy in copies if has_old_wording(copy.text, change)])


def _load_copies(context: Context, article_id: str, excluded: Collection[str]) -> list[Article]:
    """Return the present texts of an article's copy group without those ``excluded``."""
    with context.store.read() as connection:
        row = context.store.ledger.find_article(connection, article_id)
        if row is None or row.copy_group is None:
            return []
        rows = context.store.copy_groups.list_members(connection, [row.copy_group]).get(row.copy_group, [])
        members = [member for member in rows if member.id not in excluded]
        articles = context.store.ledger.latest(connection, [member.id for member in members], Article)
    return [
        msgspec.structs.replace(articles[member.id], source=member.source)
        for member in members
        if member.id in articles
    ]


def _correction(
    latest: Article, at: dt.datetime, change: SentenceChange | None, copies: Sequence[Article]
) -> Correction:
    return Correction(
        article=_reference(latest),
        at=at,
        old=change.old if change else None,
        new=change.new if change else None,
        copies=tuple(_reference(copy) for copy in copies),
    )


def _reference(article: Article) -> ArticleReference:
    return ArticleReference(id=article.id, url=article.url, source=article.source, title=article.title)
