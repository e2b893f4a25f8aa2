"""Define newswire backup and newswire restore: ledger and archive to another place, and back into an empty system."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from pipeline.backup import (
    BackupPlace,
    MadeBackup,
    Manifest,
    RestoredBackup,
    check_backup,
    list_backups,
    restore_backup,
)
from pipeline.cli.output import Failures, print_json, print_note, print_table
from pipeline.context import open_context
from pipeline.errors import RestoreRefusedError, UsageError
from pipeline.maintenance import refuse_filled_index, restore_snapshot, save_backup
from pipeline.records import Stage, to_plain
from pipeline.settings import Environment, load_environment, load_settings

_BACKUP = click.option("--backup", "name", metavar="NAME", help="Which one; the newest where none is named.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("backup")
@click.argument("target", required=False)
@click.option("--keep", type=click.IntRange(1, 10_000), help="How many backups stay; else [backup] keep.")
@click.option("--list", "lists", is_flag=True, help="Only list the backups that are there.")
@click.option("--check", "checks", is_flag=True, help="Only read a backup whole, and say what is damaged.")
@_BACKUP
@_json
def backup_command(
    target: str | None, keep: int | None, lists: bool, checks: bool, name: str | None, as_json: bool
) -> None:
    """Copy ledger and archive to TARGET (NEWSWIRE_BACKUP_URL): a folder, or any address such as s3://.

    \f
    Raises:
        UsageError: No place is named, or --backup without --check.
        Exit: Pages are lacking or damaged.
    """
    if name and not checks:
        raise UsageError("--backup says which backup --check reads")
    url = _place(target, load_environment())
    if lists:
        _print_list(list_backups(BackupPlace(url)), as_json=as_json)
    elif checks:
        _check(BackupPlace(url), name, as_json=as_json)
    else:
        begun = time.monotonic()
        with open_context() as context:
            made = save_backup(context, url, keep=keep, tell=print_note)
        _report_made(made, url, time.monotonic() - begun, as_json=as_json)


def _place(named: str | None, environment: Environment) -> str:
    if url := named or environment.backup_url:
        return url
    raise UsageError("name the place of the backups, or set NEWSWIRE_BACKUP_URL")


def _print_list(manifests: Sequence[Manifest], *, as_json: bool) -> None:
    if as_json:
        for manifest in manifests:
            print_json(_summary(manifest))
        return
    rows = [
        (m.name, f"{m.made:%Y-%m-%d %H:%M}", sum(t.rows for t in m.tables), m.pages, m.newswire, m.schema)
        for m in manifests
    ]
    print_table(("backup", "made (UTC)", "rows", "pages", "newswire", "schema"), rows)


def _summary(manifest: Manifest) -> dict[str, object]:
    return {
        "backup": manifest.name,
        "made": manifest.made.isoformat(),
        "rows": sum(table.rows for table in manifest.tables),
        "pages": manifest.pages,
        "newswire": manifest.newswire,
        "schema": manifest.schema,
        "snapshot": manifest.snapshot,
    }


def _check(place: BackupPlace, name: str | None, *, as_json: bool) -> None:
    whole, _ = place.list_names()
    wanted = name or (whole[-1] if whole else None)
    if wanted not in whole:
        raise RestoreRefusedError(f"there is no backup {wanted or ''} at {place.url}".replace("  ", " "))
    manifest, failures = place.read_manifest(wanted), Failures()
    for fault in check_backup(place, manifest):
        failures.add(wanted, fault)
    if as_json:
        print_json({**_summary(manifest), "faults": failures.count})
    elif not failures.count:
        click.echo(f"{wanted}: {len(manifest.files)} files and {manifest.pages} pages are as they were written")
    failures.exit()


def _report_made(made: MadeBackup, url: str, seconds: float, *, as_json: bool) -> None:
    if as_json:
        print_json(to_plain(made))
    else:
        megabytes = made.new_bytes / 1e6
        click.echo(
            f"{made.name} at {url}: {made.rows} rows, {made.pages} pages ({made.new_pages} of them new, "
            f"{megabytes:.1f} MB) in {seconds:.0f} s"
        )
    _name_faults(made.faults, "the archive has not got it whole: newswire redo fetch gets pages again")


def _name_faults(faults: dict[str, str], advice: str) -> None:
    failures = Failures()
    for name, why in faults.items():
        failures.add(f"page {name}", f"{why}; {advice}")
    failures.exit()


@click.command("restore")
@click.argument("source", metavar="FROM", required=False)
@_BACKUP
@click.option("--no-index", is_flag=True, help="Leave the index to the next newswire run.")
@_json
def restore_command(source: str | None, name: str | None, no_index: bool, as_json: bool) -> None:
    """Restore a backup at FROM (NEWSWIRE_BACKUP_URL) into an empty system, and fill the index from the ledger.

    \f
    Raises:
        UsageError: No place is named.
        Exit: Pages of the backup are damaged, or documents were refused.
    """
    from pipeline.stages import run_one

    environment, settings = load_environment(), load_settings()
    done = restore_backup(
        environment,
        _place(source, environment),
        name=name,
        check_index=lambda: None if no_index else refuse_filled_index(environment, settings.index),
        tell=print_note,
    )
    documents = 0
    if not no_index:
        print_note(f"filling the index (stage {Stage.INDEX})")
        with open_context() as context:
            restore_snapshot(context, done.manifest.snapshot)
            report = run_one(context, Stage.INDEX)
            documents = report.to_plain()["done"]
    _report_restored(done, documents, as_json=as_json)


def _report_restored(done: RestoredBackup, documents: int, *, as_json: bool) -> None:
    if as_json:
        print_json({**_summary(done.manifest), "restored_pages": done.pages, "documents": documents})
    else:
        click.echo(
            f"{done.manifest.name} restored: {done.rows} rows, {done.pages} pages, {documents} documents indexed; "
            "newswire audit compares them"
        )
    _name_faults(done.faults, "the backup has not got it whole: newswire redo fetch gets pages again")
