"""Define newswire takedown, which removes an article for good: it asks first, for nothing brings the article back."""

from __future__ import annotations

import sys

import click

from pipeline.cli.output import plain_text, print_json, print_note
from pipeline.context import Context, open_context
from pipeline.editorial.lookup import find_article
from pipeline.editorial.takedown import take_down
from pipeline.errors import UsageError
from pipeline.records import Article
from pipeline.store import REMOVED, ArticleRow
from pipeline.telemetry.sending import send_rest

_SENDING_SECONDS = 10.0  # for operations; what is left the next run sends


@click.command("takedown")
@click.argument("address_or_id")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; needs --yes or --dry-run.")
def takedown_command(address_or_id: str, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Remove an article from index, ledger and archive for good; it doesn't come back. Asks first.

    \f
    Raises:
        UsageError: It can't ask, as nobody sits at a terminal, and neither --yes nor --dry-run was said.
    """
    can_ask = sys.stdin.isatty() and not as_json
    if not (yes or dry_run or can_ask):
        raise UsageError("takedown removes an article for good: say --yes, or --dry-run to see what it would remove")
    with open_context() as context:
        row = find_article(context, address_or_id)
        title = _title_of(context, row)
        if not as_json:
            print_note(f"{row.id}  {row.url or 'without an address'}")
            print_note(f"  {plain_text(title or 'without a title')}, source {plain_text(row.source)}, {row.state}")
        removes = not dry_run and (yes or click.confirm("Remove it for good?", err=True))
        if removes:
            take_down(context, row)
            send_rest(context, _SENDING_SECONDS, print_note)  # the address goes from what was sent before
    if as_json:
        removed = removes and row.state != REMOVED  # it may have been taken down before
        print_json({"id": row.id, "url": row.url, "source": row.source, "title": title, "removed": removed})
    else:
        print_note("taken down" if removes else "nothing was removed")


def _title_of(context: Context, row: ArticleRow) -> str | None:
    with context.store.read() as connection:
        article = context.store.ledger.latest(connection, [row.id], Article).get(row.id)
    return article.title if article else None
