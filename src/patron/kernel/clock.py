"""The one place that asks the machine for the time; everything else is told (`ctx.now`)."""

from datetime import UTC, datetime


def clock() -> datetime:
    """Now, in the milliseconds that both dialects write."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
