"""Put what is told of alerts into one message: what, since when, what to do, where to look. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from pipeline.alert_records import Alert, AlertEvent, EventKind, Message, hash_id
from pipeline.figures.text import describe_duration
from pipeline.settings import ServeSettings

_ANY_HOST = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104 - what a server listens on, and nobody can open


def format_message(events: Sequence[AlertEvent], now: dt.datetime, site: str) -> Message:
    """Return the one message that tells all of ``events``, of the time ``now``; our pages are at ``site``."""
    kinds = [event.kind for event in events]
    ordered = sorted(events, key=lambda event: list(EventKind).index(event.kind))
    return Message(
        id=hash_id(now.isoformat(), *(part for event in ordered for part in (event.alert.id, event.kind))),
        at=now,
        subject=f"newswire: {_subject(ordered, kinds)}",
        text="\n\n".join(describe_event(event, site) for event in ordered),
        data={"type": "alerts", "at": now, "events": [_plain_event(event, site) for event in ordered]},
    )


def format_test(name: str, now: dt.datetime, site: str) -> Message:
    """Return the message by which a person sees whether the notifier ``name`` works."""
    return Message(
        id=hash_id("test", name, now.isoformat()),
        at=now,
        subject="newswire: a test",
        text=f"This is a test of the notifier {name}. Nothing is wrong.\nsee: {site}",
        data={"type": "test", "at": now, "notifier": name},
    )


def describe_event(event: AlertEvent, site: str) -> str:
    """Return what is told of one alert, in lines."""
    alert, condition = event.alert, event.alert.condition
    if event.kind is EventKind.OVER:
        lasted = describe_duration(((alert.missing or alert.changed) - alert.since).total_seconds())
        lines = [f"over: {condition.what}", f"it lasted {lasted}, since {_time(alert.since)}"]
    else:
        goes_on = "still: " if event.kind is EventKind.GOES_ON else ""
        lines = [f"{goes_on}{condition.what}", f"since {_time(alert.since)}", f"do: {condition.advice}"]
    page = page_of(alert, site)
    return "\n".join([*lines, f"see: {page}"] if page else lines)


def page_of(alert: Alert, site: str) -> str | None:
    """Return the address of the page on which to look."""
    return f"{site}{alert.condition.page}" if alert.condition.page else None


def site_address(settings: ServeSettings) -> str:
    """Return where our pages are, as far as the settings know."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = "localhost" if settings.host in _ANY_HOST else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _subject(events: Sequence[AlertEvent], kinds: Sequence[EventKind]) -> str:
    if len(events) == 1:
        prefix = {EventKind.OPENED: "", EventKind.GOES_ON: "still: ", EventKind.OVER: "over: "}[kinds[0]]
        return f"{prefix}{events[0].alert.condition.what}"
    named = {EventKind.OPENED: "new", EventKind.GOES_ON: "that go on", EventKind.OVER: "over"}
    counts = [f"{kinds.count(kind)} {word}" for kind, word in named.items() if kind in kinds]
    return f"alerts: {', '.join(counts)}; {events[0].alert.condition.what}"


def _plain_event(event: AlertEvent, site: str) -> dict[str, Any]:
    alert, condition = event.alert, event.alert.condition
    return {
        "event": event.kind.value,
        "alert": alert.id,
        "rule": condition.rule.value,
        "subject": condition.subject,
        "what": condition.what,
        "since": alert.since,
        "until": alert.missing if event.kind is EventKind.OVER else None,
        "advice": condition.advice,
        "page": page_of(alert, site),
    }


def _time(time: dt.datetime) -> str:
    return f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
