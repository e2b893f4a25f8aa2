"""Define newswire top, which shows what running programs do while they do it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

import click

from pipeline.alert_records import AlertPhase
from pipeline.cli.output import plain_text, print_json, print_note
from pipeline.cli.param_types import MOST
from pipeline.context import Context, open_context
from pipeline.errors import StoreError
from pipeline.figure_reader import read_overview
from pipeline.figures import Overview
from pipeline.figures.summary import summarise
from pipeline.figures.text import describe_overview

_PICTURE_SECONDS = 1.0  # between two pictures on a terminal
_LINE_SECONDS = 30.0  # between two lines where there is none
_HOSTS_SECONDS = 5.0  # between two looks at what waits for which host
_END_KEYS = frozenset("qQ\x03\x04")
_LEAST_WIDTH, _LEAST_HEIGHT = 40, 10  # below which a terminal gets lines


@click.command("top")
@click.option("--once", is_flag=True, help="Show one picture, then end.")
@click.option("--every", type=click.FloatRange(0.2, MOST), metavar="SECONDS", help="Show it this often.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: one value, with --every a line each time.")
def top_command(once: bool, every: float | None, as_json: bool) -> None:
    """Watch running programs: rates, queues, latency, slow hosts, failures.

    It reads what they keep in the ledger, so that it works in another terminal and on another machine. End it with q.
    Where there is no terminal it prints a line every half minute.
    """
    with open_context() as context:
        reader = _Reader(context)
        if as_json:
            _repeat(lambda: print_json(_summarise(reader)), None if once else every)
        elif once:
            _print_picture(reader)
        elif _is_live():
            _watch(reader, every or _PICTURE_SECONDS)
        else:
            _repeat(lambda: click.echo(plain_text(describe_overview(reader.read()))), every or _LINE_SECONDS)


def _summarise(reader: _Reader) -> dict[str, Any]:
    return {**summarise(reader.read()), "alerts": reader.alerts}


class _Reader:
    """Reads overview after overview; what is dear to look up is looked up less often."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._latest: Overview | None = None
        self._hosts_read = 0.0
        self.alerts: list[str] = []  # what was wrong at the last look

    def read(self) -> Overview:
        """Return the overview of this moment.

        Raises:
            StoreError: The ledger can't be used just now.
        """
        now = time.monotonic()
        is_fresh = self._latest is not None and now - self._hosts_read < _HOSTS_SECONDS
        earlier = self._latest if is_fresh else None
        self._latest = read_overview(self._context.store, self._context.clock(), earlier=earlier)
        self._hosts_read = self._hosts_read if is_fresh else now
        with self._context.store.read() as connection:
            open_alerts = self._context.store.alerts.list_alerts(connection, [AlertPhase.OPEN])
        self.alerts = [alert.condition.what for alert in open_alerts]
        return self._latest


def _repeat(show: Callable[[], None], every: float | None) -> None:
    """Show something once, or every so many seconds until interrupted; a ledger that is away is told and waited for."""
    if every is None:
        show()
        return
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            started = time.monotonic()
            try:
                show()
                sys.stdout.flush()
            except StoreError as error:
                print_note(f"newswire: {error}; it is tried again")
            time.sleep(max(0.0, every - (time.monotonic() - started)))


def _print_picture(reader: _Reader) -> None:
    from rich.console import Console

    from pipeline.cli.top_view import draw

    console = Console(highlight=False, markup=False)
    console.print(draw(reader.read(), console.width, alerts=reader.alerts), soft_wrap=False)


def _is_live() -> bool:
    """Tell whether stdout is a terminal that can show a picture, and large enough for it."""
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") in {"dumb", "unknown"}:
        return False
    size = os.get_terminal_size(sys.stdout.fileno())
    return size.columns >= _LEAST_WIDTH and size.lines >= _LEAST_HEIGHT


def _watch(reader: _Reader, every: float) -> None:
    """Show picture after picture on the terminal until q or Ctrl-C."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from pipeline.cli.top_view import draw

    console = Console(highlight=False, markup=False)
    with (
        contextlib.suppress(KeyboardInterrupt),
        _ended_by_signal(),
        _keys() as wait_for_key,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        while True:
            started = time.monotonic()
            try:
                picture = draw(reader.read(), console.width, console.height, alerts=reader.alerts)
            except StoreError as error:
                picture = Text(plain_text(f"{error}; it is tried again"), style="red")
            live.update(picture, refresh=True)
            if wait_for_key(max(0.0, every - (time.monotonic() - started))) in _END_KEYS:
                return


@contextlib.contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Let SIGTERM end the block as an exception does, so that the terminal is put back to what it was."""

    def end(number: int, _frame: types.FrameType | None) -> None:
        raise click.exceptions.Exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Let the terminal give each key at once; yields what waits for one so many seconds and returns it, or ""."""
    if not sys.stdin.isatty():
        yield _wait_without_keys
        return
    import termios
    import tty

    stdin = sys.stdin.fileno()
    before = termios.tcgetattr(stdin)
    try:
        tty.setcbreak(stdin, termios.TCSADRAIN)  # a q that was pressed while we started holds
        yield lambda seconds: _wait_for_key(stdin, seconds)
    finally:
        termios.tcsetattr(stdin, termios.TCSADRAIN, before)


def _wait_for_key(stdin: int, seconds: float) -> str:
    ready, _, _ = select.select([stdin], [], [], seconds)
    return os.read(stdin, 1).decode("latin-1") or "\x04" if ready else ""


def _wait_without_keys(seconds: float) -> str:
    time.sleep(seconds)
    return ""
