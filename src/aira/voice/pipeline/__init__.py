"""One call as a Pipecat pipeline. Together with the speech services the only part that knows Pipecat.

    caller -> wire and voice detection -> hearing -> turns -> conversation -> speaking -> wire -> caller

`turns` decides when the caller has finished and hands the words on as one frame; `conversation` takes them to the session and queues
what it says, one frame a sentence, each followed by a mark. The carrier returns a mark once the audio before it has been played, so
the bot knows what was heard, says again what a cough cut off, and hangs up only after its last word.
"""

from aira.voice.pipeline.call import run_call

__all__ = ["run_call"]
