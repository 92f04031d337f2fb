"""A server that speaks the data plane of Pinecone's published API (2026-07, classic indexes), with its delays and limits.

Everything it is asked and everything it answers is held against the shapes below. They were written by hand from the published
description, as far as AiRa uses it, and forbid what it does not name: the adapter and this server cannot agree on something else.
Writes are found only after `delay` seconds, as in the real service; it can be told to fail.
"""

import base64
import json
import operator
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

API_KEY = "pcsk_test"
LARGEST_REQUEST = 2 * 1024 * 1024
LARGEST_METADATA = 40 * 1024

Id = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[\x01-\x7f]+$")]

MetadataName = Annotated[str, Field(pattern=r"^([^$]|$)")]


class Shape(BaseModel):
    """A JSON object without other members."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Record(Shape):
    """A vector with its id."""

    id: Id
    values: list[float] = Field(min_length=1, max_length=20_000)
    metadata: dict[MetadataName, str | float | bool | list[str]] | None = None

    @field_validator("values")
    @classmethod
    def not_nothing(cls, values: list[float]) -> list[float]:
        """A vector of zeros has no direction."""
        if not any(abs(value) >= 1e-8 for value in values):
            raise ValueError("Dense vectors must contain at least one non-zero value")
        return values


class UpsertRequest(Shape):
    """POST /vectors/upsert"""

    vectors: list[Record] = Field(min_length=1, max_length=1000)
    namespace: str = ""


class QueryRequest(Shape):
    """POST /query"""

    topK: int = Field(ge=1, le=10_000)
    vector: list[float] | None = None
    id: Id | None = None
    namespace: str = ""
    filter: dict[str, Any] | None = None
    includeValues: bool = False
    includeMetadata: bool = False


class DeleteRequest(Shape):
    """POST /vectors/delete"""

    ids: list[Id] | None = Field(None, min_length=1, max_length=1000)
    deleteAll: bool = False
    namespace: str = ""
    filter: dict[str, Any] | None = None


class ListRequest(Shape):
    """The query string of GET /vectors/list"""

    prefix: str = Field("", max_length=512)
    limit: str = Field("100", pattern=r"^([1-9][0-9]?|100)$")
    paginationToken: str | None = None
    namespace: str = ""


class StatsRequest(Shape):
    """POST /describe_index_stats"""

    filter: dict[str, Any] | None = None


class UpsertResponse(Shape):
    """Answer of /vectors/upsert."""

    upsertedCount: int


class NamespaceSummary(Shape):
    """What an index holds of one namespace."""

    vectorCount: int


class IndexDescription(Shape):
    """Answer of /describe_index_stats."""

    namespaces: dict[str, NamespaceSummary]
    dimension: int
    indexFullness: float = 0.0
    totalVectorCount: int


class RpcStatus(Shape):
    """Answer to a request that an index refuses. What the gate before it refuses is answered in plain text."""

    code: int
    message: str
    details: list[dict[str, str]] = []


class Match(Shape):
    """One nearest record."""

    id: str
    score: float
    values: list[float] | None = None
    metadata: dict[str, Any] | None = None


class QueryResponse(Shape):
    """Answer of /query."""

    matches: list[Match]
    namespace: str
    usage: dict[str, int]


class ListResponse(Shape):
    """Answer of GET /vectors/list."""

    vectors: list[dict[str, str]]
    namespace: str
    usage: dict[str, int]
    pagination: dict[str, str] | None = None


@dataclass
class Fault:
    """The next `times` requests to this path end with `status`, or are cut (`drop`), or are late by `seconds`."""

    path: str
    times: int = 1
    status: int = 0
    drop: bool = False
    seconds: float = 0.0


@dataclass
class Stored:
    """A record, and from when on it is found."""

    record: Record
    visible_at: float


@dataclass
class Contents:
    """What the index holds."""

    namespaces: dict[str, dict[str, Stored]] = field(default_factory=dict)
    committed: int = 0
    reconciled_at: list[tuple[float, int]] = field(default_factory=list)

    def visible(self, namespace: str) -> list[Record]:
        """The records of a namespace that searches have come to."""
        return [stored.record for stored in self.namespaces.get(namespace, {}).values() if stored.visible_at <= time.monotonic()]

    def reconciled(self) -> int:
        """How far searches have come."""
        return max((number for at, number in self.reconciled_at if at <= time.monotonic()), default=0)


class PineconeServer(ThreadingHTTPServer):
    """The server in a thread: `with PineconeServer() as server: ... server.url`."""

    daemon_threads = True

    def __init__(self, *, dimension: int = 384, delay: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.dimension = dimension
        self.delay = delay
        self.contents = Contents()
        self.requests: list[str] = []
        self.foreign: Record | None = None
        self.lock = threading.Lock()
        self.faults: list[Fault] = []
        self.released = threading.Event()
        """Set where nobody is to wait for a slow answer any more."""

    def __enter__(self) -> "PineconeServer":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up waiting is no fault of the server."""

    def fault(self, path: str) -> Fault | None:
        """The fault that is due at this path."""
        with self.lock:
            due = next((fault for fault in self.faults if fault.path == path and fault.times > 0), None)
            if due is not None:
                due.times -= 1
            return due

    def answer(self, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The work of one request."""
        with self.lock:
            self.requests.append(path)
            acts = {"/vectors/upsert": self._upsert, "/query": self._query, "/vectors/delete": self._delete, "/vectors/list": self._list}
            if path == "/describe_index_stats":
                return self._stats(asked)
            if path.startswith("/indexes/"):
                return _description(path.rpartition("/")[2], self.url, self.dimension)
            return acts[path](asked)

    def _stats(self, asked: dict[str, Any]) -> dict[str, Any]:
        StatsRequest.model_validate(asked)
        held = self.contents.namespaces
        counts = {name: NamespaceSummary(vectorCount=len(records)) for name, records in held.items()}
        total = sum(map(len, held.values()))
        return IndexDescription(namespaces=counts, dimension=self.dimension, totalVectorCount=total).model_dump()

    def _upsert(self, asked: dict[str, Any]) -> dict[str, Any]:
        request = UpsertRequest.model_validate(asked)
        for record in request.vectors:
            if len(record.values) != self.dimension:
                raise ValueError(f"Vector dimension {len(record.values)} does not match the dimension of the index {self.dimension}")
            if len(json.dumps(record.metadata or {})) > LARGEST_METADATA:
                raise ValueError("Metadata size exceeds the limit of 40960 bytes")
        visible_at = time.monotonic() + self.delay
        held = self.contents.namespaces.setdefault(request.namespace, {})
        held.update({record.id: Stored(record, visible_at) for record in request.vectors})
        self.contents.committed += 1
        self.contents.reconciled_at.append((visible_at, self.contents.committed))
        return UpsertResponse(upsertedCount=len(request.vectors)).model_dump()

    def _query(self, asked: dict[str, Any]) -> dict[str, Any]:
        request = QueryRequest.model_validate(asked)
        records = [one for one in self.contents.visible(request.namespace) if _fits(one.metadata or {}, request.filter)]
        records += [self.foreign] if self.foreign is not None else []
        query = np.array(request.vector)
        scored = sorted(((_cosine(query, np.array(one.values)), one) for one in records), key=lambda pair: -pair[0])[: request.topK]
        matches = [
            Match(
                id=one.id,
                score=score,
                values=one.values if request.includeValues else None,
                metadata=one.metadata if request.includeMetadata else None,
            )
            for score, one in scored
        ]
        return QueryResponse(matches=matches, namespace=request.namespace, usage={"readUnits": 5}).model_dump(exclude_none=True)

    def _delete(self, asked: dict[str, Any]) -> dict[str, Any]:
        request = DeleteRequest.model_validate(asked)
        if sum((request.ids is not None, request.deleteAll, request.filter is not None)) != 1:
            raise ValueError("Exactly one of ids, deleteAll and filter is expected")
        held = self.contents.namespaces.get(request.namespace, {})
        for id_, stored in list(held.items()):
            chosen = id_ in (request.ids or ()) or (request.filter and _fits(stored.record.metadata or {}, request.filter))
            if request.deleteAll or chosen:
                del held[id_]
        return {}

    def _list(self, asked: dict[str, Any]) -> dict[str, Any]:
        request = ListRequest.model_validate(asked)
        limit, namespace = int(request.limit), request.namespace
        ids = sorted(one.id for one in self.contents.visible(namespace) if one.id.startswith(request.prefix))
        after = base64.b64decode(request.paginationToken or "").decode()
        rest = [id_ for id_ in ids if id_ > after]
        page = rest[:limit]
        following = {"next": base64.b64encode(page[-1].encode()).decode()} if len(rest) > limit else None
        answer = ListResponse(vectors=[{"id": id_} for id_ in page], namespace=namespace, usage={"readUnits": 1}, pagination=following)
        return answer.model_dump(exclude_none=True)


class _Handler(BaseHTTPRequestHandler):
    server: PineconeServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._answer(parts.path, {name: values[-1] for name, values in parse_qs(parts.query).items()})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if length > LARGEST_REQUEST:
            self._send(413, RpcStatus(code=8, message="Request size exceeds the limit").model_dump())
            return
        self._answer(self.path, json.loads(body or b"{}"))

    def _answer(self, path: str, asked: dict[str, Any]) -> None:
        fault = self.server.fault(path)
        if fault is not None and fault.seconds:
            self.server.released.wait(fault.seconds)
        if fault is not None and fault.drop:
            self.connection.close()
            self.close_connection = True
        elif self.headers.get("Api-Key") != API_KEY:
            self._send(401, "Unauthorized")
        elif fault is not None and fault.status:
            self._send(fault.status, "Too many requests" if fault.status == 429 else RpcStatus(code=2, message="told to fail").model_dump())
        else:
            try:
                self._send(200, self.server.answer(path, asked), write=path == "/vectors/upsert")
            except (ValidationError, ValueError) as error:
                self._send(400, RpcStatus(code=3, message=str(error)).model_dump())

    def _send(self, status: int, answer: dict[str, Any] | str, *, write: bool = False) -> None:
        body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        contents = self.server.contents
        if write:
            self.send_header("x-pinecone-lsn-committed", str(contents.committed))
        self.send_header("x-pinecone-lsn-reconciled", str(contents.reconciled()))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Tests print nothing."""


def _fits(metadata: dict[str, Any], condition: dict[str, Any] | None) -> bool:
    tests = {"$eq": operator.eq, "$ne": operator.ne, "$in": lambda held, wanted: held in wanted}
    for name, wanted in (condition or {}).items():
        wanted = wanted if isinstance(wanted, dict) else {"$eq": wanted}
        if not all(tests[test](metadata.get(name), value) for test, value in wanted.items()):
            return False
    return True


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def _description(name: str, url: str, dimension: int) -> dict[str, Any]:
    vector = {"type": "dense_vector", "dimension": dimension, "metric": "cosine"}
    return {
        "name": name,
        "host": url,
        "status": {"ready": True, "state": "Ready"},
        "deletion_protection": "disabled",
        "schema": {"fields": {"_values": vector}},
        "deployment": {"deployment_type": "managed", "cloud": "aws", "region": "us-east-1"},
        "metric": "cosine",
        "dimension": dimension,
        "vector_type": "dense",
        "spec": {"serverless": {"cloud": "aws", "region": "us-east-1"}},
    }
