"""Define newswire check: settings, connections and models, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from pipeline.cli.init import format_init_command, working_folder_of
from pipeline.cli.output import print_json
from pipeline.errors import IndexVersionError, NewswireError
from pipeline.settings import (
    SETTINGS_FILES,
    FetchSettings,
    config_folder,
    find_unread_settings,
    is_installed_config,
    load_environment,
    load_settings,
    load_sources,
)

if TYPE_CHECKING:
    from pipeline.index import Generation


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def check_command(as_json: bool) -> None:
    """Check settings, connections and models: what is found, what is wrong.

    \f
    Raises:
        Exit: Something is wrong.
    """
    checks: list[tuple[str, Callable[[], str]]] = [
        ("settings", _settings),
        ("sources", _sources),
        ("ledger", _ledger),
        ("archive", _archive),
        ("index", _index),
        ("names", _names),
        ("workers", _workers),
        ("alerts", _alerts),
    ]
    failed = False
    for name, look in checks:
        try:
            ok, detail = True, look()
        except NewswireError as error:
            ok, detail, failed = False, str(error), True
        if as_json:
            print_json({"check": name, "ok": ok, "detail": detail})
        else:
            click.echo(f"{'ok' if ok else 'FAIL':5} {name:9} {detail}")
    if failed:
        raise click.exceptions.Exit(1)


def _settings() -> str:
    load_settings()
    folder = config_folder()
    if unread := find_unread_settings():
        return f"the defaults; {unread}"
    if is_installed_config(folder):
        return "the defaults; newswire init makes a folder of your own"
    lacking = [name for name in SETTINGS_FILES if not (folder / name).exists()]
    if not lacking:
        return str(folder / "newswire.toml")
    working_folder = working_folder_of(folder)
    advice = f" ({format_init_command(working_folder, missing=True)} adds them)" if working_folder else ""
    read = folder / "newswire.toml" if "newswire.toml" not in lacking else "the defaults"
    return f"{read}; not in {folder}: {', '.join(lacking)}{advice}"


def _sources() -> str:
    from pipeline.fetch import SourceTerms

    sources = load_sources()
    SourceTerms(sources)  # credentials that are named must be there
    reached = load_settings().fetch.contact != FetchSettings().contact
    return f"{len(sources)} in {config_folder()}" + (
        "" if reached else "; publishers can't reach you: set fetch.contact"
    )


def _ledger() -> str:
    from pipeline.store import Store

    store = Store(load_environment().store_url)
    with store.write():
        where = store.address
    store.close()
    return where


def _archive() -> str:
    from pipeline.archive import Archive

    archive = Archive(load_environment().archive_url)
    name = archive.put(b"newswire check")
    archive.get(name)
    archive.delete(name)
    return archive.url


def _index() -> str:
    from pipeline.index import open_index

    addresses = load_environment()
    index = open_index(
        addresses.index_url,
        load_settings().index,
        api_key=addresses.index_api_key,
        ca_file=addresses.index_ca_file,
    )
    try:
        index.prepare()
        count = f"{index.count()} documents"
    except IndexVersionError as error:
        count = f"{error} beside it, newswire reindex at once"
    others = [one for one in index.list_generations() if not one.is_current]
    index.close()
    return f"{count}{_describe_others(others)}"


def _describe_others(others: Sequence[Generation]) -> str:
    """Return which generations of the index there are beside the one that is searched."""
    if not others:
        return ""
    numbers = ", ".join(str(one.number) for one in others)
    return (
        f"; generation {numbers} beside them: newswire status tells whether it is built, reindex --drop-old removes it"
    )


def _names() -> str:
    from pipeline.enrich import load_recognisers

    load_recognisers(load_settings().entities, config_folder())
    entities = load_settings().entities
    return ", ".join(f"{language}: {name}" for language, name in {"en": entities.model, **entities.models}.items())


def _workers() -> str:
    from pipeline.worker_count import choose_worker_counts, inspect_machine

    settings, machine = load_settings(), inspect_machine()
    counts = choose_worker_counts(settings, machine)
    memory = "memory unknown" if machine.memory is None else f"{machine.memory / 1024**3:.1f} GiB"
    return (
        f"{counts.extract} read pages, {counts.enrich} find names "
        f"(run.workers = {settings.run.workers}; cores: {machine.cores}, {memory})"
    )


def _alerts() -> str:
    from pipeline.context import utc_now
    from pipeline.notifiers import open_notifiers

    settings = load_settings()
    names = open_notifiers(settings.alerts, settings.fetch, utc_now)
    return f"told to {', '.join(names)}; newswire alerts test tries them" if names else "told to nobody"
