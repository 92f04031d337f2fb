"""The server that answers calls."""
