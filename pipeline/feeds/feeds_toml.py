"""Change config/feeds.toml; comments and order stay as people wrote them.

A file is written whole and checked, or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError

from pipeline.errors import SettingsError, UsageError
from pipeline.records import to_plain
from pipeline.settings import Source, load_sources

_LISTS = ("feeds", "sitemaps", "pages")


class SourcesFile:
    """The sources in ``file``; ``save`` writes what was changed, whole and checked, or not at all.

    Raises:
        SettingsError: The file is damaged.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            text = file.read_text(encoding="utf-8") if file.exists() else ""
            self._plain = tomlkit.parse(text)
        except OSError as error:
            raise SettingsError(f"{file}: can't be read: {error.strerror}") from error
        except (TOMLKitError, UnicodeDecodeError) as error:
            raise SettingsError(f"{file}: not TOML: {error}") from error

    def add(self, source: Source) -> list[str]:
        """Add ``source``, or what is new of it to the one of the same name; return the addresses that are new."""
        listed = {address for table in self._tables() for key in _LISTS for address in table.get(key, ())}
        new = {key: [address for address in getattr(source, key) if address not in listed] for key in _LISTS}
        addresses = [address for key in _LISTS for address in new[key]]
        if not addresses:
            return []
        table = next((table for table in self._tables() if table.get("name") == source.name), None)
        if table is None:
            self._append(msgspec.structs.replace(source, **{key: tuple(new[key]) for key in _LISTS}))
        else:
            for key in _LISTS:
                if new[key]:
                    table[key] = [*table.get(key, ()), *new[key]]
        return addresses

    def _append(self, source: Source) -> None:
        empty, table = Source(name=""), tomlkit.table()
        for key, value in to_plain(source).items():
            if value is not None and getattr(source, key) != getattr(empty, key):
                table.add(key, value)
        table.add(tomlkit.nl())
        if "source" not in self._plain:
            self._plain.add("source", tomlkit.aot())
        self._plain["source"].append(table)

    def remove(self, name: str) -> list[str]:
        """Remove the source of this name, or the address (and its source, if that has no other).

        Returns the addresses that were removed.

        Raises:
            UsageError: There is no such source and no such address.
        """
        for index, table in enumerate(self._tables()):
            if table.get("name") == name:
                self._drop(index)
                return [address for key in _LISTS for address in table.get(key, ())]
            for key in _LISTS:
                if name in table.get(key, ()):
                    table[key] = [address for address in table[key] if address != name]
                    if not any(table.get(other_key) for other_key in _LISTS):
                        self._drop(index)
                    elif not table[key]:
                        del table[key]
                    return [name]
        raise UsageError(f"{name}: {self.file} has no source and no feed of this name; newswire feeds list names them")

    def _drop(self, index: int) -> None:
        del self._tables()[index]
        if not self._tables():  # else it would be written as an empty list, which a further [[source]] contradicts
            del self._plain["source"]

    def _tables(self) -> Any:
        return self._plain.get("source", [])

    def to_text(self) -> str:
        """Return the file as it would be written."""
        return tomlkit.dumps(self._plain)

    def save(self) -> None:
        """Write the file.

        Raises:
            SettingsError: The result would not be one that newswire reads, or it can't be written.
        """
        draft = self.file.with_name(f".{self.file.name}.part")
        try:
            draft.write_text(self.to_text(), encoding="utf-8")
            load_sources(file=draft)
            draft.replace(self.file)
        except OSError as error:
            raise SettingsError(f"{self.file}: can't be written: {error.strerror}") from error
        finally:
            draft.unlink(missing_ok=True)


def sources_to_toml(sources: Sequence[Source]) -> str:
    """Return ``sources`` as a feeds.toml of their own."""
    file = SourcesFile(Path("feeds.toml.none"))
    for source in sources:
        file.add(source)
    return file.to_text()
