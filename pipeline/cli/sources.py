"""newswire feeds add, remove, check, import, export, health: whom we read, and how well."""

from __future__ import annotations

import datetime as dt
import sys
import tomllib
from collections import Counter
from pathlib import Path

import click
import msgspec

from pipeline.cli.feeds import feeds_command
from pipeline.cli.output import Failures, json_line_writer, print_note, print_table
from pipeline.errors import ItemError, UsageError
from pipeline.settings import FeedsFile, Source, load_settings, load_sources, writable_config_folder

__all__ = ["feeds_command"]


def _file() -> Path:
    return writable_config_folder() / "feeds.toml"


@feeds_command.command("add")
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
    """Add what is at each of URLS, a feed or a home page whose feeds are looked for, to config/feeds.toml."""
    from pipeline.feeds.discovery import discover_source
    from pipeline.feeds.feeds_toml import SourcesFile

    if name and len(urls) > 1:
        raise UsageError("--name names one source; add them one by one")
    settings, failures, file = load_settings(), Failures(), SourcesFile(_file())
    told = {"name": name, "country": country, "language": language, "time_zone": time_zone, "agency": agency or None}
    for url in urls:
        try:
            site = discover_source(url if "://" in url else f"https://{url}", settings, dt.datetime.now(dt.UTC))
        except ItemError as error:
            failures.add(url, str(error))
            continue
        source = msgspec.structs.replace(site.source, **{key: value for key, value in told.items() if value})
        for seen in site.rejected:
            print_note(f"  not taken: {seen.url}: {seen.fault}")
        if not site.taken:
            failures.add(url, "no feed, news sitemap or front page with articles was found")
            continue
        new = file.add(source)
        rows = [(s.role, s.url, s.format, s.entries, s.per_day, _minute(s.latest)) for s in site.taken if s.url in new]
        click.echo(f"{source.name}: {'' if rows else 'nothing new, all of it is in the file'}".rstrip(": "))
        if rows:
            print_table(("as", "address", "format", "entries", "a day", "latest"), rows)
    if not dry_run:
        file.save()
    failures.exit()


@feeds_command.command("remove")
@click.argument("names", nargs=-1, required=True, metavar="NAME_OR_ADDRESS...")
@click.option("--dry-run", is_flag=True, help="Show what would be removed.")
def remove_command(names: tuple[str, ...], dry_run: bool) -> None:
    """Remove sources (by name) or single feeds (by address) from config/feeds.toml; articles stay."""
    from pipeline.feeds.feeds_toml import SourcesFile

    file = SourcesFile(_file())
    for name in names:
        for address in file.remove(name):
            click.echo(address)
    if not dry_run:
        file.save()


@feeds_command.command("check")
@click.argument("names", nargs=-1, metavar="[SOURCE]...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def check_command(names: tuple[str, ...], as_json: bool) -> None:
    """Read every feed (of SOURCES) once, now, and say what is there; the ledger is not touched."""
    from pipeline.feeds.discovery import probe_addresses
    from pipeline.records import to_plain

    sources = load_sources()
    if unknown := set(names) - {source.name for source in sources}:
        raise UsageError(f"no source is called {min(unknown)!r}; config/feeds.toml names the sources")
    wanted = [source for source in sources if not names or source.name in names]
    addresses = [(url, role) for source in wanted for role, url in source.feed_urls()]
    seen = probe_addresses(addresses, load_settings(), dt.datetime.now(dt.UTC))
    failures = Failures()
    if as_json:
        with json_line_writer(None) as emit:
            for one in seen:
                emit({key: value for key, value in to_plain(one).items() if key != "ids"})
    else:
        rows = [(s.url, s.role, s.format, s.entries, s.per_day, _minute(s.latest)) for s in seen if not s.fault]
        print_table(("address", "as", "format", "entries", "a day", "latest"), rows)
    for one in seen:
        if one.fault:
            failures.add(one.url, one.fault)
    failures.exit()


@feeds_command.command("import")
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Show what would be added.")
def import_command(file: str, dry_run: bool) -> None:
    """Add the sources of an OPML file or of another feeds.toml ("-": stdin) to config/feeds.toml."""
    from pipeline.feeds.feeds_toml import SourcesFile
    from pipeline.feeds.opml import read_opml

    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}") from error
    failures, target = Failures(), SourcesFile(_file())
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        try:
            sources, bad = read_opml(data)
        except UsageError as error:
            raise UsageError(f"{file}: {error}") from error
        for one in bad:
            failures.add(file, one)
    else:
        sources = _toml(file, data)
    count = 0
    for source in sources:
        for address in target.add(source):
            click.echo(f"{source.name}\t{address}")
            count += 1
    print_note(f"{count} addresses {'would be' if dry_run else 'were'} added")
    if not dry_run:
        target.save()
    failures.exit()


def _toml(file: str, data: bytes) -> list[Source]:
    try:
        return list(msgspec.convert(tomllib.loads(data.decode()), FeedsFile).source)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{file}: neither OPML nor a feeds.toml: {error}") from error


@feeds_command.command("export")
@click.option("--format", "kind", type=click.Choice(["opml", "toml"]), default="opml", show_default=True)
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def export_command(kind: str, output: str | None) -> None:
    """Write the sources of config/feeds.toml as OPML, which feed readers take, or as TOML with all that is set."""
    from pipeline.feeds.feeds_toml import sources_to_toml
    from pipeline.feeds.opml import sources_to_opml

    sources = load_sources()
    data = sources_to_opml(sources) if kind == "opml" else sources_to_toml(sources).encode()
    if output is None or output == "-":
        click.echo(data, nl=False)
        return
    try:
        Path(output).write_bytes(data)
    except OSError as error:
        raise UsageError(f"{output}: can't be written: {error.strerror}") from error


@feeds_command.command("health")
@click.option("--all", "show_all", is_flag=True, help="Also feeds that are well.")
@click.option("--hours", type=click.FloatRange(min=1), default=24.0, show_default=True, help="How far back gaps count.")
@click.option("--source", "only", metavar="NAME", help="Only this source, its completeness hour by hour.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def health_command(show_all: bool, hours: float, only: str | None, as_json: bool) -> None:
    """Show which feeds are gone, failing, gapped, late, silent or moved, since when and why; the worst first."""
    from pipeline.feeds.health import Condition, assess_feeds, measure_completeness
    from pipeline.stages import open_context

    with open_context() as context:
        now = context.clock()
        since = now - dt.timedelta(hours=hours)
        context.store.feeds.sync_feeds(list(context.sources.values()), now)
        if only is not None and only not in context.sources:
            raise UsageError(f"no source is called {only!r}; config/feeds.toml names the sources")
        states = [state for state in context.store.feeds.list_states() if only in {None, state.source}]
        gaps = [gap for gap in context.store.gaps.list_gaps(since) if only in {None, gap.source}]
        arrivals = {k: n for k, n in context.store.gaps.count_arrivals(since).items() if only in {None, k[0]}}
    feeds = assess_feeds(states, gaps, now)
    sources = measure_completeness(arrivals, gaps, since, by_hour=only is not None)
    if as_json:
        with json_line_writer(None) as emit:
            for one in feeds:
                emit(one)
            for part in sources:
                emit({**msgspec.to_builtins(part), "share": round(part.share, 4)})
        return
    counts = Counter(one.condition for one in feeds)
    summary = ", ".join(f"{counts[condition]} {condition}" for condition in Condition if counts[condition])
    click.echo(f"{len(feeds)} feeds of {len({one.source for one in feeds})} sources: {summary or 'none'}")
    rows = [
        (one.condition, one.source, one.feed, _minute(one.since), _minute(one.due), one.why)
        for one in feeds
        if show_all or one.condition not in {Condition.WELL, Condition.NEW}
    ]
    if rows:
        click.echo()
        print_table(("is", "source", "feed", "since", "next", "why"), rows)
    parts = [part for part in sources if only or show_all or part.missed]
    if parts:
        click.echo()
        lines = [
            (p.source, f"{p.hour:%Y-%m-%d %H:00}" if p.hour else f"{hours:g} h", p.named, p.missed, f"{p.share:.1%}")
            for p in parts
        ]
        print_table(("source", "time", "articles", "missed, about", "complete"), lines)


def _minute(time: dt.datetime | None) -> str | None:
    return f"{time:%Y-%m-%d %H:%M}" if time else None
