"""Vendors of speech and language, and what is done when one fails: another takes the same turn over before the caller wonders.

`circuit` keeps count of each vendor's failures and `plausible` knows rubbish; both are pure. `listeners` and `speakers` put Pipecat's
services, the local engines and kept clips behind one question each: the words of this sound, the sound of these words. `hearing` and
`speaking` are the stages of the pipeline that ask one after the other until one answers in time.
"""
