"""What the receptionist says. Every sentence a caller can hear from the built-in mind stands here, in `opening` or in `answers`."""

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

from aira.voice.receptionist import spoken
from aira.voice.receptionist.protocol import BookedAppointment, Facts, ServiceFact
from aira.voice.receptionist.spoken import a

HOW_CAN_I_HELP = "How can I help you?"
ANYTHING_ELSE = "Is there anything else I can do for you?"
WHAT_ELSE = "What else can I do for you?"
WHEN = "What day and time would suit you?"
WHICH_DAY = "What day would you like?"
WHAT_TIME = "What time would you like?"
WHAT_TIME_AGAIN = "Sorry, what time was that?"
NEW_TIME = "What day and time would you like instead?"
WHAT_CHANGE = "Sorry. What shall I change?"
WHAT_CHANGE_AGAIN = "What shall I change?"
NOTHING_FREE = "I'm afraid I have nothing free in the next two weeks."
OTHER_TIME = "What other day or time would suit you?"
NAME = "What name shall I put it under?"
NAME_AGAIN = "Could you say the name once more, please?"
NAME_SPELLED = "Could you spell the name for me, please?"
PHONE = "What number can we reach you on?"
PHONE_AGAIN = "Could you give me the number once more, digit by digit?"
PROOF = "Under what name is the appointment?"
WHICH_ONE = "Which one do you mean?"
SORRY = "Sorry, I didn't get that."
TAKE_YOUR_TIME = "Of course, take your time."
STILL_THERE = "I can't hear you."
BACK_AGAIN = "Sorry about that, we were cut off for a moment."
PUT_THROUGH = "One moment, I'll put you through."
NOBODY_THERE = "I'm afraid nobody can come to the phone right now."
SHALL_I_TAKE_A_MESSAGE = "Shall I take a message?"
PERSON_OR_MESSAGE = "Shall I put you through to someone, or would you like to leave a message?"
I_DONT_KNOW = "I'm afraid I don't know that."
I_DONT_KNOW_MESSAGE = "I'm afraid I don't know that. Shall I take a message, so that someone can get back to you?"
WHAT_MESSAGE = "What would you like me to pass on?"
MESSAGE_NAME = "And your name, please?"
NO_NUMBER = "I can only look up appointments for the number they were made from, and I can't see your number."
NONE_THAT_DAY = "I can't find an appointment on that day for the number you're calling from."
NOT_FOUND = "I can't find a coming appointment under that name for the number you're calling from."
ALL_RIGHT = "All right."
KEPT = "All right, I've left everything as it was."
WRONG_NUMBER = "No problem at all."
STAY_POLITE = "I'd like to help you, but please let us stay polite."
END_RUDE = "I'm going to end the call now. Goodbye."
CLOCKS_SKIP = "The clocks are put forward over that time, so it doesn't exist that day."
CLOCKS_TWICE = "The clocks are put back that night, so that time comes twice. Would you like the first or the second?"
I_AM_A_MACHINE = "I'm an automated assistant, but I can book appointments, answer questions and take messages."
I_HEAR_YOU = "Yes, I can hear you."
I_AM_FINE = "I'm very well, thank you."
LET_US_STAY = "That's kind of you."
BEFORE_YOU_GO = "Before you go:"
TIME_PASSED = "That time has already passed."

REFUSALS = {
    "conflict": "I'm afraid that time has just been taken.",
    "outside_hours": "I'm afraid that's outside our opening hours.",
    "closed_day": "I'm afraid we're closed that day.",
    "closure": "I'm afraid we're closed that day.",
    "too_soon": "I'm afraid that's too short notice for us.",
    "too_far": "I'm afraid we don't take bookings that far ahead yet.",
    "in_past": TIME_PASSED,
    "unknown_service": "I'm afraid I can't book that service.",
    "appointment_refused": "I'm afraid I can't book that time.",
    "not_found": "I can't find that appointment any more.",
    "not_confirmed": "That appointment is no longer on.",
}
"""What a caller hears for the `reason` of an AiraError: refusals of the calendar."""
FAILURE = "I'm sorry, I can't do that at the moment because of a technical problem."
"""What a caller hears for any other error."""
OTHER_TIME_HELPS = frozenset(
    {"conflict", "outside_hours", "closed_day", "closure", "too_soon", "too_far", "in_past", "appointment_refused"}
)
"""Refusals after which another time may do."""


def refusal(code: str) -> str:
    """The sentence a caller hears for an error's `reason`."""
    return REFUSALS.get(code, FAILURE)


def greeting(facts: Facts) -> str:
    """The first words of a call: the business's own greeting or the stock one, and that an assistant speaks."""
    opening = facts.greeting or f"Thank you for calling {facts.business}."
    told = any(word in opening.lower() for word in ("assistant", "automated", "virtual", "robot", "computer", " ai "))
    disclosure = " I'm the automated assistant." if facts.ai_disclosure and not told else ""
    question = "" if opening.rstrip().endswith("?") else f" {HOW_CAN_I_HELP}"
    return f"{opening}{disclosure}{question}"


def this_is(facts: Facts) -> str:
    """Whom the caller has reached."""
    return f"This is {facts.business}."


def goodbye(facts: Facts) -> str:
    """The last words of a call."""
    return f"Thank you for calling {facts.business}. Goodbye!"


def which_service(services: Sequence[ServiceFact]) -> str:
    """The question for the service, with the choice where it is small."""
    if len(services) > 5:
        return "What would you like to come in for?"
    return f"What can I book for you: {spoken.series([a(one.name) for one in services], 'or')}?"


def which_of(names: Sequence[str]) -> str:
    """The question between services that share a word."""
    return f"Do you mean {spoken.series([a(name) for name in names], 'or')}?"


def moment(start: datetime, today: date) -> str:
    """Day, date and time, as they are read back."""
    return f"{spoken.day(start.date(), today)}, at {spoken.clock(start.time())}"


def near_moment(start: datetime, today: date) -> str:
    """Day and time, as they are spoken of."""
    return f"{spoken.near_day(start.date(), today)} at {spoken.clock(start.time())}"


def offer(starts: Sequence[datetime], today: date) -> str:
    """One or two free times, the day said once where it is the same."""
    if len(starts) == 1:
        return f"I have {near_moment(starts[0], today)}. Would that suit you?"
    first, second = starts[0], starts[1]
    if first.date() == second.date():
        times = _two_times(first.time(), second.time())
        return f"{spoken.capital(spoken.near_day(first.date(), today))}, I have {times}. Which would you like?"
    return f"I have {near_moment(first, today)}, or {near_moment(second, today)}. Which would you like?"


def _two_times(first: time, second: time) -> str:
    """Two times of one day, their part of the day said once: `nine or ten thirty in the morning`."""
    one, other = spoken.clock(first), spoken.clock(second)
    part = one.removeprefix(spoken.bare_clock(first))
    shared = part.startswith(" ") and other.endswith(part)
    return f"{one.removesuffix(part) if shared else one} or {other}"


def read_back(service: str | None, start: datetime, name: str, phone: str | None, today: date) -> str:
    """Everything that is about to be booked, and the question whether it is right."""
    number = f", and your number is {spoken.digits(phone)}" if phone else ""
    return f"So that's {a(service) if service else 'an appointment'} {_on(moment(start, today))}, for {name}{number}. Shall I book it?"


def booked(appointment: BookedAppointment, today: date) -> str:
    """That it is booked, and when."""
    service = a(appointment.service) if appointment.service else "your appointment"
    return f"You're booked: {service} {_on(near_moment(appointment.start, today))}."


def move_back(appointment: BookedAppointment, start: datetime, today: date) -> str:
    """The old time and the new one, and the question whether it is right."""
    return f"So I'll move {_yours(appointment)} from {near_moment(appointment.start, today)} to {moment(start, today)}. Is that right?"


def moved(appointment: BookedAppointment, today: date) -> str:
    """That it is moved, and to when."""
    return f"Done: {_yours(appointment)} is now {_on(near_moment(appointment.start, today))}."


def shall_i_cancel(appointment: BookedAppointment, today: date) -> str:
    """The question before an appointment is cancelled."""
    return f"Shall I cancel {_yours(appointment)} {_on(near_moment(appointment.start, today))}?"


def cancelled(appointment: BookedAppointment, today: date) -> str:
    """That it is cancelled."""
    return f"{spoken.capital(_yours(appointment))} {_on(near_moment(appointment.start, today))} is cancelled."


def your_appointments(found: Sequence[BookedAppointment], today: date) -> str:
    """The caller's own appointments."""
    each = [f"{a(one.service) if one.service else 'an appointment'} {_on(near_moment(one.start, today))}" for one in found]
    return f"You have {'; and '.join(each)}."


def price(service: ServiceFact) -> str:
    """What a service costs and how long it takes."""
    cost = spoken.money(service.price or Decimal(0), service.currency or "USD")
    return f"{spoken.capital(a(service.name))} is {cost} and takes {spoken.minutes(service.minutes)}."


def prices(services: Sequence[ServiceFact]) -> str:
    """What the services cost."""
    each = [f"{a(one.name)} {spoken.money(one.price, one.currency)}" for one in services if one.price is not None and one.currency]
    return f"{spoken.capital(spoken.series(each))}."


def offered_services(services: Sequence[ServiceFact]) -> str:
    """What can be booked."""
    return f"We offer {spoken.series([one.name if one.name.isupper() else one.name.lower() for one in services])}."


def takes(service: ServiceFact) -> str:
    """How long a service takes."""
    return f"{spoken.capital(a(service.name))} takes {spoken.minutes(service.minutes)}."


def yes_we_do(service: ServiceFact) -> str:
    """That a service is offered."""
    cost = f" for {spoken.money(service.price, service.currency)}" if service.price is not None and service.currency else ""
    return f"Yes, we do {a(service.name)}{cost}. It takes {spoken.minutes(service.minutes)}."


def address(where: str) -> str:
    """Where the business is."""
    return f"We're at {where.rstrip('.')}."


def which_half(at: time) -> str:
    """The question between morning and evening."""
    return f"Is that {spoken.clock(at)} or {spoken.clock(time((at.hour + 12) % 24, at.minute))}?"


def did_you_say_time(at: time) -> str:
    """The question after a time that may be misheard."""
    return f"Sorry, did you say {spoken.clock(at)}?"


def did_you_mean_day(day: date, today: date) -> str:
    """The question after a day that may be misheard or does not fit its weekday."""
    return f"Just to be sure: do you mean {spoken.day(day, today)}?"


def outside_hours(hours: str) -> str:
    """That a time is outside the opening hours of its day."""
    return f"That's outside our hours; we're open {hours} that day."


def full(day: date, today: date) -> str:
    """That a day has nothing left."""
    return f"I'm afraid we're fully booked {_on(spoken.near_day(day, today))}."


def taken(start: datetime, today: date) -> str:
    """That a time is not free."""
    return f"I'm afraid {spoken.clock(start.time())} {_on(spoken.near_day(start.date(), today))} is taken."


def too_far(days: int) -> str:
    """How far ahead bookings are taken."""
    return f"We take bookings up to {spoken.number(days)} days ahead."


def message_taken(phone: str | None) -> str:
    """That a message was left, with the number to call back where the caller gave one."""
    number = f", with your number, {spoken.digits(phone)}" if phone else ""
    return f"Thank you, I've passed that on{number}."


def next_service(name: str) -> str:
    """The turn to the second service of a wish."""
    return f"Now for {a(name)}."


def _yours(appointment: BookedAppointment) -> str:
    service = appointment.service
    return f"your {service[:1].lower() + service[1:]}" if service else "your appointment"


def _on(when: str) -> str:
    return when if when.startswith(("today", "tomorrow")) else f"on {when}"
