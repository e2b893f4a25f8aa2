"""``python -m pipeline.cli`` is the command ``newswire``."""

from __future__ import annotations

from pipeline.cli import main

main()
