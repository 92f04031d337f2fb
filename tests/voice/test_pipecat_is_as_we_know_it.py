"""The private parts of Pipecat that are used are still there; when an upgrade moves one, this says so before a caller does."""

import inspect

from pipecat.audio.vad.silero import SileroOnnxModel, SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketOutputTransport, FastAPIWebsocketTransport
from pipecat.turns.user_idle_controller import UserIdleController
from pipecat.turns.user_turn_processor import UserTurnProcessor

from aira.voice.speech import SharedSilero, voice_detection


def test_the_pace_of_audio_is_kept_where_we_change_it() -> None:
    """`_write_audio_sleep` is called after each packet, and counts in `_next_send_time` and `_send_interval`."""
    assert "_write_audio_sleep" in inspect.getsource(FastAPIWebsocketOutputTransport.write_audio_frame)
    assert "_next_send_time" in inspect.getsource(FastAPIWebsocketOutputTransport.process_frame)
    assert "_send_interval" in inspect.getsource(FastAPIWebsocketOutputTransport.setup)


def test_the_transport_makes_its_output_once() -> None:
    """`_output` is what `output()` returns, so that it can be another."""
    assert "self._output = FastAPIWebsocketOutputTransport(" in inspect.getsource(FastAPIWebsocketTransport.__init__)
    assert "return self._output" in inspect.getsource(FastAPIWebsocketTransport.output)


def test_voice_detection_has_the_state_that_pipecat_gives_it() -> None:
    """One session of the model is shared; everything else is the call's own."""
    own, other = SileroVADAnalyzer(params=VADParams()), voice_detection()

    assert isinstance(other, SharedSilero)
    assert set(vars(other)) == set(vars(own))
    assert set(vars(other._model)) == set(vars(own._model))
    assert voice_detection()._model.session is other._model.session
    assert voice_detection()._model is not other._model
    assert isinstance(other._model, SileroOnnxModel)


def test_the_silence_after_a_noise_can_be_counted() -> None:
    """`_user_idle_controller.wait_for_user` starts the clock where a turn had no words."""
    assert "_user_idle_controller" in inspect.getsource(UserTurnProcessor.__init__)
    assert inspect.iscoroutinefunction(UserIdleController.wait_for_user)


def test_a_sentence_is_spoken_by_itself() -> None:
    """A speak frame has a sound of its own, and what follows it waits behind it."""
    assert "_handle_tts_speak" in inspect.getsource(TTSService.process_frame)
    assert "_audio_context_manager.put_frame(frame)" in inspect.getsource(TTSService.process_frame)
