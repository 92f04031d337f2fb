"""`<Dial>`: another person's telephone rings, is answered or not, hears what is whispered to it, and is put through."""

from collections import deque
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

from aira.voice.simulator.caller import Caller
from aira.voice.simulator.grammar import followed
from aira.voice.simulator.leg import Leg, new_sid
from aira.voice.simulator.listening import Go
from aira.voice.simulator.turns import CallerTurn, Keys, Person

RING_SECONDS = 30

Follow = Callable[[Leg, Go], Awaitable[None]]
"""Follows the TwiML at an address on a leg, to its end."""


async def dial(leg: Leg, verb: Element, follow: Follow) -> Go | None:
    """Ring whom the verb names; afterwards its action is asked, or the document goes on."""
    noun = next(iter(followed(verb)), None)
    address = ((noun.text if noun is not None else verb.text) or "").strip()
    leg.step("Dial", address)
    leg.record.dialled = address
    person = leg.persons(address)
    other = _other_leg(leg, verb, address, person)
    if verb.get("answerOnBridge") != "true":
        leg.status = "in-progress"
    status = await _ring(leg, verb, person)
    if status == "completed" and noun is not None and noun.get("url"):
        other.document_url, began = leg.document_url, leg.clock()
        await follow(other, Go(noun.get("url", ""), other.told(), noun.get("method", "POST")))
        leg.timeline.add_voice(began, leg.clock())  # the caller goes on hearing it ring
    bridged = status == "completed" and not other.over and not leg.over
    if bridged:
        leg.status = "in-progress"
        await leg.wait(person.talks_for, sounds=True)
    talked = str(round(person.talks_for)) if bridged else "0"
    told = {"DialCallStatus": status, "DialCallSid": other.sid, "DialCallDuration": talked, "DialBridged": str(bridged).lower()}
    _report(leg, noun, other, status)
    action = verb.get("action")
    return Go(action, leg.told(**told), verb.get("method", "POST")) if action else None


async def _ring(leg: Leg, verb: Element, person: Person) -> str:
    """How the attempt ends, in Twilio's words."""
    timeout = verb.get("timeout", "")
    patience = float(timeout) if timeout.isdigit() else RING_SECONDS
    if person.busy:
        await leg.wait(1.0, sounds=True)
        return "busy"
    answered = person.answers and person.answers_after <= patience
    await leg.wait(person.answers_after if answered else patience, sounds=True)
    if leg.over:
        return "canceled"
    return "completed" if answered else "no-answer"


def _other_leg(leg: Leg, verb: Element, address: str, person: Person) -> Leg:
    form = {
        "AccountSid": leg.form["AccountSid"],
        "ApiVersion": leg.form["ApiVersion"],
        "CallSid": new_sid("CA"),
        "ParentCallSid": leg.sid,
        "Direction": "outbound-dial",
        "From": verb.get("callerId") or leg.form["From"],
        "To": address,
    }
    turns: deque[CallerTurn] = deque([Keys(person.keys)] if person.keys else [])
    shared = (leg.record, leg.webhooks, leg.exchange, leg.clock, leg.timeline, leg.persons)
    return Leg(form, Caller(turns), *shared, is_main=False, status="in-progress")


def _report(leg: Leg, noun: Element | None, other: Leg, status: str) -> None:
    if noun is not None and (callback := noun.get("statusCallback")):
        form = {**other.form, "CallStatus": status}
        leg.webhooks.notify(urljoin(leg.document_url, callback), form, method=noun.get("statusCallbackMethod", "POST"))
