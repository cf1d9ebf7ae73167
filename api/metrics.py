"""Prometheus metrics: how much, how fast, how it ended; never who.

Rules: labels are route templates, methods, statuses, outcomes and reason codes, all from closed lists, so their number
is bounded and nothing about a person or a tenant can enter; a labelled child is bound once and kept, which is four
times cheaper than asking for it each time.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
READ_BUCKETS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """The metrics of one application, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "yumen_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "yumen_request_seconds", "Time to answer.", ("route",), registry=self.registry, buckets=REQUEST_BUCKETS
        )
        self._decisions = Counter(
            "yumen_decisions", "Subjects decided, by outcome.", ("outcome",), registry=self.registry
        )
        self._reasons = Counter(
            "yumen_denial_reasons", "Features denied, by reason code.", ("code",), registry=self.registry
        )
        self._reads = Histogram(
            "yumen_read_seconds", "Time of a whole read.", ("mode",), registry=self.registry, buckets=READ_BUCKETS
        )
        self._engine = Counter(
            "yumen_engine_errors", "Policy engine faults, by code.", ("code",), registry=self.registry
        )
        self._alarms = Counter(
            "yumen_row_alarms",
            "Subjects denied because a row was changed by hand, by table.",
            ("table",),
            registry=self.registry,
        )
        self._thresholds = Counter(
            "yumen_reveal_thresholds",
            "Times a client's revealed identifiers passed a threshold of the law.",
            ("threshold",),
            registry=self.registry,
        )
        self._privacy = Counter(
            "yumen_privacy_requests",
            "Requests for aggregates that reached their privacy budget, by how they ended.",
            ("outcome",),
            registry=self.registry,
        )
        self._epsilon = Counter("yumen_privacy_epsilon", "Epsilon paid for aggregates.", registry=self.registry)
        self._delta = Counter("yumen_privacy_delta", "Delta paid for aggregates.", registry=self.registry)
        self.log = LogMetrics(self.registry)
        self.ready = Gauge("yumen_ready", "Whether the last readiness check passed.", registry=self.registry)
        self._request_children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._children: dict[tuple[str, str], Counter | Histogram] = {}

    def request(self, method: str, route: str, status: int, *, seconds: float) -> None:
        """Count an answered request."""
        key = (method, route, status)
        children = self._request_children.get(key)
        if children is None:
            children = self._requests.labels(method, route, str(status)), self._seconds.labels(route)
            self._request_children[key] = children
        children[0].inc()
        children[1].observe(seconds)

    def read(self, mode: str, *, seconds: float) -> None:
        """Count a whole read, of one subject or a thousand."""
        child = self._children.get(("read", mode))
        if not isinstance(child, Histogram):
            child = self._children["read", mode] = self._reads.labels(mode)
        child.observe(seconds)

    def decisions(self, outcome: str, count: int = 1) -> None:
        """Count subjects decided with one outcome."""
        self._count(("outcome", outcome), self._decisions, count)

    def reasons(self, codes: Iterable[str], count: int = 1) -> None:
        """Count features denied for each of ``codes``."""
        for code in codes:
            self._count(("code", code), self._reasons, count)

    def engine_error(self, code: str) -> None:
        """Count a fault of the policy engine."""
        self._count(("engine", code), self._engine, 1)

    def alarm(self, table: str, count: int) -> None:
        """Count subjects denied because of rows that do not hold."""
        self._count(("alarm", table), self._alarms, count)

    def reveal_threshold(self, threshold: int) -> None:
        """Count a client that was shown 50, 500 or 5,000 identifiers more."""
        self._count(("threshold", str(threshold)), self._thresholds, 1)

    def privacy_paid(self, epsilon: float, delta: float) -> None:
        """Count aggregates that were paid, and what they cost."""
        self._count(("privacy", "paid"), self._privacy, 1)
        self._epsilon.inc(epsilon)
        self._delta.inc(delta)

    def privacy_repeated(self) -> None:
        """Count an answer that was given before and cost nothing."""
        self._count(("privacy", "repeated"), self._privacy, 1)

    def privacy_refused(self, code: str) -> None:
        """Count a refusal for want of budget, by its code."""
        self._count(("privacy", code), self._privacy, 1)

    def render(self) -> bytes:
        """The metrics in Prometheus's text format."""
        return generate_latest(self.registry)

    def _count(self, key: tuple[str, str], family: Counter, count: int) -> None:
        child = self._children.get(key)
        if not isinstance(child, Counter):
            child = self._children[key] = family.labels(key[1])
        child.inc(count)


class LogMetrics:
    """The transparency log, as this process writes it; codes and witnesses come from closed lists."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.leading = Gauge("yumen_log_leading", "Whether this process writes the log.", registry=registry)
        self.size = Gauge("yumen_log_size", "Entries under the newest checkpoint.", registry=registry)
        self.failing = Gauge("yumen_log_failing", "Whether the last step of the log failed.", registry=registry)
        self.checkpoints = Counter("yumen_log_checkpoints", "Checkpoints published.", registry=registry)
        self.failures = Counter("yumen_log_failures", "Steps that failed, by code.", ("code",), registry=registry)
        self.delay = Histogram(
            "yumen_log_delay_seconds",
            "From an entry to the checkpoint that covers it.",
            registry=registry,
            buckets=REQUEST_BUCKETS,
        )
        self.witnesses = Counter(
            "yumen_log_witness_answers", "What witnesses answered.", ("witness", "outcome"), registry=registry
        )
