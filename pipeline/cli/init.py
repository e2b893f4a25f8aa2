"""newswire init: write a settings folder of one's own.

Nothing that exists is ever overwritten: the files are all written, or none is.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from pipeline.errors import SettingsError, UsageError
from pipeline.settings import packaged_config_folder

# newswire.toml first: it is what marks a settings folder.
SETTINGS_FILES = ("newswire.toml", "feeds.toml", "aliases.toml", "agencies.toml", "extract.toml")
_DEFAULT_FOLDER = Path("config")  # where every command looks without NEWSWIRE_CONFIG


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=_DEFAULT_FOLDER)
@click.option("--missing", is_flag=True, help="Add the files that a settings folder of an older version lacks.")
def init_command(folder: Path, missing: bool) -> None:
    """Write settings, an empty list of feeds and the lists of names and phrases into FOLDER (default: config).

    \f
    Raises:
        UsageError: FOLDER has settings already.
    """
    existing = [name for name in SETTINGS_FILES if (folder / name).exists()]
    if existing and not missing:
        raise UsageError(f"{folder} has settings: {', '.join(existing)}; nothing was written")
    absent = [name for name in SETTINGS_FILES if name not in existing]
    write_settings_files(folder, absent)
    if not absent:
        click.echo(f"{folder} lacks nothing; nothing was written")
        return
    for name in absent:
        click.echo(folder / name)
    if not existing:
        _say_next_steps(folder)


def write_settings_files(folder: Path, names: list[str]) -> None:
    """Write the files of these names into ``folder``, all or none.

    Raises:
        UsageError: One of them exists.
        SettingsError: The folder or a file can't be written, or this installation lacks what it would hold.
    """
    texts = {name: initial_text(name) for name in names}
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            with (folder / name).open("x", encoding="utf-8") as file:
                written.append(folder / name)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError) and folder.is_dir():
            raise UsageError(f"{error.filename} exists; nothing was written") from error
        raise SettingsError(f"{error.filename or folder}: can't be written: {error.strerror}") from error


def initial_text(name: str) -> str:
    """Return what a new settings file of this name holds.

    Keys of newswire.toml are commented out, so that a later version's defaults hold; feeds.toml has its comment alone.

    Raises:
        SettingsError: This installation lacks the file.
    """
    path = packaged_config_folder() / name
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: can't be read: {error.strerror}; install newswire anew") from error
    if name == "newswire.toml":
        return re.sub(r"^(?=[\w.]+ = )", "# ", text, flags=re.MULTILINE)
    if name == "feeds.toml":
        comment = re.split(r"^(?!#|$)", text, maxsplit=1, flags=re.MULTILINE)[0]
        return comment.rstrip("\n") + "\n\n"
    return text


def _say_next_steps(folder: Path) -> None:
    if folder.resolve() != _DEFAULT_FOLDER.resolve():
        click.echo(f"\nEvery command reads them where it is set:  export NEWSWIRE_CONFIG={folder.resolve()}")
    click.echo(
        "\nNext:  newswire feeds add ADDRESS    a newspaper's home page or feed; then: newswire run, newswire serve"
    )
