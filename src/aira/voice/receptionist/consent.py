"""Yes, no and corrections: read against what was asked, together with whatever else the utterance says."""

import re
from enum import StrEnum

from aira.voice.receptionist.state import Asked


class Answer(StrEnum):
    """What an utterance answers to a question for a decision."""

    YES = "yes"
    NO = "no"
    CORRECTION = "correction"
    """No, and what is right instead."""
    IMPLIED_YES = "implied_yes"
    """Nothing against it was said, but no yes either."""


_GOOD = r"(?:good|great|fine|okay|perfect|right|correct|excellent|wonderful|lovely|nice|awesome|terrific|fantastic|amazing|ideal|cool|brilliant|suitable|acceptable|agreeable|all right|wonderful|super|alright|sweet)"
_VERY = r"(?:very |just |really |absolutely |pretty |all |quite |totally |so |exactly |also |still |more than )*"
_YES_START = re.compile(
    rf"^(?:(?:oh|well|ah|so|and|um|great|okay|hi|hello|please|thanks?|thank you|hey|now) ?,? ?)*"
    rf"(?:yes|yeah|yep|yer|yah|yay|sure(?: thing)?|okay|of course|absolutely|definitely|certainly|indeed|correct|right|exactly|precisely|confirm(?:ed)?|affirmative|agreed"
    rf"|{_GOOD}|sounds {_VERY}{_GOOD}|please do|go (?:ahead|for it|on)|fine|by all means|you got it|why not|gladly|deal|done|yup|all good|proceed|no (?:problem|issue|worries))\b(?! (?:not\b|now|if|another|a moment|time to|morning|afternoon|evening|night|day\b|bye))"
)
_YES = re.compile(
    rf"\b(?:(?:that|it|this|which|they|everything|all|both|each|either|the (?:time|date|day|details|one|appointment))(?: \w+){{0,2}} (?:is|are|sounds?|looks?|seems?|would be|will be|works?|should be|would|will|does|do) {_VERY}(?:{_GOOD}|works?|do(?: it| nicely| fine)?$|suits?|work)"
    rf"|(?:that|it|this|either|both|time|one) (?:works|suits)\b|(?:sounds?|looks?|seems?) {_VERY}{_GOOD}|works for me|fine (?:by|with) me|(?:good|okay|fine|happy|all right) with (?:me|that|it)"
    rf"|(?:please )?go ahead|go for it|please do\b(?! not)|let us (?:do|book|go with|take|try) (?:it|that|this)\b|i (?:do|confirm|agree|accept|assent|certainly do|would love|would like) ?(?:that|to|it|this)?$|i confirm\b|(?:confirm|book) (?:it|that)\b|you are (?:right|correct)|^i (?:certainly |surely |really )?do\b"
    rf"|^it is$|^that is$|^(?:that is|it is) (?:it|the one|me)$|^please(?: [.])?$|(?:that|this|it|which) is (?:exactly |just )?what i (?:want|need|said|asked|meant|wanted|had in mind)|(?:please )?proceed|(?:you can|please) (?:book|confirm|do)\b(?: so| it| that)?|i (?:like|want|need) (?:it|that|this)$|^do (?:so|it|that)|suits me|no problem|no objections?|that would be (?:great|good|fine|nice|perfect|lovely|wonderful)|i would (?:like|love|appreciate) that|i will take (?:it|that)|^make (?:one|it)$)\b"
)
_NO_START = re.compile(
    r"^(?:(?:oh|well|ah|so|um|okay|sorry|actually|hmm|wait|i am sorry|hey) ?[,.]? ?)*"
    r"(?:(?:no(?: no)*|nope|nah|naw|negative|never(?: mind)?|incorrect|wrong|neither|none(?: of)?|nothing|not (?:really|quite|at all|that|today|now|yet|right|for now|exactly|this time|necessary|possible|good)|absolutely not|definitely not|certainly not|of course not|no way|i (?:guess|think|suppose|hope|am afraid) not|afraid not|i am afraid not|rather not|i would rather not|please do not|do not\b(?! you)|let us not|strike that|scratch that))\b"
    r"(?! (?:problem|worries|doubt|one|matter|idea))"
)
_NO = re.compile(
    rf"\b(?:(?:that|it|this|which|they|those|these|everything)(?: \w+)? (?:is|was|are|does|will|would|do|can) not (?:be )?(?:going to )?(?:{_GOOD}|work\w*|suit\w*|it\b|what|do\b|possible|convenient|how)|(?:that|it|this|you|something) (?:is|are|got it|seems|sounds) (?:all )?(?:wrong|incorrect|mistaken)|i do not (?:think so|want (?:that|it|this|to)|agree|like)|i can not (?:do|make|come)"
    rf"|none of (?:those|these|them)|neither of|not (?:interested|right|correct|what i)|does not (?:work|suit)|do not work|will not (?:work|do)\b|would not work|i (?:had )?rather not|afraid not|strike that|scratch that|never mind|forget (?:it|that)|i (?:have )?changed? (?:my )?mind|at the moment none|not for now|that is wrong)\b"
)
_CORRECTS = re.compile(
    r"\b(?:actually|instead|i (?:said|meant|mean)|sorry|i messed up|i made a mistake|wrong|wait|rather|prefer|correction|hang on|change (?:it|that|the|my|to)|(?:have|i|having) ?changed? (?:my )?mind|changed mind|make (?:it|that)|move (?:it|that)|modify|switch|scratch that|strike that|better)\b|^not\b"
)
_STRONG_CORRECTION = re.compile(
    r"\b(?:i (?:said|meant|mean)\b(?! yes)|scratch that|strike that|correction\b|changed? (?:my )?mind|(?:change|make|move) (?:it|that) (?:to|for|at|on|a|the|thursday|\d)|make (?:it|that) \S+|change that|^(?:no|oh|sorry|wait|hang on)\b.*\b(?:i mean|i meant|make|prefer|not|with an?)\b|^rather (?:at|on|in)|^not \S+ ,|^actually\b|^wait (?:no|,)|^no (?:, )?(?:wait|actually)|^(?:no|sorry) ,? ?(?:it is|a|an|at|on|the|i said)\b|, i mean$|\b(?!(?:is|are|was|will|would|can|could|do|does|did|no|really|am|have) )\S+ not (?:a |an |the |at |on )?(?!really|yet|now|sure)\S+$)"
)
_TURNS = re.compile(
    r"^(?:(?:oh|hey|well|sorry|no|hmm|okay|wait|i am sorry|you know what),? )*(?:actually|wait|hang on|hold on)\b|\binstead\b"
)
_ASKS_ACTION = re.compile(
    r"\b(?:can|could|would|will) (?:you|we|i) (?:please |instead |just |maybe )?(?:book|make|schedule|change|do|try|move|set|reserve|switch|see if|check if)\b"
    r"|\bshould (?:be|have been|actually)\b|\bname (?:is|should)\b|\b(?:want|would like|prefer|wish) to (?:see|visit|go|try|be)\b|\b(?:on second thought|my mistake|oops)\b"
)
_CLEAR_YES = re.compile(r"\b(?:yes|yeah|yep|sure|correct|right|confirm\w*|go ahead|please do|book it)\b")
_EXPLICIT_YES = re.compile(r"\b(?:yes|yeah|yep|yea|sure|please)\b")
_ENOUGH = re.compile(
    r"\b(?:not (?:at )?(?:this|the) (?:time|moment|point|second)|(?:do|did|will) not (?:think|need|have|require|want)(?: to \w+)? (?:so|any\w*|more|other|further|help|that|it|you|another)"
    r"|no need|not necessary|(?:should|will|would) (?:be|do) (?:all|it|enough|fine|sufficient)|(?:is|was) (?:enough|plenty|sufficient|it)|(?:i am|we are|everything is|it is|all is|all) (?:\w+ )?(?:good|fine|okay|set|done|happy|satisfied|covered|all right)"
    r"|(?:maybe|try|do it|call|look|check) (?:again |back |it |for it |elsewhere |them )?(?:later|another time|some other time|elsewhere)|leave it|forget it|never mind|for now|enough)\b"
)
_LEAVES = re.compile(r"\b(?:bye|goodbye|that is all|that will be all|takes care|all set|nothing else|all i need\w*|that is it)\b")
_DECISIONS = frozenset({Asked.BOOKING, Asked.MOVING, Asked.CANCELLING, Asked.SLOT})
_STATED = frozenset({Asked.BOOKING, Asked.MOVING, Asked.CANCELLING})


def read_answer(
    text: str, *, asked: Asked, new_value: bool, asks_back: bool, thanks: bool, closing: bool, wants_booking: bool
) -> Answer | None:
    """How a plain text answers what was asked; None where it does not.

    `new_value` tells that it names a day, time, name or service other than those spoken of, `asks_back` that it is a question,
    `wants_booking` that it asks to book.
    """
    if _NO_START.search(text) or _NO.search(text):
        return Answer.CORRECTION if new_value and asked is not Asked.MORE else Answer.NO
    if asked in _STATED and (new_value or _TURNS.search(text)):
        return Answer.CORRECTION
    if asked is Asked.MORE and not asks_back and _ENOUGH.search(text):
        return Answer.NO
    if asked is Asked.MORE and not asks_back and not _EXPLICIT_YES.search(text) and (closing or thanks or _YES_START.search(text)):
        return Answer.NO
    if closing and asked in _DECISIONS and _LEAVES.search(text) and not _CLEAR_YES.search(text):
        return Answer.NO if asked is Asked.SLOT else Answer.IMPLIED_YES
    if _YES_START.search(text) or _YES.search(text):
        return Answer.YES
    if asked in _DECISIONS and (new_value or _CORRECTS.search(text) or _ASKS_ACTION.search(text)):
        return Answer.CORRECTION
    if asked in _STATED and wants_booking and not asks_back:
        return Answer.YES
    if asked in _STATED and (asks_back or thanks):
        return Answer.IMPLIED_YES
    if asked is Asked.WANTS_BOOKING and (new_value or wants_booking):
        return Answer.YES
    return None


def is_correction(text: str) -> bool:
    """Whether a plain text takes something back whatever was asked: "no, I said Tuesday", "scratch that"."""
    return _STRONG_CORRECTION.search(text) is not None
