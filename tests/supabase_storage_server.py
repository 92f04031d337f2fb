"""A server that speaks the part of Supabase Storage's API that is used, in the shapes recorded from the real server.

What is missing is told with status 400 and 404 in the body, as the real one does; it can be told to fail.
"""

import json
import threading
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

SERVICE_KEY = "sb_secret_test"
PREFIX = "/storage/v1"


class SupabaseStorageServer(ThreadingHTTPServer):
    """The server in a thread: `with SupabaseStorageServer() as server: ... server.url`. `buckets` is what it holds."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.buckets: dict[str, dict[str, tuple[bytes, str]]] = {}
        self.failing: list[int] = []

    def __enter__(self) -> "SupabaseStorageServer":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: SupabaseStorageServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self._body()
        if self._refuses():
            return
        if self._path() == "/bucket":
            name = json.loads(body)["name"]
            if name in self.server.buckets:
                self._error(409, "Duplicate", "The resource already exists")
            else:
                self.server.buckets[name] = {}
                self._json(200, {"name": name})
            return
        bucket, key = self._object()
        content, content_type = self._file(body)
        if bucket not in self.server.buckets:
            self._error(404, "Bucket not found", "Bucket not found")
        elif not key.isascii():
            self._error(400, "InvalidKey", f"Invalid key: {key}")
        elif key in self.server.buckets[bucket] and self.headers.get("x-upsert") != "true":
            self._error(409, "Duplicate", "The resource already exists")
        else:
            self.server.buckets[bucket][key] = (content, content_type)
            self._json(200, {"Id": "00000000-0000-4000-8000-000000000001", "Key": f"{bucket}/{key}"})

    def do_GET(self) -> None:
        if self._refuses():
            return
        bucket, key = self._object()
        wants_info = bucket == "info"
        if wants_info:
            bucket, _, key = key.partition("/")
        held = self.server.buckets.get(bucket, {}).get(key)
        if held is None:
            self._error(404, "not_found", "Object not found")
        elif wants_info:
            self._json(200, {"name": key, "bucket_id": bucket, "size": len(held[0]), "content_type": held[1]})
        else:
            self._send(200, held[0], held[1])

    def do_DELETE(self) -> None:
        names = json.loads(self._body())["prefixes"]
        if self._refuses():
            return
        bucket = self._path().rpartition("/")[2]
        if bucket not in self.server.buckets:
            self._error(404, "Bucket not found", "Bucket not found")
            return
        gone = [name for name in names if self.server.buckets[bucket].pop(name, None) is not None]
        self._json(200, [{"name": name} for name in gone])

    def _refuses(self) -> bool:
        if self.headers.get("Authorization") != f"Bearer {SERVICE_KEY}":
            self._error(403, "Unauthorized", "Invalid Compact JWS")
            return True
        if self.server.failing:
            self._error(self.server.failing.pop(), "InternalError", "told to fail")
            return True
        return False

    def _path(self) -> str:
        return unquote(self.path).removeprefix(PREFIX)

    def _object(self) -> tuple[str, str]:
        bucket, _, key = self._path().removeprefix("/object/").partition("/")
        return bucket, key

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _file(self, body: bytes) -> tuple[bytes, str]:
        message = message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
        part = next(part for part in message.walk() if part.get_filename())
        return part.get_payload(decode=True), part.get_content_type()

    def _error(self, status: int, error: str, message: str) -> None:
        self._json(400 if status == 404 else status, {"statusCode": str(status), "error": error, "message": message})

    def _json(self, status: int, answer: object) -> None:
        self._send(status, json.dumps(answer).encode(), "application/json")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Tests print nothing."""
