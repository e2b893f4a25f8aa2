"""Define newswire kibana, which makes, checks, loads and draws what Kibana shows of newswire."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.output import open_output, print_note
from pipeline.errors import SettingsError, UsageError
from pipeline.settings import load_environment, load_settings

if TYPE_CHECKING:
    from pipeline.kibana.catalog import Catalog

_output = click.option("-o", "--output", metavar="FILE", help="Write to FILE in place of stdout.")


@click.group("kibana")
def kibana_command() -> None:
    """Make, check, load and draw Kibana's data views, saved searches and dashboards."""


def _catalog() -> Catalog:
    """Return all objects, for the index and the pages that the settings name."""
    from pipeline.alerts.messages import site_address
    from pipeline.kibana.catalog import CatalogNames, build_catalog

    settings, addresses = load_settings(), load_environment()
    pages_url = (addresses.serve_url or site_address(settings.serve)).rstrip("/")
    return build_catalog(
        CatalogNames(articles=settings.index.alias, operations=settings.operations.prefix, pages_url=pages_url)
    )


@kibana_command.command("print")
@_output
def print_command(output: str | None) -> None:
    """Print all saved objects, a line each, as Kibana's import reads them."""
    from pipeline.kibana.saved_object import write_lines

    with open_output(output) as file:
        file.write(write_lines(_catalog().objects).encode())


@kibana_command.command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check_command(file: Path | None) -> None:
    """Hold saved objects to Kibana's own rules: ours, or those in FILE.

    \f
    Raises:
        UsageError: The file can't be read.
        Exit: An object would be refused, or could not be drawn.
    """
    from pipeline.kibana.rules import find_faults
    from pipeline.kibana.saved_object import write_lines

    catalog = _catalog()
    try:
        text = file.read_text(encoding="utf-8") if file else write_lines(catalog.objects)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{file}: can't be read: {error}") from error
    faults = find_faults(text, {view.id: view.types for view in catalog.views})
    for fault in faults:
        click.echo(str(fault))
    if faults:
        raise click.exceptions.Exit(1)
    print_note(f"{len(text.splitlines())} objects, no fault")


@kibana_command.command("load")
@click.option("--wait", type=click.FloatRange(min=0), default=300.0, show_default=True, help="Seconds for Kibana.")
@click.option("--space", help="Which of Kibana's spaces, in place of the default one.")
@click.option("--replace", is_flag=True, help="Replace also what people have changed under our ids.")
def load_command(wait: float, space: str | None, replace: bool) -> None:
    """Bring all saved objects to the Kibana that NEWSWIRE_KIBANA_URL names; what people made of copies stays.

    \f
    Raises:
        SettingsError: No Kibana is named.
    """
    from pipeline.kibana.loader import KibanaAddress, load_objects

    addresses = load_environment()
    if not addresses.kibana_url:
        raise SettingsError("NEWSWIRE_KIBANA_URL is not set: name the Kibana, such as http://localhost:5601")
    address = KibanaAddress(
        url=addresses.kibana_url,
        user=addresses.kibana_user,
        password=addresses.kibana_password,
        ca_file=addresses.kibana_ca_file,
        space=space,
    )
    result = load_objects(address, _catalog().objects, wait_seconds=wait, replace=replace, tell=print_note)
    for kind, name in result.kept:
        print_note(f"{kind} {name} was changed under our id and stays; load --replace brings ours")
    version = f"Kibana {result.version}" if result.version else "Kibana"
    click.echo(f"{result.written} objects are in {version} at {address.root}")


@kibana_command.command("preview")
@_output
@click.option(
    "--days", type=click.FloatRange(min=0, min_open=True), default=7.0, show_default=True, help="Days to show."
)
@click.option("--until", type=click.DateTime(), help="The end of the time shown, in UTC; now by default.")
@click.option("--dashboard", help="Only the dashboard of this id.")
def preview_command(output: str | None, days: float, until: dt.datetime | None, dashboard: str | None) -> None:
    """Draw every panel on a page of our own, from the index in Elasticsearch, without a Kibana.

    \f
    Raises:
        UsageError: There is no such dashboard, or the index is none in Elasticsearch.
        SearchIndexError: Elasticsearch doesn't answer, or refuses.
    """
    from pipeline.context import utc_now
    from pipeline.kibana.asking import PanelSource
    from pipeline.kibana.panel_answers import Panels
    from pipeline.kibana.preview import write_board, write_page
    from pipeline.kibana.saved_object import write_lines
    from pipeline.kibana.time_steps import TimeRange

    end = until.replace(tzinfo=dt.UTC) if until else utc_now()
    time = TimeRange(end - dt.timedelta(days=days), end)
    source = PanelSource(load_environment(), load_settings().index)
    try:
        panels = Panels(write_lines(_catalog().objects), source.types_of, source.ask)
        if dashboard is None:
            note = "Drawn by newswire from the searches that Kibana would make; no picture of Kibana itself."
            page = write_page(panels, lambda _: time, note=note)
        elif ("dashboard", dashboard) in panels.objects:
            page = write_board(panels, panels.objects[("dashboard", dashboard)], time)
        else:
            names = ", ".join(line["id"] for line in panels.of_kind("dashboard"))
            raise UsageError(f"there is no dashboard {dashboard!r}: {names}")
    finally:
        source.close()
    with open_output(output) as file:
        file.write(page.encode())
