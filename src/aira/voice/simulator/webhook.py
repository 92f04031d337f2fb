"""How the carrier asks a server for TwiML: signed, within Twilio's time limits, repeated only as Twilio repeats.

The limits can be overridden in the fragment of a URL as at Twilio: `#ct=2000&rt=5000&rc=2&rp=5xx,rt` (connect and read timeout in
milliseconds, number of retries, and what is retried: ct, rt, 4xx, 5xx or all).
"""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urldefrag, urlencode, urlsplit
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring

import httpx

from aira.voice.signatures import HEADER, sign
from aira.voice.simulator.record import Request

RETRIEVAL, CONNECTION, PARSE, SCHEMA, CONTENT_TYPE = 11200, 11205, 12100, 12200, 12300

_TWIML_TYPES = {"text/xml", "application/xml", "text/html"}
_DOCTYPE = re.compile(rb"<!DOCTYPE|<!ENTITY", re.IGNORECASE)
_LARGEST_DOCUMENT = 64 * 1024


class RetrievalError(Exception):
    """A document could not be had; `code` is Twilio's error code."""

    def __init__(self, code: int, message: str, url: str) -> None:
        super().__init__(message)
        self.code, self.message, self.url = code, message, url


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the carrier waits for a server, in seconds, and how often it tries."""

    connect: float = 5.0
    read: float = 15.0
    retries: int = 1
    retried: frozenset[str] = frozenset({"ct"})

    def overridden(self, fragment: str) -> "Limits":
        """The limits with what a URL's fragment says."""
        given = {name: values[-1] for name, values in parse_qs(fragment).items()}
        return Limits(
            connect=_clamped(given.get("ct"), 0.1, 10.0, self.connect),
            read=_clamped(given.get("rt"), 0.1, 15.0, self.read),
            retries=min(5, int(given["rc"])) if given.get("rc", "").isdigit() else self.retries,
            retried=frozenset(given["rp"].split(",")) if "rp" in given else self.retried,
        )


class Webhooks:
    """The carrier's HTTP client: `secret` signs, `noted` is told of every request, `clock` is the call's in seconds."""

    def __init__(self, secret: str, *, limits: Limits, clock: Callable[[], float], noted: Callable[[Request], object]) -> None:
        self._secret = secret
        self._limits = limits
        self._clock = clock
        self._noted = noted
        self._client = httpx.AsyncClient(headers={"User-Agent": "TwilioProxy/1.1"}, max_redirects=5)
        self._notices: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Wait until what was notified has been told, then close the connections."""
        if self._notices:
            await asyncio.gather(*self._notices)
        await self._client.aclose()

    async def document(self, url: str, form: dict[str, str], *, method: str = "POST") -> Element:
        """The TwiML at an address. Raises RetrievalError."""
        answer = await self.fetch(url, form, method=method)
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind == "text/plain":
            return _said(answer.text)
        if kind.startswith("audio/"):
            return _played(url)
        if kind not in _TWIML_TYPES:
            raise RetrievalError(CONTENT_TYPE, f"Invalid Content-Type: {kind or 'none'}", url)
        return parsed(answer.content, url)

    async def fetch(self, url: str, form: dict[str, str], *, method: str = "POST") -> httpx.Response:
        """The answer of an address with a status below 400. Raises RetrievalError."""
        address, fragment = urldefrag(url)
        limits = self._limits.overridden(fragment)
        for last in [False] * limits.retries + [True]:
            why, answer = await self._try(address, form, method.upper(), limits)
            if answer is not None and answer.status_code < 400:
                return answer
            if last or not ({why, "all"} & limits.retried):
                break
        if why == "ct":
            raise RetrievalError(CONNECTION, "HTTP connection failure", url)
        status = f"status {answer.status_code}" if answer is not None else "no answer in time"
        raise RetrievalError(RETRIEVAL, f"HTTP retrieval failure: {status}", url)

    def notify(self, url: str, form: dict[str, str], *, method: str = "POST") -> None:
        """Tell an address without waiting for it, as the carrier does with status callbacks."""
        task = asyncio.create_task(self._tell(url, form, method))
        self._notices.add(task)
        task.add_done_callback(self._notices.discard)

    def signature(self, url: str) -> dict[str, str]:
        """The header of a request without parameters."""
        return {HEADER: sign(self._secret, url, {})}

    async def _tell(self, url: str, form: dict[str, str], method: str) -> None:
        try:
            await self.fetch(url, form, method=method)
        except RetrievalError:
            return  # noted as a request without a good answer; nothing in the call depends on it

    async def _try(self, url: str, form: dict[str, str], method: str, limits: Limits) -> tuple[str, httpx.Response | None]:
        """What went wrong, in the words of the retry policy, and the answer."""
        at, started = self._clock(), time.perf_counter()
        why, answer = "", None
        try:
            async with asyncio.timeout(limits.connect + limits.read):
                answer = await self._send(url, form, method, limits)
            why = f"{answer.status_code // 100}xx"
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL):
            why = "ct"
        except (httpx.HTTPError, TimeoutError):
            why = "rt"
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        self._noted(Request(round(at, 3), url, milliseconds, answer.status_code if answer is not None else None))
        return why, answer

    async def _send(self, url: str, form: dict[str, str], method: str, limits: Limits) -> httpx.Response:
        timeout = httpx.Timeout(limits.read, connect=limits.connect)
        if method == "GET":
            address = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(form)}" if form else url
            return await self._client.get(address, headers=self.signature(address), timeout=timeout, follow_redirects=True)
        headers = {HEADER: sign(self._secret, url, form)}
        return await self._client.post(url, data=form, headers=headers, timeout=timeout, follow_redirects=True)


def parsed(content: bytes, url: str) -> Element:
    """TwiML as an element. Raises RetrievalError for anything else."""
    if len(content) > _LARGEST_DOCUMENT or _DOCTYPE.search(content):
        raise RetrievalError(PARSE, "Document parse failure: too large, or with a document type", url)
    try:
        root = fromstring(content)  # noqa: S314  # entities need a document type, which is refused
    except ParseError as error:
        raise RetrievalError(PARSE, f"Document parse failure: {error}", url) from None
    if root.tag != "Response":
        raise RetrievalError(PARSE, f"Document parse failure: the root is {root.tag}, not Response", url)
    return root


def _said(text: str) -> Element:
    response = Element("Response")
    SubElement(response, "Say").text = text
    return response


def _played(url: str) -> Element:
    response = Element("Response")
    SubElement(response, "Play").text = url
    return response


def _clamped(milliseconds: str | None, least: float, most: float, default: float) -> float:
    if milliseconds is None or not milliseconds.isdigit():
        return default
    return min(most, max(least, int(milliseconds) / 1000))
