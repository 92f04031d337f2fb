"""What the database refuses, as errors of AiRa.

Functions of ours raise SQLSTATE PT402, PT404, PT409 or PT422 with the stable code as constraint name and a message fit
to be read; their code picks the class: that of `errors` with the same code, an entry of `BY_CODE`, or the SQLSTATE's.
Constraints of tables have an entry in `BY_CONSTRAINT`. The database's own texts are never shown for these, as they
quote the row. An error that nothing here knows is a bug and stays the psycopg error it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg

from aira.errors import (
    AiraError,
    AlreadyExists,
    AppointmentRefused,
    CredentialsRefused,
    DatabaseError,
    IdempotencyConflict,
    InsufficientFunds,
    InvalidInput,
    NotFound,
    NumberTaken,
    Refused,
    SchemaOutdated,
    SlotTaken,
)

BY_CODE: dict[str, type[AiraError]] = {"not_confirmed": AppointmentRefused}
"""Codes raised by SQL functions that have no class of the same code."""

BY_CONSTRAINT: dict[str, tuple[type[AiraError], str]] = {
    "business_name_per_owner": (AlreadyExists, "There is a business of this name already."),
    "business_name_length": (InvalidInput, "A business's name has 1 to 200 characters."),
    "business_time_zone_name": (InvalidInput, "The time zone is not the name of one, such as Europe/Berlin."),
    "business_transfer_number_form": (InvalidInput, "The number to transfer to is not in the form +14155550123."),
    "business_email_form": (InvalidInput, "That is not an e-mail address."),
    "business_slot_minutes_range": (InvalidInput, "Slots begin every 5 to 240 minutes."),
    "business_default_duration_range": (InvalidInput, "An appointment takes 5 to 1440 minutes."),
    "business_min_notice_range": (InvalidInput, "The notice is 0 to 43200 minutes."),
    "business_max_advance_range": (InvalidInput, "Appointments can be made 1 to 730 days ahead."),
    "business_reminders_range": (InvalidInput, "Reminders leave 1 to 43200 minutes before the appointment."),
    "business_transfer_mode": (InvalidInput, "Callers are put through cold or warm."),
    "business_when_closed": (InvalidInput, "While it is closed, callers get answer, voicemail or greeting."),
    "business_closed_greeting_length": (InvalidInput, "A greeting has up to 1000 characters."),
    "business_hours_midnight": (InvalidInput, "Midnight is written 00:00."),
    "business_closures_midnight": (InvalidInput, "Midnight is written 00:00."),
    "business_closures_once": (AlreadyExists, "That date has these hours already."),
    "services_name": (AlreadyExists, "The business has a service of this name already."),
    "services_name_length": (InvalidInput, "A service's name has 1 to 200 characters."),
    "services_duration_range": (InvalidInput, "A service takes 5 to 1440 minutes."),
    "services_buffer_before_range": (InvalidInput, "A buffer is 0 to 240 minutes."),
    "services_buffer_after_range": (InvalidInput, "A buffer is 0 to 240 minutes."),
    "resources_name": (AlreadyExists, "The business has a resource of this name already."),
    "resources_name_length": (InvalidInput, "A resource's name has 1 to 200 characters."),
    "business_numbers_one_owner": (NumberTaken, "The number is already rented here. Nothing was charged."),
    "business_numbers_one_sid": (NumberTaken, "The number is already rented here. Nothing was charged."),
    "business_numbers_once": (IdempotencyConflict, "This key was used before, for another purchase."),
    "business_numbers_e164": (InvalidInput, "The number is not in the form +14155550123."),
    "appointments_no_overlap": (SlotTaken, "That time is already taken."),
    "appointments_resource": (InvalidInput, "The appointment's resource belongs to another business."),
    "appointments_service": (InvalidInput, "The appointment's service belongs to another business."),
    "appointments_order": (InvalidInput, "An appointment ends after its start, within 24 hours."),
    "appointments_customer_name_length": (InvalidInput, "A name has at most 200 characters."),
    "appointments_customer_phone_form": (InvalidInput, "The customer's number is not in the form +14155550123."),
    "appointments_customer_email_form": (InvalidInput, "That is not an e-mail address."),
    "documents_file_name_length": (InvalidInput, "A file's name has 1 to 255 characters."),
    "documents_storage_path_own": (InvalidInput, "A document's file lies in the folder of its business."),
    "kb_chunks_document": (NotFound, "The document was removed while it was read."),
    "kb_windows_document": (NotFound, "The document was removed while it was read."),
    "appointments_notes_length": (InvalidInput, "Notes have at most 4000 characters."),
}
"""Constraints of tables: the class and the message."""

_BY_SQLSTATE: dict[str, type[AiraError]] = {"PT402": InsufficientFunds, "PT404": NotFound, "PT409": Refused, "PT422": InvalidInput}

_OUTDATED = (pg.UndefinedTable, pg.UndefinedColumn, pg.UndefinedFunction, pg.UndefinedObject, pg.InvalidSchemaName)


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Turn the psycopg errors of the block into AiraErrors."""
    try:
        yield
    except psycopg.Error as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error


def refusal_of(error: psycopg.Error) -> AiraError | None:
    """The AiraError that a psycopg error stands for, None for a bug of ours."""
    constraint = error.diag.constraint_name or ""
    if error.sqlstate in _BY_SQLSTATE:
        refused = BY_CODE.get(constraint) or _classes_by_code().get(constraint) or _BY_SQLSTATE[error.sqlstate]
        return refused(error.diag.message_primary, hint=error.diag.message_hint, code=constraint or None)
    if constraint in BY_CONSTRAINT:
        refused, message = BY_CONSTRAINT[constraint]
        return refused(message, constraint=constraint)
    if isinstance(error, _OUTDATED):
        return SchemaOutdated()
    if isinstance(error, psycopg.OperationalError):
        return _unreachable(error)
    return None


def _unreachable(error: psycopg.OperationalError) -> AiraError:
    reason = str(error).strip().partition("\n")[0]
    if "authentication failed" in reason or "no password supplied" in reason:
        return CredentialsRefused(
            "The database refused the user or password.", hint="Correct DATABASE_URL; `aira db url` shows the one in use."
        )
    if error.sqlstate is not None and not error.sqlstate.startswith("08"):
        return DatabaseError(f"The database gave up: {reason}.", sqlstate=error.sqlstate)
    return DatabaseError(f"The database cannot be reached: {reason}.")


def _classes_by_code() -> dict[str, type[AiraError]]:
    found: dict[str, type[AiraError]] = {}
    pending: list[type[AiraError]] = [AiraError]
    while pending:
        kind = pending.pop()
        found[kind.code] = kind
        pending.extend(kind.__subclasses__())
    return found
