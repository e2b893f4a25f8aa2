"""The copy groups of articles, and what editors decided of them; which article is in which group, ``items`` says."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import sqlalchemy as sa

from pipeline.store import article_state, sketch_index
from pipeline.store.rows import CopyPin, GroupMember
from pipeline.store.schema.articles import items
from pipeline.store.schema.copies import copy_pins
from pipeline.store.statements import among, columns_of, rows_as, upsert


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

    def pin_to_groups(
        self,
        connection: sa.Connection,
        groups: Mapping[int, str],
        change: Callable[[bytes, str], bytes],
        decision: Mapping[str, object],
    ) -> None:
        """Put articles (seq → group) into groups for good, by an editor's ``decision``; ``change`` moves a sketch."""
        rows = [{"seq": seq, "copy_group": group, **decision} for seq, group in groups.items()]
        upsert(connection, copy_pins, rows)
        sketch_index.change_sketches(connection, groups, change)
        article_state.assign_groups(connection, groups)

    def list_pins(self, connection: sa.Connection, seqs: Collection[int]) -> list[CopyPin]:
        """Return what editors decided on these articles, in order."""
        c = copy_pins.c
        query = sa.select(items.c.id, c.copy_group, c.at, c.made_by, c.reason).join(items, items.c.seq == c.seq)
        pins = query.where(among(connection, c.seq, seqs)).order_by(c.at, c.seq)
        return rows_as(CopyPin, connection.execute(pins))
