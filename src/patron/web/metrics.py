"""Figures for Prometheus. All server processes of one start add up through files in PROMETHEUS_MULTIPROC_DIR."""

import os
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_REQUESTS = Counter("patron_requests_total", "Requests answered.", ["face", "operation", "status"])
_SECONDS = Histogram(
    "patron_request_seconds",
    "Time from the request's headers to its answer.",
    ["face"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def observe(face: str, operation: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    _counter(face, operation, status).inc()
    _histogram(face).observe(seconds)


@cache
def _counter(face: str, operation: str, status: int) -> Counter:
    """Finding a labelled figure costs more than counting; there are as many as documented answers."""
    return _REQUESTS.labels(face, operation, status)


@cache
def _histogram(face: str) -> Histogram:
    return _SECONDS.labels(face)


def exposition() -> bytes:
    """All figures in the text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
