"""The voice agent: a server that answers telephone calls, one call's conversation, and a simulated caller to try it with."""
