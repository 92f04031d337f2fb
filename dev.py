"""Set AiRa up, show it, test it, with nothing but Python:

python3 dev.py setup     make .venv and install AiRa into it
python3 dev.py demo      set up, then run the main job on a throw-away world
python3 dev.py test      set up, then run every check; arguments go to pytest and leave only it
python3 dev.py lock      write constraints.txt anew from pyproject.toml
"""

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMP = VENV / "aira-setup"
EXTRAS = {"setup": "voice", "demo": "voice", "test": "daily,dev,pinecone,supabase,voice"}
UV = "uv>=0.9,<1"
TORCH = "torch==2.13.0"
WITH_TORCH = re.compile(r"^(#|torch==|nvidia-|cuda-|triton==)")
OLDEST, NEWEST = (3, 11), (3, 13)


def say(text: str) -> None:
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


def run(*command: str | Path, **options: object) -> int:
    return subprocess.call([str(part) for part in command], cwd=ROOT, **options)


def must(*command: str | Path, why: str, **options: object) -> None:
    code = run(*command, **options)
    if code:
        say(f"{why} failed (exit code {code}).")
        sys.exit(code)


def fingerprint(extras: str) -> str:
    digest = hashlib.sha256(extras.encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def is_set_up(extras: str) -> bool:
    """A larger set-up serves a smaller one: `test` after `test`, `demo` after `test`, `demo` after `demo`."""
    if not (STAMP.is_file() and BIN.joinpath("aira").exists()):
        return False
    return STAMP.read_text() in {fingerprint(extras), fingerprint(EXTRAS["test"])}


def make_venv() -> None:
    if (BIN / "python").exists():
        return
    say("making .venv")
    must(sys.executable, "-m", "venv", VENV, why="Making .venv (on Debian: apt-get install python3-venv)")


def uv_environment() -> dict[str, str]:
    """uv reads neither pip's environment nor its configuration; a CPU build of torch may be known to pip only."""
    environment = dict(os.environ)
    known = subprocess.run([BIN / "python", "-m", "pip", "config", "get", "global.find-links"], capture_output=True, text=True)
    links = os.environ.get("PIP_FIND_LINKS") or known.stdout.strip()
    if links and "UV_FIND_LINKS" not in environment:
        environment["UV_FIND_LINKS"] = ",".join(links.split())
    return environment


def install(extras: str) -> None:
    target = ["-c", "constraints.txt", "-e", f".[{extras}]"]
    quiet = ["-q", "--disable-pip-version-check"]
    if run(BIN / "python", "-m", "pip", "install", *quiet, UV, stderr=subprocess.DEVNULL) == 0:
        say(f"installing aira-receptionist[{extras}] with uv")
        uv = [BIN / "python", "-m", "uv", "pip", "install", "-q", "--compile-bytecode", "--python", BIN / "python"]
        if run(*uv, *target, env=uv_environment()) == 0:
            return
        say("uv could not do it; trying pip")
    say(f"installing aira-receptionist[{extras}] with pip, which takes a few minutes")
    must(BIN / "python", "-m", "pip", "install", *quiet, *target, why="Installing AiRa")


def set_up(extras: str) -> None:
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        say(f"Python 3.11 to 3.13 is needed; this is {sys.version.split()[0]}. Run dev.py with one of those.")
        sys.exit(3)
    if is_set_up(extras):
        return
    started = time.monotonic()
    make_venv()
    install(extras)
    # Where bytecode is not written on import, each start of `aira` would compile anew and take three times as long.
    run(BIN / "python", "-m", "compileall", "-q", "src")
    STAMP.write_text(fingerprint(extras))
    say(f"set up in {time.monotonic() - started:.0f} s")


def demo(arguments: list[str]) -> int:
    set_up(EXTRAS["demo"])
    code = run(BIN / "aira", "demo", *arguments)
    if code == 0:
        say("next: .venv/bin/aira init, or read docs/quickstart.md; .venv/bin/aira --help lists everything")
    return code


def test(arguments: list[str]) -> int:
    set_up(EXTRAS["test"])
    if arguments:
        return run(BIN / "pytest", *arguments)
    checks = (
        ("ruff", ["ruff", "check", "."]),
        ("formatting", ["ruff", "format", "--check", "."]),
        ("types", ["mypy"]),
        ("import contracts", ["lint-imports"]),
        # Half of its time a test waits for processes and the database: more of them at once than most machines have cores to spare.
        ("tests", ["coverage", "run", "-m", "pytest", "-q", "-n", "3", "-m", "not voice"]),
        # Audio keeps the pace of speech, so little runs beside it.
        ("tests with audio", ["coverage", "run", "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "-m", "voice"]),
        ("coverage", ["coverage", "combine", "-q"]),
        ("coverage", ["coverage", "report", "--skip-covered", "--fail-under=95"]),
    )
    for name, (program, *options) in checks:
        say(name)
        code = run(BIN / program, *options)
        if code:
            say(f"{name}: failed")
            return code
    say("all checks passed; next: python3 dev.py demo")
    return 0


def lock(_: list[str]) -> int:
    set_up(EXTRAS["test"])
    command = [BIN / "python", "-m", "uv", "pip", "compile", "-q", "--universal", "--all-extras", "--no-annotate", "--no-header"]
    solved = subprocess.run(
        [*command, "--constraint", "-", "pyproject.toml"],
        input=TORCH,
        env=uv_environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    pins = sorted({line for line in solved.stdout.splitlines() if line and not WITH_TORCH.match(line)} | {TORCH})
    (ROOT / "constraints.txt").write_text("\n".join(["# Every version the tests ran with. Written by: python3 dev.py lock", *pins, ""]))
    return 0


def setup(_: list[str]) -> int:
    set_up(EXTRAS["setup"])
    say("done; next: python3 dev.py demo, or .venv/bin/aira --help")
    return 0


def main() -> int:
    actions = {"setup": setup, "demo": demo, "test": test, "lock": lock}
    if len(sys.argv) < 2 or sys.argv[1] not in actions:
        print(__doc__, file=sys.stderr)
        return 2
    return actions[sys.argv[1]](sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
