"""`aira serve-voice`."""

from enum import StrEnum
from typing import Annotated

import typer

from aira.cli import render


class Transport(StrEnum):
    """The transports there are."""

    MEDIA_STREAMS = "media-streams"
    DAILY = "daily"


def serve_voice(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8765,
    public_url: Annotated[
        str | None, typer.Option("--public-url", help="Address at which the carrier reaches this server; default: VOICE_AGENT_SERVICE_URL.")
    ] = None,
    transport: Annotated[
        Transport | None, typer.Option("--transport", help="How the audio of calls travels; default: AIRA_TRANSPORT.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, max=64, help="Processes that answer calls; default: AIRA_PROCESSES.")
    ] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Do not run background jobs beside the server.")] = False,
) -> None:
    """Answer calls: webhooks and media streams, and a worker for background jobs beside them.

    Says when it is ready. On SIGTERM or Ctrl-C the calls that are on finish first; a second signal cuts them off. Of several processes
    one that dies is started anew, and its callers go on with another.

    Example:
      $ aira serve-voice --host 0.0.0.0 --port 8765 --public-url https://voice.your-domain.com
    """
    from aira.core.app import open_aira
    from aira.errors import MissingExtra
    from aira.settings import load_settings
    from aira.voice.worker import worker_beside

    given = {"voice_agent_service_url": public_url, "aira_processes": processes, "aira_transport": transport}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    try:
        from aira.voice.leaving import leave
        from aira.voice.log import log_to_stderr
        from aira.voice.processes import serve_with_processes
        from aira.voice.server import serve
        from aira.voice.switchboard import Switchboard
    except ImportError as missing:
        if (missing.name or "").startswith("aira"):
            raise
        raise MissingExtra("voice", purpose="Answering calls") from None
    log_to_stderr(settings.aira_log)

    def say_ready() -> None:
        render.note(f"Ready for calls at {settings.voice_agent_service_url}.")

    with open_aira(settings) as aira, worker_beside(settings, wanted=not no_worker):
        if settings.aira_processes > 1:
            serve_with_processes(settings, host=host, port=port, when_ready=say_ready)
        else:
            serve(Switchboard(aira), host=host, port=port, when_ready=say_ready)
    leave()
