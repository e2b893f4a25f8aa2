"""Define newswire feeds add and remove, which edit config/feeds.toml."""

from __future__ import annotations

import datetime as dt

import click
import msgspec

from pipeline.cli.feeds.text import feeds_file, format_minute
from pipeline.cli.output import Failures, print_note, print_table
from pipeline.errors import ItemError, UsageError
from pipeline.settings import load_settings


@click.command("add")
@click.argument("urls", nargs=-1, required=True)
@click.option("--name", help="What the source is called; default: what it calls itself.")
@click.option("--country", help="Where its audience is, such as GB.")
@click.option("--language", help="Its language, such as en.")
@click.option("--time-zone", help="For times that come without a zone, such as Europe/London.")
@click.option("--agency", is_flag=True, help="It is a news agency, whose copy others print.")
@click.option("--dry-run", is_flag=True, help="Show what would be added.")
def add_command(
    urls: tuple[str, ...],
    name: str | None,
    country: str | None,
    language: str | None,
    time_zone: str | None,
    agency: bool,
    dry_run: bool,
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
        try:
            site = discover_source(url if "://" in url else f"https://{url}", settings, dt.datetime.now(dt.UTC))
        except ItemError as error:
            failures.add(url, str(error))
            continue
        source = msgspec.structs.replace(site.source, **{key: value for key, value in options.items() if value})
        for probe in site.rejected:
            print_note(f"  not taken: {probe.url}: {probe.fault}")
        if not site.taken:
            failures.add(url, "no feed, news sitemap or front page with articles was found")
            continue
        added = set(file.add(source))
        rows = [
            (probe.role, probe.url, probe.format, probe.entries, probe.per_day, format_minute(probe.latest))
            for probe in site.taken
            if probe.url in added
        ]
        click.echo(f"{source.name}: {'' if rows else 'nothing new, all of it is in the file'}".rstrip(": "))
        if rows:
            print_table(("as", "address", "format", "entries", "a day", "latest"), rows)
    if not dry_run:
        file.save()
    failures.exit()


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
