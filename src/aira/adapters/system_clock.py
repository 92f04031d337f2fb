"""The present, from the machine."""

from datetime import UTC, datetime


class SystemClock:
    """Clock of the operating system."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)
