"""Log lines of the voice server: of ours on the console or as JSON, of Pipecat's none, as they quote what callers say."""

import json
import logging
import sys
from datetime import UTC, datetime


def quiet_vendors() -> None:
    """Silence Pipecat and what it loads. Call it before Pipecat is imported, which greets at import."""
    from loguru import logger

    logger.disable("pipecat")


def log_to_stderr(form: str) -> None:
    """Write our log lines to stderr: `console` for people, `json` for machines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if form == "json" else logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    ours = logging.getLogger("aira")
    ours.handlers = [handler]
    ours.setLevel(logging.INFO)
    ours.propagate = False


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat()
        return json.dumps({"at": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()})
