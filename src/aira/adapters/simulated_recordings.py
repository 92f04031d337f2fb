"""Recordings of the simulated carrier, kept in the database with its other records."""

import psycopg

from aira.adapters.twilio_recordings import recording_of
from aira.errors import DatabaseError, VendorError

_KEEP_SQL = "insert into simulated_carrier.recordings (sid, content) values (%(sid)s, %(content)s) on conflict (sid) do nothing"
_FETCH_SQL = "select content from simulated_carrier.recordings where sid = %(sid)s"


class SimulatedRecordings:
    """What simulated callers left after the tone. `database_url` is where the simulated carrier lives."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def keep(self, url: str, wav: bytes) -> None:
        """Record: what is fetched from this address from now on. Its last part is the recording's sid, RE and 32 hex digits."""
        self._run(_KEEP_SQL, {"sid": recording_of(url)[1], "content": wav})

    def fetch(self, url: str) -> bytes:
        """The recording as WAV. Raises VendorError where there is none of this address."""
        content = self._run(_FETCH_SQL, {"sid": recording_of(url)[1]})
        if content is None:
            raise VendorError("The simulated carrier has no such recording.", code="recording_404")
        return content

    def _run(self, statement: str, values: dict[str, object]) -> bytes | None:
        try:
            with psycopg.connect(self._url, connect_timeout=10) as connection:
                cursor = connection.execute(statement, values)
                row = cursor.fetchone() if cursor.description else None
                return bytes(row[0]) if row else None
        except psycopg.OperationalError as error:
            raise DatabaseError from error
