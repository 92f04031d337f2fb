"""What calls use, noted while they last, and what that costs."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import UUID

from aira.core.app import Aira
from aira.core.calls import find_call
from aira.core.db import execute, fetch_all
from aira.model import CallCost, Usage

Unit = Literal["stt_seconds", "llm_input_tokens", "llm_output_tokens", "tts_characters"]

_RECORD_SQL = "select record_call_usage(%(call)s, %(unit)s, %(engine)s, %(quantity)s)"
_USED_SQL = """
select 'carrier_minutes' as unit, %(carrier)s::text as engine, ceil(coalesce(carrier_seconds, duration_seconds) / 60.0) as quantity
from calls where id = %(call)s and to_number is not null and status <> 'rejected' and ended_at is not null
union all
(select unit, engine, quantity from call_usage where call_id = %(call)s order by unit, engine)
"""


@dataclass(frozen=True, slots=True)
class _Used:
    unit: str
    engine: str
    quantity: Decimal


def record_usage(aira: Aira, call: UUID, unit: Unit, quantity: float, *, engine: str) -> None:
    """Add to what a call has used so far: seconds transcribed, tokens of a model, characters spoken.

    `engine` is who did it, such as deepgram or a model's name. Zero is not noted.
    """
    amount = Decimal(str(round(quantity, 3)))
    if amount > 0:
        with aira.database.transaction() as connection:
            execute(connection, _RECORD_SQL, {"call": call, "unit": unit, "engine": engine, "quantity": amount})


def call_cost(aira: Aira, reference: str) -> CallCost:
    """What a call, named by id or CallSid, used and cost by AIRA_USAGE_PRICES; the carrier's minutes once it is over. Raises NotFound."""
    call = find_call(aira, reference)
    with aira.database.transaction() as connection:
        used = fetch_all(connection, _Used, _USED_SQL, {"call": call.id, "carrier": aira.settings.aira_carrier})
    prices = aira.settings.aira_usage_prices
    usage = []
    for one in used:
        price = prices.get(f"{one.engine}/{one.unit}", prices.get(one.unit, Decimal(0)))
        usage.append(Usage(one.unit, one.engine, _plain(one.quantity), price, price * one.quantity))
    return CallCost(usage, sum((one.cost for one in usage), Decimal(0)), aira.settings.aira_usage_currency)


def _plain(quantity: Decimal) -> float:
    return int(quantity) if quantity == int(quantity) else float(quantity)
