"""Load what an operator may set: config/newswire.toml, config/feeds.toml and the environment.

Files say how newswire behaves; the environment says where things are and what is secret. Each environment variable
``X`` also has the form ``X_FILE``, the path of a file that holds the value. An unknown key is an error that names the
file and the key.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
import zoneinfo
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from pipeline.alert_records import AlertRule
from pipeline.errors import SettingsError
from pipeline.feed_records import FeedRole
from pipeline.rights import RIGHTS
from pipeline.settings_sections import MetricSettings, OperationsSettings, Section, TraceSettings


class PollSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[poll]: how feeds are read."""

    interval_minutes: float = 15.0  # of a feed with 100 articles a day; the others by the square root of what they have
    shortest_minutes: float = 3.0
    longest_hours: float = 24.0
    concurrency: int = 64
    timeout_seconds: float = 30.0
    max_bytes: int = 15 * 1024 * 1024
    max_entries: int = 2000
    parse_seconds: float = 15.0
    workers: int = 2
    memory_mb: int = 1024
    max_age_days: float | None = None  # older entries, by their own dates, are not taken in


class FetchSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[fetch]: how pages are fetched, from whom and how fast."""

    user_agent: str = "newswire/0.2 (+{contact})"
    contact: str = "no contact configured"
    concurrency: int = 64
    per_host_concurrency: int = 2
    per_host_delay_seconds: float = 1.0
    per_provider_concurrency: int = 8  # of all hosts under one registered domain
    max_crawl_delay_seconds: float = 120.0
    timeout_seconds: float = 30.0
    max_bytes: int = 10 * 1024 * 1024
    max_redirects: int = 5
    obey_robots: bool = True
    allow_addresses: tuple[str, ...] = ()  # private networks that may be reached all the same, e.g. "127.0.0.0/8"
    allow_ports: tuple[int, ...] = (80, 443, 8080, 8443)


class RightsSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[rights]: how what a publisher says of its pages' use is obeyed."""

    not_indexed: tuple[str, ...] = ("noindex",)
    not_archived: tuple[str, ...] = ("noarchive",)
    feed_text: bool = True  # the feed's text is taken in place of a page that is refused or behind a paywall


class RevisitSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[revisit]: when the pages of articles are visited again."""

    hours: tuple[float, ...] = (1.0, 24.0, 168.0)  # after first sight
    every_minutes: float = 15.0  # live blogs, and articles whose feed says again and again that they changed
    live_hours: float = 12.0  # a live blog that hasn't changed for so long isn't one any more


class ExtractSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[extract]: limits around one page."""

    workers: Annotated[int, msgspec.Meta(ge=1)] | None = None  # in place of run.workers
    timeout_seconds: float = 20.0
    max_bytes: int = 10 * 1024 * 1024
    memory_mb: int = 1024


class DedupeSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[dedupe]: what counts as a copy."""

    window_days: float = 14.0
    threshold: float = 0.45


class ClusterSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[cluster]: what counts as one story."""

    window_days: float = 14.0
    threshold: float = 0.14
    sigma_days: float = 3.0
    repair_days: float = 3.0
    retelling_threshold: float = 0.54


class EntitySettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[entities]: which recogniser finds names, and how long a rare name is remembered."""

    model: str = "bundled"
    models: dict[str, str] = {}  # noqa: RUF012  (msgspec copies it)
    # Beside English, the languages that the multilingual network reads; the known names are found in others.
    languages: Literal["all"] | tuple[str, ...] = "all"
    remember_days: float = 90.0


class EnrichSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[enrich]: limits around the names of one article."""

    workers: Annotated[int, msgspec.Meta(ge=1)] | None = None  # in place of run.workers
    timeout_seconds: float = 60.0
    memory_mb: int = 2048
    # whose vectors are made: where articles come in two languages and more, all, none
    vectors: Literal["auto", "always", "never"] = "auto"


class IndexSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[index]: how documents lie in the index."""

    alias: str = "newswire-articles"
    shards: int = 1
    replicas: int = 0
    timeout_seconds: float = 30.0
    coalesce_seconds: float = 3.0  # that documents which only changed wait for further changes while stages follow
    refresh_seconds: float = 1.0  # after which searches find what was written; of Elasticsearch


class RunSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[run]: batches, leases, retries and processes."""

    workers: Annotated[int, msgspec.Meta(ge=1)] | Literal["auto"] = "auto"  # processes of extract, and of enrich
    batch: int = 200
    ordered_batch: int = 1000  # of stages in which one worker at a time writes what all articles share
    lease_seconds: float = 600.0
    max_attempts: int = 5
    retry_minutes: float = 10.0
    patience: Annotated[float, msgspec.Meta(ge=0)] = 60.0  # seconds that a run which ends waits for slow hosts
    queue_articles: Annotated[int, msgspec.Meta(ge=1)] = 5000  # that wait between two stages; what brings more rests
    queue_mb: Annotated[int, msgspec.Meta(ge=1)] = 512  # the same, in megabytes of pages and texts


class AirflowSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[airflow]: how Airflow's tasks share their machines."""

    machines: Annotated[int, msgspec.Meta(ge=1)] = 1  # that have a worker of Airflow; all of one size
    shards: Annotated[int, msgspec.Meta(ge=1)] | Literal["auto"] = "auto"  # of a heavy stage, on all machines together


# Of a page: scheme, host and port. It stands in a header, so nothing may end it there.
Origin = Annotated[str, msgspec.Meta(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+$")]

ReadingOrigin = Annotated[str, msgspec.Meta(pattern=r"^(?:\*|https?://[A-Za-z0-9.\-\[\]:]+)$")]  # "*": any page's


class ServeSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[serve]: the API and search page."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8000
    public_url: str | None = None  # where hubs reach it from outside; without it no hub is asked to push
    hosts: tuple[str, ...] = ()  # further names under which it is reached; "*": whatever name a request says
    frame_ancestors: tuple[Origin, ...] = ()  # origins whose pages may show ours in a frame: Airflow's
    # the header in which a reverse proxy, once it has checked a password, says who is there: such editors are logged in
    editor_header: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]+$")] | None = None
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")  # addresses and networks it is believed from
    max_connections: Annotated[int, msgspec.Meta(ge=1)] = 512  # open at a time; more are told to come back
    max_header_bytes: Annotated[int, msgspec.Meta(ge=1024)] = 32 * 1024  # of one request, its address included
    header_seconds: Annotated[float, msgspec.Meta(gt=0)] = 10.0  # in which the head of a request must have arrived
    body_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0  # in which its body must have arrived
    # who may read without a key: whoever reaches a server that listens on loopback alone, everybody, nobody
    read_without_key: Literal["loopback", "always", "never"] = "loopback"
    cors_origins: tuple[ReadingOrigin, ...] = ()  # whose scripts may read from here, in a visitor's browser
    requests_per_minute: Annotated[int, msgspec.Meta(ge=0)] = 0  # of one key or address; 0: any number


class BackupSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[backup]: what is kept of backups."""

    keep: Annotated[int, msgspec.Meta(ge=1)] = 7  # backups; the oldest go
    repository: str | None = None  # of Elasticsearch, in which a snapshot of the index goes with each backup


class WebhookSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One [[alerts.webhook]]: an address that messages are posted to."""

    name: str
    url: str | None = None  # where it is itself a secret: the environment's NEWSWIRE_WEBHOOK_URL_NAME
    format: Literal["signed", "text"] = "signed"  # text: {"text": …}, as chat programs take it


class MailSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One [[alerts.mail]]: people who get messages by e-mail, and the server that takes it."""

    name: str
    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None  # by ``tls``: 587, 465 or 25
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None  # its password: the environment's NEWSWIRE_MAIL_PASSWORD_NAME
    sender: str
    to: tuple[str, ...]


class AlertSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[alerts]: what is told when something is wrong, when, and to whom."""

    every_seconds: Annotated[float, msgspec.Meta(gt=0)] = 60.0  # between two looks
    hold_minutes: Annotated[float, msgspec.Meta(ge=0)] = 2.0  # that something must last before it is told
    quiet_minutes: Annotated[float, msgspec.Meta(ge=0)] = 10.0  # that it must be gone before it is over
    remind_hours: Annotated[float, msgspec.Meta(ge=0)] = 24.0  # until what goes on is told again; 0: never
    off: tuple[AlertRule, ...] = ()  # what isn't looked at
    waiting_minutes: float = 60.0  # of an article, before any stage but index
    queue_articles: int = 2000  # before a stage, from which on it matters that they become more
    queue_minutes: float = 30.0  # in which they have become more
    polls_minutes: float = 30.0  # that a feed is due, and nobody asks for any
    pause_minutes: float = 5.0  # that a stage can't work
    run_hours: float = 6.0  # of a run that ends by itself
    failing_hours: float = 3.0  # that a feed fails
    failing_share: float = 0.5  # of a stage's attempts in five minutes
    workers_died: int = 5  # worker processes in five minutes
    disk_percent: float = 5.0  # that must be free, of room and of file names
    disk_gb: float = 2.0  # that must be free
    index_minutes: float = 15.0  # of an article before the index
    log: bool = False  # whether messages are lines of the log, too
    allow_addresses: tuple[str, ...] = ()  # private networks that webhooks may lie in
    webhook: tuple[WebhookSettings, ...] = ()
    mail: tuple[MailSettings, ...] = ()


class SearchSettings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[searches]: how readers are told of what their saved searches match."""

    every_seconds: Annotated[float, msgspec.Meta(gt=0)] = 15.0  # between two looks at what has changed
    mail: str = ""  # the [[alerts.mail]] whose server and sender readers' mails go by; "": none
    digest_hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 6  # of daily and weekly digests, in UTC
    allow_addresses: tuple[str, ...] = ()  # private networks that readers' webhooks may lie in


class Settings(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """config/newswire.toml."""

    poll: PollSettings = PollSettings()
    fetch: FetchSettings = FetchSettings()
    rights: RightsSettings = RightsSettings()
    revisit: RevisitSettings = RevisitSettings()
    extract: ExtractSettings = ExtractSettings()
    dedupe: DedupeSettings = DedupeSettings()
    cluster: ClusterSettings = ClusterSettings()
    entities: EntitySettings = EntitySettings()
    enrich: EnrichSettings = EnrichSettings()
    index: IndexSettings = IndexSettings()
    run: RunSettings = RunSettings()
    airflow: AirflowSettings = AirflowSettings()
    serve: ServeSettings = ServeSettings()
    backup: BackupSettings = BackupSettings()
    alerts: AlertSettings = AlertSettings()
    searches: SearchSettings = SearchSettings()
    operations: OperationsSettings = OperationsSettings()
    metrics: MetricSettings = MetricSettings()
    traces: TraceSettings = TraceSettings()


class Source(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One [[source]] of config/feeds.toml: a publisher and the feeds that it is read by."""

    name: str
    feeds: tuple[str, ...] = ()
    home: str | None = None
    country: str | None = None  # ISO 3166-1 alpha-2
    language: str | None = None  # ISO 639-1
    time_zone: str | None = None  # IANA name
    agency: bool = False
    sitemaps: tuple[str, ...] = ()  # read only to fill gaps in the feeds
    pages: tuple[str, ...] = ()  # front pages, where there is no feed: their links are read
    interval_minutes: float | None = None
    max_age_days: float | None = None  # in place of poll.max_age_days: how far back a new source is filled
    live: tuple[str, ...] = ()  # parts of the addresses of its live blogs
    credentials: str | None = None  # X: the environment's NEWSWIRE_CREDENTIALS_X says how to log in
    verify_tls: bool = True

    def feed_urls(self) -> Iterator[tuple[FeedRole, str]]:
        """Yield role and address of each feed, front page and sitemap of the source."""
        yield from (("feed", url) for url in self.feeds)
        yield from (("page", url) for url in self.pages)
        yield from (("sitemap", url) for url in self.sitemaps)


class FeedsFile(Section, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """config/feeds.toml."""

    source: tuple[Source, ...] = ()


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Where things are, and secrets: from the environment alone."""

    home: Path
    store_url: str
    index_url: str
    archive_url: str
    backup_url: str | None = None  # where backups are made
    index_api_key: str | None = None
    index_ca_file: str | None = None
    api_key: str | None = None  # whoever has it may write through the web service
    operations_url: str | None = None  # the Elasticsearch that gets outcomes, runs and sources
    operations_api_key: str | None = None
    airflow_url: str | None = None  # of the Airflow that runs the stages, to see whether it is well
    serve_url: str | None = None  # where readers reach our pages, where that isn't what the settings know
    kibana_url: str | None = None  # which ``newswire kibana load`` brings data views and dashboards to
    kibana_user: str = "editor"
    kibana_password: str | None = None
    kibana_ca_file: str | None = None


S = TypeVar("S", bound=Section)

SETTINGS_FILES = ("newswire.toml", "feeds.toml", "aliases.toml", "agencies.toml", "extract.toml")
_INSTALLED_CONFIG = Path(__file__).parent / "config"  # the settings in a wheel; a checkout has none here
_LOCAL_CONFIG = Path("config")  # of the folder in which newswire is called


def config_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the settings files.

    ``NEWSWIRE_CONFIG``, else ``./config`` where newswire.toml is in it, else the one that came with the package.

    Raises:
        SettingsError: ``NEWSWIRE_CONFIG`` names no folder of settings, or ``./config`` can't be read.
    """
    if path := environ.get("NEWSWIRE_CONFIG"):
        return _named_config_folder(Path(path))
    marked = "newswire.toml" in list_settings_files(_LOCAL_CONFIG)
    return _LOCAL_CONFIG if marked else packaged_config_folder()


def _named_config_folder(folder: Path) -> Path:
    """Return the folder that ``NEWSWIRE_CONFIG`` names.

    Raises:
        SettingsError: It is not there or can't be read, or its ``config`` has the settings, not the folder itself.
    """
    inner = folder / "config"
    try:
        is_there = folder.is_dir()
        has_settings = is_there and any((folder / name).is_file() for name in SETTINGS_FILES)
        inner_has_settings = is_there and not has_settings and (inner / "newswire.toml").is_file()
    except OSError as error:
        raise SettingsError(f"NEWSWIRE_CONFIG: {folder}: can't be read: {error.strerror}") from error
    if not is_there:
        working_folder, settings_folder = (folder.parent, folder) if folder.name == "config" else (folder, inner)
        raise SettingsError(
            f"NEWSWIRE_CONFIG: {folder} is not a folder; name the one that holds newswire.toml, or make it: "
            f"newswire init {working_folder} writes {settings_folder}"
        )
    if inner_has_settings:
        raise SettingsError(f"NEWSWIRE_CONFIG: {folder} holds no settings, its folder config does: name {inner}")
    return folder


def list_settings_files(folder: Path) -> list[str]:
    """Return the names of the TOML files in ``folder``, newswire's first; none where there is no such folder.

    Raises:
        SettingsError: The folder can't be read.
    """
    try:
        names = sorted(path.name for path in folder.iterdir() if path.suffix == ".toml")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise SettingsError(f"{folder}: can't be read: {error.strerror}") from error
    return [name for name in SETTINGS_FILES if name in names] + [name for name in names if name not in SETTINGS_FILES]


def find_unread_settings(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return why no command reads the settings in ``./config``, and what to do; None where that isn't so.

    Raises:
        SettingsError: ``./config`` can't be read.
    """
    present = list_settings_files(_LOCAL_CONFIG)
    if environ.get("NEWSWIRE_CONFIG") or "newswire.toml" in present or set(present).isdisjoint(SETTINGS_FILES):
        return None
    return "./config is not read, as it lacks newswire.toml: newswire init --missing adds it"


def packaged_config_folder() -> Path:
    """Return the folder of settings that came with the package: of a checkout its own, else one among the modules."""
    return _INSTALLED_CONFIG if _INSTALLED_CONFIG.is_dir() else Path(__file__).parent.parent / "config"


def is_installed_config(folder: Path) -> bool:
    """Tell whether ``folder`` is the settings folder among installed modules, which the next upgrade replaces."""
    return folder == _INSTALLED_CONFIG


def writable_config_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the settings files, to change one.

    Raises:
        SettingsError: There is none but the one among the installed modules, or ``./config`` lacks newswire.toml.
    """
    if unread := find_unread_settings(environ):
        raise SettingsError(unread)
    folder = config_folder(environ)
    if is_installed_config(folder):
        raise SettingsError("there are no settings in ./config; make them first: newswire init")
    return folder


def load_settings(folder: Path | None = None) -> Settings:
    """Return config/newswire.toml of ``folder``, with defaults where the file or a key is missing.

    Raises:
        SettingsError: The file can't be used, or a right in it doesn't exist.
    """
    file = (folder or config_folder()) / "newswire.toml"
    settings = read_toml(file, Settings)
    unknown = {*settings.rights.not_indexed, *settings.rights.not_archived} - set(RIGHTS)
    if unknown:
        raise SettingsError(f"{file}: rights: {min(unknown)!r} is none; the rights are {', '.join(RIGHTS)}")
    return settings


def sources_file(folder: Path) -> Path:
    """Return the file that names the sources, of the settings in ``folder``."""
    return folder / "feeds.toml"


def load_sources(folder: Path | None = None, *, file: Path | None = None) -> tuple[Source, ...]:
    """Return the sources of config/feeds.toml of ``folder`` (or of ``file``), each checked.

    Raises:
        SettingsError: The file can't be used, a source's value is wrong, or two sources have one name.
    """
    file = file or sources_file(folder or config_folder())
    sources = read_toml(file, FeedsFile).source
    names: set[str] = set()
    for source in sources:
        check_source(f"{file}: source {source.name!r}", source)
        if source.name in names:
            raise SettingsError(f"{file}: two sources are called {source.name!r}; give one another name")
        names.add(source.name)
    return sources


def check_source(where: str, source: Source) -> None:
    """Check the values of a source; ``where`` names it in the message.

    Raises:
        SettingsError: A value is wrong.
    """
    for url in (*source.feeds, *source.sitemaps, *source.pages, *((source.home,) if source.home else ())):
        _check_source_address(where, url)
    if source.country and not re.fullmatch("[A-Z]{2}", source.country):
        raise SettingsError(f"{where}: country {source.country!r} is not a code of two capitals, such as DE")
    if source.credentials and not re.fullmatch("[A-Z][A-Z0-9_]*", source.credentials):
        raise SettingsError(
            f"{where}: credentials {source.credentials!r}: name them as X where NEWSWIRE_CREDENTIALS_X is set"
        )
    if source.language and not re.fullmatch("[a-z]{2,3}", source.language):
        raise SettingsError(f"{where}: language {source.language!r} is not a code such as en")
    if source.time_zone and source.time_zone not in zoneinfo.available_timezones():
        raise SettingsError(f"{where}: time_zone {source.time_zone!r} is unknown; name one such as Europe/Berlin")


def _check_source_address(where: str, url: str) -> None:
    """Check the address of a feed, front page, sitemap or home page.

    Raises:
        SettingsError: It is no address, or holds a password.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
        parts = urlsplit("")
    if "@" in parts.netloc:
        host = parts.netloc.rpartition("@")[2]
        raise SettingsError(
            f"{where}: the address at {host} holds a user or password, which would be shown: take it out, set "
            'credentials = "X", and give user:password in the environment as NEWSWIRE_CREDENTIALS_X'
        )
    if not usable:
        raise SettingsError(f"{where}: feed {url!r} is not an http or https address")


def load_environment(environ: Mapping[str, str] = os.environ) -> Environment:
    """Return where ledger, index and archive are; the embedded default lies under ``NEWSWIRE_HOME`` (./var)."""
    home = Path(read_variable(environ, "NEWSWIRE_HOME") or "var").absolute()
    return Environment(
        home=home,
        store_url=read_variable(environ, "NEWSWIRE_STORE_URL") or f"sqlite:///{home}/ledger.db",
        index_url=read_variable(environ, "NEWSWIRE_INDEX_URL") or f"sqlite:///{home}/index.db",
        archive_url=read_variable(environ, "NEWSWIRE_ARCHIVE_URL") or str(home / "archive"),
        backup_url=read_variable(environ, "NEWSWIRE_BACKUP_URL"),
        index_api_key=read_variable(environ, "NEWSWIRE_INDEX_API_KEY"),
        index_ca_file=read_variable(environ, "NEWSWIRE_INDEX_CA"),
        api_key=read_variable(environ, "NEWSWIRE_API_KEY"),
        operations_url=read_variable(environ, "NEWSWIRE_OPERATIONS_URL"),
        operations_api_key=read_variable(environ, "NEWSWIRE_OPERATIONS_API_KEY"),
        airflow_url=read_variable(environ, "NEWSWIRE_AIRFLOW_URL"),
        serve_url=read_variable(environ, "NEWSWIRE_SERVE_URL"),
        kibana_url=read_variable(environ, "NEWSWIRE_KIBANA_URL"),
        kibana_user=read_variable(environ, "NEWSWIRE_KIBANA_USER") or "editor",
        kibana_password=read_variable(environ, "NEWSWIRE_KIBANA_PASSWORD"),
        kibana_ca_file=read_variable(environ, "NEWSWIRE_KIBANA_CA"),
    )


def read_variable(environ: Mapping[str, str], name: str) -> str | None:
    """Return the variable ``name``, or the content of the file that its ``_FILE`` form names; None where it is unset.

    Raises:
        SettingsError: Both forms are set, or the file can't be read.
    """
    path = environ.get(f"{name}_FILE")
    if not path:
        return environ.get(name) or None
    if environ.get(name):
        raise SettingsError(f"both {name} and {name}_FILE are set; unset one")
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except OSError as error:
        raise SettingsError(f"{name}_FILE: {path} can't be read: {error.strerror}") from error


def read_toml(file: Path, kind: type[S]) -> S:
    """Return ``file`` as a ``kind``, its defaults where there is no such file.

    Raises:
        SettingsError: The file can't be read or isn't TOML, a key is unknown, or a value has a wrong type; the message
            names file and key.
    """
    try:
        plain = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return kind()
    except OSError as error:
        raise SettingsError(f"{file}: can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not TOML: {error}") from error
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{file}: {_explain(str(error), kind)}") from error


def _explain(message: str, kind: type[Section]) -> str:
    """Turn msgspec's message into ours: the key with its path, and the nearest key that exists."""
    fault, _, location = message.partition(" - at ")
    path = location.strip("`").removeprefix("$").lstrip(".")
    unknown = re.search("unknown field `(.+?)`", fault)
    if not unknown:
        return f"{path}: {fault}" if path else fault
    key = unknown[1]
    near = difflib.get_close_matches(key, _all_keys(kind), n=1)
    full = f"{path}.{key}" if path else key
    return f"unknown key {full}" + (f"; did you mean {near[0]}?" if near else "")


def _all_keys(kind: type[msgspec.Struct]) -> list[str]:
    """Return the keys of a section and of the sections inside it."""
    keys: list[str] = []
    for field in msgspec.structs.fields(kind):
        keys.append(field.name)
        for inner in (field.type, *getattr(field.type, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, Section):
                keys += _all_keys(inner)
    return keys
