from __future__ import annotations

import pytest

from pipeline.errors import ItemError
from pipeline.extract.input_kind import InputKind, detect_kind


def test_the_kind_is_told_by_bytes_and_by_what_the_server_says():
    assert detect_kind(b"<!DOCTYPE html><p>x", "text/plain", None) is InputKind.HTML
    assert detect_kind(b"Just text, with a < sign.", None, "a.txt") is InputKind.PLAIN
    assert detect_kind(b"Just text", "text/html", None) is InputKind.HTML
    with pytest.raises(ItemError):
        detect_kind(b"Just text", "application/json", None)
