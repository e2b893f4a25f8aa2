"""Facts about the kinds of changes."""

from __future__ import annotations

import msgspec
import pytest

from pipeline.change_records import ChangeKind, DocumentState, classify_change

STOOD = DocumentState(id="a", revision=3, version=1, copy_group="a", story="s")


@pytest.mark.parametrize(
    ("difference", "kind"),
    [
        ({"revision": 4, "version": 2, "story": "t"}, ChangeKind.REVISED),
        ({"revision": 4, "story": "t"}, ChangeKind.MERGED),
        ({"revision": 4, "story": "u"}, ChangeKind.MOVED),
        ({"revision": 4, "copy_group": "b"}, ChangeKind.MERGED),
        ({"revision": 4}, ChangeKind.UPDATED),
        ({}, None),
    ],
)
def test_the_kind_of_a_change_follows_from_what_differs(difference, kind):
    assert classify_change(STOOD, msgspec.structs.replace(STOOD, **difference), {"s": "t"}) is kind


def test_an_article_that_leaves_the_group_of_another_one_is_moved():
    copy = msgspec.structs.replace(STOOD, copy_group="b")
    assert classify_change(copy, msgspec.structs.replace(copy, copy_group="a", revision=4), {}) is ChangeKind.MOVED


def test_a_document_that_the_index_had_not_is_created():
    assert classify_change(None, STOOD, {}) is ChangeKind.CREATED
