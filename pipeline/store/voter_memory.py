"""Keep the voters that have dense vectors, and how many articles of which language came when.

Voters stay in memory from batch to batch: before each use those that came since are read. Another process may add some
too; whoever adds them holds cluster's lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from pipeline.cluster import Voter, VoterWindow
from pipeline.store.engine import ReadOpener
from pipeline.store.schema.stories import language_days, voters
from pipeline.store.statements import among, upsert

_COLUMNS = [voters.c[name] for name in Voter._fields if name != "group"]


class VoterMemory:
    """The voters in the ledger, as cluster compares articles with them."""

    def __init__(self, read: ReadOpener) -> None:
        self._read = read
        self._kept, self._last = VoterWindow(), 0

    def load(self) -> VoterWindow:
        """Return a window of all voters, to which more may be added that nobody else sees."""
        c = voters.c
        with self._read() as connection:
            newer = connection.scalar(sa.select(sa.func.count()).select_from(voters).where(c.n > self._last)) or 0
            count = connection.scalar(sa.select(sa.func.count()).select_from(voters)) or 0
            if count - newer != len(self._kept):  # some were deleted
                self._kept, self._last = VoterWindow(), 0
            rows = sa.select(c.n, c.copy_group, *_COLUMNS).where(c.n > self._last).order_by(c.n)
            for n, *row in connection.execute(rows):
                self._kept.add(Voter(*row))
                self._last = n
        return VoterWindow(self._kept)

    def save(self, connection: sa.Connection, added: Sequence[tuple[Voter, int]]) -> None:
        """Add voters, each with the day on which it was first seen."""
        if added:
            rows = [{**voter._asdict(), "seen": day} for voter, day in added]
            for row in rows:
                row["copy_group"] = row.pop("group")
            connection.execute(sa.insert(voters), rows)


def count_languages(connection: sa.Connection, since: int) -> Counter[str]:
    """Return how many articles of each language were first seen on the day ``since`` or later."""
    c = language_days.c
    query = sa.select(c.language, sa.func.sum(c.articles)).where(c.day >= since).group_by(c.language)
    return Counter({language: int(articles) for language, articles in connection.execute(query)})


def add_articles(connection: sa.Connection, counted: Mapping[tuple[int, str], int]) -> None:
    """Count articles, by day and language. The caller holds cluster's lock."""
    if not counted:
        return
    c = language_days.c
    days = {day for day, _ in counted}
    present = connection.execute(sa.select(c.day, c.language, c.articles).where(among(connection, c.day, days)))
    total = Counter({(row.day, row.language): row.articles for row in present}) + Counter(counted)
    rows = [{"day": day, "language": language, "articles": total[day, language]} for day, language in sorted(counted)]
    upsert(connection, language_days, rows)


def delete_voters_of(connection: sa.Connection, groups: Collection[str]) -> None:
    """Forget the voters of copy groups, whose texts were taken down."""
    connection.execute(sa.delete(voters).where(among(connection, voters.c.copy_group, groups)))


def delete_voters_before(connection: sa.Connection, first_day: int) -> None:
    """Forget what was first seen before that day."""
    connection.execute(sa.delete(voters).where(voters.c.seen < first_day))
    connection.execute(sa.delete(language_days).where(language_days.c.day < first_day))
