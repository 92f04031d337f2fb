"""Files that commands write where they are told to."""

from pathlib import Path

from aira.errors import InvalidInput


def write_file(path: str | Path, content: bytes) -> None:
    """Write a file. Raises InvalidInput where it cannot be written, with the reason."""
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.", hint="Name another file with --output.") from error
