"""What must be loaded before the first page? Imported once, where workers are forked from, it spares each a second."""

from __future__ import annotations

import py3langid

import pipeline.extract

__all__ = ["pipeline"]

py3langid.classify("The model that tells languages apart is read from a compressed file at its first use.")
