"""The caller of a scenario: says the next turn, or answers what the bot has just asked for."""

import re
from collections.abc import Iterator

from aira.voice.scenarios.paraphrase import paraphrased
from aira.voice.scenarios.scenario import Scenario

SILENCE = "..."
ASKS = {
    kind: re.compile(rf"\b(?:{words})\b[^.]*\?", re.IGNORECASE)
    for kind, words in {
        "name": r"name|who (?:is it|shall|should|may)",
        "phone": r"(?:(?:phone |telephone )?number|reach you)",
        "service": r"which service|what service|what can i book|come in for|what would you like to have",
        "yes": r"(?:shall|should) i (?:book|cancel|move)|is that (?:right|correct)|confirm",
    }.items()
}
"""What a question of the bot is about."""


class Caller:
    """Gives the turns of one scenario in the words of one seed."""

    def __init__(self, scenario: Scenario, *, seed: int) -> None:
        self._scenario = scenario
        self._seed = 0 if scenario.fixed else seed
        self._lines: Iterator[tuple[int, str]] = iter(enumerate(scenario.says))
        self._answered = 0

    def reply(self, bot: str) -> str | None:
        """The next turn after the bot's words; None when the caller has nothing left to say."""
        for kind, answer in self._scenario.answers.items():
            if ASKS[kind].search(bot) and self._answered < 2 * len(self._scenario.answers):
                self._answered += 1
                return self._worded(answer, -self._answered)
        place, line = next(self._lines, (0, None))
        return line if line is None or line == SILENCE else self._worded(line, place)

    def _worded(self, line: str, place: int) -> str:
        return paraphrased(line, scenario=self._scenario.name, place=place, seed=self._seed)
