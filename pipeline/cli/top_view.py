"""Draw an overview as tables that fit a terminal, the most important first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.cli.output import plain_text
from pipeline.figures import Overview, ProgramStanding, ProgramState, StageBacklog, StageFigures
from pipeline.figures.text import (
    describe_count,
    describe_duration,
    describe_memory,
    describe_programs,
    describe_rate,
    name_pauses,
    searchable_rate,
)

_TABLE_LINES = 3  # that a table takes beside its rows: a blank one, its title, its head
_FEW_ROWS, _MOST_ROWS = 3, 12  # of a table, before others have a few, and on the whole
_WIDE = 110  # columns of the terminal from which on all is shown
_NARROW = 60  # columns below which only the first few of each row are
_FEW_COLUMNS = 4  # of programs
_FEW_HOST_COLUMNS = 3

Row = Sequence[str | Text]


def draw(overview: Overview, width: int, height: int | None = None, *, alerts: Sequence[str] = ()) -> RenderableType:
    """Return the picture of an overview for a terminal of so many columns and lines (None: as many as it takes).

    ``alerts`` says what is wrong, a line each.
    """
    head = [_head(overview, width), *_pauses(overview), *_alerts(alerts)]
    if not overview.programs:
        head.append(Text("no program ran in the last day; newswire run --follow starts one", style="dim"))
    parts: list[RenderableType] = [*head, _stages(overview, width)]
    tables = (_programs(overview, width), _failures(overview), _hosts(overview, width))
    taken = len(head) + len(overview.queues) + 1
    rooms = share_lines(None if height is None else height - taken, [len(rows) for _, _, rows in tables])
    for (title, columns, rows), room in zip(tables, rooms, strict=True):
        if room:
            parts += [Text(), Text(title, style="bold"), _table(columns, _cut(rows, room))]
    return Group(*parts)


def share_lines(lines: int | None, counts: Sequence[int]) -> list[int]:
    """Return how many rows each table gets that has so many, of so many lines (None: of any number).

    Each gets a few rows, as far as there is room, before any gets more; a table that gets none takes no line.
    """
    rooms = [0] * len(counts)
    for most in (_FEW_ROWS, _MOST_ROWS):
        for number, count in enumerate(counts):
            wanted = min(count, most) - rooms[number]
            head = 0 if rooms[number] else _TABLE_LINES
            given = wanted if lines is None else min(wanted, lines - head)
            if given > 0:
                rooms[number] += given
                lines = None if lines is None else lines - head - given
    return rooms


def _head(overview: Overview, width: int) -> Text:
    text = Text(describe_programs(overview), style="bold", no_wrap=True, overflow="ellipsis")
    clock = f"{overview.at:%H:%M:%S} UTC"
    if len(text) + len(clock) + 2 <= width:
        text.append(clock.rjust(width - len(text)), style="dim")
    return text


def _pauses(overview: Overview) -> list[Text]:
    lines = []
    for stages, pause in name_pauses(overview):
        line = f"{stages}, for {_age(pause.since, overview.at)} so far: {plain_text(pause.reason)}"
        lines.append(Text(line, style="red", no_wrap=True, overflow="ellipsis"))
    return lines


def _alerts(alerts: Sequence[str]) -> list[Text]:
    """Return a line for each of the first few alerts."""
    lines = [f"alert: {plain_text(alert)}" for alert in alerts[:_FEW_ROWS]]
    if len(alerts) > _FEW_ROWS:
        lines.append(f"and {len(alerts) - _FEW_ROWS} more alerts: newswire alerts")
    return [Text(line, style="red", no_wrap=True, overflow="ellipsis") for line in lines]


def _stages(overview: Overview, width: int) -> Table:
    """Return the table of the stages, with fewer columns on a narrower terminal."""
    columns = [column for column in _STAGE_COLUMNS if width >= column[1]]
    rows = [[cell(overview, queue) for _, _, cell in columns] for queue in overview.queues]
    return _table([name for name, _, _ in columns], rows)


def _recent(overview: Overview, queue: StageBacklog) -> StageFigures:
    return overview.recent.figures.stages.get(queue.stage, StageFigures())


def _rate(overview: Overview, queue: StageBacklog) -> str:
    return _or_dash(overview.recent.rate(_recent(overview, queue).taken_total), describe_rate)


def _rate_just_now(overview: Overview, queue: StageBacklog) -> str:
    figures = overview.just_now.figures.stages.get(queue.stage, StageFigures())
    return _or_dash(overview.just_now.rate(figures.taken_total), describe_rate)


def _busy(overview: Overview, queue: StageBacklog) -> str:
    return _or_dash(overview.recent.rate(_recent(overview, queue).busy_seconds_total), "{:.0%}".format)


def _took(percent: int) -> Callable[[Overview, StageBacklog], str]:
    def cell(overview: Overview, queue: StageBacklog) -> str:
        figures = overview.lately.figures.stages.get(queue.stage, StageFigures())
        return _or_dash(figures.ready_to_saved_seconds.percentile(percent) or 0, describe_duration)

    return cell


def _done(overview: Overview, queue: StageBacklog) -> str:
    figures = overview.total.stages.get(queue.stage, StageFigures())
    return _or_dash(figures.done_total, describe_count)


def _lost(overview: Overview, queue: StageBacklog) -> str:
    figures = overview.total.stages.get(queue.stage, StageFigures())
    return _or_dash(sum(figures.dropped_total.values()), describe_count)


def _failed(overview: Overview, queue: StageBacklog) -> Text:
    figures = overview.total.stages.get(queue.stage, StageFigures())
    failed = sum(figures.retry_total.values()) + sum(figures.quarantined_total.values())
    return Text(_or_dash(failed, describe_count), style="yellow" if failed else "")


def _waiting(_: Overview, queue: StageBacklog) -> Text:
    text = describe_count(queue.waiting, is_bounded=queue.bounded) if queue.waiting else "-"
    return Text(text, style="bold" if queue.waiting else "")


def _oldest(overview: Overview, queue: StageBacklog) -> str:
    return _age(queue.oldest, overview.at) if queue.oldest else "-"


def _count_of(name: str) -> Callable[[Overview, StageBacklog], str]:
    return lambda _, queue: _or_dash(getattr(queue, name), describe_count)


# of the table of stages: heading, the columns that a terminal must have for all up to it that are shown, and its cell
_STAGE_COLUMNS: list[tuple[str, int, Callable[[Overview, StageBacklog], str | Text]]] = [
    ("stage", 0, lambda _, queue: queue.stage),
    ("rate", 0, _rate),
    ("10 s", 120, _rate_just_now),
    ("busy", 46, _busy),
    ("waiting", 0, _waiting),
    ("oldest", 0, _oldest),
    ("in hand", 80, _count_of("in_hand")),
    ("later", _WIDE, _count_of("later")),
    ("held", _WIDE, _count_of("held")),
    ("quarantined", _WIDE, _count_of("quarantined")),
    ("took p50", 64, _took(50)),
    ("p95", 72, _took(95)),
    ("done", _WIDE, _done),
    ("dropped", _WIDE, _lost),
    ("failed", 54, _failed),
]


def _programs(overview: Overview, width: int) -> tuple[str, list[str], list[Row]]:
    names = ["program", "state", "for", "articles/s", "memory", "cores", "workers died"]
    shown = len(names) if width >= _WIDE else _FEW_COLUMNS if width >= _NARROW else _FEW_COLUMNS - 1
    rows = [_program_row(program, overview)[:shown] for program in overview.programs]
    return "programs", names[:shown], rows


def _program_row(program: ProgramStanding, overview: Overview) -> Row:
    figures = program.figures
    alone = Overview(at=overview.at, programs=(program,))
    is_running = program.state is ProgramState.RUNNING
    state = Text(program.state.value, style="green" if is_running else "dim")
    if program.state in {ProgramState.SILENT, ProgramState.DEAD}:
        state = Text(f"{program.state.value}, not heard of", style="red")
    since = figures.started if is_running else figures.beat
    shown: list[str | Text] = [
        plain_text(f"{figures.host} {figures.pid} {figures.command}"),
        state,
        _age(since, overview.at),
    ]
    if not is_running:
        return [*shown, "-", "-", "-", str(figures.total.workers_died_total or "-")]
    return [
        *shown,
        describe_rate(searchable_rate(alone.recent)),
        describe_memory(figures.memory_bytes),
        f"{alone.recent.rate(alone.recent.figures.cpu_seconds_total):.1f}",
        str(figures.total.workers_died_total or "-"),
    ]


def _failures(overview: Overview) -> tuple[str, list[str], list[Row]]:
    failures = overview.lately.figures.failures()
    rows: list[Row] = [(stage, reason, describe_count(count)) for (stage, reason), count in failures.items()]
    return "failed in the last 5 minutes", ["stage", "reason", "articles"], rows


def _hosts(overview: Overview, width: int) -> tuple[str, list[str], list[Row]]:
    rows = [
        (
            plain_text(host.host) or "without an address",
            _or_dash(host.waiting, describe_count),
            Text(_age(overview.at, host.held_until), style="yellow") if host.held_until else "-",
            _age(overview.at, host.next_turn) if host.next_turn else "-",
            _age(host.oldest, overview.at) if host.oldest else "-",
            _or_dash(host.crawl_delay_seconds or 0, describe_duration),
        )
        for host in sorted(overview.hosts, key=lambda host: (not (host.held_until and host.waiting), -host.waiting))
    ]
    names = ["host", "pages", "held for", "next turn", "oldest", "delay"]
    shown = len(names) if width >= _NARROW else _FEW_HOST_COLUMNS
    return "hosts", names[:shown], [row[:shown] for row in rows]


def _table(columns: Sequence[str], rows: Sequence[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for number, name in enumerate(columns):
        is_text = number == 0 or name in {"state", "reason"}
        table.add_column(name, justify="left" if is_text else "right", no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    return table


def _cut(rows: Sequence[Row], room: int) -> Sequence[Row]:
    """Return the rows that there is room for; the last one says how many there are beside them."""
    if len(rows) <= room:
        return rows
    return [*rows[: room - 1], (f"and {len(rows) - room + 1:,} more",)]


def _or_dash(number: float, describe: Callable[[Any], str]) -> str:
    return describe(number) if number else "-"


def _age(since: dt.datetime, until: dt.datetime) -> str:
    return describe_duration(max(0.0, (until - since).total_seconds()))
