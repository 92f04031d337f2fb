"""TwiML followed verb by verb on one leg of a call, document after document, until the call is over there."""

from collections.abc import Awaitable, Callable
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

from aira.voice.simulator.dialling import dial
from aira.voice.simulator.grammar import followed, warnings
from aira.voice.simulator.leg import Leg
from aira.voice.simulator.listening import Go, gather, pause, play, record, say
from aira.voice.simulator.streaming import connect
from aira.voice.simulator.webhook import SCHEMA, RetrievalError

MOST_DOCUMENTS = 100
"""A server that goes round in circles is followed no further."""

_APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."
_VERBS: dict[str, Callable[[Leg, Element], Awaitable[Go | None]]] = {
    "Say": say,
    "Play": play,
    "Pause": pause,
    "Gather": gather,
    "Record": record,
    "Connect": connect,
}


class Interpreter:
    """Follows TwiML on a leg. Where a document cannot be had or followed, `fallback_url` is asked, once for each failure."""

    def __init__(self, leg: Leg, *, fallback_url: str | None = None) -> None:
        self._leg = leg
        self._fallback_url = fallback_url

    async def run(self, start: "Go | Element", *, base: str) -> None:
        """Follow the TwiML at an address, or a document whose relative addresses begin at `base`, to the end of the call."""
        self._leg.document_url = base
        following: Go | Element | None = start
        for _ in range(MOST_DOCUMENTS):
            if following is None or (self._leg.over and isinstance(following, Element)):
                break
            following = await self._next(following)
        if self._leg.is_main:
            self._hang_up("server")

    async def _next(self, what: "Go | Element") -> "Go | Element | None":
        try:
            document = what if isinstance(what, Element) else await self._asked(what)
            return await self._follow(document)
        except RetrievalError as error:
            return await self._fall_back(error)

    async def _asked(self, go: Go) -> Element:
        url = urljoin(self._leg.document_url, go.url)
        document = await self._leg.webhooks.document(url, go.form, method=go.method)
        self._leg.document_url = url
        for warning in warnings(document):
            self._leg.alert(SCHEMA, warning, url)
        return document

    async def _fall_back(self, error: RetrievalError) -> Element | None:
        leg = self._leg
        leg.alert(error.code, error.message, error.url)
        if leg.over:
            return None
        if self._fallback_url is not None:
            form = leg.told(ErrorCode=str(error.code), ErrorUrl=error.url)
            try:
                return await self._asked(Go(self._fallback_url, form))
            except RetrievalError as second:
                leg.alert(second.code, second.message, second.url)
        if leg.is_main:
            leg.record.carrier_said.append(_APPLICATION_ERROR)
        self._hang_up("carrier")
        return None

    async def _follow(self, document: Element) -> Go | None:
        """Do what a document says; returns where to ask for the next one, None where the call is over."""
        leg = self._leg
        for verb in followed(document):
            if leg.over:
                return None
            match verb.tag:
                case "Hangup" | "Reject":
                    self._end(verb)
                    return None
                case "Redirect":
                    leg.step("Redirect", (verb.text or "").strip())
                    return Go((verb.text or "").strip(), leg.told(), verb.get("method", "POST"))
            go = await self._do(verb)
            if go is not None:
                return go
        return None

    async def _do(self, verb: Element) -> Go | None:
        if verb.tag == "Dial":
            return await dial(self._leg, verb, _follow_whisper)
        self._leg.status = "in-progress"
        return await _VERBS[verb.tag](self._leg, verb)

    def _end(self, verb: Element) -> None:
        leg = self._leg
        leg.step(verb.tag, verb.get("reason", ""))
        if verb.tag == "Hangup":
            leg.status = "in-progress"  # answered, if only to be ended
        else:
            leg.status = "busy" if verb.get("reason") == "busy" else "no-answer"
        self._hang_up("server")

    def _hang_up(self, who: str) -> None:
        leg = self._leg
        if leg.is_main:
            leg.record.ended_by = leg.record.ended_by or ("caller" if leg.over else who)
        else:
            leg.hang_up.set()


async def _follow_whisper(leg: Leg, go: Go) -> None:
    """What the person who answered hears before being put through; they are gone afterwards where the TwiML hangs up."""
    interpreter = Interpreter(leg)
    await interpreter.run(go, base=leg.document_url)
