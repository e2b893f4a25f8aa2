"""Define newswire feeds import and export: the sources as OPML or TOML."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import click
import msgspec

from pipeline.cli.feeds.text import feeds_file
from pipeline.cli.output import Failures, print_note
from pipeline.errors import SettingsError, UsageError
from pipeline.settings import FeedsFile, Source, check_source, load_sources


@click.command("import")
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Show what would be added.")
def import_command(file: str, dry_run: bool) -> None:
    """Add the sources of an OPML file or of another feeds.toml ("-": stdin) to config/feeds.toml.

    \f
    Raises:
        UsageError: The file can't be read, or is neither.
    """
    from pipeline.feeds.feeds_toml import SourcesFile
    from pipeline.feeds.opml import read_opml

    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: can't be read: {error.strerror}") from error
    failures, target = Failures(), SourcesFile(feeds_file())
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        try:
            sources, faults = read_opml(data)
        except UsageError as error:
            raise UsageError(f"{file}: {error}") from error
        for fault in faults:
            failures.add(file, fault)
    else:
        sources = _parse_toml(file, data)
    count = 0
    for source in sources:
        try:
            check_source(f"source {source.name!r}", source)
        except SettingsError as error:
            failures.add(file, str(error))
            continue
        for address in target.add(source):
            click.echo(f"{source.name}\t{address}")
            count += 1
    print_note(f"{count} addresses {'would be' if dry_run else 'were'} added")
    if not dry_run:
        target.save()
    failures.exit()


def _parse_toml(file: str, data: bytes) -> list[Source]:
    """Return the sources of a feeds.toml.

    Raises:
        UsageError: It is none.
    """
    try:
        return list(msgspec.convert(tomllib.loads(data.decode()), FeedsFile).source)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{file}: neither OPML nor a feeds.toml: {error}") from error


@click.command("export")
@click.option("--format", "kind", type=click.Choice(["opml", "toml"]), default="opml", show_default=True)
@click.option("-o", "output", metavar="FILE", help="Write to FILE instead of stdout.")
def export_command(kind: str, output: str | None) -> None:
    """Write the sources of config/feeds.toml as OPML, which feed readers take, or as TOML with all that is set.

    \f
    Raises:
        UsageError: The file can't be written.
    """
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
