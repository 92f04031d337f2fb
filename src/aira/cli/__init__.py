"""The command line: parse, open, call one function of aira.core, render."""
