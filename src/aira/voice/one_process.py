"""One of the processes of a voice server; `aira serve-voice --processes` runs it as a module, with what it inherits as arguments."""

import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from aira.core.app import open_aira
from aira.errors import AiraError
from aira.settings import load_settings
from aira.voice.board import Board
from aira.voice.leaving import leave
from aira.voice.log import log_to_stderr
from aira.voice.server import serve
from aira.voice.switchboard import Switchboard

if TYPE_CHECKING:
    from pipecat.services.stt_service import STTService
    from pipecat.services.tts_service import TTSService


def main(arguments: list[str], speech: "Callable[[], tuple[STTService, TTSService]] | None" = None) -> int:
    """Answer calls on an inherited socket; returns the exit code.

    `arguments` are the descriptors of socket and board, the number of processes, and the place of this one. `speech` makes other
    services than the settings name.
    """
    listening, page, places, place = (int(argument) for argument in arguments)
    settings = load_settings()
    log_to_stderr(settings.aira_log)
    try:
        with open_aira(settings) as aira:
            switchboard = Switchboard(aira, board=Board(page, places=places, place=place), speech=speech)
            serve(switchboard, host="", port=0, listening=socket.socket(fileno=listening))
    except AiraError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
