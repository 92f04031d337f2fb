"""What `aira appointments list` narrows its list by."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from aira.core.app import Aira


def span(aira: "Aira", business: str | None, first: str | None, last: str | None) -> "tuple[datetime | None, datetime | None]":
    """The beginning of the first day and the end of the last."""
    from aira.core.businesses import find_business
    from aira.core.when_typed import first_moment

    if first is None and last is None:
        return None, None
    found = find_business(aira, business)
    end = first_moment(aira, found, last, days_later=1) if last else None
    return first_moment(aira, found, first) if first else None, end


def source_named(text: str | None) -> str | None:
    """The source; raises InvalidInput for what is none."""
    from aira.errors import InvalidInput
    from aira.model import AppointmentSource

    if text is not None and text not in set(AppointmentSource):
        raise InvalidInput(f"'{text}' is not a source.", hint="One of: " + ", ".join(AppointmentSource) + ".")
    return text


def status_named(text: str | None) -> str | None:
    """The status; raises InvalidInput for what is none."""
    from aira.errors import InvalidInput

    known = ("confirmed", "cancelled", "completed", "no_show")
    if text is not None and text not in known:
        raise InvalidInput(f"'{text}' is not a status.", hint="One of: " + ", ".join(known) + ".")
    return text
