"""Conversations the bot has to get right, graded on what stands in the database afterwards and on what was said.

`python -m aira.voice.scenarios` plays the library, or a folder of a business's own, against the mind that AIRA_MIND names.
"""
