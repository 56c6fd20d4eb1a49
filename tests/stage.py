"""What the app under test runs with: a key and a clock."""

from datetime import UTC, datetime, timedelta

from patron.kernel.clock import clock as real_clock

TEST_KEY = "A" * 43  # 32 zero bytes: a key for tests only


class Clock:
    """The app's clock in tests: the real time, moved as a test wants."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        return (real_clock() + self.offset).astimezone(UTC)

    def advance(self, **by: float) -> None:
        """Let time pass: `clock.advance(minutes=20)`."""
        self.offset += timedelta(**by)
