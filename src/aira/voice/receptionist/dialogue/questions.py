"""Questions: answered from the facts where they hold the answer, else looked up in the documents."""

from aira.voice.receptionist import opening, phrases
from aira.voice.receptionist.answers import answer
from aira.voice.receptionist.dialogue.turn import Turn
from aira.voice.receptionist.intents import Intent
from aira.voice.receptionist.phrase_table import phrase_table, words_in
from aira.voice.receptionist.protocol import Passages, SearchKnowledge, ServiceFact
from aira.voice.receptionist.understand import Reading

_TIME_WORDS = words_in("meanings", "of time") | words_in("meanings", "empty")
SHORT = 4
"""Words up to which a question for a price can name nothing in particular: "how much is it?"."""
ASKING = (Intent.PRICE, Intent.HOURS, Intent.ADDRESS, Intent.SERVICES, Intent.QUESTION)


def from_facts(turn: Turn, reading: Reading) -> str | None:
    """The answer to a question that the facts of the business hold."""
    parts = [
        said
        for intent, answered in (
            (Intent.QUESTION, _length),
            (Intent.PRICE, _price),
            (Intent.HOURS, _hours),
            (Intent.ADDRESS, _address),
            (Intent.SERVICES, _services),
        )
        if intent in reading.intents and (said := answered(turn, reading))
    ]
    return " ".join(parts) or None


def names_something(reading: Reading) -> bool:
    """Whether there is a word in it that documents may know."""
    return any(word.isalpha() and len(word) > 2 and word not in _TIME_WORDS for word in reading.text.split())


def is_only_about_time(reading: Reading) -> bool:
    """Whether a question names nothing but days and times: "can we do the day after instead?", "Friday, right?"."""
    plain = [word for word in reading.text.split() if word.isalpha()]
    return reading.when.says_something and all(word in _TIME_WORDS for word in plain)


def look_up(text: str) -> SearchKnowledge:
    """The search for a question the facts do not hold."""
    return SearchKnowledge(text.strip())


def from_documents(request: SearchKnowledge, result: Passages) -> str | None:
    """The answer in the passages found; None where they hold none."""
    return answer(request.query, result.passages) if result.answerable else None


def _named(turn: Turn, reading: Reading) -> list[ServiceFact]:
    names = [name for choice in reading.services for name in choice.names]
    return [service for name in names if (service := turn.service(name)) is not None]


def _price(turn: Turn, reading: Reading) -> str | None:
    named = _named(turn, reading)
    if not named and reading.text.split()[-1] in ("much", "it", "that", "one", "?", "cost"):
        wished = turn.service(turn.state.wish.service)
        named = [wished] if wished else []
    priced = [service for service in named if service.price is not None]
    if priced:
        return " ".join(phrases.price(service) for service in priced)
    listed = [service for service in turn.facts.services if service.price is not None]
    words = reading.text.split()
    generic = not named and (any(word in words for word in ("prices", "list", "rates", "charging")) or len(words) <= SHORT)
    return phrases.prices(listed[:6]) if generic and listed else None


def _length(turn: Turn, reading: Reading) -> str | None:
    """How long a service takes, where that was asked."""
    asked = "how long" in reading.text and not any(
        word in reading.text.split() for word in ("open", "advance", "ago", "notice", "business")
    )
    return " ".join(phrases.takes(service) for service in _named(turn, reading)) or None if asked else None


def _hours(turn: Turn, reading: Reading) -> str | None:
    facts = turn.facts
    if not facts.hours and not facts.special_days:
        return None
    if "now" in reading.text.split() or (reading.when.day is None and phrase_table("intents")["right_now"].search(reading.text)):
        return opening.right_now(facts)
    if reading.when.day is not None and reading.when.until is None:
        return opening.on_day(facts, reading.when.day)
    special = next((one.on_date for one in facts.special_days if one.reason and one.reason.lower() in reading.text), None)
    if special is not None:
        return opening.on_day(facts, special)
    return opening.every_week(facts)


def _address(turn: Turn, _: Reading) -> str | None:
    return phrases.address(turn.facts.address) if turn.facts.address else None


def _services(turn: Turn, reading: Reading) -> str | None:
    named = _named(turn, reading)
    if named:
        return " ".join(phrases.yes_we_do(service) for service in named[:2])
    generic = any(word in reading.text for word in ("what", "which", "services", "list", "menu", "treatments"))
    return phrases.offered_services(turn.facts.services) if generic and turn.facts.services else None
