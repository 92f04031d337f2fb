"""A call goes where it should when the business is closed, too many come, a server is full or a stream breaks off; repeats do nothing."""

from collections.abc import Callable
from dataclasses import replace
from xml.etree.ElementTree import Element

import pytest

from aira.core.app import Aira
from aira.core.businesses import set_business
from aira.core.calls import call_events, close_call, find_call, list_calls, redeem_stream_token, set_next_step
from aira.voice import carrier_phrases as phrases
from doubles import FrozenClock
from salon import Salon
from voice_scene import SID, Carrier

VOICEMAIL = ["Say", "Say", "Record", "Say", "Hangup"]


def tags(verbs: list[Element]) -> list[str]:
    """The names of verbs."""
    return [verb.tag for verb in verbs]


def take(aira: Aira, verbs: list[Element]) -> None:
    """A bot takes the call with the token in a Connect."""
    redeem_stream_token(aira, str(verbs[0].find("Stream/Parameter").get("value")), call_sid=SID)


@pytest.fixture
def limited(carrier: Carrier) -> Callable[..., None]:
    """Changes settings of the server."""

    def change(**settings: object) -> None:
        aira = carrier.switchboard.aira
        carrier.switchboard = replace(carrier.switchboard, aira=replace(aira, settings=aira.settings.model_copy(update=settings)))

    return change


class TestWhileClosed:
    @pytest.fixture(autouse=True)
    def _at_night(self, clock: FrozenClock, salon: Salon) -> None:
        """Seven in the evening in New York."""
        clock.move(hours=9)

    def test_the_bot_answers(self, carrier: Carrier) -> None:
        """Nights are when an answering bot is worth most."""
        assert tags(carrier.ask("call")) == ["Connect"]

    def test_a_message_can_be_left_where_the_business_wants_that(self, carrier: Carrier, aira: Aira, salon: Salon) -> None:
        """In its own words first."""
        set_business(aira, salon.business.id, when_closed="voicemail", closed_greeting="Shear Delight is asleep & dreaming.")

        verbs = carrier.ask("call")
        assert (verbs[0].text, tags(verbs)) == ("Shear Delight is asleep & dreaming.", VOICEMAIL)

    def test_a_sentence_is_said_where_the_business_wants_no_more(self, carrier: Carrier, aira: Aira, salon: Salon) -> None:
        """A stock one where it has none of its own."""
        set_business(aira, salon.business.id, when_closed="greeting")

        say, hangup = carrier.ask("call")
        assert (say.text, hangup.tag, find_call(aira, SID).outcome) == (phrases.CLOSED, "Hangup", "closed_greeting")


class TestTooManyCalls:
    def test_of_one_number_are_told_so(self, carrier: Carrier, salon: Salon, limited: Callable[..., None]) -> None:
        """A sentence, and the line is free."""
        limited(aira_caller_calls=1)
        carrier.ask("call")

        verbs = carrier.ask("call", CallSid="CA2")
        assert (verbs[0].text, verbs[-1].tag) == (phrases.TOO_MANY_CALLS, "Hangup")

    def test_to_one_business_find_voicemail(self, carrier: Carrier, salon: Salon, limited: Callable[..., None]) -> None:
        """Its customers are not to blame."""
        limited(aira_business_calls=1)
        carrier.ask("call")

        verbs = carrier.ask("call", CallSid="CA2", From="+14155550178")
        assert (verbs[0].text, tags(verbs)) == (phrases.BUSY, VOICEMAIL)

    def test_are_counted_by_route(self, carrier: Carrier, salon: Salon, limited: Callable[..., None]) -> None:
        """What /metrics shows."""
        limited(aira_caller_calls=1)
        carrier.ask("call")
        carrier.ask("call", CallSid="CA2")

        assert carrier.switchboard.meters.registry.get_sample_value("aira_calls_total", {"route": "caller_limit"}) == 1


class TestFullServer:
    def test_sends_a_call_to_the_others_first(self, carrier: Carrier, salon: Salon, aira: Aira, limited: Callable[..., None]) -> None:
        """As often as there are others; then a message can be left. It is one call all the time."""
        limited(aira_other_servers=2)
        carrier.switchboard = replace(carrier.switchboard, active=8)

        verbs = carrier.ask("call")
        for _ in range(2):
            (redirect,) = verbs
            assert redirect.tag == "Redirect"
            verbs = carrier.follow(str(redirect.text))
        assert tags(verbs) == VOICEMAIL
        assert len(list_calls(aira)) == 1

    def test_sends_a_call_to_one_that_is_free(self, carrier: Carrier, salon: Salon, aira: Aira, limited: Callable[..., None]) -> None:
        """The other server knows the call by its CallSid."""
        limited(aira_other_servers=1)
        free = carrier.switchboard
        carrier.switchboard = replace(free, draining=True)
        (redirect,) = carrier.ask("call")
        carrier.switchboard = free

        take(aira, carrier.follow(str(redirect.text)))
        assert find_call(aira, SID).connects == 1

    def test_passes_on_the_call_of_a_lost_bot_as_well(
        self, carrier: Carrier, salon: Salon, aira: Aira, limited: Callable[..., None]
    ) -> None:
        """A deploy loses nobody."""
        limited(aira_other_servers=1)
        take(aira, carrier.ask("call"))
        free = carrier.switchboard
        carrier.switchboard = replace(free, draining=True)
        (redirect,) = carrier.ask("after", CallStatus="in-progress", StreamSid="MZ1")
        carrier.switchboard = free

        take(aira, carrier.follow(str(redirect.text), CallStatus="in-progress", StreamSid="MZ1"))
        assert find_call(aira, SID).connects == 2


class TestBrokenStream:
    def test_of_a_caller_who_is_still_there_is_connected_again(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """The socket closed as it does when a caller hangs up, and we closed the books; the carrier says the call is on."""
        take(aira, carrier.ask("call"))
        close_call(aira, SID, outcome="no_need")

        take(aira, carrier.ask("after", CallStatus="in-progress", StreamSid="MZ1"))
        assert (find_call(aira, SID).status, find_call(aira, SID).connects) == ("in_progress", 2)

    def test_of_a_caller_who_has_hung_up_is_not(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """The carrier asks then too, and says that the call is over."""
        take(aira, carrier.ask("call"))
        close_call(aira, SID, outcome="no_need")

        assert tags(carrier.ask("after", CallStatus="completed", StreamSid="MZ1")) == ["Hangup"]
        assert find_call(aira, SID).status == "completed"


class TestReplayed:
    def test_word_of_a_lost_bot_opens_no_second_stream(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """Another bot has the call since; whoever replays the webhook gets no token and ends no token."""
        take(aira, carrier.ask("call"))
        after = {"CallStatus": "in-progress", "StreamSid": "MZ1"}
        take(aira, carrier.ask("after", **after))
        before = len(call_events(aira, find_call(aira, SID).id))

        assert tags(carrier.ask("after", **after)) == ["Hangup"]
        assert len(call_events(aira, find_call(aira, SID).id)) == before

    def test_word_whose_answer_got_lost_is_answered_again(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """No bot has taken the call since: the carrier asks once more, and the caller is still waiting."""
        take(aira, carrier.ask("call"))
        carrier.ask("after", CallStatus="in-progress", StreamSid="MZ1")

        take(aira, carrier.ask("after", CallStatus="in-progress", StreamSid="MZ1"))
        assert find_call(aira, SID).connects == 2

    def test_word_of_a_call_that_is_over_changes_nothing(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """Every webhook of the call, sent again a day later."""
        take(aira, carrier.ask("call"))
        set_next_step(aira, find_call(aira, SID).id, "hang_up", outcome="booked")
        carrier.ask("status", CallStatus="completed", CallDuration="42")
        before = find_call(aira, SID)

        assert tags(carrier.ask("call")) == ["Hangup"]
        assert tags(carrier.ask("after", CallStatus="in-progress", StreamSid="MZ1")) == ["Hangup"]
        assert carrier.ask("status", CallStatus="completed", CallDuration="42") == []
        assert find_call(aira, SID) == before
