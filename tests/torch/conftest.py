"""Tests of the sentence-transformers engine run where it is installed; the rest of the suite does without torch."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("sentence_transformers") else ["test_*.py"]
