"""The roles that vendors and their local stand-ins play. An implementation matches by structure, not by inheritance."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from email.message import EmailMessage
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from uuid import UUID

from aira.model import NumberSearch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]


class Clock(Protocol):
    """Where the present comes from."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC."""


@dataclass(frozen=True, slots=True)
class CarrierOffer:
    """A number that the carrier offers, before our price is known."""

    phone_number: str
    country: str
    number_type: str
    locality: str | None
    region: str | None
    capabilities: dict[str, bool]
    address_requirement: str = "none"
    """none, any, local or foreign: where the renter's address has to be."""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class CarrierPrice:
    """What the carrier takes a month for one kind of number."""

    country: str
    number_type: str
    currency: str
    monthly_cost: Decimal


@dataclass(frozen=True, slots=True)
class CarrierBalance:
    """What the carrier's prepaid account still holds."""

    amount: Decimal
    currency: str
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something a country wants to see before it lets a kind of number be rented."""

    country: str
    number_type: str
    end_user_type: str
    """individual or business."""
    name: str
    fields: list[str]
    """What has to be given: names of fields."""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The addresses that a carrier calls for one number."""

    voice_url: str
    voice_fallback_url: str
    status_callback_url: str
    sms_url: str


@dataclass(frozen=True, slots=True)
class CarrierNumber:
    """A number as the carrier's records have it."""

    sid: str
    account_sid: str
    phone_number: str
    tag: str
    """The carrier's free-text name of the number; ours is `aira:<business_numbers.id>`."""
    webhooks: Webhooks
    capabilities: dict[str, bool] = field(default_factory=dict)
    overridden_by: str | None = None
    """Id of an application or trunk at the carrier that takes the calls in place of the webhooks."""


class CarrierAccount(Protocol):
    """What a carrier says about our account with it. Raises as Carrier does."""

    sid: str
    """The account's id, stored in `business_numbers.provider_account_sid`."""

    def balance(self) -> CarrierBalance:
        """The money left in the account; at zero the carrier stops all calls of all numbers."""

    def prices(self, country: str) -> list[CarrierPrice]:
        """What the carrier takes for each kind of number of a country (two letters)."""

    def requirements(self, country: str, number_type: str) -> list[Requirement]:
        """What has to be shown before a number of this kind can be rented; empty where nothing is."""


class Carrier(Protocol):
    """Rents telephone numbers.

    Every method raises VendorError where the carrier failed without acting, OutcomeUnknown where it may have acted,
    CredentialsRefused where it does not know us, AccountRestricted where our account may not.
    """

    provider: str
    """The name stored in `business_numbers.provider`."""
    public_webhooks: bool
    """Whether the carrier can only call webhooks that stand on the public internet."""

    @property
    def account(self) -> CarrierAccount:
        """Our account with the carrier."""

    def search(self, wanted: NumberSearch) -> list[CarrierOffer]:
        """Numbers for rent that fit, at most `wanted.limit`."""

    def find(self, *, phone_number: str | None = None, tag: str | None = None) -> list[CarrierNumber]:
        """Numbers our account rents, all of them or those with this exact number or tag."""

    def buy(
        self, phone_number: str, *, tag: str, webhooks: Webhooks, address_sid: str | None = None, bundle_sid: str | None = None
    ) -> CarrierNumber:
        """Rent exactly this number; one that our account rents already is only tagged anew, so look before.

        Raises NumberUnavailable, RequirementsMissing or another Refused where the carrier will not.
        """

    def configure(self, sid: str, *, webhooks: Webhooks, tag: str | None = None) -> CarrierNumber:
        """Set the webhooks, and the tag where given, of a number we rent."""

    def release(self, sid: str) -> None:
        """Give a number back for good. A number that is gone already counts as released."""


@runtime_checkable
class Rehearsing(Protocol):
    """What a stand-in for a vendor can do and a vendor cannot: fail on request."""

    def rehearse(self, kind: str, *, operation: str = "any", times: int = 1, delay_ms: int = 0) -> None:
        """Let the next `times` acts of an operation go wrong; raises InvalidInput for a kind or operation it does not know."""


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


@dataclass(frozen=True, slots=True)
class StoredWindows:
    """All vectors that an index keeps of one business; `keys` are (document, version, chunk, window), one a row."""

    keys: list[tuple[UUID, int, int, int]]
    vectors: "Vectors"


class PassageIndex(Protocol):
    """Keeps the vectors of businesses' documents. No method works across businesses.

    Which version of a document is in force is not the index's to know: it may answer with windows of others.
    """

    def write(self, business_id: UUID, document_id: UUID, version: int, windows: Iterable[IndexedWindow]) -> None:
        """Store all windows of one version of a document and return when they can be found.

        They may be made while they are taken; what that raises leaves as it is, and so do windows stored before.
        """

    def search(self, business_id: UUID, vector: "Vectors", *, limit: int) -> list[WindowMatch]:
        """The nearest windows of this business, best first."""

    def load(self, business_id: UUID) -> StoredWindows | None:
        """All windows of this business, to be searched in process; None where the index does not hand them out."""

    def remove(self, business_id: UUID, document_id: UUID, *, versions: Collection[int] | None = None) -> None:
        """Forget a document's windows: of these versions, or all."""

    def counts(self, business_id: UUID) -> dict[tuple[UUID, int], int]:
        """How many windows are stored of each version of each document of this business."""


class FileStore(Protocol):
    """Keeps uploaded files under keys such as `<business>/<document>/<sha256>`."""

    def put(self, key: str, content: bytes, *, content_type: str) -> None:
        """Store the content, replacing what the key held."""

    def get(self, key: str) -> bytes:
        """The content; raises NotFound where the key holds nothing."""

    def size(self, key: str) -> int:
        """Bytes of the content, told without fetching it; raises NotFound where the key holds nothing."""

    def delete(self, key: str) -> None:
        """Forget the content; a key that holds nothing is fine."""


class Recordings(Protocol):
    """Hands out what the carrier recorded for us."""

    def fetch(self, url: str) -> bytes:
        """The WAV file that the carrier named by this address; raises VendorError where it cannot be had (yet), InvalidInput for an
        address that is no recording's.
        """


class Mailer(Protocol):
    """Sends e-mail."""

    def send(self, message: EmailMessage) -> str:
        """Hand the message over; returns what the transport calls it."""


class Texter(Protocol):
    """Sends text messages."""

    def send(self, *, to: str, body: str, sender: str | None) -> str:
        """Hand the text over; returns the transport's message id.

        Raises TextRefused where it may not be sent, OutcomeUnknown where it may have been, other VendorErrors where it was not.
        """

    def find(self, *, to: str, body: str, since: datetime) -> str | None:
        """The transport's id of a text with exactly this body, handed over to this recipient at `since` or later; None without one."""
