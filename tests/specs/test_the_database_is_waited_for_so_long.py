"""What the database is asked has an end: a deadline after which nothing is kept, and connections that notice that nobody is there."""

import asyncio
import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aira.core import aio
from aira.core.db import Database, deadline, execute, fetch_values
from aira.errors import DatabaseError


def test_a_connection_whose_other_side_is_gone_is_noticed(database_url: str):
    """In half a minute at most, and not after the two hours that most systems take; a URL may say otherwise."""
    address = conninfo_to_dict(database_url)
    with forwarding(f"{address['host']}/.s.PGSQL.{address.get('port', 5432)}") as port:
        over_tcp = {**address, "host": "127.0.0.1", "port": port, "sslmode": "disable", "gssencmode": "disable", "keepalives_idle": 3}
        database = Database(make_conninfo("", **over_tcp))
        with database.transaction() as connection, socket.socket(fileno=os.dup(connection.fileno())) as ours:
            seconds = [ours.getsockopt(socket.IPPROTO_TCP, option) for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL)]
            unanswered = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        database.close()

    assert seconds == [3, 5]
    assert unanswered == 15_000


class TestDeadline:
    @pytest.fixture(autouse=True)
    def _notes(self, database: Database) -> None:
        with database.transaction() as connection:
            execute(connection, "create table notes (name text)")

    def test_lets_nothing_be_kept_that_comes_too_late(self, database: Database):
        """Whoever was told that it failed is right."""
        with pytest.raises(DatabaseError), deadline(0.01), database.transaction() as connection:
            execute(connection, "insert into notes select 'late' from pg_sleep(0.1)")

        with database.transaction() as connection:
            assert fetch_values(connection, "select name from notes") == []

    def test_holds_in_threads_that_are_begun_in_it(self, database: Database):
        """Those that asyncio begins know of it."""

        def write() -> None:
            with database.transaction() as connection:
                execute(connection, "insert into notes select 'late' from pg_sleep(0.1)")

        async def begin() -> None:
            with deadline(0.01):
                await aio.in_thread(write)()

        with pytest.raises(DatabaseError):
            asyncio.run(begin())
        with database.transaction() as connection:
            assert fetch_values(connection, "select name from notes") == []

    def test_waits_no_longer_for_a_connection(self, database_url: str):
        """All of them are in use."""
        database = Database(database_url, connections=1)
        with database.transaction(), pytest.raises(DatabaseError), deadline(0.05), database.transaction():
            pass
        database.close()


@contextmanager
def forwarding(path: str) -> Iterator[int]:
    """A port at which the server behind this Unix socket is reached over TCP."""

    class Forward(BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as there:
                there.connect(path)
                opposite = {self.request: there, there: self.request}
                while True:
                    for one in select.select([*opposite], [], [])[0]:
                        if not (data := one.recv(65536)):
                            return
                        opposite[one].sendall(data)

    with ThreadingTCPServer(("127.0.0.1", 0), Forward) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
