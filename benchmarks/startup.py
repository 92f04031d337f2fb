"""How long `aira --help` takes beside a bare interpreter: milliseconds of processor time, the least of several runs."""

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "aira --help": [sys.executable, "-m", "aira", "--help"],
    "aira numbers buy --help": [sys.executable, "-m", "aira", "numbers", "buy", "--help"],
}
YARDSTICK = "python -c pass"


def main() -> None:
    """Print the table, or one object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    least = dict.fromkeys(COMMANDS, float("inf"))
    for _ in range(options.runs):
        # Turn by turn, so that a busy moment of the machine meets all of them.
        for name, command in COMMANDS.items():
            least[name] = min(least[name], processor_ms(command))
    rows = [{"command": name, "cpu_ms": round(ms, 1), "ratio": round(ms / least[YARDSTICK], 1)} for name, ms in least.items()]
    if options.json:
        print(json.dumps({"rows": rows}))
        return
    print(f"{'command':<26}{'CPU ms':>8}{'ratio':>8}")
    for row in rows:
        print(f"{row['command']:<26}{row['cpu_ms']:>8}{row['ratio']:>8}")


def processor_ms(command: list[str]) -> float:
    """User and system time of one run of a command, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=Path("/"))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


if __name__ == "__main__":
    main()
