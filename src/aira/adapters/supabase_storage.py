"""FileStore in Supabase Storage, by supabase-py's storage client: one private bucket."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import httpx

from aira.errors import CredentialsRefused, MissingExtra, NotFound, SetupError, VendorError
from aira.settings import Settings

if TYPE_CHECKING:
    from storage3 import SyncStorageClient
    from storage3.exceptions import StorageApiError

BUCKET: Final = "documents"
TIMEOUT_SECONDS: Final = 60.0


class SupabaseStorage:
    """Keeps files in the bucket `documents`, which is made where it is missing.

    Raises SetupError, CredentialsRefused, VendorError.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.supabase_url is None or settings.supabase_service_role_key is None:
            raise SetupError("AIRA_STORAGE=supabase needs a project.", hint="Set SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY.")
        self._url = f"{settings.supabase_url}/storage/v1/"
        self._key = settings.supabase_service_role_key.get_secret_value()

    def put(self, key: str, content: bytes, *, content_type: str) -> None:
        """Store the content, replacing what the key held."""
        options = {"content-type": content_type, "upsert": "true"}
        with self._storage() as storage:
            try:
                storage.from_(BUCKET).upload(key, content, options)
            except _api_error() as error:
                if not _is_missing(error):
                    raise
                _make_bucket(storage)
                storage.from_(BUCKET).upload(key, content, options)

    def get(self, key: str) -> bytes:
        """The content; raises NotFound where the key holds nothing."""
        with self._storage() as storage, _not_found():
            return bytes(storage.from_(BUCKET).download(key))

    def size(self, key: str) -> int:
        """Bytes of the content; raises NotFound where the key holds nothing."""
        with self._storage() as storage, _not_found():
            size = storage.from_(BUCKET).info(key).get("size")
        if not isinstance(size, int):
            raise VendorError("Supabase Storage does not know how large the file is.")
        return size

    def delete(self, key: str) -> None:
        """Forget the content; a key that holds nothing is fine."""
        with self._storage() as storage:
            try:
                storage.from_(BUCKET).remove([key])
            except _api_error() as error:
                if not _is_missing(error):
                    raise

    @contextmanager
    def _storage(self) -> "Iterator[SyncStorageClient]":
        """A client for one use case, its errors as AiRa's."""
        storage_api_error = _api_error()
        from storage3 import SyncStorageClient

        headers = {"apikey": self._key, "Authorization": f"Bearer {self._key}"}
        try:
            with httpx.Client(timeout=TIMEOUT_SECONDS, headers=headers, follow_redirects=True) as http:
                yield SyncStorageClient(self._url, headers, http_client=http)
        except storage_api_error as error:
            if str(error.status) in {"401", "403"}:
                raise CredentialsRefused("Supabase refused the service key.", hint="Correct SUPABASE_SERVICE_ROLE_KEY.") from error
            raise VendorError(f"Supabase Storage did not do what was asked ({error.code}).") from error
        except httpx.HTTPError as error:
            raise VendorError(f"Supabase Storage does not answer ({type(error).__name__}).") from error


def _api_error() -> "type[StorageApiError]":
    try:
        from storage3.exceptions import StorageApiError
    except ImportError:
        raise MissingExtra("supabase", purpose="AIRA_STORAGE=supabase") from None
    kind: type[StorageApiError] = StorageApiError
    return kind


@contextmanager
def _not_found() -> "Iterator[None]":
    try:
        yield
    except _api_error() as error:
        if not _is_missing(error):
            raise
        raise NotFound("The file of this document is not in the store.", hint="Add the document again.") from None


def _is_missing(error: "StorageApiError") -> bool:
    """Whether a bucket or file is not there; the server says so with status 400 and tells 404 in its body."""
    return str(error.status) == "404"


def _make_bucket(storage: "SyncStorageClient") -> None:
    try:
        storage.create_bucket(BUCKET, options={"public": False})
    except _api_error() as error:
        if str(error.status) != "409":  # another process was faster
            raise
