"""Define newswire feeds add and remove, which edit config/feeds.toml."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click
import msgspec

from pipeline.cli.feeds.text import feeds_file, format_minute
from pipeline.cli.output import Failures, print_json, print_note, print_table
from pipeline.errors import ItemError, SettingsError, UsageError
from pipeline.records import to_plain
from pipeline.settings import Source, check_source, load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.feeds.discovery import ProbedAddress


@click.command("add")
@click.argument("urls", nargs=-1, required=True)
@click.option("--name", help="What the source is called; default: what it calls itself.")
@click.option("--country", help="Where its audience is, such as GB.")
@click.option("--language", help="Its language, such as en.")
@click.option("--time-zone", help="For times that come without a zone, such as Europe/London.")
@click.option("--agency", is_flag=True, help="It is a news agency, whose copy others print.")
@click.option("--dry-run", is_flag=True, help="Show what would be added.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def add_command(  # noqa: PLR0917  (click gives options as arguments)
    urls: tuple[str, ...],
    name: str | None,
    country: str | None,
    language: str | None,
    time_zone: str | None,
    agency: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add what is at each of URLS, a feed or a home page whose feeds are looked for, to config/feeds.toml.

    \f
    Raises:
        UsageError: One name was given for several addresses.
    """
    from pipeline.feeds.discovery import discover_source
    from pipeline.feeds.feeds_toml import SourcesFile

    if name and len(urls) > 1:
        raise UsageError("--name names one source; add them one by one")
    settings, failures, file = load_settings(), Failures(), SourcesFile(feeds_file())
    options = {"name": name, "country": country, "language": language, "time_zone": time_zone, "agency": agency or None}
    for url in urls:
        address = url if "://" in url else f"https://{url}"
        try:
            check_source("nothing was asked", Source(name=url, home=address))
            site = discover_source(address, settings, dt.datetime.now(dt.UTC))
        except (ItemError, SettingsError) as error:
            failures.add(url, str(error))
            continue
        source = msgspec.structs.replace(site.source, **{key: value for key, value in options.items() if value})
        for probe in site.rejected:
            print_note(f"  not taken: {probe.url}: {probe.fault}")
        if not site.taken:
            failures.add(url, "no feed, news sitemap or front page with articles was found")
            continue
        added = set(file.add(source))
        _print_added(source.name, [probe for probe in site.taken if probe.url in added], as_json=as_json)
    if not dry_run:
        file.save()
    failures.exit()


def _print_added(name: str, probes: Sequence[ProbedAddress], *, as_json: bool) -> None:
    """Print which feeds a source gets."""
    if as_json:
        for probe in probes:
            print_json({"source": name, **{key: value for key, value in to_plain(probe).items() if key != "ids"}})
        return
    click.echo(f"{name}: {'' if probes else 'nothing new, all of it is in the file'}".rstrip(": "))
    if probes:
        rows = [(p.role, p.url, p.format, p.entries, p.per_day, format_minute(p.latest)) for p in probes]
        print_table(("as", "address", "format", "entries", "a day", "latest"), rows)


@click.command("remove")
@click.argument("names", nargs=-1, required=True, metavar="NAME_OR_ADDRESS...")
@click.option("--dry-run", is_flag=True, help="Show what would be removed.")
def remove_command(names: tuple[str, ...], dry_run: bool) -> None:
    """Remove sources (by name) or single feeds (by address) from config/feeds.toml; articles stay."""
    from pipeline.feeds.feeds_toml import SourcesFile

    file = SourcesFile(feeds_file())
    for name in names:
        for address in file.remove(name):
            click.echo(address)
    if not dry_run:
        file.save()
