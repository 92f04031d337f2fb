"""What the receptionist does with what a caller says: the first row of `POLICY` that fits decides."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from aira.voice.receptionist import phrases
from aira.voice.receptionist.consent import Answer
from aira.voice.receptionist.dialogue import agenda, own, people, questions, repair
from aira.voice.receptionist.dialogue.replies import REPLIES, choices_of
from aira.voice.receptionist.dialogue.turn import Decision, Turn
from aira.voice.receptionist.dialogue.wishes import says_same_time, take_in
from aira.voice.receptionist.intents import Intent, can_not_come, is_follow_up, is_sure_of_wrong_number
from aira.voice.receptionist.state import Asked, Task, Wish
from aira.voice.receptionist.understand import Hearing, Reading, understand

Act = Callable[[Turn, Reading, str], Decision | None]


BESIDE_REPEAT = frozenset({Intent.REPEAT, Intent.CORRECTION, Intent.QUESTION, Intent.NO, Intent.WAIT, Intent.GREETING})
"""Intents that an utterance may show which only asks to hear the last words again."""
DETAILS = frozenset({Asked.SERVICE, Asked.WHEN, Asked.DAY, Asked.TIME, Asked.NAME, Asked.PHONE, Asked.PROOF, Asked.WHICH})
"""Questions for a detail: a bare no to one means that the caller does not want to go on."""
OPEN = frozenset({Asked.NOTHING, Asked.NEED, Asked.MORE})
"""Questions after which anything may be said."""
SHORTEST_MESSAGE = 5
"""Words from which a wish to leave a message may hold it already."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the policy: for whom it is, and what is done; what is done may still decline with None."""

    for_: str
    applies: Callable[[Turn, Reading], bool]
    act: Act


def heard(turn: Turn, text: str) -> Decision:
    """The decision on what the caller said."""
    reading = understand(text, Hearing(turn.facts.now, turn.state.asked, turn.state.wish, choices_of(turn)))
    for row in POLICY:
        if row.applies(turn, reading):
            decision = row.act(turn, reading, text)
            if decision is not None:
                return decision if row.act is _unclear else _understood(decision)
    return _unclear(turn, reading, text)


def _understood(decision: Decision) -> Decision:
    state, actions = decision
    return replace(state, unclear=0), actions


def _asked(*questions_: Asked) -> Callable[[Turn, Reading], bool]:
    return lambda turn, _: turn.state.asked in questions_


def _shows(*intents: Intent) -> Callable[[Turn, Reading], bool]:
    return lambda _, reading: reading.shows(*intents)


def _mainly(*intents: Intent) -> Callable[[Turn, Reading], bool]:
    return lambda _, reading: reading.main in intents


def _always(_: Turn, __: Reading) -> bool:
    return True


def _drops_it(turn: Turn, reading: Reading) -> bool:
    """Whether the caller gives up what is being arranged."""
    busy = turn.state.task in (Task.BOOK, Task.MOVE) and turn.state.asked is not Asked.CANCELLING
    declines = turn.state.asked in DETAILS and set(reading.intents) <= {Intent.NO, Intent.THANKS} and reading.answer is Answer.NO
    if declines and not (reading.when.says_something or turn.state.wish.maybe_day or turn.state.wish.maybe_at or reading.name):
        return True
    return busy and (
        reading.shows(Intent.CANCEL) or any(said in reading.text for said in ("never mind", "forget it", "leave it", "forget about it"))
    )


def _changes_wish(turn: Turn, reading: Reading) -> bool:
    """Whether it asks for another time than the one that is being arranged: "can we make it four?"."""
    asks = reading.main is Intent.CORRECTION or (reading.main is Intent.QUESTION and questions.is_only_about_time(reading))
    return turn.state.task in (Task.BOOK, Task.MOVE) and reading.when.says_something and asks


def _says_thanks_only(_: Turn, reading: Reading) -> bool:
    return Intent.THANKS in reading.intents and set(reading.intents) <= {Intent.THANKS, Intent.YES, Intent.GREETING}


def _asks_again(_: Turn, reading: Reading) -> bool:
    """Whether nothing is said but that the last words were not heard."""
    return Intent.REPEAT in reading.intents and set(reading.intents) <= BESIDE_REPEAT and not reading.when.says_something


def _adds_to_wish(turn: Turn, reading: Reading) -> bool:
    """Whether it says more about what is being arranged, if not what was asked."""
    says_more = reading.when.says_something or bool(reading.services or reading.name or reading.phone)
    return turn.state.task in (Task.BOOK, Task.MOVE) and says_more


def _reply(turn: Turn, reading: Reading, text: str) -> Decision | None:
    """Answers to what was just asked come before anything else."""
    reply = REPLIES.get(turn.state.asked)
    return reply(turn, reading, text) if reply else None


def _insulted(turn: Turn, _: Reading, __: str) -> Decision:
    if turn.state.insults:
        return turn.end(phrases.END_RUDE, "abusive")
    return turn.having(insults=1).say(phrases.STAY_POLITE).ask(turn.state.asked, turn.state.said or phrases.HOW_CAN_I_HELP)


def _again(turn: Turn, _: Reading, __: str) -> Decision:
    return turn.ask(turn.state.asked, turn.state.said or phrases.HOW_CAN_I_HELP)


def _wait(turn: Turn, _: Reading, __: str) -> Decision:
    return turn.ask(turn.state.asked, phrases.TAKE_YOUR_TIME, again=turn.state.said or phrases.HOW_CAN_I_HELP)


def _drop(turn: Turn, _: Reading, __: str) -> Decision:
    turn = turn.having(task=Task.NONE, wish=Wish(name=turn.state.wish.name), target=None, waiting=(), offered=())
    return agenda.proceed(turn.say(phrases.KEPT))


def _message(turn: Turn, reading: Reading, text: str) -> Decision:
    """A message asked for; words that hold it already ("tell her I'm late") are kept."""
    name = reading.name or turn.state.wish.name
    words = reading.text.split()
    holds_it = any(word in words for word in ("tell", "let", "inform", "late", "delayed")) and len(words) > SHORTEST_MESSAGE
    wanted = text.strip() if any(word in words for word in ("back", "call", "ring", "phone")) else None
    return people.proceed(turn.having(task=Task.MESSAGE, message=text.strip() if holds_it else None).wishing(name=name, notes=wanted))


def _own(task: Task) -> Act:
    return lambda turn, reading, _: own.begin(turn, task, reading)


def _changes_mind(turn: Turn, reading: Reading) -> bool:
    """Whether something just booked is to be otherwise."""
    fresh = bool(turn.state.booked) and turn.state.task is Task.NONE and not reading.shows(Intent.CANCEL, Intent.MOVE)
    otherwise = reading.shows(Intent.CORRECTION) or reading.when.shift is not None or says_same_time(reading)
    return fresh and ((otherwise and reading.when.says_something) or can_not_come(reading.text))


def _change_mind(turn: Turn, reading: Reading, _: str) -> Decision:
    turn = turn.having(task=Task.MOVE, target=turn.state.booked[-1], offered=())
    return agenda.proceed(turn if can_not_come(reading.text) else take_in(turn, reading))


def _question(turn: Turn, reading: Reading, text: str) -> Decision:
    """Answer, then go on with what was under way; a wish said along with the question is taken in."""
    wants = reading.shows(Intent.BOOK) or turn.state.task is Task.BOOK
    if wants and turn.state.task in (Task.NONE, Task.BOOK) and (reading.when.says_something and not reading.shows(Intent.HOURS)):
        turn = take_in(turn.having(task=Task.BOOK), reading)
    elif reading.services and turn.state.task is Task.NONE and len(reading.services[0].names) == 1:
        turn = turn.wishing(service=reading.services[0].names[0])
    if reading.shows(Intent.BOOK) and turn.state.task is Task.NONE and reading.services:
        turn = turn.having(task=Task.BOOK)
    said = questions.from_facts(turn, reading)
    if said is None:
        return turn.use(questions.look_up(text))
    topic = next((intent for intent in reading.intents if intent in questions.ASKING), None)
    return agenda.proceed(turn.having(topic=topic).achieving("answered").say(said))


def _follows_up(turn: Turn, reading: Reading) -> bool:
    """Whether it asks the last question again for another day or service: "and on Sunday?"."""
    return turn.state.topic not in (None, Intent.ADDRESS) and turn.state.asked is Asked.MORE and is_follow_up(reading.text)


def _follow_up(turn: Turn, reading: Reading, text: str) -> Decision | None:
    topic = Intent(turn.state.topic) if turn.state.topic else Intent.QUESTION
    if topic is Intent.QUESTION and reading.services:
        topic = Intent.SERVICES
    return _question(turn, replace(reading, intents=(topic,)), text)


def _wrong_number(turn: Turn, reading: Reading, _: str) -> Decision:
    """Take leave of who has dialled wrong; tell who only asks where the call has led."""
    if is_sure_of_wrong_number(reading.text):
        return turn.say(phrases.WRONG_NUMBER).end(phrases.goodbye(turn.facts), "no_need")
    return turn.say(phrases.this_is(turn.facts)).ask(*_question_again(turn))


def _question_again(turn: Turn) -> tuple[Asked, str]:
    """What was asked last, or how to help."""
    if turn.state.task is Task.NONE or not turn.state.said:
        return Asked.NEED, phrases.HOW_CAN_I_HELP
    return turn.state.asked, turn.state.said


def _book(turn: Turn, reading: Reading, _: str) -> Decision:
    busy = turn.state.task in (Task.BOOK, Task.MOVE)
    turn = turn if busy else turn.having(task=Task.BOOK, target=None, offered=())
    return agenda.proceed(take_in(turn, reading))


def _leave(turn: Turn, reading: Reading, _: str) -> Decision:
    if turn.state.asked in (Asked.BOOKING, Asked.MOVING) and reading.answer is not None:
        return turn.say(phrases.BEFORE_YOU_GO).ask(turn.state.asked, turn.state.said)
    if turn.state.task is Task.MESSAGE and turn.state.message and (turn.state.wish.phone or turn.facts.caller_number):
        return people.leave(turn)
    return turn.end(phrases.goodbye(turn.facts))


def _chat(turn: Turn, reading: Reading, _: str) -> Decision:
    if any(word in reading.text for word in ("robot", "machine", "computer", "bot", "ai", "real", "human", "who", "name", "person")):
        turn = turn.say(phrases.I_AM_A_MACHINE)
    elif "how" in reading.text.split():
        turn = turn.say(phrases.I_AM_FINE)
    else:
        turn = turn.say(phrases.LET_US_STAY)
    return turn.ask(*_question_again(turn))


def _greet(turn: Turn, reading: Reading, _: str) -> Decision:
    wonders = any(words in reading.text for words in ("hear me", "you there", "there"))
    return (turn.say(phrases.I_HEAR_YOU) if wonders else turn).ask(*_question_again(turn))


def _unclear(turn: Turn, reading: Reading, text: str) -> Decision:
    """Not understood: a word or two may still stand in the documents, else ask again."""
    if turn.state.asked in OPEN and questions.names_something(reading):
        return turn.having(probing=True).use(questions.look_up(text))
    return repair.not_understood(turn)


POLICY = (
    Row("the message itself, whatever it says", _asked(Asked.MESSAGE), _reply),
    Row("abuse: one warning, then the end", _shows(Intent.ABUSE), _insulted),
    Row("hesitation", _mainly(Intent.SILENCE), _again),
    Row("a wrong number", _shows(Intent.WRONG_NUMBER), _wrong_number),
    Row("a person, please", _mainly(Intent.PERSON), lambda turn, *_: people.put_through(turn)),
    Row("giving up what is being arranged", _drops_it, _drop),
    Row("say that again", _asks_again, _again),
    Row("another wish than what was just booked", _changes_mind, _change_mind),
    Row("and on Sunday?", _follows_up, _follow_up),
    Row("an answer to what was asked", _always, _reply),
    Row("one moment, please", _mainly(Intent.WAIT), _wait),
    Row("leave a message", _mainly(Intent.MESSAGE), _message),
    Row("cancel my appointment", _mainly(Intent.CANCEL), _own(Task.CANCEL)),
    Row("move my appointment", _mainly(Intent.MOVE), _own(Task.MOVE)),
    Row("when is my appointment", _mainly(Intent.MINE), _own(Task.LOOK_UP)),
    Row("a change to what is being arranged, put as a question", _changes_wish, _book),
    Row("a question", _shows(*questions.ASKING), _question),
    Row("book an appointment", _shows(Intent.BOOK), _book),
    Row("more about what is being arranged", _adds_to_wish, _book),
    Row("goodbye", _shows(Intent.GOODBYE), _leave),
    Row("small talk", _shows(Intent.SMALL_TALK), _chat),
    Row("thanks", _says_thanks_only, lambda turn, *_: agenda.proceed(turn)),
    Row("hello", _shows(Intent.GREETING), _greet),
    Row("anything else", _always, _unclear),
)
