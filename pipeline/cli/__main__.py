"""Run the command ``newswire`` as ``python -m pipeline.cli``."""

from __future__ import annotations

from pipeline.cli import main

main()
