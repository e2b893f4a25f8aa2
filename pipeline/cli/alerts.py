"""Define newswire alerts, which shows what is wrong, watches, and sends messages to try and again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.alert_records import Alert, AlertPhase, Delivery, DeliveryState
from pipeline.cli.output import Failures, plain_text, print_json, print_note, print_table
from pipeline.cli.param_types import MOST
from pipeline.context import Context, open_context, utc_now
from pipeline.errors import SearchIndexError, StoreError, UsageError
from pipeline.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipeline.notifiers import Notifier

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("alerts", invoke_without_command=True)
@click.option("--limit", type=click.IntRange(0, MOST), default=20, show_default=True, help="Of those that are over.")
@_json
@click.pass_context
def alerts_command(call: click.Context, limit: int, as_json: bool) -> None:
    """Show what is wrong: since when, what to do, where to look; and what is over."""
    if call.invoked_subcommand is not None:
        return
    from pipeline.alerts import check_alerts
    from pipeline.alerts.messages import site_address

    with open_context() as context:
        check_alerts(context)
        with context.store.read() as connection:
            current = context.store.alerts.list_alerts(connection, [AlertPhase.OPEN, AlertPhase.PENDING])
            past = context.store.alerts.list_alerts(connection, [AlertPhase.OVER], limit=limit)
            dead = context.store.deliveries.list_deliveries(connection, [DeliveryState.DEAD])
        site = site_address(context.settings.serve)
        told = bool(_notifier_names(context))
    if as_json:
        print_json({"alerts": [plain_alert(a, site) for a in (*current, *past)], "dead_messages": len(dead)})
        return
    print_alerts(current, site)
    if past:
        click.echo("\nover:")
        rows = [(f"{a.since:%Y-%m-%d %H:%M}", f"{a.missing or a.changed:%Y-%m-%d %H:%M}", _what(a)) for a in past]
        print_table(("since (UTC)", "until", "what"), rows)
    if not told:
        print_note("nobody is told: name a notifier under [alerts] in newswire.toml")
    if dead:
        print_note(f"{len(dead)} messages were given up: newswire alerts dead")


def print_alerts(current: list[Alert], site: str) -> None:
    """Print alerts that aren't over, each with what to do and where to look."""
    from pipeline.alerts.messages import page_of

    if not current:
        click.echo("nothing is wrong")
    for alert in current:
        pending = " (not told yet: it may pass)" if alert.phase is AlertPhase.PENDING else ""
        click.echo(f"{_what(alert)}{pending}")
        click.echo(f"  since {alert.since:%Y-%m-%d %H:%M} UTC")
        click.echo(f"  do: {plain_text(alert.condition.advice)}")
        if page := page_of(alert, site):
            click.echo(f"  see: {plain_text(page)}")


def plain_alert(alert: Alert, site: str) -> dict[str, Any]:
    """Return an alert as plain values, for programs."""
    from pipeline.alerts.messages import page_of

    condition = alert.condition
    return {
        "id": alert.id,
        "state": alert.phase.value,
        "rule": condition.rule.value,
        "subject": condition.subject,
        "what": condition.what,
        "since": alert.since,
        "opened": alert.opened,
        "until": alert.missing if alert.phase is AlertPhase.OVER else None,
        "advice": condition.advice,
        "page": page_of(alert, site),
    }


def _what(alert: Alert) -> str:
    return plain_text(alert.condition.what)


@alerts_command.command("test")
@click.argument("names", nargs=-1)
def test_command(names: tuple[str, ...]) -> None:
    """Send a test message through each notifier (of NAMES), and say what fails.

    \f
    Raises:
        UsageError: None is configured, or there is none of that name.
        Exit: A message wasn't taken.
    """
    from pipeline.alerts.messages import format_test, site_address
    from pipeline.notifiers import NotifierError

    settings = load_settings()
    notifiers = _open_notifiers(settings)
    if not notifiers:
        raise UsageError("no notifier is configured: name one under [alerts] in newswire.toml")
    if unknown := set(names) - notifiers.keys():
        raise UsageError(f"there is no notifier {min(unknown)!r}; there are {', '.join(notifiers)}")
    failures = Failures()
    for name in names or notifiers:
        try:
            notifiers[name].send(format_test(name, utc_now(), site_address(settings.serve)))
        except NotifierError as error:
            failures.add(name, str(error))
        else:
            click.echo(f"{name}: sent")
    failures.exit()


@alerts_command.command("watch")
@click.option("--once", is_flag=True, help="Look once, then end: for a timer that calls it every minute.")
@click.option("--beat", type=click.Path(path_type=Path), help="A file that is touched after each look.")
def watch_command(once: bool, beat: Path | None) -> None:
    """Look every minute (alerts.every_seconds) at what is wrong, and tell it, until ended; tell readers what is new.

    It runs beside what it watches: a program that is killed can't tell it. Several may run on one ledger.

    \f
    Raises:
        StoreError: The ledger can't be used, and it was to look once.
    """
    from pipeline.alerts import tend_alerts
    from pipeline.alerts.ledger_watch import LedgerWatch
    from pipeline.saved_searches import tend_searches

    settings = load_settings()
    notifiers = _open_notifiers(settings)
    ledger_watch, context = LedgerWatch(settings, notifiers, utc_now), None
    names = ", ".join(notifiers) or "nobody: name a notifier under [alerts] in newswire.toml"
    print_note(f"watching; told: {names}" + ("" if once else "; end it with Ctrl-C"))
    with contextlib.ExitStack() as stack:
        while True:
            fault = None
            try:
                context = context or stack.enter_context(open_context())
                tend_alerts(context, notifiers)
                tend_searches(context)
            except SearchIndexError as error:  # an alert of its own tells it
                print_note(f"newswire: saved searches wait: {error}")
            except StoreError as error:
                if once:
                    raise
                fault = str(error)
                print_note(f"newswire: {fault}; it is tried again")
            ledger_watch.note(fault)
            if beat is not None:
                beat.touch()
            if once:
                return
            time.sleep(settings.alerts.every_seconds)


@alerts_command.command("end")
@click.argument("ids", nargs=-1, required=True)
def end_command(ids: tuple[str, ...]) -> None:
    """End alerts by their IDS (--json names them): for runs that failed and won't be tried again.

    What is still wrong opens anew at the next look.

    \f
    Raises:
        UsageError: No open alert has such an id.
    """
    from pipeline.alerts.reports import end_by_hand

    with open_context() as context:
        ended = end_by_hand(context, ids)
    for alert in ended:
        click.echo(f"over: {_what(alert)}")
    if unknown := set(ids) - {alert.id for alert in ended}:
        raise UsageError(f"no open alert has the id {min(unknown)!r}; newswire alerts --json names them")


@alerts_command.command("dead")
@_json
def dead_command(as_json: bool) -> None:
    """List the messages that no notifier took, and why; and those that are tried again."""
    with open_context() as context, context.store.read() as connection:
        states = [DeliveryState.DEAD, DeliveryState.WAITING]
        deliveries = context.store.deliveries.list_deliveries(connection, states)
    if as_json:
        print_json([_plain_delivery(delivery) for delivery in deliveries])
        return
    rows = [
        (d.n, d.state.value, d.notifier, f"{d.message.at:%Y-%m-%d %H:%M}", d.attempts, d.message.subject, d.error)
        for d in deliveries
    ]
    print_table(("number", "state", "notifier", "of (UTC)", "attempts", "message", "why"), rows)


def _plain_delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "number": delivery.n,
        "state": delivery.state.value,
        "notifier": delivery.notifier,
        "at": delivery.message.at,
        "attempts": delivery.attempts,
        "next_attempt": delivery.due if delivery.state is DeliveryState.WAITING else None,
        "error": delivery.error,
        "subject": delivery.message.subject,
        "text": delivery.message.text,
    }


@alerts_command.command("resend")
@click.argument("numbers", nargs=-1, type=click.IntRange(1, MOST))
@click.option("--all", "is_all", is_flag=True, help="All that were given up.")
def resend_command(numbers: tuple[int, ...], is_all: bool) -> None:
    """Let messages that were given up be sent again, by their NUMBERS.

    \f
    Raises:
        UsageError: Neither numbers nor --all are given, or both.
    """
    if bool(numbers) == is_all:
        raise UsageError("name messages by the numbers that newswire alerts dead lists, or say --all")
    with open_context() as context, context.store.write() as connection:
        count = context.store.deliveries.revive(connection, None if is_all else numbers, context.clock())
    click.echo(f"{count} will be sent again")


def _open_notifiers(settings: Settings) -> Mapping[str, Notifier]:
    from pipeline.notifiers import open_notifiers

    return open_notifiers(settings.alerts, settings.fetch, utc_now)


def _notifier_names(context: Context) -> list[str]:
    from pipeline.notifiers import notifier_names

    return notifier_names(context.settings.alerts)
