"""`GET /calendar/<token>.ics`: a business's appointments, for calendar programs that know the secret address."""

from uuid import UUID

from fastapi import Request, Response

from aira.core import aio
from aira.core.app import Aira
from aira.errors import NotFound


async def send_calendar(request: Request, aira: Aira) -> Response:
    """The calendar, or 404 for an address that leads nowhere; neither is kept by a cache in between."""
    try:
        calendar = await aio.calendar_feed(aira, UUID(request.path_params["token"]))
    except (ValueError, NotFound):
        return Response(status_code=404)
    return Response(calendar, media_type="text/calendar", headers={"Cache-Control": "private, no-store"})
