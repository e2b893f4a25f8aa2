"""Define newswire searches: what readers want to be told of, and whom a match is told to."""

from __future__ import annotations

from typing import Any

import click

from pipeline.cli.options import parse_filters
from pipeline.cli.output import Failures, plain_text, print_json, print_note, print_table
from pipeline.context import Context, open_context
from pipeline.search_records import DigestRhythm, MatchScope, SavedSearchState, SearchRequest

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("searches")
def searches_command() -> None:
    """Save searches that tell what is new: in feeds, by webhook, by e-mail."""


@searches_command.command("add")
@click.argument("name")
@click.argument("query", default="")
@click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="Only articles that have it.")
@click.option("--exclude", "excluded", multiple=True, metavar="FIELD=VALUE", help="No articles that have it.")
@click.option("--any", "any_word", is_flag=True, help="Any of the words is enough.")
@click.option(
    "--each",
    type=click.Choice([scope.value for scope in MatchScope]),
    default=MatchScope.ARTICLE.value,
    show_default=True,
    help="Tell each article, each original without its copies, or the first article of each story.",
)
@click.option("--webhook", metavar="URL", help="Post each match to this address, signed.")
@click.option("--mail", multiple=True, metavar="ADDRESS", help="Mail the matches; may be repeated.")
@click.option(
    "--digest",
    type=click.Choice([rhythm.value for rhythm in DigestRhythm]),
    default=DigestRhythm.NOW.value,
    show_default=True,
    help="When matches are mailed.",
)
@_json
def add_command(  # noqa: PLR0917  (click gives options as arguments)
    name: str,
    query: str,
    filters: tuple[str, ...],
    excluded: tuple[str, ...],
    any_word: bool,
    each: str,
    webhook: str | None,
    mail: tuple[str, ...],
    digest: str,
    as_json: bool,
) -> None:
    """Save the search QUERY as NAME. What matches already stands in its feeds, and is told to nobody."""
    from pipeline.saved_searches import add_search

    request = SearchRequest(
        name=name,
        q=query,
        filters=parse_filters(filters),
        exclude=parse_filters(excluded, "exclude"),
        match="any" if any_word else "all",
        each=MatchScope(each),
        webhook=webhook,
        mail=mail,
        digest=DigestRhythm(digest),
    )
    with open_context() as context:
        context.index.prepare()  # it may be saved before the first run
        state = add_search(context, request)
        _print_search(context, state, as_json=as_json)


@searches_command.command("list")
@_json
def list_command(as_json: bool) -> None:
    """List the saved searches."""
    with open_context() as context:
        with context.store.read() as connection:
            states = context.store.saved_searches.list_states(connection)
        plain = [_plain_search(context, state) for state in states]
    if as_json:
        print_json(plain)
        return
    rows = [
        (p["name"], p["q"], p["each"], p["matches"], _receivers(state), "rests" if p["paused"] else p["fault"] or "")
        for p, state in zip(plain, states, strict=True)
    ]
    print_table(("name", "query", "each", "matches", "told by", "state"), rows)


@searches_command.command("show")
@click.argument("name")
@_json
def show_command(name: str, as_json: bool) -> None:
    """Show a saved search by its NAME or id: its feeds, whom it tells, and the key that signs its webhook."""
    from pipeline.saved_searches import find_search

    with open_context() as context:
        _print_search(context, find_search(context, name), as_json=as_json)


@searches_command.command("pause")
@click.argument("name")
def pause_command(name: str) -> None:
    """Let a saved search rest, by its NAME or id: what comes meanwhile is never told."""
    from pipeline.saved_searches import pause_search

    with open_context() as context:
        state = pause_search(context, name, paused=True)
    click.echo(f"rests: {plain_text(state.search.name)}")


@searches_command.command("resume")
@click.argument("name")
def resume_command(name: str) -> None:
    """Let a saved search go on, by its NAME or id: it tells what comes from now on."""
    from pipeline.saved_searches import pause_search

    with open_context() as context:
        state = pause_search(context, name, paused=False)
    click.echo(f"goes on: {plain_text(state.search.name)}")


@searches_command.command("remove")
@click.argument("name")
def remove_command(name: str) -> None:
    """Remove a saved search by its NAME or id, its feeds, and what waits for its receivers."""
    from pipeline.saved_searches import remove_search

    with open_context() as context:
        search = remove_search(context, name)
    click.echo(f"removed: {plain_text(search.name)}")


@searches_command.command("test")
@click.argument("name")
def test_command(name: str) -> None:
    """Count what a saved search matches now, and send a test message to each of its receivers.

    \f
    Raises:
        Exit: A receiver can't be reached.
    """
    from pipeline.alerts.messages import site_address
    from pipeline.notifiers import NotifierError
    from pipeline.saved_searches import find_search
    from pipeline.saved_searches.messages import compose_test
    from pipeline.saved_searches.receivers import open_receivers
    from pipeline.saved_searches.rules import to_query

    failures = Failures()
    with open_context() as context:
        search = find_search(context, name).search
        results = context.index.search(to_query(search, size=0))
        click.echo(f"{results.articles} articles match now")
        receivers = open_receivers([search], context.settings, context.clock)
        for fault in receivers.faults.values():
            failures.add(search.name, fault)
        message = compose_test(search, context.clock(), site_address(context.settings.serve))
        for receiver, notifier in receivers.notifiers.items():
            kind = receiver.rpartition(":")[2]
            try:
                notifier.send(message)
            except NotifierError as error:
                failures.add(kind, str(error))
            else:
                click.echo(f"{kind}: sent")
    failures.exit()


def _print_search(context: Context, state: SavedSearchState, *, as_json: bool) -> None:
    from pipeline.errors import SettingsError
    from pipeline.saved_searches.receivers import signing_key

    plain, search = _plain_search(context, state), state.search
    if search.webhook:
        try:
            plain["webhook_key"] = signing_key(search)
        except SettingsError as error:
            print_note(f"newswire: {error}")
    if as_json:
        print_json(plain)
        return
    for label, value in plain.items():
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        if text not in {None, ""}:
            click.echo(f"{label.replace('_', ' ')}: {plain_text(str(text))}")


def _plain_search(context: Context, state: SavedSearchState) -> dict[str, Any]:
    """Return a saved search as plain values, for who may also see whom it tells."""
    from pipeline.alerts.messages import site_address
    from pipeline.saved_searches.messages import feed_address

    search, site = state.search, site_address(context.settings.serve)
    with context.store.read() as connection:
        matches = context.store.saved_searches.count_matches(connection, search.id)
    return {
        "id": search.id,
        "name": search.name,
        "q": search.text,
        "filters": [f"{field}={value}" for field, values in search.filters.items() for value in values],
        "exclude": [f"{field}={value}" for field, values in search.exclude.items() for value in values],
        "match": search.match,
        "each": search.scope.value,
        "paused": search.paused,
        "created": search.created,
        "matches": matches,
        "webhook": search.webhook,
        "mail": search.mail,
        "digest": search.digest.value if search.mail else None,
        "next_digest": state.due,
        "fault": state.fault,
        "atom": feed_address(search, site, "atom"),
        "json_feed": feed_address(search, site, "json"),
    }


def _receivers(state: SavedSearchState) -> str:
    search = state.search
    webhook = ["webhook"] if search.webhook else []
    mail = [f"mail ({len(search.mail)}, {search.digest})"] if search.mail else []
    return ", ".join([*webhook, *mail]) or "feeds alone"
