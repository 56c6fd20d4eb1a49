"""How much a fault test does: a little in `make test`, much in `make faults`. The tests are the same."""

import os
from typing import TypeVar

N = TypeVar("N", int, float)

LONG = os.environ.get("FAULTS") == "long"


def scaled(short: N, long: N) -> N:
    """The number for this run."""
    return long if LONG else short


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
