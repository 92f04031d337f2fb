"""Names as callers give them: introduced, as a bare answer, or spelled."""

import re
from difflib import SequenceMatcher

from aira.voice.receptionist.words import spoken_letters

_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*\.?")
_INTRODUCTIONS = re.compile(
    r"\b(?:my (?:full |first |last )?name(?: is|'s)?|the name(?: is|'s)|name(?:'s| is)|this is|call me|(?:put|book|have|make|list|file|reserve) (?:it|me|that|this)? ?(?:down )?under(?: the name(?: of)?)?"
    r"|under(?: the name(?: of)?)?|in the name of|(?:for )?my (?:son|daughter|wife|husband|mother|father|mom|mum|dad|friend|brother|sister|partner|kid|child|boss|girlfriend|boyfriend)(?:'s name is|,| is| named| called)?)\s+",
    re.IGNORECASE,
)
_I_AM = re.compile(r"\b(?:i am|i['’]m|it['’]?s|it is|that['’]?s|that is|that would be|that will be|for)\s+", re.IGNORECASE)
_SPEAKING = re.compile(
    r"^(?:(?:hi|hello|hey|yes|good morning|good afternoon)[ ,.]+)*(?P<name>[^\W\d_]+(?: [^\W\d_]+){0,2}) (?:speaking|here)\b", re.IGNORECASE
)
_FILLERS = frozenset(
    [
        "yes",
        "yeah",
        "yep",
        "sure",
        "okay",
        "ok",
        "um",
        "uh",
        "er",
        "well",
        "so",
        "hi",
        "hello",
        "hey",
        "please",
        "thanks",
        "thank",
        "you",
        "it",
        "is",
        "its",
        "that's",
        "it's",
        "thats",
        "that",
        "would",
        "be",
        "the",
        "name",
        "my",
        "i'm",
        "im",
        "i",
        "am",
        "sorry",
        "oh",
        "of",
        "course",
        "certainly",
        "just",
        "just'",
        "no",
        "actually",
        "mister",
        "mr",
        "mrs",
        "miss",
        "ms",
        "doctor",
        "dr",
        "for",
        "under",
    ]
)
_ENDS_A_NAME = frozenset(
    [
        "and",
        "i",
        "i'd",
        "i'll",
        "id",
        "please",
        "at",
        "on",
        "for",
        "from",
        "calling",
        "speaking",
        "here",
        "my",
        "the",
        "with",
        "but",
        "to",
        "would",
        "want",
        "wants",
        "is",
        "can",
        "could",
        "a",
        "an",
        "of",
        "in",
        "about",
        "if",
        "so",
        "because",
        "who",
        "that",
        "this",
        "or",
        "yes",
        "no",
        "it",
        "it's",
        "we",
        "you",
        "your",
        "are",
        "was",
        "thanks",
        "thank",
        "not",
        "sorry",
        "again",
        "by",
        "as",
        "need",
        "needs",
        "looking",
        "like",
        "has",
        "have",
        "will",
        "do",
        "does",
        "tomorrow",
        "today",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "spelled",
        "spelt",
        "also",
    ]
)
_NOT_A_NAME = _ENDS_A_NAME | frozenset(
    [
        "fine",
        "good",
        "great",
        "okay",
        "ok",
        "sure",
        "right",
        "correct",
        "wrong",
        "looking",
        "trying",
        "interested",
        "wondering",
        "afraid",
        "going",
        "free",
        "available",
        "late",
        "early",
        "busy",
        "just",
        "really",
        "very",
        "still",
        "done",
        "happy",
        "glad",
        "sick",
        "ill",
        "new",
        "unsure",
        "what",
        "when",
        "where",
        "why",
        "how",
        "which",
        "there",
        "nothing",
        "something",
        "anything",
        "everything",
        "all",
        "some",
        "any",
        "more",
        "less",
        "much",
        "many",
        "none",
        "maybe",
        "perhaps",
        "later",
        "earlier",
        "now",
        "then",
        "hello",
        "hi",
        "hey",
        "goodbye",
        "bye",
        "help",
        "person",
        "human",
        "someone",
        "somebody",
        "appointment",
        "haircut",
        "booking",
        "message",
        "mine",
        "me",
        "him",
        "her",
        "them",
        "us",
        "don't",
        "dont",
        "didn't",
        "can't",
        "cant",
        "won't",
        "wont",
        "know",
        "mean",
        "said",
        "say",
        "repeat",
        "pardon",
        "excuse",
        "hold",
        "wait",
        "moment",
        "second",
        "minute",
        "number",
        "phone",
        "cancel",
        "change",
        "reschedule",
        "book",
        "speak",
        "talk",
        "noon",
        "morning",
        "afternoon",
        "evening",
        "night",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "enough",
        "unfortunately",
        "ready",
        "perfect",
        "awesome",
        "cool",
        "nope",
        "yep",
        "yeah",
        "yup",
        "nah",
        "he",
        "she",
        "they",
        "did",
        "had",
        "been",
        "be",
        "get",
        "got",
        "make",
        "made",
        "let's",
        "lets",
        "let",
        "than",
        "too",
        "up",
        "out",
        "over",
        "first",
        "last",
        "next",
        "time",
        "day",
        "week",
        "month",
        "year",
        "only",
        "even",
        "back",
        "tell",
        "ask",
    ]
)
_SPELLED = re.compile(r"(?:\b(?:double )?[a-z](?:[\s.,\-]+(?:as in|for|like|is for) [a-z]+)?(?:[\s.,\-]+|$)){3,}", re.IGNORECASE)
_LETTER = re.compile(r"\b(double )?([a-z])\b(?:[\s.,\-]+(?:as in|for|like|is for) [a-z]+)?", re.IGNORECASE)
LONGEST_NAME = 4
SAME_SOUND = 0.75


def read_name(said: str, *, asked: bool) -> str | None:
    """The name in what was said, written as names are; `asked` tells that the bot has just asked for one."""
    spelled = _spelled(said)
    rest = _SPELLED.sub(" ", said) if spelled else said
    words = _introduced(rest, asked=asked) or (_bare(rest) if asked else [])
    if spelled and (asked or words):
        return " ".join(_with_spelling(words, spelled))
    return " ".join(_written(word) for word in words) or None


def is_same_name(said: str, known: str) -> bool:
    """Whether each word said sounds like a word of the known name; speech-to-text spells names its own way."""
    heard, names = spoken_letters(said).split(), spoken_letters(known).split()
    return bool(heard) and all(any(_alike(word, name) for name in names) for word in heard)


def _alike(one: str, other: str) -> bool:
    return one == other or (len(one) > 2 and one[0] == other[0] and SequenceMatcher(None, one, other).ratio() >= SAME_SOUND)


def _introduced(said: str, *, asked: bool) -> list[str]:
    for pattern in (_INTRODUCTIONS, _I_AM):
        for match in reversed(list(pattern.finditer(said))):
            words = _taken(said[match.end() :])
            sure = pattern is _INTRODUCTIONS or asked or (bool(words) and all(word[0].isupper() for word in words))
            if pattern is _I_AM and match[0].lower().startswith(("it", "that", "for")) and not asked:
                continue
            if words and sure:
                return words
    match = _SPEAKING.search(said)
    if match and not {word.lower() for word in match["name"].split()} & _NOT_A_NAME:
        return match["name"].split()
    return []


def _taken(said: str) -> list[str]:
    """The words of a name at the start of a text."""
    clause = re.split(r"[,;?!]|\.\s", said)[0]
    words: list[str] = []
    for word in _WORD.findall(clause)[:LONGEST_NAME]:
        plain = word.lower().rstrip(".")
        if plain in _NOT_A_NAME or (not words and plain.endswith("ing") and word.islower()):
            break
        if plain not in ("mister", "mr", "mrs", "miss", "ms"):
            words.append(word.rstrip("."))
    return words


def _bare(said: str) -> list[str]:
    words = [word.rstrip(".") for word in _WORD.findall(said)]
    while words and words[0].lower() in _FILLERS:
        words.pop(0)
    while words and words[-1].lower() in ("please", "thanks", "thank", "you"):
        words.pop()
    if not 1 <= len(words) <= LONGEST_NAME or any(word.lower() in _NOT_A_NAME for word in words) or any(char.isdigit() for char in said):
        return []
    return words


def _spelled(said: str) -> str:
    match = _SPELLED.search(said)
    return "".join(letter * (2 if double else 1) for double, letter in _LETTER.findall(match[0])) if match else ""


def _with_spelling(words: list[str], spelled: str) -> list[str]:
    """The name with the word that was spelled written so; a spelling that is like no word is the last of it."""
    written = [_written(word) for word in words]
    for place, word in enumerate(written):
        if word[0].lower() == spelled[0].lower() and SequenceMatcher(None, word.lower(), spelled.lower()).ratio() > 0.5:
            return [*written[:place], _written(spelled.lower()), *written[place + 1 :]]
    return [*written, _written(spelled.lower())]


def _written(word: str) -> str:
    """Capitals as in names, kept where the writer set them: McDonald, O'Brien, Anne-Marie."""
    if not word.islower() and not word.isupper():
        return word
    return re.sub(r"(?:^|(?<=['’\-]))[^\W\d_]", lambda match: match[0].upper(), word.lower())
