"""AiRa inside a web service of your own: free times and bookings as JSON.

AIRA_HOME=/tmp/aira-example uvicorn --app-dir examples embed_in_fastapi:service
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from aira.core import open_aira
from aira.core.aio import book_appointment, find_slots
from aira.errors import AiraError, NotFound, Refused


@asynccontextmanager
async def lifespan(service: FastAPI) -> AsyncIterator[None]:
    """One handle for the life of the service; it may be shared by all requests."""
    with open_aira() as service.state.aira:
        yield


service = FastAPI(lifespan=lifespan)


@service.exception_handler(AiraError)
async def refused(_: Request, error: AiraError) -> JSONResponse:
    """An AiraError says by its class what kind of answer it is."""
    status = 404 if isinstance(error, NotFound) else 409 if isinstance(error, Refused) else 503 if error.retryable else 400
    return JSONResponse({"error": error.as_dict()}, status)


@service.get("/slots")
async def slots(request: Request, business: str, service: str | None = None) -> list[dict[str, Any]]:
    """The next free times."""
    found = await find_slots(request.app.state.aira, business=business, service=service, limit=5)
    return [{"start_time": slot.start_time, "end_time": slot.end_time} for slot in found]


@service.post("/appointments", status_code=201)
async def book(request: Request, business: str, start: datetime, name: str, service: str | None = None) -> dict[str, Any]:
    """Book; a time that is taken is answered with 409."""
    booked = await book_appointment(request.app.state.aira, business=business, start=start, service=service, customer_name=name)
    return {"id": booked.id, "start_time": booked.start_time, "status": booked.status}
