"""AiRa, an AI receptionist for small businesses."""

__version__ = "0.1.0"
