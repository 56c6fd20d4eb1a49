"""What the app under test runs with: a key and a clock."""

from datetime import UTC, datetime, timedelta

from patron.kernel.clock import clock as real_clock

TEST_KEY = "A" * 43  # 32 zero bytes: a key for tests only


class Clock:
    """The app's clock in tests: the real time, or one that stands still and is moved as a test wants."""

    def __init__(self) -> None:
        self._stopped_at: datetime | None = None

    def __call__(self) -> datetime:
        return (self._stopped_at or real_clock()).astimezone(UTC)

    def stop(self) -> None:
        """From now on no time passes by itself, however slow the machine is."""
        self._stopped_at = self()

    def run(self) -> None:
        """Back to the real time."""
        self._stopped_at = None

    def advance(self, **by: float) -> None:
        """Let time pass: `clock.advance(minutes=20)`."""
        self._stopped_at = self() + timedelta(**by)
