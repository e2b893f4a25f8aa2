"""Define newswire check: settings, connections and models, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable

import click

from pipeline.cli.init import format_init_command, working_folder_of
from pipeline.errors import NewswireError
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


@click.command("check")
def check_command() -> None:
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
    ]
    failed = False
    for name, look in checks:
        try:
            click.echo(f"ok    {name:9} {look()}")
        except NewswireError as error:
            failed = True
            click.echo(f"FAIL  {name:9} {error}")
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
    SourceTerms({source.name: source for source in sources})  # credentials that are named must be there
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
    index.prepare()
    count = index.count()
    index.close()
    return f"{count} documents"


def _names() -> str:
    from pipeline.enrich import load_recognisers

    load_recognisers(load_settings().entities, config_folder())
    entities = load_settings().entities
    return ", ".join(f"{language}: {name}" for language, name in {"en": entities.model, **entities.models}.items())
