"""The handle that every function of aira.core takes first, and the only place where it is put together."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aira.settings import Settings, load_settings

if TYPE_CHECKING:
    from aira.adapters.supabase_auth import SupabaseAuth
    from aira.core.db import Database
    from aira.ports import Carrier, Clock, Embedder, FileStore, Mailer, PassageIndex, Recordings, Texter


@dataclass(frozen=True, slots=True)
class Aira:
    """Everything a use case may ask: the settings, the database, and one implementation of each role.

    `dataclasses.replace(aira, carrier=…)` gives a handle with another implementation of one role.
    """

    settings: Settings
    database: "Database"
    carrier: "Carrier"
    index: "PassageIndex"
    embedder: "Embedder"
    files: "FileStore"
    mailer: "Mailer"
    texter: "Texter | None"
    recordings: "Recordings"
    clock: "Clock"


@contextmanager
def open_aira(settings: Settings | None = None) -> Iterator[Aira]:
    """Open AiRa: start or reach the database, and wire the back ends that the settings name.

    The embedded database is migrated on the way; a database of your own is not.
    Raises SetupError, SchemaOutdated or DatabaseError.
    """
    settings = settings or load_settings()
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings))
        if settings.database_url is None:
            from aira.core.db import migrate

            migrate(database)
        yield wire(settings, database)


def wire(settings: Settings, database: "Database") -> Aira:
    """The handle on a database that is open already."""
    from aira.adapters.system_clock import SystemClock

    return Aira(
        settings=settings,
        database=database,
        carrier=_carrier(settings, database),
        index=_index(settings, database),
        embedder=_embedder(settings),
        files=_files(settings),
        mailer=_mailer(settings),
        texter=_texter(settings),
        recordings=_recordings(settings, database),
        clock=SystemClock(),
    )


@contextmanager
def open_database(settings: Settings | None = None) -> "Iterator[Database]":
    """The database alone, as it is: the embedded one is started, nothing is migrated."""
    from aira.core.db import Database

    settings = settings or load_settings()
    with ExitStack() as stack:
        if settings.database_url is not None:
            url = settings.database_url.get_secret_value()
        else:
            from aira.adapters.embedded_postgres import EmbeddedPostgres

            url = stack.enter_context(EmbeddedPostgres(settings.aira_home / "postgres", bin=settings.aira_pg_bin).running())
        database = Database(url)
        stack.callback(database.close)
        yield database


def user_accounts(settings: Settings) -> "SupabaseAuth":
    """Who makes users where the database is a Supabase project's."""
    from aira.adapters.supabase_auth import SupabaseAuth

    return SupabaseAuth(settings)


def _carrier(settings: Settings, database: "Database") -> "Carrier":
    if settings.aira_carrier == "twilio":
        from aira.adapters.twilio import TwilioCarrier

        return TwilioCarrier(settings)
    from aira.adapters.simulated_carrier import SimulatedCarrier

    return SimulatedCarrier(database.url)


def _index(settings: Settings, database: "Database") -> "PassageIndex":
    if settings.aira_index == "pinecone":
        from aira.adapters.pinecone import PineconeIndex

        return PineconeIndex(settings)
    from aira.adapters.pgvector import PgvectorIndex

    return PgvectorIndex(database)


def _embedder(settings: Settings) -> "Embedder":
    prefix, _, name = settings.aira_embedding_model.partition(":")
    if prefix == "sentence-transformers":
        from aira.adapters.sentence_transformers import SentenceTransformersEmbedder

        return SentenceTransformersEmbedder(name)
    from aira.adapters.onnx_embedder import OnnxEmbedder

    return OnnxEmbedder()


def _files(settings: Settings) -> "FileStore":
    if settings.aira_storage == "supabase":
        from aira.adapters.supabase_storage import SupabaseStorage

        return SupabaseStorage(settings)
    from aira.adapters.folder_store import FolderStore

    return FolderStore(settings.aira_home / "files")


def _mailer(settings: Settings) -> "Mailer":
    if settings.aira_mail == "smtp":
        from aira.adapters.mail import SmtpMailer

        return SmtpMailer(settings)
    from aira.adapters.mail import OutboxMailer

    return OutboxMailer(settings.aira_home / "outbox")


def _texter(settings: Settings) -> "Texter | None":
    if settings.aira_sms == "off":
        return None
    if settings.aira_sms == "twilio":
        from aira.adapters.twilio_messages import TwilioTexter

        return TwilioTexter(settings)
    from aira.adapters.sms import OutboxTexter

    return OutboxTexter(settings.aira_home / "outbox")


def _recordings(settings: Settings, database: "Database") -> "Recordings":
    if settings.aira_carrier == "twilio":
        from aira.adapters.twilio_recordings import TwilioRecordings

        return TwilioRecordings(settings)
    from aira.adapters.simulated_recordings import SimulatedRecordings

    return SimulatedRecordings(database.url)
