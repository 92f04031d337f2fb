"""What a simulated call was like: the verbs that were followed, the requests that were made, what went wrong, what was heard."""

from dataclasses import dataclass, field

from aira.voice.audio import Samples


@dataclass(frozen=True, slots=True)
class Step:
    """A verb that was followed, `at` seconds into the call, and what it named: whom, what, where."""

    at: float
    verb: str
    detail: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the carrier's; `status` is None where no answer came."""

    at: float
    url: str
    milliseconds: float
    status: int | None


@dataclass(frozen=True, slots=True)
class Alert:
    """What Twilio's debugger would show: one of its error codes, in words, and the address concerned."""

    at: float
    code: int
    message: str
    url: str


@dataclass
class CallRecord:
    """What a simulated call was like, from the caller's side. Times are seconds since the caller dialled."""

    call_sid: str
    steps: list[Step] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    status: str = "queued"
    """Twilio's status of the call: completed, busy, no-answer or failed in the end."""
    ended_by: str = ""
    """caller, server, or carrier where an application error ended it."""
    carrier_said: list[str] = field(default_factory=list)
    """Sentences of the carrier's own voice."""
    dialled: str | None = None
    """Whom the call was transferred to."""
    streams: list[str] = field(default_factory=list)
    """How each media stream ended: caller, server, changed, lost or refused."""
    voicemails: list[bytes] = field(default_factory=list)
    """What the caller left after a tone, as WAV files."""
    greeting_ms: float | None = None
    delays_ms: list[float] = field(default_factory=list)
    cut_in_ms: list[float] = field(default_factory=list)
    underruns: list[tuple[float, float]] = field(default_factory=list)
    """Holes in the bot's speech because audio came too late: when, and how many milliseconds."""
    longest_silence_seconds: float = 0.0
    duration_seconds: float = 0.0
    bot: list[Samples] = field(default_factory=list)
    """The bot's side of each media stream, as the caller heard it."""
    recording: bytes | None = None
    """The call as a stereo WAV: caller left, bot right; None where no media stream was opened."""

    @property
    def verbs(self) -> list[str]:
        """The TwiML verbs that were followed, in order."""
        return [step.verb for step in self.steps]

    @property
    def webhook_ms(self) -> list[float]:
        """How long each request of the carrier's took."""
        return [request.milliseconds for request in self.requests]

    @property
    def underrun_ms(self) -> float:
        """Milliseconds of all holes in the bot's speech."""
        return round(sum(milliseconds for _, milliseconds in self.underruns), 1)
