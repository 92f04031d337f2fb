"""Frames of our own that the stages of a pipeline tell each other."""

from dataclasses import dataclass

from pipecat.frames.frames import DataFrame


@dataclass
class NothingHeard(DataFrame):
    """A stretch of sound held no words: a cough, a door. Whoever waits for its words need not any longer."""
