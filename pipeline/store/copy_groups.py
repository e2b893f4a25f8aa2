"""Read the copy groups of articles.

An article is in one group; which one, the table ``items`` says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import sqlalchemy as sa

from pipeline.store import article_state, sketch_index
from pipeline.store.rows import GroupMember
from pipeline.store.schema.articles import items
from pipeline.store.statements import among, columns_of, rows_as


class CopyGroups:
    """The copy groups of a database."""

    def list_members(self, connection: sa.Connection, groups: Iterable[str]) -> dict[str, list[GroupMember]]:
        """Return the articles of each of these copy groups, in order of arrival."""
        condition = among(connection, items.c.copy_group, groups)
        chosen = sa.select(*columns_of(items, GroupMember)).where(condition).order_by(items.c.seq)
        members: dict[str, list[GroupMember]] = {}
        for member in rows_as(GroupMember, connection.execute(chosen)):
            members.setdefault(member.copy_group, []).append(member)
        return members

    def find_sketched(self, connection: sa.Connection, seqs: Collection[int]) -> set[int]:
        """Return those of these articles whose sketches are remembered."""
        return sketch_index.find_sketched(connection, seqs)

    def move_articles(
        self, connection: sa.Connection, groups: Mapping[int, str], change: Callable[[bytes, str], bytes]
    ) -> None:
        """Put articles (seq → group) into groups; ``change`` returns a sketch as that of a member of a group."""
        sketch_index.change_sketches(connection, groups, change)
        article_state.assign_groups(connection, groups)
