"""One decision in the making: the state, the facts, and what has been said so far."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from aira.voice.receptionist.protocol import Action, EndCall, Facts, Say, ServiceFact, ToolRequest, Transfer
from aira.voice.receptionist.state import Asked, State

Decision = tuple[State, tuple[Action, ...]]

OUTCOMES = ("no_need", "silent", "answered", "message", "cancelled", "rescheduled", "booked")
"""What a call can achieve, the least first."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The state while a decision is made; finished by `ask`, `use`, `transfer` or `end`."""

    state: State
    facts: Facts
    said: tuple[str, ...] = ()

    @property
    def today(self) -> date:
        """Today where the business is."""
        return self.facts.now.date()

    @property
    def zone(self) -> ZoneInfo:
        """The business's time zone."""
        return ZoneInfo(self.facts.time_zone)

    def say(self, sentence: str) -> Self:
        """Say this before whatever follows."""
        return replace(self, said=(*self.said, sentence)) if sentence else self

    def having(self, **changes: Any) -> Self:
        """With these fields of the state changed."""
        return replace(self, state=replace(self.state, **changes))

    def wishing(self, **changes: Any) -> Self:
        """With these fields of the wish changed."""
        return self.having(wish=replace(self.state.wish, **changes))

    def achieving(self, outcome: str) -> Self:
        """With this as the outcome, unless the call has achieved more."""
        more = OUTCOMES.index(outcome) > OUTCOMES.index(self.state.outcome)
        return self.having(outcome=outcome) if more else self

    def ask(self, asked: Asked, question: str, *, again: str | None = None) -> Decision:
        """Say what there is to say and ask; the caller's next words are read as the answer.

        `again` is how the question is put when it has to be repeated, where that is not word for word.
        """
        words = " ".join((*self.said, question))
        return replace(self.state, asked=asked, said=again or question), (Say(words),)

    def use(self, request: ToolRequest) -> Decision:
        """Say what there is to say and have the tool run."""
        return self.state, (*self._words(), request)

    def transfer(self, sentence: str, reason: str) -> Decision:
        """Put the caller through."""
        return replace(self.state, ended=True, said=sentence), (Say(" ".join((*self.said, sentence))), Transfer(reason))

    def end(self, sentence: str, outcome: str | None = None) -> Decision:
        """Take leave and hang up."""
        state = replace(self.state, ended=True, said=sentence, outcome=outcome or self.state.outcome)
        return state, (Say(" ".join((*self.said, sentence))), EndCall(state.outcome))

    def local(self, moment: datetime) -> datetime:
        """The instant on the business's clock."""
        return moment.astimezone(self.zone)

    def service(self, name: str | None) -> ServiceFact | None:
        """The service of this name."""
        return next((service for service in self.facts.services if service.name == name), None)

    def _words(self) -> tuple[Action, ...]:
        return (Say(" ".join(self.said)),) if self.said else ()
