"""Text messages into a folder, for a world without a carrier."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4


class OutboxTexter:
    """Writes each text as a .txt file: the lines To and From, a blank line, and the text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, *, to: str, body: str, sender: str | None) -> str:
        """Write the text; returns the file's name without its ending."""
        self._folder.mkdir(parents=True, exist_ok=True)
        message_id = f"sms-{uuid4().hex}"
        unfinished = self._folder / f".{message_id}"
        unfinished.write_text(_head(to) + f"From: {sender or ''}\n\n{body}", encoding="utf-8", newline="\n")
        unfinished.replace(self._folder / f"{message_id}.txt")
        return message_id

    def find(self, *, to: str, body: str, since: datetime) -> str | None:
        """The name of a file with exactly this text to this recipient, written at `since` or later; None without one."""
        for file in sorted(self._folder.glob("sms-*.txt")):
            # A file system may keep whole seconds only.
            written = datetime.fromtimestamp(file.stat().st_mtime, tz=UTC) + timedelta(seconds=1)
            head, _, text = file.read_text("utf-8").partition("\n\n")
            if written >= since and head.startswith(_head(to)) and text == body:
                return file.stem
        return None


def _head(to: str) -> str:
    return f"To: {to}\n"
