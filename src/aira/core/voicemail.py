"""Voicemail: the carrier's recording is fetched, kept in the file store, and mailed to the owner."""

from uuid import UUID

from aira.core.app import Aira
from aira.core.db import execute, fetch_one
from aira.model import CallMessage

_FIND_SQL = """
select id, call_id, business_id, kind, text, caller_name, phone, created_at, recording_url, recording_key
from call_messages where id = %(id)s
"""
_KEEP_SQL = "select keep_call_recording(%(id)s, %(key)s, %(now)s)"


def keep_recording(aira: Aira, message: UUID) -> str | None:
    """Fetch the recording of a message from the carrier and keep it; returns its key in the file store, None where there is none.

    The owner's mail, which waits for it a quarter of an hour, leaves with it. Safe to repeat. Raises VendorError where it cannot be
    had (yet).
    """
    with aira.database.transaction() as connection:
        found = fetch_one(connection, CallMessage, _FIND_SQL, {"id": message})
    if found is None or found.recording_url is None:
        return None
    key = found.recording_key or f"{found.business_id}/voicemail/{found.id}.wav"
    if found.recording_key is None:
        aira.files.put(key, aira.recordings.fetch(found.recording_url), content_type="audio/wav")
    with aira.database.transaction() as connection:
        execute(connection, _KEEP_SQL, {"id": found.id, "key": key, "now": aira.clock.now()})
    return key
