"""A voice server in a process of its own whose ears and voice take no time.

python tests/voice_process.py alone PORT
python tests/voice_process.py SOCKET BOARD PLACES PLACE     what `Processes` runs
"""

import sys

from aira.core.app import open_aira
from aira.settings import load_settings
from aira.voice.log import quiet_vendors

quiet_vendors()

from aira.voice.leaving import leave  # noqa: E402
from aira.voice.one_process import main  # noqa: E402
from aira.voice.server import serve  # noqa: E402
from aira.voice.switchboard import Switchboard  # noqa: E402
from no_time_speech import no_time_speech  # noqa: E402


def alone(port: int) -> None:
    """One process at a port."""
    with open_aira(load_settings()) as aira:
        serve(Switchboard(aira, speech=no_time_speech), host="127.0.0.1", port=port)


if __name__ == "__main__":
    if sys.argv[1] == "alone":
        alone(int(sys.argv[2]))
        leave()
    else:
        leave(main(sys.argv[1:], no_time_speech))
