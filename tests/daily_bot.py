"""A bot's process that speaks the contract without a room: `python tests/daily_bot.py BEHAVIOUR`.

talks: ready, and ended when its input closes or says so. dies: stops when it is told the room. dumb: never gets ready.
refuses: says that it failed. brief: ready and ended at once. cold: stops before it is warm.
faints: the first of a folder stops while it waits, the second leaves a file `second` and talks.
"""

import json
import sys
from pathlib import Path


def say(event: str, **more: str) -> None:
    """One line of the contract, among a line that is none."""
    sys.stdout.write("a library's banner\n" + json.dumps({"event": event, **more}) + "\n")
    sys.stdout.flush()


def main(behaviour: str) -> int:
    """Follow the behaviour; returns the exit code."""
    if behaviour == "cold":
        return 1
    fainted = Path("fainted")
    if behaviour == "faints" and not fainted.exists():
        fainted.touch()
        say("warm")
        return 1
    say("warm")
    if behaviour == "faints":
        Path("second").touch()
    task = sys.stdin.readline()
    if not task or behaviour == "dies":
        return 1
    assert set(json.loads(task)) == {"room_url", "room_token", "call_sid", "call_token"}
    if behaviour == "refuses":
        say("failed", reason="the room is full")
    elif behaviour != "dumb":
        say("ready")
    if behaviour != "brief":
        sys.stdin.readline()
    say("ended")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
