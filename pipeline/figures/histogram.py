"""Count durations in buckets that grow by a twelfth, so that histograms can be added up and percentiles be read.

The buckets are those of Prometheus' native histograms (schema 3) and OpenTelemetry's exponential ones (scale 3): eight
to each doubling.
"""

from __future__ import annotations

import math

import msgspec

_PER_DOUBLING = 8
_LOWEST = -80  # the bucket of 2**-10 seconds and less: what is shorter than a millisecond is no waiting

WIDTH = 2 ** (1 / _PER_DOUBLING)  # a bucket's upper bound, in terms of its lower one


class Histogram(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How often something took how long, in seconds.

    ``buckets`` holds bucket → how many durations: bucket n those above ``2**((n - 1) / 8)`` and up to ``2**(n / 8)``.
    """

    count: int = 0
    sum_seconds: float = 0.0
    buckets: dict[int, int] = {}

    def add(self, seconds: float) -> None:
        """Count a duration; a negative one, of a clock that was put back, as none."""
        seconds = max(seconds, 0.0)
        bucket = bucket_of(seconds)
        self.count += 1
        self.sum_seconds += seconds
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def percentile(self, percent: float) -> float | None:
        """Return the seconds that so many percent of the durations don't exceed, None where there are none.

        What is returned is a bucket's upper bound: at most a bucket's width more than the true value.
        """
        rank = max(1, math.ceil(self.count * percent / 100))
        for bucket in sorted(self.buckets):
            rank -= self.buckets[bucket]
            if rank <= 0:
                return upper_bound(bucket)
        return None


def bucket_of(seconds: float) -> int:
    """Return the bucket of a duration."""
    if seconds <= upper_bound(_LOWEST):
        return _LOWEST
    bucket = math.ceil(math.log2(seconds) * _PER_DOUBLING)
    # the logarithm is rounded, down or up
    if seconds <= upper_bound(bucket - 1):
        return bucket - 1
    return bucket + 1 if seconds > upper_bound(bucket) else bucket


def upper_bound(bucket: int) -> float:
    """Return the longest duration of a bucket, in seconds."""
    return math.ldexp(2 ** ((bucket % _PER_DOUBLING) / _PER_DOUBLING), bucket // _PER_DOUBLING)
