"""Owners on Supabase: users made through its Auth admin API, so that they can sign in to whatever else shares the project."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from aira.errors import AlreadyExists, CredentialsRefused, InvalidInput, MissingExtra, SetupError, VendorError
from aira.model import Owner
from aira.settings import Settings

TIMEOUT_SECONDS: Final = 15.0

_TAKEN = {"email_exists", "user_already_exists", "phone_exists", "conflict"}
_NOT_ACCEPTED = {"validation_failed", "email_address_invalid", "email_address_not_authorized"}


class SupabaseAuth:
    """Makes users of a Supabase project. Raises SetupError where the project or its service key is not set."""

    def __init__(self, settings: Settings) -> None:
        if settings.supabase_url is None or settings.supabase_service_role_key is None:
            raise SetupError(
                "This database is a Supabase project's, whose owners are made through its Auth API.",
                hint="Set SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY.",
            )
        self._url = settings.supabase_url
        self._key = settings.supabase_service_role_key.get_secret_value()

    def add_user(self, email: str) -> Owner:
        """Make a user with a confirmed address and no password.

        Raises AlreadyExists, InvalidInput, CredentialsRefused, VendorError.
        """
        try:
            import httpx
            from supabase import ClientOptions, create_client
        except ImportError:
            raise MissingExtra("supabase", purpose="Adding an owner on Supabase") from None

        with httpx.Client(timeout=TIMEOUT_SECONDS) as http, _refusals():
            client = create_client(self._url, self._key, ClientOptions(httpx_client=http))
            user = client.auth.admin.create_user({"email": email, "email_confirm": True}).user
            return Owner(id=UUID(user.id), email=user.email, created_at=user.created_at)


@contextmanager
def _refusals() -> Iterator[None]:
    """What Supabase says, as errors of AiRa; its own texts quote the address and are not shown."""
    from supabase_auth.errors import AuthApiError, AuthError

    try:
        yield
    except AuthApiError as error:
        if error.code in _TAKEN:
            raise AlreadyExists("There is an owner with this e-mail already.", hint="Run `aira owners list`.") from error
        if error.code in _NOT_ACCEPTED:
            raise InvalidInput("Supabase does not accept this e-mail address.", hint="Give an address such as ann@example.com.") from error
        if error.status in (401, 403):
            raise CredentialsRefused("Supabase refused the service key.", hint="Correct SUPABASE_SERVICE_ROLE_KEY.") from error
        raise VendorError(f"Supabase answered {error.status} when an owner was added.") from error
    except AuthError as error:
        raise VendorError("Supabase could not be reached when an owner was added.") from error
