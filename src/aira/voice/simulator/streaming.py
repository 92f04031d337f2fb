"""`<Connect><Stream>`: the caller is put on a WebSocket until the server closes it, it breaks, or the caller hangs up."""

import asyncio
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

from aira.errors import VendorError
from aira.voice.simulator.leg import Leg, new_sid
from aira.voice.simulator.line import Line, StreamEnd
from aira.voice.simulator.listening import Go

HANDSHAKE, CLOSED, INVALID = 31920, 31921, 31951


async def connect(leg: Leg, verb: Element) -> Go | None:
    """Hold the stream; afterwards, however it ended, the verb's action is asked or the document goes on."""
    stream = verb.find("Stream")
    if stream is None:
        leg.step("Connect", "nothing")
        return None
    sid, url = new_sid("MZ"), urljoin(leg.document_url, stream.get("url", ""))
    leg.step("Connect", url)
    leg.status = "in-progress"
    end = await _hold(leg, stream, sid, url)
    more = {"StreamSid": sid}
    if end in (StreamEnd.LOST, "refused"):
        code, message = (HANDSHAKE, "Handshake Error") if end == "refused" else (CLOSED, "Close Error")
        leg.alert(code, f"Stream - WebSocket - {message}", url)
        more |= {"StreamError": message, "StreamErrorCode": str(code)}
    _report(leg, stream, sid, "stream-error" if end in (StreamEnd.LOST, "refused") else "stream-stopped")
    action = verb.get("action")
    return Go(action, leg.told(**more), verb.get("method", "POST")) if action else None


async def _hold(leg: Leg, stream: Element, sid: str, url: str) -> str:
    line = Line(
        leg.caller,
        call_sid=leg.sid,
        stream_sid=sid,
        account_sid=leg.form["AccountSid"],
        clock=leg.clock,
        hang_up=leg.hang_up,
        alert=lambda message: leg.alert(INVALID, message, url),
    )
    parameters = {one.get("name", ""): one.get("value", "") for one in stream.findall("Parameter")}
    end = "refused"
    try:
        if not urlsplit(url).query:  # Twilio allows none
            _report(leg, stream, sid, "stream-started")
            end = str(await line.hold(url, parameters, headers=leg.webhooks.signature(url)))
    except VendorError:
        pass  # refused
    except asyncio.CancelledError:
        end = str(StreamEnd.CHANGED)
        raise
    finally:
        leg.record.streams.append(end)
        if line.began:
            _keep(leg, line)
    return end


def _keep(leg: Leg, line: Line) -> None:
    bot = line.tape.bot()
    leg.record.bot.append(bot)
    leg.record.underruns += line.underruns
    leg.timeline.add_caller(line.began, line.tape.caller())
    leg.timeline.add_heard(line.began, bot[: line.tape.now])


def _report(leg: Leg, stream: Element, sid: str, event: str) -> None:
    if callback := stream.get("statusCallback"):
        form = {"AccountSid": leg.form["AccountSid"], "CallSid": leg.sid, "StreamSid": sid, "StreamEvent": event}
        leg.webhooks.notify(urljoin(leg.document_url, callback), form, method=stream.get("statusCallbackMethod", "POST"))
