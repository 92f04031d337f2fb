"""`POST /process-document`: what a database webhook calls when a document has been uploaded beside AiRa.

It takes only the document's id, from `{"id": …}` or from a Supabase webhook's `{"record": {"id": …}}`, and sees to it that a worker has a
job for it: reading in this process would be heard in the calls that it holds.
"""

import asyncio
import hmac
import json
import logging
from uuid import UUID

from fastapi import Request, Response

from aira.core.app import Aira
from aira.core.jobs import enqueue_document
from aira.errors import AiraError

_LARGEST_BODY = 1024 * 1024

logger = logging.getLogger(__name__)


async def receive_document(request: Request, aira: Aira) -> Response:
    """202 and a worker reads the document; 403 without the shared secret, 400 without an id, 503 where nothing could be queued."""
    if not _knows_secret(request, aira):
        return Response(status_code=403)
    document = _document_id(await request.body()) if int(request.headers.get("content-length", "0")) <= _LARGEST_BODY else None
    if document is None:
        return Response("The body names no document.\n", status_code=400, media_type="text/plain")
    try:
        await asyncio.to_thread(enqueue_document, aira, document)
    except AiraError as error:
        logger.warning("A document of the webhook was not queued: %s", error.reason)
        return Response(status_code=503)
    return Response(status_code=202)


def _knows_secret(request: Request, aira: Aira) -> bool:
    secret = aira.settings.aira_webhook_secret
    given = request.headers.get("authorization", "")
    return secret is not None and hmac.compare_digest(given.encode(), f"Bearer {secret.get_secret_value()}".encode())


def _document_id(body: bytes) -> UUID | None:
    try:
        message = json.loads(body)
        return UUID(str(message.get("id") or message["record"]["id"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
