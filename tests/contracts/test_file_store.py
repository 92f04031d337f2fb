"""Every FileStore gives back what it was given, under its key and no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from aira.adapters.folder_store import FolderStore
from aira.adapters.supabase_storage import SupabaseStorage
from aira.errors import CredentialsRefused, InvalidInput, NotFound, SetupError, VendorError
from aira.ports import FileStore
from aira.settings import Settings
from supabase_storage_server import SERVICE_KEY, SupabaseStorageServer

KEY = "5f0c/8a1b/" + "0" * 64
BYTES = bytes(range(256)) * 2000


@pytest.fixture
def supabase() -> Iterator[SupabaseStorageServer]:
    """A Supabase Storage without buckets."""
    with SupabaseStorageServer() as server:
        yield server


@pytest.fixture(params=["folder", "supabase"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    """One of the stores."""
    return FolderStore(tmp_path / "files") if request.param == "folder" else client(request.getfixturevalue("supabase"))


def client(server: SupabaseStorageServer, *, key: str = SERVICE_KEY) -> SupabaseStorage:
    """The adapter of a server."""
    return SupabaseStorage(Settings(supabase_url=server.url, supabase_service_role_key=SecretStr(key)))


def test_what_was_put_is_given_back(store: FileStore):
    """Every byte."""
    store.put(KEY, BYTES, content_type="application/pdf")

    assert store.get(KEY) == BYTES


def test_the_size_is_told_without_the_content(store: FileStore):
    """In bytes, of what is kept now."""
    store.put(KEY, BYTES, content_type="application/pdf")
    before = store.size(KEY)
    store.put(KEY, b"new", content_type="text/plain")

    assert (before, store.size(KEY)) == (len(BYTES), 3)


def test_putting_again_replaces(store: FileStore):
    """The last content counts."""
    store.put(KEY, BYTES, content_type="application/pdf")
    store.put(KEY, b"new", content_type="text/plain")

    assert store.get(KEY) == b"new"


def test_keys_are_apart(store: FileStore):
    """Deleting one leaves its neighbours."""
    store.put(KEY, b"one", content_type="text/plain")
    store.put(KEY[:-1] + "1", b"two", content_type="text/plain")

    store.delete(KEY)

    assert store.get(KEY[:-1] + "1") == b"two"
    with pytest.raises(NotFound):
        store.get(KEY)


def test_nothing_is_not_found(store: FileStore):
    """Neither before the first file nor beside others."""
    for ask in (store.get, store.size):
        with pytest.raises(NotFound):
            ask(KEY)
    store.put(KEY, b"one", content_type="text/plain")
    for ask in (store.get, store.size):
        with pytest.raises(NotFound):
            ask(KEY.partition("/")[0])


def test_deleting_nothing_is_fine(store: FileStore):
    """Twice, too."""
    store.delete(KEY)
    store.put(KEY, b"one", content_type="text/plain")

    store.delete(KEY)
    store.delete(KEY)


@pytest.mark.parametrize("key", ["../secret", "a/../../secret", "/etc/passwd", "a//b", "", ".hidden", "a/.b", "a\x00b", "x" * 600, "a b"])
def test_a_folder_is_not_left(tmp_path: Path, key: str):
    """A key that could lead out of the folder, or hide in it, is refused."""
    (tmp_path / "secret").write_text("secret")
    store = FolderStore(tmp_path / "files")

    with pytest.raises(InvalidInput):
        store.get(key)
    with pytest.raises(InvalidInput):
        store.size(key)
    with pytest.raises(InvalidInput):
        store.put(key, b"x", content_type="text/plain")
    with pytest.raises(InvalidInput):
        store.delete(key)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path):
    """With the setting that helps."""
    (tmp_path / "files").write_text("a file where a folder should be")

    with pytest.raises(SetupError) as refused:
        FolderStore(tmp_path / "files").put(KEY, b"x", content_type="text/plain")

    assert "AIRA_HOME" in refused.value.hint


def test_supabase_keeps_files_in_a_private_bucket_with_their_type(supabase: SupabaseStorageServer):
    """The bucket is made by the first file."""
    client(supabase).put(KEY, BYTES, content_type="application/pdf")

    assert supabase.buckets == {"documents": {KEY: (BYTES, "application/pdf")}}


def test_supabase_that_fails_is_worth_another_try(supabase: SupabaseStorageServer):
    """An error of the server is no refusal."""
    supabase.failing = [500]

    with pytest.raises(VendorError):
        client(supabase).get(KEY)


def test_supabase_that_does_not_know_the_key_is_told_so(supabase: SupabaseStorageServer):
    """The operator hears which setting to correct."""
    with pytest.raises(CredentialsRefused) as refused:
        client(supabase, key="wrong").get(KEY)

    assert "SUPABASE_SERVICE_ROLE_KEY" in refused.value.hint


def test_supabase_that_is_away_is_worth_another_try():
    """Nobody listens there."""
    with pytest.raises(VendorError, match="does not answer"):
        SupabaseStorage(Settings(supabase_url="http://127.0.0.1:9", supabase_service_role_key=SecretStr("x"))).get(KEY)


def test_supabase_needs_a_project():
    """Said before anything is sent."""
    with pytest.raises(SetupError):
        SupabaseStorage(Settings())
