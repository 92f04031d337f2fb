"""A mind that asks language models by the chat-completions protocol and speaks the answer sentence by sentence.

A model that does not begin in time, breaks off or answers rubbish is followed by the next one in the same turn; of what it had said
already the next one is told, so that the caller hears one answer.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import httpx

from aira.errors import VendorError
from aira.voice.llm_prompt import instructions
from aira.voice.llm_tools import SCHEMAS, in_words, request_of
from aira.voice.minds import Memory
from aira.voice.receptionist import decide
from aira.voice.receptionist.protocol import Action, EndCall, Event, Facts, Heard, Resumed, Say, Silence, Started, ToolResult, Transfer
from aira.voice.receptionist.state import State
from aira.voice.vendors.models import Endpoint, Models

MOST_ROUNDS = 6
"""Requests for one event after which the model is taken to run in circles."""

_LAST_LINE = "data: [DONE]"
_GO_ON = "You were cut off after these words, which the caller has heard. Go on from there without repeating them."
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


class LlmMind:
    """One call's conversation with the language models.

    Raises VendorError where none answers in time and in a form that can be used. The greeting and the answer to silence are the
    built-in receptionist's, so that they are there at once.
    """

    def __init__(self, models: Models, *, memory: Memory | None = None) -> None:
        self._models = models
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
        """The sentences of an answer as they come, of the first model that has one."""
        failure = _failed("resting")
        for endpoint in self._models.in_turn():
            if self._messages and self._messages[-1]["role"] == "assistant":
                self._messages.append({"role": "system", "content": _GO_ON})
            try:
                async with aclosing(self._answer(endpoint, facts)) as sentences:
                    async for sentence in sentences:
                        yield sentence
            except VendorError as error:
                endpoint.gate.failed(error.reason)
                failure = error
            else:
                endpoint.gate.succeeded()
                return
        raise failure

    async def _answer(self, endpoint: Endpoint, facts: Facts) -> AsyncGenerator[str, None]:
        """One model's sentences; what was begun is remembered also where the caller cuts it off, or the model breaks off."""
        answer = _Answer()
        spoken = 0
        try:
            async with aclosing(self._stream(endpoint, facts)) as deltas:
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
        except VendorError:
            answer.text = answer.text[:spoken]
            raise
        finally:
            if answer.text or self._asked:
                self._messages.append(_message(answer, called=self._asked))

    async def _stream(self, endpoint: Endpoint, facts: Facts) -> AsyncGenerator[Message, None]:
        body = {
            "model": endpoint.model,
            "stream": True,
            "temperature": 0.3,
            "messages": [{"role": "system", "content": instructions(facts)}, *self._messages],
            "tools": SCHEMAS,
        }
        begins_by = time.monotonic() + self._models.deadline
        try:
            async with asyncio.timeout(self._models.deadline):
                response = await endpoint.client.send(endpoint.client.build_request("POST", "chat/completions", json=body), stream=True)
            try:
                async for delta in self._deltas(response, begins_by):
                    yield delta
            finally:
                await response.aclose()
        except TimeoutError:
            raise _failed("too_slow") from None
        except httpx.HTTPStatusError as error:
            raise _failed(f"status_{error.response.status_code}") from None
        except httpx.HTTPError:
            raise _failed("connection") from None
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
            raise _failed("garbage") from None

    async def _deltas(self, response: httpx.Response, until: float) -> AsyncGenerator[Message, None]:
        """The steps of an answer; only one that says something counts as going on, not a line that keeps the connection alive."""
        response.raise_for_status()
        lines = response.aiter_lines()
        finished = False
        while (line := await asyncio.wait_for(anext(lines, None), until - time.monotonic())) != _LAST_LINE:
            if line is None:
                if finished:
                    return
                raise _failed("broken_off")
            if line.startswith("data:"):
                for choice in json.loads(line[5:])["choices"]:
                    finished = finished or choice.get("finish_reason") is not None
                    if choice["delta"].get("content") or choice["delta"].get("tool_calls"):
                        until = time.monotonic() + self._models.deadline
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
    return VendorError(
        "The language model did not answer.", hint="Look at AIRA_LLM, AIRA_LLM_MODEL and the vendor's key.", code=f"llm_{reason}"
    )
