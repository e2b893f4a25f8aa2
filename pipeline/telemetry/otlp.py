"""Send figures and spans by OpenTelemetry's protocol, OTLP over HTTP; where to, its own variables say.

``OTEL_EXPORTER_OTLP_ENDPOINT`` and ``OTEL_EXPORTER_OTLP_HEADERS`` are the usual ones. Metrics have the names that
Prometheus' translation of OpenTelemetry's names turns into ours: ``newswire.stage.taken`` becomes
``newswire_stage_taken_total``. Source: opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from collections.abc import Iterable, Sequence
from itertools import groupby

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Buckets,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from pipeline.figures.histogram import Histogram
from pipeline.figures.metrics import MetricKind, MetricPoint
from pipeline.telemetry.spans import SpanRecord

_SECONDS = 10.0  # that a receiver may take for what is sent at once
_SCALE = 3  # of exponential histograms: eight buckets to each doubling, as ours
_UNITS = {"_seconds": "s", "_bytes": "By"}
_SPACES = ("stage", "queue", "host", "source", "program", "ledger", "index", "http", "workers", "operations")


class OtlpSender:
    """Sends to the receiver that OpenTelemetry's variables name, else to ``http://localhost:4318``.

    ``endpoint`` stands in place of the variables: tests name one.
    """

    def __init__(self, endpoint: str | None = None) -> None:
        self._endpoint = endpoint
        self._resource = Resource.create(
            {"service.name": "newswire", "service.version": importlib.metadata.version("newswire")}
        )
        self._scope = InstrumentationScope("newswire", importlib.metadata.version("newswire"))
        self._spans: OTLPSpanExporter | None = None
        self._metrics: OTLPMetricExporter | None = None

    def send_spans(self, records: Iterable[SpanRecord]) -> bool:
        """Send spans; return False where the receiver doesn't take them now."""
        spans = [self._span(record) for record in records]
        if not spans:
            return True
        if self._spans is None:
            endpoint = f"{self._endpoint}/v1/traces" if self._endpoint else None
            self._spans = OTLPSpanExporter(endpoint=endpoint, timeout=_SECONDS)
        return self._spans.export(spans) is SpanExportResult.SUCCESS

    def send_metrics(self, points: Iterable[MetricPoint], since: dt.datetime, now: dt.datetime) -> bool:
        """Send metrics, counted ``since`` then; return False where the receiver doesn't take them now."""
        if self._metrics is None:
            endpoint = f"{self._endpoint}/v1/metrics" if self._endpoint else None
            self._metrics = OTLPMetricExporter(endpoint=endpoint, timeout=_SECONDS)
        by_name = groupby(sorted(points, key=lambda point: point.metric.name), key=lambda point: point.metric.name)
        metrics = [_metric(list(same), _nanoseconds(since), _nanoseconds(now)) for _, same in by_name]
        scopes = [ScopeMetrics(scope=self._scope, metrics=metrics, schema_url="")]
        data = MetricsData([ResourceMetrics(resource=self._resource, scope_metrics=scopes, schema_url="")])
        return self._metrics.export(data) is MetricExportResult.SUCCESS

    def close(self) -> None:
        """Close the connections."""
        for exporter in (self._spans, self._metrics):
            if exporter is not None:
                exporter.shutdown()

    def _span(self, record: SpanRecord) -> ReadableSpan:
        return ReadableSpan(
            name=record.name,
            context=_context(record.trace, record.span),
            parent=_context(record.trace, record.parent) if record.parent else None,
            resource=self._resource,
            attributes=record.attributes,
            kind=SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, record.fault) if record.fault else Status(StatusCode.UNSET),
            start_time=_nanoseconds(record.began),
            end_time=_nanoseconds(record.ended),
            instrumentation_scope=self._scope,
        )


def otel_name(name: str) -> tuple[str, str]:
    """Return the name and unit that OpenTelemetry has for a metric of ours. Pure."""
    plain = name.removesuffix("_total")
    unit = next((unit for end, unit in _UNITS.items() if plain.endswith(end)), "{item}")  # "1" would be a ratio
    for end in _UNITS:
        plain = plain.removesuffix(end)
    first, _, rest = plain.removeprefix("newswire_").partition("_")
    inner = f"{first}.{rest}" if rest and first in _SPACES else f"{first}_{rest}" if rest else first
    return f"newswire.{inner}", unit


def _metric(points: Sequence[MetricPoint], since: int, now: int) -> Metric:
    metric = points[0].metric
    name, unit = otel_name(metric.name)
    data: Sum | Gauge | ExponentialHistogram
    if metric.kind is MetricKind.HISTOGRAM:
        histograms = [_histogram(point, since, now) for point in points]
        data = ExponentialHistogram(histograms, AggregationTemporality.CUMULATIVE)
    else:
        numbers = [
            NumberDataPoint(_attributes(point), since, now, point.value)
            for point in points
            if not isinstance(point.value, Histogram)
        ]
        is_counter = metric.kind is MetricKind.COUNTER
        data = Sum(numbers, AggregationTemporality.CUMULATIVE, is_monotonic=True) if is_counter else Gauge(numbers)
    return Metric(name=name, description=metric.meaning, unit=unit, data=data)


def _histogram(point: MetricPoint, since: int, now: int) -> ExponentialHistogramDataPoint:
    """Return the point of a histogram: our bucket n is OpenTelemetry's n - 1, which is named by its lower bound."""
    histogram = point.value
    assert isinstance(histogram, Histogram)
    lowest, highest = min(histogram.buckets, default=1), max(histogram.buckets, default=0)
    counts = [histogram.buckets.get(bucket, 0) for bucket in range(lowest, highest + 1)]
    return ExponentialHistogramDataPoint(
        attributes=_attributes(point),
        start_time_unix_nano=since,
        time_unix_nano=now,
        count=histogram.count,
        sum=histogram.sum_seconds,
        scale=_SCALE,
        zero_count=0,
        positive=Buckets(offset=lowest - 1, bucket_counts=counts),
        negative=Buckets(offset=0, bucket_counts=[]),
        flags=0,
        min=histogram.percentile(0) or 0.0,
        max=histogram.percentile(100) or 0.0,
    )


def _attributes(point: MetricPoint) -> dict[str, str]:
    return dict(zip(point.metric.labels, point.values, strict=True))


def _context(trace: str, span: str) -> SpanContext:
    return SpanContext(int(trace, 16), int(span, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _nanoseconds(time: dt.datetime) -> int:
    """Return a time as nanoseconds since 1970, to the microsecond."""
    since = time - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000
