"""A vendor that hears may fail in any way it likes: another one understands the same words."""

from pathlib import Path

import pytest

from aira.voice.vendors.circuit import Circuits
from aira.voice.vendors.speaking import NobodyHears
from speech_stages import EARS, ears_named, understood
from vendor_servers import FAULTS, Vendors


@pytest.mark.parametrize("vendor", EARS)
def test_a_vendor_listens_by_its_protocol(first: Vendors, second: Vendors, tmp_path: Path, vendor: str) -> None:
    """The words come once, the second vendor is not asked, and where there are no words nobody is blamed."""
    first.words = "How much is a colour treatment?"
    circuits = Circuits()

    heard = understood(ears_named(first, second, vendor, tmp_path), circuits, stretches=2)

    assert heard.words() == ["How much is a colour treatment?"]
    assert second.asked == []
    assert [gate.reasons for gate in circuits if gate.reasons] == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("vendor", EARS)
def test_words_are_understood_by_the_next_engine(first: Vendors, second: Vendors, tmp_path: Path, vendor: str, fault: str) -> None:
    """The stretch was kept and is played to it; the caller need not say it again."""
    first.fault = fault
    first.words, second.words = "Rubbish.", "How much is a colour treatment?"

    heard = understood(ears_named(first, second, vendor, tmp_path))

    assert heard.words() == ["How much is a colour treatment?"]


def test_where_no_engine_is_left_it_is_said_once(first: Vendors, second: Vendors, tmp_path: Path) -> None:
    """The speaking stage then apologises, and ends the stream."""
    first.fault = second.fault = "500"

    heard = understood(ears_named(first, second, "openai", tmp_path), engine_here=False)

    assert [type(frame) for frame in heard.frames if isinstance(frame, NobodyHears)] == [NobodyHears]
