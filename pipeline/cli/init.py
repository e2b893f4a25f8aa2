"""newswire init: write settings of one's own into the folder where one works.

Nothing that exists is ever overwritten: the files are all written, or none is.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import click

from pipeline.errors import SettingsError, UsageError
from pipeline.settings import SETTINGS_FILES, list_settings_files, packaged_config_folder

_HERE = Path()


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, readable=False), default=_HERE)
@click.option("--missing", is_flag=True, help="Add the files that existing settings lack, such as those of 0.1.")
def init_command(folder: Path, missing: bool) -> None:
    """Write settings into FOLDER/config: commented settings, empty feeds, lists of names and phrases.

    FOLDER is where you work, and where you call newswire (default: the present folder).

    \f
    Raises:
        UsageError: FOLDER has settings already.
    """
    target = settings_folder_of(folder)
    present = list_settings_files(target)
    absent = [name for name in SETTINGS_FILES if name not in present]
    if present and not missing:
        advice = (
            f"{format_init_command(folder, missing=True)} adds {', '.join(absent)}"
            if absent
            else "edit them, or name another folder"
        )
        raise UsageError(f"{target} holds {', '.join(present)}; nothing was written: {advice}")
    if not absent:
        click.echo(f"{target} lacks nothing; nothing was written")
        return
    write_settings_files(target, absent)
    for name in absent:
        click.echo(target / name)
    _say_next_steps(folder, target, new=not present)


def settings_folder_of(folder: Path) -> Path:
    """Return where the settings of a working folder are, or will be: its ``config``, else ``folder`` where it is one.

    Raises:
        SettingsError: A folder can't be read.
    """
    config = folder / "config"
    if list_settings_files(config) or {"newswire.toml", "feeds.toml"}.isdisjoint(list_settings_files(folder)):
        return config
    return folder


def working_folder_of(settings_folder: Path) -> Path | None:
    """Return the FOLDER that leads newswire init to ``settings_folder``, None where no FOLDER does.

    Raises:
        SettingsError: A folder can't be read.
    """
    candidates = (settings_folder.parent, settings_folder)
    return next((folder for folder in candidates if settings_folder_of(folder) == settings_folder), None)


def format_init_command(folder: Path, *, missing: bool = False) -> str:
    """Return the line that calls newswire init for ``folder``."""
    words = ["newswire", "init"]
    if missing:
        words.append("--missing")
    if folder != _HERE:
        words.append(str(folder))
    return shlex.join(words)


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


def _say_next_steps(folder: Path, target: Path, *, new: bool) -> None:
    """Say what makes newswire read these settings, and, where they are new, what comes then."""
    configured = os.environ.get("NEWSWIRE_CONFIG")
    if configured and Path(configured).resolve() != target.resolve():
        click.echo(
            f"\nNEWSWIRE_CONFIG names another folder, {configured}, which every command reads instead of this one. "
            f"To change that:  export NEWSWIRE_CONFIG={shlex.quote(str(target.resolve()))}"
        )
    if new:
        enter = "" if configured or folder.resolve() == _HERE.resolve() else f"cd {shlex.quote(str(folder))}; "
        click.echo(
            f"\nNext:  {enter}newswire feeds add ADDRESS    "
            "a newspaper's home page or feed; then: newswire run, newswire serve"
        )
