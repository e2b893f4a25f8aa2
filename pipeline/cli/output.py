"""Write a command's results as JSON lines or tables, to stdout or a file; the rest goes to stderr."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import click

from pipeline.errors import UsageError
from pipeline.foreign_json import decode_line, read_lines
from pipeline.records import to_json
from pipeline.urls import without_credentials

Emit = Callable[[object], None]
# Controls (C0, C1), and the marks that override or embed a direction (Unicode UAX 9, 2.1 to 2.4)
_NOT_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@contextlib.contextmanager
def json_line_writer(path: str | None) -> Iterator[Emit]:
    """Yield a function that writes one JSON line to ``path`` (stdout for None and "-"), as ``open_output`` opens it."""
    with open_output(path) as file:
        yield lambda value: _line(file, value)


@contextlib.contextmanager
def open_output(path: str | None) -> Iterator[IO[bytes]]:
    """Open the file at ``path`` (stdout for None and "-") to write bytes to.

    A file is written under another name and renamed when it is whole, so that nobody reads half of it; what is no plain
    file (a device, a pipe) is written to as it is.

    Raises:
        UsageError: The file can't be written.
    """
    if path is None or path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    plain = target.is_file() or not target.exists()
    draft = target.with_name(f".{target.name}.part") if plain else target
    try:
        with draft.open("wb") as file:
            yield file
        if plain:
            draft.replace(target)
    except OSError as error:
        raise UsageError(f"{target}: can't be written: {error.strerror}") from error
    finally:
        if plain:
            draft.unlink(missing_ok=True)


def _line(file: IO[bytes], value: object) -> None:
    file.write(to_json(value) + b"\n")


class Failures:
    """The items that could not be processed: each is named on stderr at once, all are counted for the exit code."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, where: str, why: str) -> None:
        """Name an item on stderr and count it."""
        self.count += 1
        print_note(f"newswire: {where}: {why}")

    def exit(self) -> None:
        """End the command with exit code 1 if any item failed.

        Raises:
            Exit: An item failed.
        """
        if self.count:
            raise click.exceptions.Exit(1)


def read_json_objects(path: str, failures: Failures) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of a file of JSON lines ("-": stdin); lines that are none go to ``failures``.

    Raises:
        UsageError: The file can't be read.
    """
    try:
        with contextlib.ExitStack() as stack:
            file = sys.stdin.buffer if path == "-" else stack.enter_context(Path(path).open("rb"))
            for number, line in read_lines(file):
                try:
                    plain = decode_line(line)
                except ValueError as error:
                    failures.add(f"{path}:{number}", f"not a JSON object: {error}")
                else:
                    yield plain
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}") from error


def print_json(value: object) -> None:
    """Print a value as one line of JSON."""
    click.echo(to_json(value))


def plain_text(text: str) -> str:
    """Return ``text`` as a terminal may show it within a line.

    What would move the cursor, colour the screen or turn the direction of what follows it is left out, and a line end
    becomes a space.
    """
    return _NOT_SHOWN.sub("", " ".join(text.splitlines()))


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns, numbers to the right."""
    cells = [[*head], *[["" if v is None else plain_text(str(v)) for v in row] for row in rows]]
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    right = [all(isinstance(row[i], int | float) for row in rows) if rows else False for i in range(len(head))]
    for line in cells:
        padded = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)]
        click.echo("  ".join(padded).rstrip())


class Progress:
    """How far long work has come: one line that is renewed on a terminal, elsewhere a line every 30 seconds.

    ``unit`` is what is counted, in the plural; ``every`` the seconds between two lines.
    """

    def __init__(self, unit: str, *, every: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._unit = unit
        self._terminal = sys.stderr.isatty()
        self._every = every or (0.2 if self._terminal else 30.0)  # seconds: often enough to see it move, or for a log
        self._clock = clock
        self._started = self._last = clock()
        self.count = 0

    def add(self, count: int = 1) -> None:
        """Count ``count`` more; print the line when it is time."""
        self.count += count
        if self._clock() - self._last >= self._every:
            self._last = self._clock()
            self._show(end="" if self._terminal else "\n")

    def end(self) -> None:
        """Print the final line, unless the work was too short to print any."""
        if self._last > self._started:
            self._show(end="\n")

    def _show(self, end: str) -> None:
        rate = self.count / max(self._clock() - self._started, 1e-9)
        start = "\r\x1b[K" if self._terminal else ""
        click.echo(f"{start}{self.count:,} {self._unit}, {rate:,.1f} a second{end}", err=True, nl=False)


def print_note(message: str) -> None:
    """Print a message for the person at the terminal, to stderr."""
    click.echo(without_credentials(message), err=True)


def terminal_width() -> int:
    """Return the width of the terminal, 100 where there is none."""
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 100
