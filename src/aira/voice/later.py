"""What could not be dealt with because the database was away, and must not be lost: webhooks, and what was left to write of a call.

They wait in a folder, survive a restart, and are dealt with once the database is back. What deals with them is safe to repeat.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.datastructures import ImmutableMultiDict

from aira.errors import AiraError

PAUSE_SECONDS = 5.0
CALL_REST = "call/rest"
"""In place of a webhook's path: the lines that a call has left behind."""
MOST_WAITING = 10_000
"""A signed flood during an outage fills no disk."""

logger = logging.getLogger(__name__)

Settle = Callable[[str, ImmutableMultiDict[str, str]], Awaitable[object]]
"""Deals with the form of a path; raises where the database is still away."""


class Later:
    """The forms that wait in a folder, `most` of them."""

    def __init__(self, folder: Path, *, most: int = MOST_WAITING) -> None:
        self._folder = folder
        self._most = most
        self._settling: asyncio.Task[None] | None = None

    def keep(self, path: str, form: ImmutableMultiDict[str, str]) -> bool:
        """Keep a form; the same one again is kept once. False where the folder takes no more."""
        text = json.dumps([path, form.multi_items()])
        name = hashlib.sha256(text.encode()).hexdigest()
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if len(self.waiting()) >= self._most:
                return False
            fresh = self._folder / f"{name}.new"
            fresh.touch(mode=0o600)
            fresh.write_text(text, "utf-8")
            fresh.replace(self._folder / f"{name}.json")
        except OSError as error:
            logger.error("A webhook could not be kept: %s", type(error).__name__)  # noqa: TRY400  # its text may quote the form
            return False
        return True

    def waiting(self) -> list[Path]:
        """The files of the forms that wait, oldest first."""
        return sorted(self._folder.glob("*.json"), key=lambda file: file.stat().st_mtime) if self._folder.is_dir() else []

    def begin(self, settle: Settle) -> None:
        """Deal with what waits, in the background, until nothing does."""
        if (self._settling is None or self._settling.done()) and self.waiting():
            self._settling = asyncio.create_task(self._settle_all(settle))

    async def _settle_all(self, settle: Settle) -> None:
        while waiting := self.waiting():
            for file in waiting:
                if not await self._settled(file, settle):
                    break
            else:
                continue
            await asyncio.sleep(PAUSE_SECONDS)

    async def _settled(self, file: Path, settle: Settle) -> bool:
        """Whether the form is dealt with; one that nothing can be made of is."""
        try:
            await settle(*_read(file))
        except Exception as error:  # noqa: BLE001  # nobody waits for this; what will never work is dropped, with a word
            if isinstance(error, TimeoutError) or (isinstance(error, AiraError) and error.retryable):
                return False
            logger.error("A webhook that was kept is given up: %s", type(error).__name__)  # noqa: TRY400
        _remove(file)
        return True


def _read(file: Path) -> tuple[str, ImmutableMultiDict[str, str]]:
    path, fields = json.loads(file.read_text("utf-8"))
    return path, ImmutableMultiDict([(name, value) for name, value in fields])


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
