"""What `aira appointments list` narrows its list by."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from aira.core.app import Aira


def spans(
    aira: "Aira", business: str | None, first: str | None, last: str | None
) -> "list[tuple[UUID | None, datetime | None, datetime | None]]":
    """Which appointments are meant: the beginning of the first day and the end of the last, by the clock of each business."""
    from aira.core.businesses import find_business, list_businesses
    from aira.core.when_typed import first_moment

    if business is None and first is None and last is None:
        return [(None, None, None)]
    meant = [find_business(aira, business)] if business is not None else list_businesses(aira)
    return [
        (
            one.id,
            first_moment(aira, one, first) if first else None,
            first_moment(aira, one, last, days_later=1) if last else None,
        )
        for one in meant
    ]


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
