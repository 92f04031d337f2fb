"""What speech-to-text or a keyboard wrote, brought to one plain form that every rule of the receptionist reads.

`normalise("How 'bout 2.30 p. M.., on the fifth?")` is `how about 2:30 pm on the 5th ?`: lower case, single spaces, contractions
written out, numbers as digits (see `numbers`), `.` `,` `?` as words of their own, hesitation left out.
"""

import re
import unicodedata
from collections.abc import Iterator

from aira.voice.receptionist.numbers import MONTHS, WEEKDAYS, with_digits

_SPELLING = (
    (re.compile(r"[’‘`´]"), "'"),
    (re.compile(r"[“”]"), '"'),
    (re.compile(r"\bo\s?['\"]?\s?clock\b"), "oclock"),
    (re.compile(r"\bto-(day|morrow|night)\b"), r"to\1"),
    (re.compile(r"\bmid-?\s?(day|night)\b"), r"mid\1"),
    (re.compile(r"(?:\b|(?<=\d))([ap])(?:\s*\.\s*|\s)m\b[\s.]*"), r" \1m "),
    (re.compile(r"(\d)\s?([ap])m?\b(?!')"), r"\1 \2m "),
    (re.compile(r"(?<![\d.,$£€:])([01]?\d|2[0-4])[.:]([0-5]\d)(?![\d:]|\.\d| ?(?:dollars|euros|pounds|percent))"), r" \1:\2 "),
    (re.compile(r"(?<=\d)\s*[/]\s*(?=\d)"), "/"),
    (re.compile(r"\+(?=\s?\d)"), "plus "),
    (re.compile(r"\b(?:uh[ -]huh|mm?[ -]?hmm?|mhm+)\b"), " yes "),
    (re.compile(r"\b(?:uh|nuh|unh)[ -]uh\b"), " no "),
    (re.compile(r"\bo\.?k\.?(?:ay)?\b"), "okay"),
    (re.compile(r"(?<=[a-z])\.(?=[a-z])"), " . "),
    (re.compile(r"(?<=[a-z])-(?=[a-z])"), " "),
)
_TOKENS = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}:\d{2}|\d+\.\d+|\d{1,2}/\d{1,2}(?:/\d{2,4})?|[$£€]\s?\d+(?:\.\d+)?|\d+(?=(?:st|nd|rd|th)\b)(?:st|nd|rd|th)|\d+"
    r"|[^\W\d_]+(?:'[^\W\d_]+)?|[.,?!;:\-]"
)
_OFTEN_TYPED = (
    *WEEKDAYS,
    "thanks",
    "nothing",
    "everything",
    "anything",
    "tomorrow",
    "appointment",
    "haircut",
    "please",
    "morning",
    "afternoon",
)
_WORDS_THEMSELVES = frozenset({"noting", "tanks", "thank", "pleas", "tuesdays", "mornings"})


def _slips(word: str) -> Iterator[str]:
    """The word as fingers in a hurry type it: two letters swapped, one left out, one struck twice; the first is always right."""
    for place in range(1, len(word)):
        yield word[:place] + word[place : place + 2][::-1] + word[place + 2 :]
        yield word[:place] + word[place + 1 :]
        yield word[:place] + word[place] + word[place:]


_MISSPELT = {slip: word for word in _OFTEN_TYPED for slip in _slips(word) if slip != word and slip not in _WORDS_THEMSELVES}
_HESITATION = re.compile(r"u+h+m*|u+m+|e+r+m*|h+m+|a+h+|e+h|mm+")
_WHOLE_WORDS = {
    "can't": "can not", "cannot": "can not", "cant": "can not", "won't": "will not", "wont": "will not", "shan't": "shall not",
    "dont": "do not", "didnt": "did not", "doesnt": "does not", "isnt": "is not", "wasnt": "was not", "im": "i am", "ive": "i have",
    "thats": "that is", "whats": "what is", "its": "it is", "lets": "let us", "let's": "let us", "theres": "there is",
    "wheres": "where is", "hows": "how is", "youre": "you are", "gonna": "going to", "wanna": "want to", "gotta": "have to",
    "'til": "till", "til": "till", "'bout": "about", "bout": "about", "alright": "all right", "yea": "yeah", "ya": "yeah", "yup": "yep",
    "ofcourse": "of course", "anytime": "any time", "nevermind": "never mind", "anymore": "any more", "asap": "as soon as possible",
    "centre": "center", "mr": "mister", "dr": "doctor",
    "mon": "monday", "tue": "tuesday", "tues": "tuesday", "wed": "wednesday", "weds": "wednesday", "thu": "thursday", "thur": "thursday",
    "thurs": "thursday", "fri": "friday", "jan": "january", "feb": "february", "apr": "april", "jul": "july", "aug": "august",
    "sep": "september", "sept": "september", "oct": "october", "nov": "november", "dec": "december", "pls": "please", "appt": "appointment",
    "appointement": "appointment", "tommorow": "tomorrow", "tommorrow": "tomorrow", "tomorow": "tomorrow", "wensday": "wednesday",
}  # fmt: skip
_ENDINGS = {"'re": "are", "'ve": "have", "'ll": "will", "'d": "would", "'m": "am"}
_IS_AFTER = frozenset(
    {"that", "it", "what", "where", "when", "who", "how", "there", "here", "he", "she", "name", "this", "everything", "time", "day",
     "which", "number", "one"}
)  # fmt: skip
_SHORT_DAYS = {"sat": "saturday", "sun": "sunday"}
_SHORT_MONTHS = {"mar": "march", "jun": "june"}
_SENTENCE_ENDS = {"!": ".", ";": ".", ":": ",", "-": ""}


def normalise(text: str) -> str:
    """The plain form of what was said; empty where nothing but hesitation was."""
    plain = unicodedata.normalize("NFKC", text).lower()
    for pattern, replacement in _SPELLING:
        plain = pattern.sub(replacement, plain)
    tokens = [part for token in _TOKENS.findall(plain) for part in _written_out(token).split()]
    tokens = with_digits([token for token in _with_long_names(tokens) if not _HESITATION.fullmatch(token)])
    return _tidy(tokens)


def spoken_letters(text: str) -> str:
    """The text in lower case with letters and spaces only, as names and services are compared."""
    plain = unicodedata.normalize("NFKD", text).lower()
    return " ".join("".join(char if char.isalnum() else " " for char in plain if not unicodedata.combining(char)).split())


def _written_out(token: str) -> str:
    token = _MISSPELT.get(token, token)
    if token in _WHOLE_WORDS:
        return _WHOLE_WORDS[token]
    if token.endswith("n't"):
        return f"{token[:-3]} not"
    head, quote, _ = token.partition("'")
    if quote:
        ending = token[len(head) :]
        if ending == "'s":
            return f"{head} is" if head in _IS_AFTER else head
        return f"{head} {_ENDINGS[ending]}" if ending in _ENDINGS else head + ending[1:]
    if token[0].isdigit() and token[-2:] in ("st", "nd", "rd", "th"):
        return f"{token[:-2]}th"
    return token


def _with_long_names(tokens: list[str]) -> list[str]:
    """`sat 5`, `on sun` as days and `mar 3` as a month, but not where they are other words."""
    out = []
    for place, word in enumerate(tokens):
        before = tokens[place - 1] if place else ""
        after = tokens[place + 1] if place + 1 < len(tokens) else ""
        numbered = before[:1].isdigit() or after[:1].isdigit()
        if word in _SHORT_MONTHS and (numbered or before == "of"):
            out.append(_SHORT_MONTHS[word])
        elif word in _SHORT_DAYS and (numbered or before in ("on", "this", "next", "coming") or after in ("at", "morning", "afternoon")):
            out.append(_SHORT_DAYS[word])
        elif word == "id" and after in ("like", "rather", "love", "prefer"):
            out += ["i", "would"]
        else:
            out.append(word)
    return out


def _tidy(tokens: list[str]) -> str:
    """Punctuation as `.` `,` `?`, none doubled, none at the start."""
    out: list[str] = []
    for word in (_SENTENCE_ENDS.get(token, token) for token in tokens):
        if word not in (".", ",", "?"):
            out += [word] if word else []
        elif out and out[-1] not in (".", ",", "?"):
            out.append(word)
        elif out and word != ",":
            out[-1] = word
    return " ".join(out).removesuffix(" .").removesuffix(" ,")


DAY_NAMES = {name: place for place, name in enumerate(WEEKDAYS)}
MONTH_NAMES = {name: place for place, name in enumerate(MONTHS, start=1)}
