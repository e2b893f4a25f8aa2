"""Run all stages at once in one program: each takes what waits for it, as soon as it waits.

The ledger is the only queue between two stages. What is in memory only bounds that queue and wakes who has work: a
program that is killed loses nothing but time.
"""

from pipeline.stream.stream import Stream, StreamOptions, StreamResult

__all__ = ["Stream", "StreamOptions", "StreamResult"]
