"""Take in the articles that a publisher's own system submits, whole or by their address.

What was submitted before changes nothing, so that a system may send it again.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

from pipeline.article_diff import compare_versions
from pipeline.clean_records import clean_record
from pipeline.context import Context
from pipeline.errors import ItemError
from pipeline.jsonlines import article_from_line
from pipeline.records import HANDED_IN, Article, Entry, Outcome, Reason, Stage
from pipeline.settings import Settings
from pipeline.store import REMOVED, WITHDRAWN, ArticleRow, NewArticle, is_held
from pipeline.text import without_control_characters
from pipeline.urls import article_id, check_address, content_id, without_credentials

SubmissionStatus = Literal["accepted", "known", "changed"]
_DECIDED_HERE = frozenset({"published_local", "published_precision", "from_feed", "cut"})
SUBMITTED_FIELDS = (
    frozenset(Article.__struct_fields__) | {"url", "published", "modified", "embargoed"}
) - _DECIDED_HERE
_LONGEST_NAME = 200
_LARGEST_ID = 10**100  # Python writes no number of some thousand digits
_DETAIL = "handed in"


class Submission(NamedTuple):
    """What became of one article: its id, and whether it is new, known as it is, or a new version."""

    id: str
    status: SubmissionStatus


def submit_article(context: Context, connection: sa.Connection, sent: object) -> Submission:
    """Take in one article: with ``text`` as it is, else its ``url`` to be fetched.

    What was sent before changes nothing; another text, headline or by-line of a known article is its next version.

    Raises:
        ItemError: BAD_RECORD, BAD_ADDRESS, NO_TEXT, NO_INDEX, TOO_LARGE, TAKEN_DOWN, WITHDRAWN; BUSY where it can
            be sent again in a minute, because the article is being worked on.
    """
    if not isinstance(sent, dict):
        raise _bad("an article is a JSON object")
    unknown = sorted(set(sent) - SUBMITTED_FIELDS)
    if unknown:
        near = difflib.get_close_matches(unknown[0], SUBMITTED_FIELDS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise _bad(f"unknown field {unknown[0][:50]!r}{hint}")
    source = sent.get("source") or HANDED_IN
    if not isinstance(source, str) or len(source) > _LONGEST_NAME or without_control_characters(source) != source:
        raise _bad("source is no name of a source")
    if sent.get("text") is None and sent.get("url") is not None:
        return _submit_address(context, connection, sent, source)
    return _submit_text(context, connection, sent, source)


def _submit_address(context: Context, connection: sa.Connection, sent: Mapping[str, Any], source: str) -> Submission:
    """Take in an article that is to be fetched.

    Raises:
        ItemError: BAD_RECORD, BAD_ADDRESS, TAKEN_DOWN, WITHDRAWN.
    """
    url, title = sent["url"], sent.get("title")
    if not isinstance(url, str) or not (title is None or isinstance(title, str)):
        raise _bad("url and title are strings")
    new_id, url = _address_id(url), without_credentials(url.strip())
    ledger, now = context.store.ledger, context.clock()
    if row := _unless_removed(_find_row(context, connection, new_id, url)):
        return Submission(row.id, "known")
    entry = clean_record(Entry(id=new_id, url=url, source=source, first_seen=now, title=title))
    ledger.insert_articles(connection, [NewArticle.from_entry(entry)], now, _DETAIL)
    return Submission(new_id, "accepted")


def _submit_text(context: Context, connection: sa.Connection, sent: Mapping[str, Any], source: str) -> Submission:
    ledger, now = context.store.ledger, context.clock()
    article = article_from_line({**sent, "source": source, "id": _own_id(sent, source)}, now, context.zone_of(source))
    _check(article, context.settings)
    stored, same = find_submitted(context, connection, article)
    row = _unless_removed(stored)
    if row is None:
        new_article = NewArticle(
            id=article.id,
            source=source,
            first_seen=now,
            url=article.url,
            records=(article,),
            stage=Stage.DEDUPE,
        )
        ledger.insert_articles(connection, [new_article], now, _DETAIL)
        return Submission(article.id, "accepted")
    if same:
        return Submission(row.id, "known")
    submit_new_version(context, connection, row, article)
    return Submission(row.id, "changed")


def find_submitted(context: Context, connection: sa.Connection, article: Article) -> tuple[ArticleRow | None, bool]:
    """Return the article as the ledger knows it (None where it doesn't), and whether it says the same there."""
    row = _find_row(context, connection, article.id, article.url)
    present = context.store.ledger.latest(connection, [row.id], Article).get(row.id) if row else None
    if present is None or compare_versions(present, article) is not None:
        return row, False
    now = context.clock()  # an embargo that is over changes nothing
    return row, (is_held(present, now), is_held(article, now)) == (False, False) or (
        present.embargoed == article.embargoed
    )


def submit_new_version(context: Context, connection: sa.Connection, row: ArticleRow, article: Article) -> None:
    """Make what ``article`` says the next version of a known one.

    Raises:
        ItemError: BUSY (retry) while the known article is being worked on.
    """
    if row.leased:
        raise ItemError(Outcome.RETRY, Reason.BUSY, f"article {row.id} is being worked on; send it again in a minute")
    article = msgspec.structs.replace(article, id=row.id)
    context.store.ledger.start_version(connection, row, Stage.DEDUPE, context.clock(), article)
    # whoever hands it in says what the article is: its page is not asked any more
    visits = context.store.visits.load_visits(connection, [row.id]).values()
    context.store.visits.save_visits(connection, [msgspec.structs.replace(visit, due=None) for visit in visits])


def _check(article: Article, settings: Settings) -> None:
    """Refuse what may not be taken in.

    Raises:
        ItemError: NO_INDEX, TOO_LARGE, BAD_RECORD.
    """
    if forbidden := set(article.rights) & set(settings.rights.not_indexed):
        raise ItemError(Outcome.DROPPED, Reason.NO_INDEX, f"its rights say {min(forbidden)}")
    if len(article.text.encode()) > settings.extract.max_bytes:
        raise ItemError(Outcome.DROPPED, Reason.TOO_LARGE, f"more than {settings.extract.max_bytes:,} bytes")
    for name, address in (("canonical_url", article.canonical_url), ("image", article.image)):
        if address is not None and not _is_address(address):
            raise _bad(f"{name} is not an http or https address")


def _find_row(context: Context, connection: sa.Connection, own_id: str, url: str | None) -> ArticleRow | None:
    """Return the article as the ledger knows it, by its address before its own id."""
    ledger = context.store.ledger
    ids = {own_id, *ledger.find_ids_by_url(connection, [url]).values()}
    rows = ledger.get_articles(connection, ids)
    return next((rows[i] for i in sorted(ids, key=lambda i: i == own_id) if i in rows), None)


def _unless_removed(row: ArticleRow | None) -> ArticleRow | None:
    """Return the article.

    Raises:
        ItemError: TAKEN_DOWN or WITHDRAWN (dropped) where it must not come back.
    """
    if row is not None and row.state == REMOVED:
        raise ItemError(Outcome.DROPPED, Reason.TAKEN_DOWN, f"article {row.id} was taken down")
    if row is not None and row.state == WITHDRAWN:
        detail = f"article {row.id} was withdrawn; newswire decisions says by whom, newswire undo reinstates it"
        raise ItemError(Outcome.DROPPED, Reason.WITHDRAWN, detail)
    return row


def _own_id(sent: Mapping[str, Any], source: str) -> str | None:
    """Return the id of an article: of its address, else of its publisher's own id for it, else (None) of its text.

    Raises:
        ItemError: BAD_RECORD, BAD_ADDRESS.
    """
    if (url := sent.get("url")) is not None:
        if not isinstance(url, str):
            raise _bad("url is a string")
        return _address_id(url)
    publisher_id = sent.get("id")
    if publisher_id is None:
        return None
    if not isinstance(publisher_id, str | int) or isinstance(publisher_id, bool):
        raise _bad("id is a string or a number")
    name = str(publisher_id) if isinstance(publisher_id, str) or abs(publisher_id) < _LARGEST_ID else ""
    if not name or len(name) > _LONGEST_NAME * 10:
        raise _bad("id is too long")
    return content_id(f"{source}\n{name}".encode())


def with_checked_addresses(article: Article) -> Article:
    """Return the article of a file; links of it that are no addresses are left out.

    Raises:
        ItemError: BAD_ADDRESS (dropped), its own address is none.
    """
    links = {"canonical_url": article.canonical_url, "image": article.image}
    unusable = {name: None for name, address in links.items() if address and not _is_address(address)}
    return msgspec.structs.replace(article, url=checked_address(article.url), **unusable)


def checked_address(url: str | None) -> str | None:
    """Return an article's address as it is kept, None where it has none.

    Raises:
        ItemError: BAD_ADDRESS (dropped).
    """
    try:
        return without_credentials(check_address(url)) if url and url.strip() else None
    except ValueError as error:
        raise ItemError(Outcome.DROPPED, Reason.BAD_ADDRESS, str(error)) from error


def _is_address(url: str) -> bool:
    try:
        check_address(url)
    except ValueError:
        return False
    return True


def _address_id(url: str) -> str:
    """Return the id of the article at ``url``.

    Raises:
        ItemError: BAD_ADDRESS (dropped).
    """
    try:
        return article_id(check_address(url))
    except ValueError as error:
        raise ItemError(Outcome.DROPPED, Reason.BAD_ADDRESS, str(error)) from error


def _bad(detail: str) -> ItemError:
    return ItemError(Outcome.QUARANTINED, Reason.BAD_RECORD, detail)
