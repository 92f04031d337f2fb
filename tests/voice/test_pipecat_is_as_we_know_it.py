"""The private parts of Pipecat that are used are still there; when an upgrade moves one, this says so before a caller does."""

import inspect

from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.fastapi import (
    FastAPIWebsocketInputTransport,
    FastAPIWebsocketOutputTransport,
    FastAPIWebsocketTransport,
)
from pipecat.turns.user_idle_controller import UserIdleController
from pipecat.turns.user_turn_processor import UserTurnProcessor

from aira.voice.pipeline.detection import shared_session


def test_the_pace_of_audio_is_kept_where_we_change_it() -> None:
    """`_write_audio_sleep` is called after each packet, and counts in `_next_send_time` and `_send_interval`."""
    assert "_write_audio_sleep" in inspect.getsource(FastAPIWebsocketOutputTransport.write_audio_frame)
    assert "_next_send_time" in inspect.getsource(FastAPIWebsocketOutputTransport.process_frame)
    assert "_send_interval" in inspect.getsource(FastAPIWebsocketOutputTransport.setup)


def test_the_transport_makes_its_output_once() -> None:
    """`_output` is what `output()` returns, so that it can be another."""
    assert "self._output = FastAPIWebsocketOutputTransport(" in inspect.getsource(FastAPIWebsocketTransport.__init__)
    assert "return self._output" in inspect.getsource(FastAPIWebsocketTransport.output)


def test_the_model_of_voice_detection_is_where_we_load_it() -> None:
    """One session a process, with the inputs that we feed."""
    assert {one.name: one.shape[1:] for one in shared_session().get_inputs()}.keys() == {"input", "state", "sr"}
    assert shared_session() is shared_session()


def test_audio_passes_through_the_place_where_we_listen() -> None:
    """The input hands every packet to `push_audio_frame`, and its input is made once."""
    assert "await self.push_audio_frame(frame)" in inspect.getsource(FastAPIWebsocketInputTransport._receive_messages)
    assert "self._input = FastAPIWebsocketInputTransport(" in inspect.getsource(FastAPIWebsocketTransport.__init__)
    assert "return self._input" in inspect.getsource(FastAPIWebsocketTransport.input)


def test_the_silence_after_a_noise_can_be_counted() -> None:
    """`_user_idle_controller.wait_for_user` starts the clock where a turn had no words."""
    assert "_user_idle_controller" in inspect.getsource(UserTurnProcessor.__init__)
    assert inspect.iscoroutinefunction(UserIdleController.wait_for_user)


def test_a_sentence_is_spoken_by_itself() -> None:
    """A speak frame has a sound of its own, and what follows it waits behind it."""
    assert "_handle_tts_speak" in inspect.getsource(TTSService.process_frame)
    assert "_audio_context_manager.put_frame(frame)" in inspect.getsource(TTSService.process_frame)
