"""What the processes of one voice server tell each other: who takes another call, and how many are on.

A page of memory with eight bytes a process. Each writes its own place and reads all, so any of them can answer for the whole house:
a webhook may reach a process that is full while the one beside it is free.
"""

import mmap
import struct
import tempfile
from dataclasses import dataclass
from typing import IO

_PLACE = struct.Struct("=BxxxI")


@dataclass(frozen=True, slots=True)
class Posting:
    """One process: whether it takes another call, and how many are on."""

    takes: bool
    active: int


class Board:
    """The shared page, seen from one place; `place` is None for who only looks and wipes."""

    def __init__(self, descriptor: int, *, places: int, place: int | None = None) -> None:
        self.places = places
        self.place = place
        self._page = mmap.mmap(descriptor, _PLACE.size * places)

    def post(self, *, takes: bool, active: int) -> None:
        """Tell the others about this process."""
        if self.place is not None:
            _PLACE.pack_into(self._page, self.place * _PLACE.size, takes, active)

    def wipe(self, place: int) -> None:
        """Forget a process that is gone."""
        _PLACE.pack_into(self._page, place * _PLACE.size, False, 0)

    def postings(self) -> list[Posting]:
        """All processes, in the order of their places."""
        return [Posting(bool(takes), active) for takes, active in _PLACE.iter_unpack(self._page[:])]

    def others(self) -> list[Posting]:
        """All processes but this one."""
        return [posting for place, posting in enumerate(self.postings()) if place != self.place]


def board_file(places: int) -> IO[bytes]:
    """An empty page for that many processes, to be handed to each by its descriptor."""
    page = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the server
    page.truncate(_PLACE.size * places)
    return page
