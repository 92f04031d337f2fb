"""A mind that asks language models by the chat-completions protocol and speaks the answer sentence by sentence.

A model that does not begin in time, breaks off or answers rubbish is followed by the next one in the same turn; of what it had said
already the next one is told, so that the caller hears one answer.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
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
from aira.voice.vendors.watch import Watch

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
    used: Message = field(default_factory=dict)
    """Tokens by name, as far as the model has told."""


class LlmMind:
    """One call's conversation with the language models.

    Raises VendorError where none answers in time and in a form that can be used. The greeting and the answer to silence are the
    built-in receptionist's, so that they are there at once.
    """

    def __init__(self, models: Models, *, memory: Memory | None = None, watch: Watch | None = None) -> None:
        self._models = models
        self._watch = watch or Watch()
        remembered = (memory or {}).get("messages")
        self._messages: list[Message] = list(remembered) if isinstance(remembered, list) else []
        self._asked: list[_Call] = []
        """Tools the model has called and that have not been run yet; the first is running."""
        self._failed: list[Endpoint] = []
        """Who has failed since the caller spoke: nobody waits for the same model twice in a turn."""

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
        if isinstance(event, (Heard, Resumed)):
            self._failed = []
            self._drop_unanswered()
        if isinstance(event, Heard):
            self._messages.append({"role": "user", "content": event.text})
        elif isinstance(event, Resumed):
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
            if self._watch.spent or endpoint in self._failed:
                continue
            attempt = self._watch.asks(endpoint.gate, self._models.deadline)
            if self._messages and self._messages[-1]["role"] == "assistant":
                self._messages.append({"role": "system", "content": _GO_ON})
            try:
                async with aclosing(self._answer(endpoint, facts, attempt.seconds)) as sentences:
                    async for sentence in sentences:
                        yield sentence
            except VendorError as error:
                attempt.failed(error.reason)
                self._failed.append(endpoint)
                failure = error
            else:
                attempt.succeeded()
                return
        raise failure

    async def _answer(self, endpoint: Endpoint, facts: Facts, seconds: float | None) -> AsyncGenerator[str, None]:
        """One model's sentences; what was begun is remembered also where the caller cuts it off, or the model breaks off."""
        answer = _Answer()
        spoken = 0
        try:
            async with aclosing(self._stream(endpoint, facts, seconds)) as steps:
                async for step in steps:
                    _merge(answer, step)
                    *sentences, rest = _SENTENCE_END.split(answer.text[spoken:])
                    if step.get("finish_reason"):
                        sentences, rest = [*sentences, rest], ""
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
            self._note_usage(endpoint, answer)
            if answer.text or self._asked:
                self._messages.append(_message(answer, called=self._asked))

    def _note_usage(self, endpoint: Endpoint, answer: _Answer) -> None:
        self._watch.note_usage("llm_input_tokens", answer.used.get("prompt_tokens") or 0, endpoint.model)
        self._watch.note_usage("llm_output_tokens", answer.used.get("completion_tokens") or 0, endpoint.model)

    async def _stream(self, endpoint: Endpoint, facts: Facts, seconds: float | None) -> AsyncGenerator[Message, None]:
        body = {
            "model": endpoint.model,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.3,
            "messages": [{"role": "system", "content": instructions(facts)}, *self._messages],
            "tools": SCHEMAS,
        }
        begins_by = time.monotonic() + (seconds or self._models.deadline)
        try:
            async with asyncio.timeout(seconds):
                response = await endpoint.client.send(endpoint.client.build_request("POST", "chat/completions", json=body), stream=True)
            try:
                async for step in self._steps(response, begins_by):
                    yield step
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

    async def _steps(self, response: httpx.Response, until: float) -> AsyncGenerator[Message, None]:
        """The steps of an answer, and what it used.

        Only a step that says something counts as going on, not a line that keeps the connection alive.
        """
        response.raise_for_status()
        lines = response.aiter_lines()
        finished = False
        while (line := await _next_line(lines, until, lenient=finished)) != _LAST_LINE:
            if line is None:
                if finished:
                    return
                raise _failed("broken_off")
            if line.startswith("data:"):
                chunk = json.loads(line[5:])
                for choice in chunk["choices"]:
                    finished = finished or choice.get("finish_reason") is not None
                    if choice["delta"].get("content") or choice["delta"].get("tool_calls"):
                        until = time.monotonic() + self._models.deadline
                    yield {**choice["delta"], "finish_reason": choice.get("finish_reason")}
                if chunk.get("usage"):
                    yield {"usage": chunk["usage"]}


async def _next_line(lines: AsyncIterator[str], until: float, *, lenient: bool) -> str | None:
    """The next line, None after the last. Raises TimeoutError, or where a line is not needed gives None too."""
    try:
        return await asyncio.wait_for(anext(lines, None), until - time.monotonic())
    except (TimeoutError, httpx.HTTPError):
        if lenient:
            return None
        raise


def _merge(answer: _Answer, step: Message) -> None:
    answer.text += step.get("content") or ""
    answer.used = step.get("usage") or answer.used
    for part in step.get("tool_calls") or ():
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
