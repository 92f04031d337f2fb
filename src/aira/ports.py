"""The roles that vendors and their local stand-ins play. An implementation matches by structure, not by inheritance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from aira.model import AvailableNumber, CarrierNumber, NumberSearch, Webhooks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]


class Clock(Protocol):
    """Where the present comes from."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC."""


class Carrier(Protocol):
    """Rents telephone numbers.

    Every method raises VendorError where the carrier failed without acting, OutcomeUnknown where it may have acted,
    CredentialsRefused where it does not know us.
    """

    provider: str
    """The name stored in `business_numbers.provider`."""

    def search(self, wanted: NumberSearch) -> list[AvailableNumber]:
        """Numbers for rent that fit, at most `wanted.limit`."""

    def find(self, *, phone_number: str | None = None, tag: str | None = None) -> list[CarrierNumber]:
        """Numbers our account rents, all of them or those with this exact number or tag."""

    def buy(self, phone_number: str, *, tag: str, webhooks: Webhooks) -> CarrierNumber:
        """Rent exactly this number. Raises NumberUnavailable or Refused where the carrier will not."""

    def configure(self, sid: str, *, webhooks: Webhooks, tag: str | None = None) -> CarrierNumber:
        """Set the webhooks, and the tag where given, of a number we rent."""

    def release(self, sid: str) -> None:
        """Give a number back for good. A number that is gone already counts as released."""


class Embedder(Protocol):
    """Turns text into vectors of one vector space."""

    model: str
    """Name of the vector space; vectors of different names are never compared."""
    dimensions: int

    def embed(self, texts: Sequence[str]) -> "Vectors":
        """Unit vectors, one row a text; text beyond the model's limit is not read."""

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Start and end, in characters, of each word piece the model would read, without a limit."""


@dataclass(frozen=True, slots=True)
class IndexedWindow:
    """A window of a document's chunk and its vector, as a PassageIndex keeps it."""

    chunk: int
    """Position of the chunk in its document, from 0."""
    window: int
    """Position of the window in its chunk, from 0."""
    text: str
    vector: "Vectors"


@dataclass(frozen=True, slots=True)
class WindowMatch:
    """A window near a query vector; `similarity` is the cosine, -1 to 1."""

    document_id: UUID
    version: int
    chunk: int
    window: int
    similarity: float


class PassageIndex(Protocol):
    """Keeps the vectors of businesses' documents. No method works across businesses."""

    def write(self, business_id: UUID, document_id: UUID, version: int, windows: Sequence[IndexedWindow]) -> None:
        """Store all windows of one version of a document and return when they can be found."""

    def search(self, business_id: UUID, vector: "Vectors", *, limit: int) -> list[WindowMatch]:
        """The nearest windows of this business's active documents, best first."""

    def remove(self, business_id: UUID, document_id: UUID, *, keep_version: int | None = None) -> None:
        """Forget a document's windows, all versions of it or all but one."""

    def count(self, business_id: UUID, document_id: UUID, version: int) -> int:
        """How many windows of this version are stored."""


class FileStore(Protocol):
    """Keeps uploaded files under keys such as `<business>/<document>/<sha256>`."""

    def put(self, key: str, content: bytes, *, content_type: str) -> None:
        """Store the content, replacing what the key held."""

    def get(self, key: str) -> bytes:
        """The content; raises NotFound where the key holds nothing."""

    def delete(self, key: str) -> None:
        """Forget the content; a key that holds nothing is fine."""


class Mailer(Protocol):
    """Sends e-mail."""

    def send(self, message: EmailMessage) -> str:
        """Hand the message over; returns what the transport calls it."""


class Texter(Protocol):
    """Sends text messages."""

    def send(self, *, to: str, body: str, sender: str | None) -> str:
        """Hand the text over; returns the transport's message id."""
