"""The errors that a user can understand, as one tree.

Each message says what is wrong, where, and what to do.

NewswireError
├── SettingsError          a settings file or environment variable can't be used
├── UsageError             the command or call is wrong
│   ├── UnknownError       it names something that does not exist
│   ├── ExpiredError       it names something that was there once
│   └── QuerySyntaxError   a search line can't be read; carries the character
├── StoreError             the ledger can't be used
│   ├── StoreVersionError  it was written by a newer newswire
│   └── BusyError          another worker holds it; later it may be changed
├── SearchIndexError       the index can't be used
│   ├── IndexAwayError     it does not answer; later it may
│   └── IndexRefusedError  it answers and refuses (key, foreign mapping)
│       └── IndexVersionError  another version of newswire made it; the next run makes it anew
├── ArchiveError           raw pages can't be read or written
│   └── MissingPageError   the archive has no page of this name
├── BackupError            a backup can't be written or read
│   └── RestoreRefusedError  what it would be restored into isn't empty, or it is no backup that can be
├── ServeError             the server can't listen where it shall
├── KibanaError            Kibana can't be used, or refuses what it is given
├── KibanaAwayError        Kibana is not ready; later it may be
├── WorkersError           no process for parsing can be started
├── RunFailedError         whatever a run tried failed
└── ItemError              one article can't be processed; carries the outcome and the reason
"""

from __future__ import annotations

from typing import ClassVar

from pipeline.records import Outcome, Reason


class NewswireError(Exception):
    """An error that a user can understand and mend."""

    retryable: ClassVar[bool] = True  # whether it may pass by itself; otherwise somebody must mend it first


class SettingsError(NewswireError):
    """A settings file or an environment variable can't be used."""

    retryable = False


class UsageError(NewswireError):
    """The command or call is wrong."""

    retryable = False


class UnknownError(UsageError):
    """The command or call names something that does not exist."""


class ExpiredError(UsageError):
    """The command or call goes on from something that was there once, and is gone for good."""


class QuerySyntaxError(UsageError):
    """A search line can't be read: ``position`` is the character at which it goes wrong, from 1."""

    def __init__(self, fault: str, position: int, behind: str) -> None:
        """Say the fault and the place.

        Args:
            fault: what is wrong there, in plain words.
            position: the character, from 1.
            behind: the line from there on, as far as it helps.
        """
        shown = f" (at {behind!r})" if behind else ""
        super().__init__(f"search line, character {position}{shown}: {fault}")
        self.position = position


class StoreError(NewswireError):
    """The ledger can't be used."""


class StoreVersionError(StoreError):
    """The ledger was written by a newer newswire."""

    retryable = False


class BusyError(StoreError):
    """Another worker holds what is to be changed; later it may be changed."""


class SearchIndexError(NewswireError):
    """The index can't be used."""


class IndexAwayError(SearchIndexError):
    """The index does not answer; later it may."""


class IndexRefusedError(SearchIndexError):
    """The index answers and refuses: a wrong key, a foreign index under the alias, no permission."""

    retryable = False


class IndexVersionError(IndexRefusedError):
    """Another version of newswire made the index; stage index makes it anew from the ledger."""


class ArchiveError(NewswireError):
    """Raw pages can't be read or written."""


class MissingPageError(ArchiveError):
    """The archive has no page of this name."""


class BackupError(NewswireError):
    """A backup can't be written or read."""


class RestoreRefusedError(BackupError):
    """What a backup would be restored into isn't empty, or what is named is no backup that can be restored."""

    retryable = False


class ServeError(NewswireError):
    """The server can't listen where it shall: the port is taken, or nobody may or can listen there."""

    retryable = False


class KibanaError(NewswireError):
    """Kibana can't be used: a wrong password or version, an object that it refuses."""

    retryable = False


class KibanaAwayError(NewswireError):
    """Kibana does not answer yet, or says that it is not ready."""


class WorkersError(NewswireError):
    """No process for parsing can be started: too little memory for its modules, a faulty installation."""


class RunFailedError(NewswireError):
    """Whatever a run tried failed: no source could be read, or a stage could do nothing with any article."""

    retryable = False  # the next run tries it again


class ItemError(NewswireError):
    """One item can't be processed; the stage goes on with the rest.

    ``reason`` and ``detail`` go into the ledger; ``outcome`` says whether it is tried again.
    """

    def __init__(
        self,
        outcome: Outcome,
        reason: Reason,
        detail: str = "",
        *,
        retry_after: float | None = None,
        tried: bool = True,
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.outcome = outcome
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after  # seconds, where the server said so
        self.tried = tried  # whether it counts as an attempt

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with all arguments: item errors cross process borders."""
        return (_item_error, (self.outcome, self.reason, self.detail, self.retry_after, self.tried))


def _item_error(outcome: Outcome, reason: Reason, detail: str, retry_after: float | None, tried: bool) -> ItemError:
    return ItemError(outcome, reason, detail, retry_after=retry_after, tried=tried)
