"""Connections and transactions."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

from aira.core.db.deadline import refuse_what_is_late, seconds_left
from aira.core.db.refusals import mapped_errors
from aira.errors import SetupError

TRANSACTION_POOLER_PORT = 6543
"""Where Supabase's pooler hands out a connection a transaction instead of a session."""

NOTICES_DEATH = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}
"""libpq's options by which a connection ends whose other side is gone: within 25 seconds, instead of the two hours of most systems."""

_SECRETS = ("password", "sslpassword")

_SESSION_SQL = """
select set_config('TimeZone', 'UTC', %(local)s),
       set_config('search_path', 'public, extensions', %(local)s),
       set_config('statement_timeout', %(statement_timeout)s, %(local)s),
       set_config('idle_in_transaction_session_timeout', %(idle_timeout)s, %(local)s)
"""


class Database:
    """A PostgreSQL database, connected to on first use; safe to share between threads.

    `url` is a libpq URL or key-value string. Timeouts are in seconds: `statement_timeout` ends a statement,
    `idle_timeout` ends a transaction in which nothing happens, `wait_timeout` is how long a caller waits for
    one of the `connections` to become free. Raises SetupError where the URL cannot be read.
    """

    def __init__(
        self,
        url: str,
        *,
        connections: int = 10,
        application_name: str = "aira",
        statement_timeout: float = 30,
        idle_timeout: float = 60,
        wait_timeout: float = 15,
    ) -> None:
        self.url = url
        self._conninfo = _with_defaults(url, application_name)
        self._through_transaction_pooler = str(conninfo_to_dict(self._conninfo).get("port", "")) == str(TRANSACTION_POOLER_PORT)
        self._connections = connections
        self._timeouts = {"statement_timeout": f"{statement_timeout}s", "idle_timeout": f"{idle_timeout}s"}
        self._wait_timeout = wait_timeout
        self._pool: ConnectionPool[Connection] | None = None
        self._opening = threading.Lock()

    @property
    def through_transaction_pooler(self) -> bool:
        """Whether sessions end with each transaction: no prepared statements, no LISTEN, no session locks."""
        return self._through_transaction_pooler

    @contextmanager
    def transaction(self, *, dry_run: bool = False) -> Iterator[Connection]:
        """One transaction: committed at the end of the block, rolled back by an exception or where `dry_run` is set.

        The session runs in UTC with search path `public, extensions`. What the database refuses leaves as an
        AiraError (see `refusals`). After a `deadline` nothing is kept.
        """
        with mapped_errors(), self._opened().connection(seconds_left(self._wait_timeout)) as connection:
            if self.through_transaction_pooler:
                connection.execute(_SESSION_SQL, {"local": True, **self._timeouts})
            with connection.transaction(force_rollback=dry_run):
                yield connection
                refuse_what_is_late()

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """A connection on which every statement is a transaction of its own, at one round trip each."""
        with mapped_errors(), self._opened().connection() as connection:
            connection.autocommit = True
            try:
                yield connection
            finally:
                if not connection.closed:
                    connection.autocommit = False

    def close(self) -> None:
        """Close all connections; the next transaction opens them again."""
        with self._opening:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _opened(self) -> ConnectionPool[Connection]:
        with self._opening:
            if self._pool is None:
                # The pool retries in silence until its timeout; a first connection of our own fails at once and says why.
                psycopg.connect(self._conninfo).close()
                self._pool = self._new_pool()
            return self._pool

    def _new_pool(self) -> ConnectionPool[Connection]:
        return ConnectionPool(
            self._conninfo,
            connection_class=Connection,
            kwargs={"prepare_threshold": None} if self.through_transaction_pooler else {},
            min_size=1,
            max_size=self._connections,
            open=True,
            configure=None if self.through_transaction_pooler else self._configure,
            check=ConnectionPool.check_connection,
            timeout=self._wait_timeout,
            num_workers=1,
        )

    def _configure(self, connection: Connection) -> None:
        connection.execute(_SESSION_SQL, {"local": False, **self._timeouts})
        connection.commit()


def masked_url(url: str) -> str:
    """The address of a database fit to be shown: asterisks stand for its password."""
    if "://" not in url:
        values = conninfo_to_dict(url)
        return make_conninfo("", **{name: "***" if name in _SECRETS else value for name, value in values.items()})
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    query = urlencode([(key, "***" if key in _SECRETS else value) for key, value in parse_qsl(parts.query)], safe="*/")
    return parts._replace(netloc=f"{name}{colon}{'***' if colon else ''}{at}{host}", query=query).geturl()


def session_url(url: str, *, search_path: str, application_name: str) -> str:
    """The same database for a client with sessions of its own, which begin in UTC with this search path."""
    values = conninfo_to_dict(url)
    options = f"{values.get('options') or ''} -c search_path={search_path} -c TimeZone=UTC".strip()
    return make_conninfo("", **{"connect_timeout": 10, **NOTICES_DEATH, **values, "options": options, "application_name": application_name})


def _with_defaults(url: str, application_name: str) -> str:
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise SetupError(
            "DATABASE_URL is not a PostgreSQL URL.",
            hint="Give it the form postgresql://USER:PASSWORD@HOST:5432/DATABASE.",
        ) from None
    return make_conninfo("", **{"connect_timeout": 10, **NOTICES_DEATH, "application_name": application_name, **given})
