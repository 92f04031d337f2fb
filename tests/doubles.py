"""Small stand-ins that several tests use."""

from datetime import UTC, datetime, timedelta

MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


class FrozenClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self._now = now

    def now(self) -> datetime:
        """The instant the clock stands at."""
        return self._now

    def set(self, now: datetime) -> None:
        """Let the clock stand at another instant."""
        self._now = now

    def move(self, **duration: float) -> None:
        """Move the clock on by a timedelta given in its own words: `clock.move(days=31, hours=2)`."""
        self._now += timedelta(**duration)
