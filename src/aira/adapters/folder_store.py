"""FileStore in a folder of this machine."""

import os
import re
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from aira.errors import InvalidInput, NotFound, SetupError

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_LONGEST_KEY = 512


class FolderStore:
    """Keeps each file under its key below one folder; a file is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, content: bytes, *, content_type: str) -> None:
        """Store the content, replacing what the key held; a folder keeps no content type."""
        path = self._path(key)
        unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with unfinished.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            raise SetupError(
                f"The folder of uploaded files cannot be written: {error.strerror}.",
                hint=f"Make {self._folder} writable, or set AIRA_HOME.",
            ) from error

    def get(self, key: str) -> bytes:
        """The content; raises NotFound where the key holds nothing."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise _missing() from None

    def size(self, key: str) -> int:
        """Bytes of the content; raises NotFound where the key holds nothing."""
        path = self._path(key)
        if not path.is_file():
            raise _missing()
        return path.stat().st_size

    def delete(self, key: str) -> None:
        """Forget the content; a key that holds nothing is fine."""
        with suppress(FileNotFoundError, NotADirectoryError):
            self._path(key).unlink()

    def _path(self, key: str) -> Path:
        if len(key) > _LONGEST_KEY or not _KEY.fullmatch(key):
            raise InvalidInput("That is no key of an uploaded file.")
        return self._folder / key


def _missing() -> NotFound:
    return NotFound("The file of this document is not in the store.", hint="Add the document again.")
