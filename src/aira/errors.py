"""Everything AiRa can refuse or fail with, as one tree.

    AiraError                   exit 1   a bug of ours when raised bare
    ├── InvalidInput            exit 2   what was typed cannot be meant
    ├── SetupError              exit 3   something must be set up first
    │   ├── MissingExtra                 an optional part is not installed
    │   ├── SchemaOutdated               the database wants `aira db migrate`
    │   ├── CredentialsRefused           a vendor does not accept our keys
    │   └── AccountRestricted            a vendor's account is suspended, out of money or on trial
    ├── Refused                 exit 4   a rule said no, nothing changed
    │   ├── InsufficientFunds
    │   ├── NumberUnavailable            gone at the carrier
    │   ├── NumberTaken                  rented by another owner here
    │   ├── NumberNotReleasable
    │   ├── RequirementsMissing          the country wants an address or a bundle first
    │   ├── TextRefused                  the recipient or the sender takes no part in texting
    │   ├── IdempotencyConflict          one key, two different requests
    │   ├── LedgerBroken                 the books were changed by hand
    │   ├── AlreadyExists
    │   ├── AppointmentRefused           closed, too soon, too far, past, …
    │   │   └── SlotTaken
    │   └── DocumentRefused              nothing readable in the file
    ├── NotFound                exit 5
    ├── VendorError             exit 6   safe to repeat
    │   └── OutcomeUnknown               the vendor may or may not have acted
    ├── DatabaseError           exit 7   unreachable or locked
    └── PartlyDone              exit 8   safe to run again

A class's docstring is its default message. `code` is stable text for programs, `hint` is the next command to type,
`facts` hold the values a program may want; messages never hold a caller's words, name or number.
"""

from typing import ClassVar


class AiraError(Exception):
    """Something went wrong inside AiRa."""

    code: ClassVar[str] = "internal_error"
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False
    default_hint: ClassVar[str] = "Run the same command with --debug and report what it prints."

    def __init__(self, message: str | None = None, *, hint: str | None = None, code: str | None = None, **facts: object) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.hint = hint if hint is not None else self.default_hint
        self.facts = facts
        self.reason = code or self.code
        super().__init__(self.message)

    def as_dict(self) -> dict[str, object]:
        """The error as the object printed by `--json`: code, message, hint, retryable."""
        return {"code": self.reason, "message": self.message, "hint": self.hint, "retryable": self.retryable}


class InvalidInput(AiraError):
    """The input cannot be used."""

    code = "invalid_input"
    exit_code = 2
    default_hint = "Add --help to the command to see what it takes."


class SetupError(AiraError):
    """AiRa is not set up for this."""

    code = "not_set_up"
    exit_code = 3
    default_hint = "Run `aira doctor` to see what is missing."


class MissingExtra(SetupError):
    """An optional part of AiRa is not installed."""

    code = "missing_extra"

    def __init__(self, extra: str, *, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the extra '{extra}', which is not installed.",
            hint=f"Run `pip install 'aira-receptionist[{extra}]'`.",
            extra=extra,
        )


class SchemaOutdated(SetupError):
    """The database does not have the tables this version of AiRa works with."""

    code = "schema_outdated"
    default_hint = "Run `aira db migrate`."


class CredentialsRefused(SetupError):
    """The vendor refused the credentials."""

    code = "credentials_refused"


class AccountRestricted(SetupError):
    """The vendor's account is not allowed to do this."""

    code = "account_restricted"


class Refused(AiraError):
    """A rule does not allow this; nothing was changed."""

    code = "refused"
    exit_code = 4
    default_hint = ""


class InsufficientFunds(Refused):
    """The wallet does not hold enough money."""

    code = "insufficient_funds"
    default_hint = "Run `aira wallet top-up AMOUNT --reference REFERENCE`."


class NumberUnavailable(Refused):
    """The number is no longer for sale. Nothing was charged."""

    code = "number_unavailable"
    default_hint = "Run `aira numbers search` for one that is."


class NumberTaken(Refused):
    """The number is already rented here. Nothing was charged."""

    code = "number_taken"
    default_hint = "Run `aira numbers search` for another one."


class NumberNotReleasable(Refused):
    """The number cannot be released now."""

    code = "number_not_releasable"
    default_hint = "Run `aira numbers show NUMBER` to see why."


class RequirementsMissing(Refused):
    """The country of this number wants an address or an approved bundle first. Nothing was charged."""

    code = "requirements_missing"
    default_hint = "Run `aira numbers requirements COUNTRY TYPE`, then buy with --address or --bundle."


class TextRefused(Refused):
    """This text message may not be sent."""

    code = "text_refused"


class IdempotencyConflict(Refused):
    """This idempotency key was used before for a different request."""

    code = "idempotency_conflict"
    default_hint = "Use a new key for a new request, or repeat the first request unchanged."


class LedgerBroken(Refused):
    """The books do not agree with themselves."""

    code = "ledger_broken"
    default_hint = "Compare the rows that are named with a backup; `aira wallet statement` shows them."


class AlreadyExists(Refused):
    """This exists already."""

    code = "already_exists"


class AppointmentRefused(Refused):
    """The appointment cannot be at that time."""

    code = "appointment_refused"
    default_hint = "Run `aira appointments slots --business B` for times that can be booked."


class SlotTaken(AppointmentRefused):
    """That time is already taken."""

    code = "conflict"


class DocumentRefused(Refused):
    """The document has nothing that can be read."""

    code = "unreadable_document"
    default_hint = "Run `aira kb show DOCUMENT` for the reason."


class NotFound(AiraError):
    """There is no such thing."""

    code = "not_found"
    exit_code = 5
    default_hint = ""


class VendorError(AiraError):
    """A vendor did not do what was asked; it is safe to repeat the command."""

    code = "vendor_failed"
    exit_code = 6
    retryable = True
    default_hint = "Repeat the command in a minute."


class OutcomeUnknown(VendorError):
    """The vendor's answer was lost; the outcome is not known yet."""

    code = "outcome_unknown"
    default_hint = "Run `aira numbers reconcile`, which finds out and settles it."


class DatabaseError(AiraError):
    """The database cannot be reached or is locked."""

    code = "database_unreachable"
    exit_code = 7
    retryable = True
    default_hint = "Run `aira db url` to see which database is meant, then repeat the command."


class PartlyDone(AiraError):
    """Part of the work is done; the rest failed and can be repeated."""

    code = "partly_done"
    exit_code = 8
    retryable = True
    default_hint = "Run the same command again; what is done is not done twice."
