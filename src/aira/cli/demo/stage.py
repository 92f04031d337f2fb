"""Where the demo's steps are performed: each one timed, verified, shown and remembered."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aira.cli import render
from aira.errors import AiraError


class NotVerified(AiraError):
    """A step of the demo did not do what it says."""

    code = "not_verified"


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was verified."""

    name: str
    seconds: float
    evidence: str


@dataclass
class Stage:
    """The steps so far, and how they are shown."""

    show: bool
    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator["Evidence"]:
        """Perform a step; what its body states as evidence is shown with the time it took."""
        started = time.monotonic()
        evidence = Evidence()
        self._announce(name)
        try:
            yield evidence
        except BaseException:
            self._line(f"  failed  {name}")
            raise
        done = Step(name, round(time.monotonic() - started, 1), "; ".join(evidence.facts))
        self.steps.append(done)
        self._line(f"  ok {done.seconds:5.1f} s  {name}: {done.evidence}")

    def say(self, text: str = "") -> None:
        """Show something besides the steps."""
        if self.show:
            render.print_line(render.clean(text))

    def _announce(self, name: str) -> None:
        if self.show and sys.stdout.isatty():
            sys.stdout.write(f"  …          {name}\r")
            sys.stdout.flush()

    def _line(self, text: str) -> None:
        if self.show:
            clear = "\x1b[2K" if sys.stdout.isatty() else ""
            render.print_line(clear + render.clean(text))
            sys.stdout.flush()


@dataclass
class Evidence:
    """What shows that a step did what it says."""

    facts: list[str] = field(default_factory=list)

    def fact(self, text: str) -> None:
        """Note something that was found to be so."""
        self.facts.append(text)

    def must(self, holds: bool, otherwise: str) -> None:
        """Go on only where something holds. Raises NotVerified."""
        if not holds:
            raise NotVerified(f"Not as it should be: {otherwise}.")
