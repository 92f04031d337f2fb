"""Tables of how people put things, kept as text beside the code: one pattern a line under the `[name]` of what it means.

A pattern is a regular expression over whole words: boundaries and non-capturing groups are understood. `name = pattern` defines
`<name>` for use in others. Lines that begin with `#` are notes; sections that hold plain words are read by `word_lists`.
"""

import re
from functools import cache
from importlib.resources import files

_DEFINITION = re.compile(r"(?P<name>[a-z_]+) = (?P<pattern>.+)")
_USE = re.compile(r"(?<!\?P)<([a-z_]+)>")


@cache
def phrase_table(name: str) -> dict[str, re.Pattern[str]]:
    """The patterns of a table, one for all lines of a section."""
    sections = word_lists(name)
    definitions = {
        found["name"]: found["pattern"] for lines in sections.values() for line in lines if (found := _DEFINITION.fullmatch(line))
    }
    return {
        section: re.compile("|".join(_pattern(line, definitions) for line in lines if not _DEFINITION.fullmatch(line)), re.IGNORECASE)
        for section, lines in sections.items()
        if section and not section.startswith("words ")
    }


@cache
def word_lists(name: str) -> dict[str, tuple[str, ...]]:
    """The lines of a table by section."""
    sections: dict[str, tuple[str, ...]] = {}
    section = ""
    for line in (files(__package__) / "english" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            sections[section] = (*sections.get(section, ()), line)
    return sections


def words_in(name: str, section: str) -> frozenset[str]:
    """The words of a section that holds plain words."""
    return frozenset(word for line in word_lists(name)[f"words {section}"] for word in line.split())


def _pattern(line: str, definitions: dict[str, str]) -> str:
    """The line as a regular expression, bound to whole words unless it is bound to an end of the utterance."""
    while used := _USE.search(line):
        line = line[: used.start()] + definitions[used[1]] + line[used.end() :]
    line = re.sub(r"(?<!\\)\((?!\?)", "(?:", line)
    start = "" if line.startswith(("^", "(?:^", "\\", "(?<", ",")) else r"\b"
    return f"{start}(?:{line})" + ("" if line.endswith(("$", "?", "*", "]")) else r"\b")
