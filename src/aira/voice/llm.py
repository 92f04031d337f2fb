"""A mind that asks a language model through any OpenAI-compatible endpoint and speaks its answer sentence by sentence."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import httpx

from aira.errors import SetupError, VendorError
from aira.settings import Settings
from aira.voice.llm_prompt import instructions
from aira.voice.llm_tools import SCHEMAS, in_words, request_of
from aira.voice.minds import Memory
from aira.voice.receptionist import decide
from aira.voice.receptionist.protocol import Action, EndCall, Event, Facts, Heard, Resumed, Say, Silence, Started, ToolResult, Transfer
from aira.voice.receptionist.state import State

MOST_ROUNDS = 6
"""Requests for one event after which the model is taken to run in circles."""

_ENDPOINT = "https://api.openai.com/v1"
_LAST_LINE = "data: [DONE]"
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")

Message = dict[str, Any]


@dataclass
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass
class _Answer:
    text: str = ""
    calls: dict[int, _Call] = field(default_factory=dict)


def llm_client(settings: Settings) -> httpx.AsyncClient:
    """The connection to the endpoint, shared by all calls. Raises SetupError where there is no key for it."""
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    if key is None and settings.openai_base_url is None:
        raise SetupError("AIRA_MIND=llm needs a model to ask.", hint="Set OPENAI_API_KEY, or OPENAI_BASE_URL of another endpoint.")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(base_url=settings.openai_base_url or _ENDPOINT, headers=headers, timeout=httpx.Timeout(30, connect=3))


class LlmMind:
    """One call's conversation with a language model; `deadline` is how many seconds it may take to begin and to go on.

    Raises VendorError where the model does not answer in time, or not in a form that can be used. The greeting and the answer to
    silence are the built-in receptionist's, so that they are there at once.
    """

    def __init__(self, client: httpx.AsyncClient, *, model: str, deadline: float, memory: Memory | None = None) -> None:
        self._client = client
        self._model = model
        self._deadline = deadline
        remembered = (memory or {}).get("messages")
        self._messages: list[Message] = list(remembered) if isinstance(remembered, list) else []
        self._asked: list[_Call] = []
        """Tools the model has called and that have not been run yet; the first is running."""

    async def respond(self, event: Event, facts: Facts) -> AsyncGenerator[Action, None]:
        """The model's answer to an event."""
        if isinstance(event, (Started, Silence)):
            for action in decide(State(), event, facts)[1]:
                if isinstance(action, Say):
                    self._messages.append({"role": "assistant", "content": action.text})
                yield action
            return
        self._take(event)
        async with aclosing(self._next(facts)) as actions:
            async for action in actions:
                yield action

    def memory(self) -> Memory:
        """The messages so far."""
        return {"mind": "llm", "messages": self._messages}

    def _take(self, event: Event) -> None:
        if isinstance(event, Heard):
            self._drop_unanswered()
            self._messages.append({"role": "user", "content": event.text})
        elif isinstance(event, Resumed):
            self._drop_unanswered()
            self._messages.append({"role": "system", "content": "The line broke off and is back. Apologise briefly and go on."})
        elif isinstance(event, ToolResult):
            self._answer_tool(in_words(event.result))

    def _answer_tool(self, text: str) -> None:
        call = self._asked.pop(0)
        self._messages.append({"role": "tool", "tool_call_id": call.id, "content": text})

    def _drop_unanswered(self) -> None:
        while self._asked:
            self._answer_tool("Not done: the caller spoke.")

    async def _next(self, facts: Facts) -> AsyncGenerator[Action, None]:
        for _ in range(MOST_ROUNDS):
            if not self._asked:
                async with aclosing(self._ask(facts)) as sentences:
                    async for sentence in sentences:
                        yield Say(sentence)
                if not self._asked:
                    return
            while self._asked:
                try:
                    request = request_of(self._asked[0].name, _arguments(self._asked[0]), now=facts.now)
                except ValueError as error:
                    self._answer_tool(f"Not done: {error}")
                    continue
                if isinstance(request, (EndCall, Transfer)):
                    self._answer_tool("Done.")
                    self._drop_unanswered()
                yield request
                return
        raise _failed("circles")

    async def _ask(self, facts: Facts) -> AsyncGenerator[str, None]:
        """The sentences of an answer as they come; what was begun is remembered also where the caller cuts it off."""
        answer = _Answer()
        spoken = 0
        try:
            async with aclosing(self._stream(facts)) as deltas:
                async for delta in deltas:
                    _merge(answer, delta)
                    *sentences, rest = _SENTENCE_END.split(answer.text[spoken:])
                    spoken = len(answer.text) - len(rest)
                    for sentence in filter(None, map(str.strip, sentences)):
                        yield sentence
            if last := answer.text[spoken:].strip():
                yield last
            if not answer.text.strip() and not answer.calls:
                raise _failed("empty")
            self._asked = [answer.calls[index] for index in sorted(answer.calls)]
        finally:
            self._messages.append(_message(answer, called=self._asked))

    async def _stream(self, facts: Facts) -> AsyncGenerator[Message, None]:
        body = {
            "model": self._model,
            "stream": True,
            "temperature": 0.3,
            "messages": [{"role": "system", "content": instructions(facts)}, *self._messages],
            "tools": SCHEMAS,
        }
        try:
            async with asyncio.timeout(self._deadline):
                response = await self._client.send(self._client.build_request("POST", "chat/completions", json=body), stream=True)
            try:
                async for delta in self._deltas(response):
                    yield delta
            finally:
                await response.aclose()
        except TimeoutError:
            raise _failed("too_slow") from None
        except httpx.HTTPStatusError as error:
            raise _failed(f"status_{error.response.status_code}") from None
        except httpx.HTTPError:
            raise _failed("connection") from None
        except (json.JSONDecodeError, KeyError, TypeError):
            raise _failed("garbage") from None

    async def _deltas(self, response: httpx.Response) -> AsyncGenerator[Message, None]:
        response.raise_for_status()
        lines = response.aiter_lines()
        while (line := await asyncio.wait_for(anext(lines, None), self._deadline)) != _LAST_LINE:
            if line is None:
                raise _failed("broken_off")
            if line.startswith("data:"):
                for choice in json.loads(line[5:])["choices"]:
                    yield choice["delta"]


def _merge(answer: _Answer, delta: Message) -> None:
    answer.text += delta.get("content") or ""
    for part in delta.get("tool_calls") or ():
        call = answer.calls.setdefault(part.get("index", 0), _Call())
        function = part.get("function") or {}
        call.id = part.get("id") or call.id
        call.name += function.get("name") or ""
        call.arguments += function.get("arguments") or ""


def _message(answer: _Answer, *, called: list[_Call]) -> Message:
    message: Message = {"role": "assistant", "content": answer.text}
    if called:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}} for call in called
        ]
    return message


def _arguments(call: _Call) -> dict[str, object]:
    arguments = json.loads(call.arguments or "{}")
    if not isinstance(arguments, dict):
        raise ValueError("The arguments must be an object.")  # noqa: TRY004  # told to the model like every other misuse
    return arguments


def _failed(reason: str) -> VendorError:
    return VendorError("The language model did not answer.", hint="Look at OPENAI_BASE_URL and AIRA_LLM_MODEL.", code=f"llm_{reason}")
