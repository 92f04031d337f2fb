"""A bot's process whose room is not Daily's: `python tests/daily_room_bot.py BEHAVIOUR`. All else is the product's.

talks: the caller says what is in `SAYS`, and the bot is ready at once. dies: the first of a folder is killed in the middle of its
conversation, the next talks. never: no room is ever ready.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from aira.voice.daily.bot import main
from aira.voice.talk import Talk
from no_time_speech import no_time_speech

SAYS = ("Where are you?", "That's all, thank you. Goodbye.")


async def hold(behaviour: str, url: str, token: str, talk: Talk, *, ready: Callable[[], object], **_: object) -> bool:
    """A conversation typed into the talk."""
    assert url.startswith("https://")
    assert token
    if behaviour == "never":
        await asyncio.sleep(600)
    ready()
    ready()  # Daily may say so more than once
    async for _sentence in talk.start():
        pass
    if behaviour == "dies" and not Path("died").exists():
        Path("died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    for says in SAYS:
        async for _sentence in talk.hear(says):
            pass
    return talk.ended


if __name__ == "__main__":
    sys.exit(main(partial(hold, sys.argv[1]), speech=no_time_speech))
