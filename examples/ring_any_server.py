"""Ring a server of anybody's without a telephone: the simulated carrier follows its TwiML and says what a caller went through.

python examples/ring_any_server.py
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aira.ports import Webhooks
from aira.voice.simulator import Keys, Person, ring

ANSWERS = {
    "/voice": '<Gather action="/menu" numDigits="1"><Say>For a person press 1.</Say></Gather><Say>Goodbye.</Say>',
    "/menu": '<Dial action="/after">+14155550188</Dial>',
    "/after": "<Hangup/>",
}


class Menu(BaseHTTPRequestHandler):
    """A telephone menu; a server in earnest would check the signature first."""

    def do_POST(self) -> None:
        """Answer by path."""
        self.rfile.read(int(self.headers["Content-Length"]))
        document = f"<Response>{ANSWERS[self.path]}</Response>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        self.wfile.write(document)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main() -> None:
    """Ring twice: a caller who presses 1, and one who presses nothing."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Menu) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        webhooks = Webhooks(f"http://127.0.0.1:{server.server_port}/voice", "", "", "")
        for says in ([Keys("1")], []):
            call = ring(webhooks, secret="token", to_number="+14155550123", says=says, person=Person(answers=True), haste=50)
            print(" ".join(call.verbs), call.status)
        server.shutdown()


if __name__ == "__main__":
    main()
