"""A language model's endpoint on this machine: speaks the chat-completions protocol with streaming and tool calls, and fails on request."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Delta = dict[str, Any]


@dataclass
class Reply:
    """One answer of the model: pieces of text, then calls of tools; or a failure.

    `status` other than 200 refuses the request. `broken_after` closes the connection after so many pieces, `hangs` sends nothing until
    the server is closed, `garbage` sends lines that are no JSON.
    """

    pieces: tuple[str, ...] = ()
    tools: tuple[tuple[str, dict[str, object]], ...] = ()
    status: int = 200
    broken_after: int | None = None
    hangs: bool = False
    garbage: bool = False
    tokens: tuple[int, int] | None = None
    """What the answer is said to have used: tokens read and written; told where the request asks for it."""
    says_it_is_done: bool = False
    """Whether the last step names a reason to end, as vendors do."""
    ends_late: bool = False
    """Nothing follows the last step until the server is closed."""

    def deltas(self) -> Iterator[Delta]:
        """The answer in the steps a model streams it in, arguments of tools cut in two."""
        for piece in self.pieces:
            yield {"content": piece}
        for index, (name, arguments) in enumerate(self.tools):
            text = json.dumps(arguments)
            yield {"tool_calls": [{"index": index, "id": f"call_{index}", "function": {"name": name, "arguments": text[:5]}}]}
            yield {"tool_calls": [{"index": index, "function": {"arguments": text[5:]}}]}


@dataclass
class ChatServer:
    """The endpoint: gives its replies one after the other and keeps what it was asked."""

    url: str
    thinking: Callable[[dict[str, Any]], Reply] | None = None
    """Answers each request where no reply is waiting."""
    replies: list[Reply] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def will_say(self, *replies: Reply) -> None:
        """Add answers to be given."""
        self.replies.extend(replies)

    def next_reply(self) -> Reply:
        """The next answer; 500 where there is none."""
        if self.replies:
            return self.replies.pop(0)
        return self.thinking(self.requests[-1]) if self.thinking is not None else Reply(status=500)

    def spoken_to(self) -> list[tuple[str, str | None]]:
        """Role and content of the messages of the last request."""
        return [(message["role"], message.get("content")) for message in self.requests[-1]["messages"]]


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """Run the endpoint for as long as the block runs; it answers 500 when it has no reply left."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            del format, args

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.requests.append(json.loads(body))
            _answer(self, server, server.next_reply())

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server = ChatServer(f"http://127.0.0.1:{httpd.server_port}/v1")
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, server: ChatServer, reply: Reply) -> None:
    handler.close_connection = True
    if reply.status != 200:
        handler.send_response(reply.status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Connection", "close")
    handler.end_headers()
    if reply.hangs:
        server.closing.wait(30)
        return
    for count, delta in enumerate(reply.deltas()):
        if count == reply.broken_after:
            return
        line = "<html>" if reply.garbage else json.dumps({"choices": [{"index": 0, "delta": delta}]})
        handler.wfile.write(f"data: {line}\n\n".encode())
        handler.wfile.flush()
    if reply.says_it_is_done:
        _send(handler, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if reply.tokens is not None and server.requests[-1].get("stream_options", {}).get("include_usage"):
        read, written = reply.tokens
        _send(handler, {"choices": [], "usage": {"prompt_tokens": read, "completion_tokens": written}})
    if reply.ends_late:
        server.closing.wait(30)
    handler.wfile.write(b"data: [DONE]\n\n")


def _send(handler: BaseHTTPRequestHandler, chunk: dict[str, Any]) -> None:
    handler.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
    handler.wfile.flush()
