"""Tell figures to Prometheus, in its text format: what a page of ``newswire serve`` or a port of its own shows.

Histograms are told by bounds that double, from a sixteenth of a second to a day and a half: each is a bound of ours as
well, so that nothing is estimated.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from pipeline.errors import ServeError
from pipeline.figures.histogram import Histogram, upper_bound
from pipeline.figures.metrics import METRICS, MetricKind, MetricPoint, list_system_points
from pipeline.figures.readings import SystemReadings

_PER_DOUBLING = 8
_BOUNDS = tuple(range(-4 * _PER_DOUBLING, 17 * _PER_DOUBLING + 1, _PER_DOUBLING))  # buckets of ours


class FigureCollector(Collector):
    """Gives Prometheus' client what ``read`` returns each time that somebody asks."""

    def __init__(self, read: Callable[[], SystemReadings]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """Yield each metric that has a value."""
        points: dict[str, list[MetricPoint]] = {metric.name: [] for metric in METRICS}
        for point in list_system_points(self._read()):
            points[point.metric.name].append(point)
        for metric in METRICS:
            if points[metric.name]:
                yield _family(points[metric.name])


def _family(points: list[MetricPoint]) -> Metric:
    metric = points[0].metric
    if metric.kind is MetricKind.HISTOGRAM:
        family = HistogramMetricFamily(metric.name, metric.meaning, labels=metric.labels)
        for point in points:
            assert isinstance(point.value, Histogram)
            family.add_metric(point.values, buckets=list(cumulate(point.value)), sum_value=point.value.sum_seconds)
        return family
    kind = CounterMetricFamily if metric.kind is MetricKind.COUNTER else GaugeMetricFamily
    plain = kind(metric.name, metric.meaning, labels=metric.labels)
    for point in points:
        assert not isinstance(point.value, Histogram)
        plain.add_metric(point.values, point.value)
    return plain


def cumulate(histogram: Histogram) -> Iterator[tuple[str, float]]:
    """Yield bound → how many durations don't exceed it, as Prometheus wants them."""
    buckets = sorted(histogram.buckets.items())
    count = 0
    for bound in _BOUNDS:
        while buckets and buckets[0][0] <= bound:
            count += buckets.pop(0)[1]
        yield str(upper_bound(bound)), count
    yield "+Inf", histogram.count


def make_registry(read: Callable[[], SystemReadings]) -> CollectorRegistry:
    """Return a registry that has our figures alone."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(FigureCollector(read))
    return registry


def render_metrics(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Return the metrics as text, and its content type, in the form that an ``Accept`` header asks for."""
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


@contextlib.contextmanager
def serving_metrics(registry: CollectorRegistry, host: str, port: int) -> Iterator[str]:
    """Let Prometheus read at a port during the block, on a thread of its own; the address is given.

    Raises:
        ServeError: Nobody can listen there.
    """
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise ServeError(f"[metrics] {host}:{port}: can't be listened to: {error.strerror or error}") from error
    try:
        yield f"http://{host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
