"""What callers want, as a table of patterns over the plain form of `words.normalise`.

`find_intents` gives every intent an utterance shows, the one that matters most first: the order of `Intent` is the order of weight.
Yes, no and correction depend on what was asked and are read in `consent`.
"""

import re
from enum import StrEnum


class Intent(StrEnum):
    """What an utterance is meant to do, the weightiest first."""

    ABUSE = "abuse"
    WRONG_NUMBER = "wrong_number"
    PERSON = "person"
    MESSAGE = "message"
    CANCEL = "cancel"
    MOVE = "move"
    MINE = "mine"
    CORRECTION = "correction"
    PRICE = "price"
    HOURS = "hours"
    ADDRESS = "address"
    BOOK = "book"
    SERVICES = "services"
    SMALL_TALK = "small_talk"
    REPEAT = "repeat"
    WAIT = "wait"
    QUESTION = "question"
    GOODBYE = "goodbye"
    NO = "no"
    YES = "yes"
    THANKS = "thanks"
    GREETING = "greeting"
    SILENCE = "silence"


_VISIT = r"(?:appointments?|bookings?|reservations?|visits?|slots?|consultations?|sessions?|check ?ups?|haircuts?|time)"
_MY_VISIT = r"(?:my|our|the|an|this|that|his|her|their)(?: \S+)? (?:appointment|booking|reservation|visit|slot|time|date|day|oclock|haircut|check ?up)"
_STAFF = (
    r"(?:person|people|human|humans|someone|somebody|anyone|anybody|manager|owner|receptionist|representative|rep|agent|operator|staff|front desk"
    r"|reception|boss|colleague|doctor|dentist|stylist|barber|hairdresser|nurse|therapist|desk|team|supervisor)"
)
_MACHINE = r"(?:machine|robot|computer|bot|ai|recording|voicemail|automated)"
_POLICY = (
    r"(?:discounts?|gift|vouchers?|refunds?|warrant(?:y|ies)|guarantees?|parking|wifi|wi fi|insurance|payments?|cards?|cash|checks?|deposits?|walk ins?|dogs?|pets?"
    r"|wheelchair|access|toilets?|restrooms?|waiting|products?|policy|delivery|loyalty|membership|financing|installments?)"
)
_PATTERNS: dict[Intent, tuple[str, ...]] = {
    Intent.ABUSE: (
        r"\b(?:fuck\w*|shit\w*|bullshit|bitch\w*|asshole|bastard|cunt|dick ?head|wanker|piss off|screw you|go to hell|shut up|damn you|you suck)\b",
        r"\b(?:you|you are|this is|this|what an?|such an?|are an?)(?: (?:are|so|a|an|really|completely|fucking|such|just|damn|absolute))* "
        r"(?:useless|idiot\w*|stupid|moron\w*|dumb\w*|worthless|pathetic|garbage|trash|imbecile)\b",
    ),
    Intent.WRONG_NUMBER: (
        r"\bwrong (?:number|place|person|office)\b", r"\b(?:dial+ed|called|rang) (?:the )?(?:wrong|by (?:mistake|accident))\b",
        r"\bdid not mean to (?:call|ring|dial)\b", r"^(?:\S+ ){0,3}is (?:not )?this (?:not )?the (?!right)(?:\S+ )?(?:place|office|store|shop|restaurant|bank|hotel)\b",
    ),
    Intent.PERSON: (
        rf"\b(?:speak|talk|chat)(?: \S+)? (?:to|with)(?! (?:you\b|{_MACHINE}|an? {_MACHINE})) ?(?!you\b)\S+",
        r"\b(?:put|patch) (?:me|us) (?:through|on)\b", r"\b(?:transfer|connect|forward) (?:me|us|my call|this call|the call)\b",
        rf"\b(?:get|give|find|want|need|have|pass)(?: me| us)?(?: an?| the| to an?| to the| with the)?(?: real| live| actual)? (?:{_STAFF}|human being)\b(?! (?:to (?:call|ring|phone|get)|call|return))",
        r"^(?:an? |the )?(?:real |live )?(?:human|operator|agent|representative|person|receptionist|manager)(?: being)?(?: please| now)?$",
        r"\bis (?:doctor|mister|miss|missus|the \w+) ?\w* (?:there|in|around|available)\b(?! (?:at|on|tomorrow|today|this|next|for|any))",
        rf"\b(?:do not|not|rather not) (?:want to |like to |wanna )?(?:talk|speak|deal|talking|speaking)(?: to| with)? (?:an? |this |the )?(?:\w+ )?{_MACHINE}\b",
        r"\b(?:someone|somebody|anyone|a person|a human) (?:real|on the (?:line|phone)|else|human)\b", r"\b(?<!this a )(?<!you a )real (?:person|human)\b",
    ),
    Intent.MESSAGE: (
        r"\b(?:leave|take|pass|give|send|relay|deliver)(?: \S+){0,4} (?:messages?|word|note)\b(?! (?:from you))", r"\b(?:call|ring|phone|text|get back to|contact)(?: to)? (?:me|us) ?(?:back\b)",
        r"\b(?:a )?call ?back\b", r"\breturn (?:my|our|the) call\b", r"\b(?:tell|inform) (?!me\b|us\b|you\b)(?:him|her|them|the|my|your|doctor|mister|everyone|\w+) (?!me\b)\S+",
        r"\blet (?!me\b|us\b|you\b)(?:him|her|them|the \w+|your \w+|doctor \w+|everyone|\w+) know\b", r"\bask (?:the|your|him|her|them|doctor|someone|somebody|\w+)(?: \w+)? to (?:call|ring|phone|contact|text)\b",
        rf"\b(?:have|get|like|want|need) (?:{_STAFF}|the {_STAFF}|him|her|them) (?:to )?(?:call|ring|phone|contact|return)\b", r"\bnote (?:something |this |it |that )?down\b", r"\bpass (?:this|that|it|something) (?:along|on)\b",
    ),
    Intent.CANCEL: (
        r"\b(?:cancel(?:led|ling|ing)?)\b(?! (?:policy|fee))", rf"\b(?:call off|delete|remove|drop|scrap|scratch|get rid of|undo)(?: of)? {_MY_VISIT}\b",
        r"\btake me off\b", rf"\b(?:no longer|do not|will not) (?:need|want|require)(?: to keep)? {_MY_VISIT}", r"\b(?:call|calling) (?:\S+ ){0,3}off\b",
        r"\bget rid of my\b", rf"\b(?:can not|will not|not) (?:be )?(?:coming|able to come|able to make|make|come to|keep) {_MY_VISIT}(?! (?:at|on) .* (?:instead|can))",
    ),
    Intent.MOVE: (
        r"\b(?:reschedul\w*|re schedul\w*|rearrang\w*|postpon\w*|re ?book)\b",
        rf"\b(?:move|moving|shift|push|change|changing|swap|switch|bring|put|delay|alter|adjust|modify|transfer|exchange|update)(?: (?:back|forward|the time of|the date of|the day of|off|up))? {_MY_VISIT}\b",
        rf"\b(?:change|move|switch|shift) (?:the )?(?:time|date|day) (?:of|for|on) {_MY_VISIT}", r"\bmove (?:me|an appointment|a booking|it to (?:a|an)other)\b",
        r"\bmy (?:\w+ )?(?:appointment|booking|slot|visit)\b.*\b(?:instead|another (?:day|time)|different (?:day|time)|later|earlier)\b",
        r"\b(?:can not|will not|not able to|unable to) (?:make|come|do|keep|be there)\b.*\b(?:instead|another (?:day|time)|different (?:day|time)|can i come|can we do|could i come)\b",
        r"\b(?:my|our) \S+ (?:slot|appointment|booking)? ?(?:for|to|into) (?:\S+ )?(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    ),
    Intent.MINE: (
        r"\b(?:when|what time|what day|which day|what date|where|how long) (?:is|was|are) (?:my|our|the next)\b", r"\b(?:do|did|have) (?:i|we) (?:already )?(?:have|got|book|made|make|still have)\b(?! (?:to|your|any questions|the right))",
        r"\b(?:check|checking|confirm|confirming|look(?:ing)? up|look(?:ing)? at|remind|remember|forgot|forgotten|verify|verifying|see|find|about|sure)\b.*\b(?:my|our|an|the|i have an|for my) (?:next |upcoming )?(?:appointment|booking|reservation|visit)\b(?!.*\b(?:change|move|cancel|to (?:a|an)))",
        r"\b(?:am|are) (?:i|we) (?:booked|down|due|scheduled|supposed|on the|in the|signed up|expected)\b", r"\b(?:i am|we are) (?:booked|due|down|supposed|scheduled|expected)\b(?!.*\b(?:change|move|cancel|but)\b)",
        r"\bis my (?:\S+ )?(?:appointment|booking|visit|reservation)\b", r"\bdid you (?:get|receive|take|make|see) my\b", r"\b(?:which|what) (?:day|time|date|appointments?|bookings?)(?: \w+)? (?:do|did|am|have) i\b",
        r"\bmy booking went through\b",
    ),
    Intent.PRICE: (
        r"\bhow (?:much|expensive|pricey|costly|cheap)\b(?! (?:time|longer|notice|later|earlier|parking))", r"\b(?:cost|costs|price|prices|priced|pricing|fee|fees|charge|charges|charging|quote|rates?|tariffs?)\b(?! card)",
        r"\bset me back\b", r"\bpay for\b", r"\bis (?:it|the \w+|a \w+|an \w+|that) free$", r"\bfree of charge\b", r"\bhow many dollars\b",
    ),
    Intent.HOURS: (
        r"\b(?:opening|business|working|office|store|shop|closing|holiday|weekend|your) (?:hours|times)\b", r"\bwhat (?:are|is) (?:your|the) (?:opening |business )?(?:hours|schedule)\b", r"\b(?:do|does|will|are|is) (?:you|y'all|the \w+|it|they|your \w+)(?: \w+)? (?:open|opened|close|closed|shut|closing|opening)\b",
        r"\b(?:when|what time|how late|how early|how long|what days?|until what time|till what time|which days?|until when) (?:do|are|is|does|will|can) (?:you|the|it|they|your|i come)\b(?! next| first| earliest)(?! (?:free|available|have|take|been))(?!.*\bin business\b)",
        r"\bdo you (?:guys )?(?:work|operate) (?:on |at |over |during )?(?:weekends?|the weekend|mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|holidays|nights|evenings)\b",
        r"\bare you (?:guys )?(?:around|there|in|in the (?:shop|office)) (?:on|at|over|today|tomorrow|tonight|until|till|this)\b", r"\b(?:open|closed?) (?:on|at|over|for|today|tomorrow|tonight|right now|now|during|this|until|till)\b",
        r"\bcome by until\b", r"^(?:opening )?hours(?: please)?$",
    ),
    Intent.ADDRESS: (
        r"\b(?:your|the|an) (?:address|location|directions)\b", r"\baddress\b", r"\bwhere(?:abouts)? (?:are (?:you|they)|is (?:the|your|it|that|this)|do i (?:go|come|find)|to find|exactly|can i find)\b", r"\b(?:are|is) (?:you|the \w+|it) (?:located|based|situated|downtown|near)\b",
        r"\bhow (?:do|can|would|should) (?:i|we|you) (?:get|find|drive|walk|come) (?:there|to you|you|to your|it)\b", r"\bdirections\b", r"\b(?:what|which) (?:street|floor|part of town|city|town|neighbou?rhood|area|building|side of)\b",
        r"\b(?:can not|not|trouble|unable to) find(?:ing)? (?:your|the|you)\b", r"\bon (?:\w+ )?(?:street|avenue|road|boulevard)\b(?=.*\?|$)", r"\blocated\b",
    ),
    Intent.BOOK: (
        r"\b(?:book|schedule|reserve|arrange|set up|make|get|have|need|want|like|take|fix|request|looking for|sign up|interested in|after)\b(?: \S+){0,4} (?:appointments?|bookings?|reservations?|visit|slots?|consultation|session|check ?up|cleaning|opening)\b",
        r"\b(?:book|schedule|reserve|pencil)(?: \S+)? (?:me|us|a|an|the|my|it|something|one|in|for)\b", r"\b(?:book|schedule)\b.*\b(?:for|on|at|with)\b", r"\b(?:squeeze|fit|get|slot|put|take|see|pencil) (?:me|us|him|her|my \w+) (?:in|down|at|on|before|after|today|tomorrow|this|next|for)\b",
        r"\bput (?:me|us) down\b", r"\bset (?:me|us) up\b", r"\bsign (?:me )?up\b", r"\b(?:come|get|stop|drop|pop|swing) (?:in|by|over|to see)\b(?! until)", r"\b(?:be|get) seen\b", r"\b(?:see|visit|go to) (?:the |a |your |one of your )?(?:doctor|dentist|stylist|hygienist|barber|hairdresser|therapist|salon|specialist)\b",
        r"\b(?:any ?thing|something|any|an?|some|got|have|has)(?: \S+){0,3} (?:openings?|slots?|free|available|availability|appointments?|spots?|open|times?)\b(?! of charge)", r"\b(?:openings?|availability)\b", r"\bare (?:you|they) (?:free|available)\b", r"\b(?:earliest|soonest|next available|first available|next opening)\b",
        r"\bdo you take (?:bookings|appointments|reservations)\b", r"\b(?:as soon as possible)\b",
        r"\b(?:tooth ?ache|in pain|broke (?:a|my) tooth|emergency)\b",
    ),
    Intent.SERVICES: (
        r"\b(?:what|which)(?: \S+){0,3} (?:services?|treatments?|procedures?|things|options)\b(?! (?:do i|cost))", r"\bservices\b", r"\bwhat(?: \w+)? (?:do|can) (?:you|i)(?: guys| all)? (?:do|offer|provide|book|have|get)\b(?! (?:for|if|when|about|after))", rf"(?<!how )\b(?:do|can|could) (?:you|you guys|they) (?:do|offer|provide|perform|handle|cut|give)\b(?! (?:you|that|it|this|me)\b)(?!.*\b{_POLICY}\b)",
        r"\bsomething you (?:do|offer)\b", r"\bon the menu\b", r"\bdo you (?:guys )?(?:offer|provide)\b",
    ),
    Intent.SMALL_TALK: (
        r"\bhow (?:are|is) (?:you|your day|it going|things|everything|life)\b", rf"\b(?:are|is) (?:you|this)(?: \w+)? (?:a |an )?(?:\w+ )?(?:{_MACHINE}|human|real|person)\b", r"\b(?:am i|i am) (?:talking|speaking) (?:to|with)\b", r"\bwho (?:am i|is this|are you|do i have)\b", r"\bwhat is your name\b", r"\b(?:a )?joke\b", r"\bweather\b", r"^what is up\b", r"\b(?:like|love) your (?:voice|accent)\b",
        r"\byou sound\b", r"\bdo you (?:ever )?(?:sleep|eat|dream|like|love|have (?:feelings|friends|a name))\b", r"\b(?:happy|merry) (?:holidays?|new year|christmas|thanksgiving|easter|birthday)\b", r"\bnice to (?:meet|talk)\b",
    ),
    Intent.REPEAT: (
        r"\b(?:repeat|repeating)\b", r"\bsay (?:that|it|this)? ?(?:again|once more|one more time)\b", r"\bcome again\b", r"\b(?:what|how|which|when|where)(?: \S+){1,4} again\b", r"\bwhat was (?:that|it)\b", r"\bwhat did you (?:say|just say)\b", r"\b(?:did not|could not|can not|can hardly|can barely|do not) (?:quite )?(?:catch|hear|get|understand|follow)(?: (?:that|you|it|what|the)\b|$)",
        r"\bmissed (?:that|it|what)\b", r"^(?:i am )?(?:so )?(?:sorry|pardon(?: me)?|excuse me|huh|what|hello what|beg your pardon|i beg your pardon)(?: (?:what|sorry))?(?: \?)?$", r"\b(?:one|1) more time\b", r"\bbreaking up\b", r"\bspeak (?:up|louder|slower|more slowly)\b", r"\blouder\b", r"\bslow down\b",
    ),
    Intent.WAIT: (
        r"\b(?:hold|hang) on\b", r"\b(?:one|1|just a|a|give me a|give me one|wait a|half a) (?:second|sec|moment|minute|min|mo)\b(?! (?:late|later|ago))", r"^wait\b(?! no)", r"\blet me (?:check|think|see|look|get|ask|find)\b", r"\bbear with me\b", r"\bcan you (?:hold|wait)\b", r"\bplease (?:hold|wait)\b",
    ),
    Intent.GOODBYE: (
        r"\b(?:good ?bye|bye|see you|see ya|so long|take care|farewell|later gator|ciao)\b(?! (?:of|in the))", r"\bhave a (?:nice|good|great|lovely|wonderful|pleasant|blessed)\b", r"\b(?:that|this) (?:is|was|will be|would be|should be|ought to be) (?:all|it|everything|done)\b(?! (?:right|good|fine|correct|wrong))", r"\b(?:that|this|which) (?:does it|will do it|takes care|took care|covers)\b", r"\ball (?:that )?i (?:need|needed|wanted|want)\b", r"\ball set\b",
        r"\bi am (?:done|finished|good|okay|fine)(?:$| [.,]| (?:for|now|thanks?|then|today)\b)", r"\bwe are (?:done|finished|good|all set)\b", r"\bnothing (?:else|more|further)\b", r"\b(?:talk|speak|catch) (?:to )?you (?:later|soon)\b", r"\b(?:have|need|got) to (?:go|run)\b$", r"\bdo not need (?:anything|any) (?:else|more|further)\b", r"\bwill not need anything\b", r"\btake(?:n|s)? care of everything\b", r"\banswered (?:all|everything)\b",
        r"\bhang up\b", r"\bno more\b", r"\bthat is it\b(?! (?:correct|right))", r"^(?:no|nope|nothing|none|okay)(?: [.,])? (?:it |that )?is (?:okay|fine|good|all right)$", r"\bgot (?:all|everything) i\b",
    ),
    Intent.THANKS: (r"\b(?:thank(?:s|ful|ing|yo?u)?|thx|thnx|tks|ty|gracias|merci)\b", r"\bmuch obliged\b", r"\b(?:great|good|nice|wonderful|excellent|awesome|big|perfect) (?:help|job|work|service)\b", r"\b(?:life ?saver|you rock)\b", r"\bappreciat\w*\b", r"\bcheers\b", r"\bkind of you\b", r"\b(?:so|very|been|really) helpful\b", r"\bgrateful\b", r"\byou are (?:the best|great|awesome|amazing|a star)\b"),
    Intent.GREETING: (r"^(?:(?:hello|hi|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|there|again|how do you do|is anyone there|anyone there|anybody there|is anybody there)(?: [.,?])? ?)+$",),
}  # fmt: skip
_COMPILED = {intent: re.compile("|".join(patterns)) for intent, patterns in _PATTERNS.items()}
_ASKS = re.compile(
    r"(?:^|[.,?] |\band |\bbut |\bso |\bhi |\bhello |\bokay )(?:do|does|did|can|could|is|are|am|was|were|what|which|who|whose|how|why|when|where|should|would|will|may|must|has|have) "
    r"(?:you|your|i|we|it|there|the|this|that|they|a|an|my|is|are|do|does|happens|about|long|many|far|if|to|should|payment|products|kind|can|of|credit|one)\b"
    r"|\b(?:give|tell|show|send|provide|text|read) (?:me|us)\b|\bi (?:also |just )?(?:need|want|would like)(?: to (?:get|have|know))? (?:their|his|her|your|its)\b"
    r"|\?$|\bi (?:would like to|want to|wanted to) (?:know|ask)\b|\b(?:wondering|tell me|let me know) (?:if|about|whether|how|what|more)\b"
)
_EMPTY = re.compile(r"^(?:(?:well|so|like|you know|and|but|the|i|okay so|let us see|a)(?: [.,?])? ?)*[.,? ]*$")


def find_intents(text: str) -> tuple[Intent, ...]:
    """The intents a plain text shows by itself, weightiest first."""
    if _EMPTY.match(text):
        return (Intent.SILENCE,)
    found = {intent for intent, pattern in _COMPILED.items() if pattern.search(text)}
    if not found - {Intent.THANKS, Intent.GREETING, Intent.REPEAT} and Intent.REPEAT not in found and is_question(text):
        found.add(Intent.QUESTION)
    return tuple(intent for intent in Intent if intent in found)


def is_question(text: str) -> bool:
    """Whether a plain text asks something."""
    return _ASKS.search(text) is not None
