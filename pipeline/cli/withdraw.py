"""Define newswire withdraw, by which an editor takes an article back without losing it."""

from __future__ import annotations

import click

from pipeline.cli.options import decision_options
from pipeline.cli.output import print_note
from pipeline.context import open_context
from pipeline.decisions import DecisionAuthor
from pipeline.editorial.lookup import find_article
from pipeline.editorial.withdrawals import dismiss_notice, withdraw_by_editor
from pipeline.errors import UsageError


@click.command("withdraw")
@click.argument("address_or_id", required=False)
@click.option("--notice", metavar="ID", help="The agency's notice that this carries out (newswire corrections).")
@click.option("--dismiss", metavar="ID", help="Set a notice aside that takes nothing back here.")
@decision_options
def withdraw_command(
    address_or_id: str | None, notice: str | None, dismiss: str | None, author: DecisionAuthor
) -> None:
    """Take an article out of the index, until newswire undo reinstates it; its text and its page are kept.

    \f
    Raises:
        UsageError: Neither an article nor a notice to dismiss was named, or both.
    """
    if (address_or_id is None) == (dismiss is None) or (dismiss and notice):
        raise UsageError("name an article by its address or id, or say --dismiss with a notice's id")
    with open_context() as context:
        if dismiss:
            dismiss_notice(context, dismiss)
            print_note(f"notice {dismiss}: set aside")
        elif address_or_id:
            row = find_article(context, address_or_id)
            decision = withdraw_by_editor(context, row, author, notice)
            undo = f"newswire undo {decision.n} reinstates it"
            print_note(f"{row.url or row.id}: withdrawn (decision {decision.n}); {undo}")
