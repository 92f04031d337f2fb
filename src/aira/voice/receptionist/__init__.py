"""The built-in mind: a receptionist without a model, a pure function from (state, event, facts) to (state, actions).

Words are brought to one plain form (`words`), read against what was asked (`understand`), decided on by a table (`dialogue.policy`)
and answered in sentences that stand in `phrases`. Nothing in here hears, speaks, waits, looks at a clock or into a database.
"""

from aira.voice.receptionist.calling_back import calls_back
from aira.voice.receptionist.dialogue import decide
from aira.voice.receptionist.names import is_same_name as is_same_customer

__all__ = ["calls_back", "decide", "is_same_customer"]
