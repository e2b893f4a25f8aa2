"""Read the figures that the rules of alerts look at: from the ledger, disks, the index, and Airflow."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from pathlib import Path
from typing import Any

import msgspec

from pipeline.alerts.readings import AirflowReading, DiskReading, QueueSample, Readings
from pipeline.context import Context
from pipeline.errors import ItemError, SearchIndexError
from pipeline.feeds.health import assess_feeds
from pipeline.fetch import Client
from pipeline.figures import Overview
from pipeline.index import IndexHealth
from pipeline.settings import AlertSettings, Environment, FetchSettings

QUEUE_SAMPLES = "alerts: queue samples"  # under which the ledger keeps how much waited before
INDEX_IDENTITY = "index identity"  # under which it keeps which index it has filled (stages.index)

_BOUND = 100_000  # articles that are counted of each queue: whether more come can't be seen beyond
_RECENT = dt.timedelta(hours=24)  # gaps in feeds, as feeds.health wants them
_AIRFLOW_SECONDS = 10.0
_OK = 200
_SQLITE, _FILE = "sqlite:///", "file://"


def read_readings(context: Context, now: dt.datetime) -> Readings:
    """Return the figures of this moment.

    Raises:
        StoreError: The ledger can't be used.
    """
    store = context.store
    with store.read() as connection:
        states = [state for state in store.feeds.list_states(connection) if state.role != "sitemap"]
        gaps = store.gaps.list_gaps(connection, now - _RECENT)
        samples = store.values.get(connection, QUEUE_SAMPLES)
        has_index = store.values.get(connection, INDEX_IDENTITY) is not None
        overview = Overview(
            at=now,
            programs=tuple(store.programs.list_programs(connection, now)),
            queues=tuple(store.queues.list_queues(connection, now, _BOUND)),
            hosts=tuple(store.queues.list_hosts(connection, now)),
        )
        drift = store.site_alarms.list_alarms(connection)
    fault, health = _read_index(context) if has_index else (None, None)
    return Readings(
        at=now,
        overview=overview,
        feeds=tuple(assess_feeds(states, gaps, now)),
        drift=drift,
        samples=msgspec.json.decode(samples, type=tuple[QueueSample, ...]) if samples else (),
        disks=tuple(read_disks(context.environment)),
        index_fault=fault,
        index_health=health,
        airflow=read_airflow(context.environment.airflow_url) if context.environment.airflow_url else None,
    )


def read_disks(environment: Environment) -> list[DiskReading]:
    """Return the disks of this machine on which ledger, index and archive lie, as far as they lie on any."""
    folders = {
        "ledger": _folder_of(environment.store_url, _SQLITE),
        "index": _folder_of(environment.index_url, _SQLITE),
        "archive": _folder_of(environment.archive_url, _FILE, is_folder=True),
    }
    by_device: dict[int, tuple[list[str], Path]] = {}
    for name, folder in folders.items():
        if folder is not None and folder.exists():
            holds, _ = by_device.setdefault(folder.stat().st_dev, ([], folder))
            holds.append(name)
    return [_read_disk(tuple(holds), folder) for holds, folder in by_device.values()]


def _read_disk(holds: tuple[str, ...], folder: Path) -> DiskReading:
    stats = os.statvfs(folder)
    shares = [stats.f_bavail / stats.f_blocks if stats.f_blocks else 1.0]
    shares += [stats.f_favail / stats.f_files] if stats.f_files else []  # some file systems have no fixed number
    free = stats.f_bavail * stats.f_frsize
    return DiskReading(holds=holds, folder=str(folder), free_bytes=free, free_share=min(shares))


def _folder_of(url: str, scheme: str, *, is_folder: bool = False) -> Path | None:
    """Return the folder of something that lies on a disk of this machine, None where it doesn't."""
    if "://" in url and not url.startswith(scheme):
        return None
    path = Path(url.removeprefix(scheme))
    return path if is_folder else path.parent


def _read_index(context: Context) -> tuple[str | None, IndexHealth | None]:
    """Return why the index can't be used, or how it is kept."""
    try:
        context.index.identity()
        return None, context.index.health()
    except SearchIndexError as error:
        return str(error), None


def read_airflow(url: str) -> AirflowReading:
    """Return how the Airflow at ``url`` says that its parts are."""
    settings = FetchSettings(
        timeout_seconds=_AIRFLOW_SECONDS, allow_addresses=("0.0.0.0/0", "::/0"), max_redirects=0
    )  # the operator says where it is
    try:
        status, body = asyncio.run(_get(f"{url.rstrip('/')}/api/v2/monitor/health", settings))
    except ItemError as error:
        return AirflowReading(fault=str(error))
    if status != _OK:
        return AirflowReading(fault=f"it answers {status}")
    return parse_health(body)


async def _get(url: str, settings: FetchSettings) -> tuple[int, bytes]:
    async with Client(settings, connections=1) as client:
        answer = await client.get(url, cut=True, max_bytes=64 * 1024)
    return answer.status, answer.body


def parse_health(body: bytes) -> AirflowReading:
    """Return what Airflow's health report says: pure. A part that was never started has no status."""
    try:
        report: dict[str, dict[str, Any] | None] = msgspec.json.decode(body, type=dict[str, dict[str, Any] | None])
    except msgspec.DecodeError:
        return AirflowReading(fault="what it answers is no health report; check NEWSWIRE_AIRFLOW_URL")
    unwell = {
        part: f"{facts['status']}{_last_heartbeat(facts)}"
        for part, facts in report.items()
        if facts and facts.get("status") not in {"healthy", None}
    }
    return AirflowReading(parts=unwell)


def _last_heartbeat(facts: dict[str, Any]) -> str:
    heard = next((value for name, value in facts.items() if name.startswith("latest_") and value), None)
    return f", last heard of at {heard}" if heard else ""


def is_due(checked: str | None, now: dt.datetime, settings: AlertSettings) -> bool:
    """Tell whether it is time to look again: pure. A time that lies ahead is of a clock that was put back."""
    if checked is None:
        return True
    passed = (now - dt.datetime.fromisoformat(checked)).total_seconds()
    return passed >= settings.every_seconds * 0.9 or passed < -settings.every_seconds
