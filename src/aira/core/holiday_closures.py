"""Public holidays as closed days."""

from datetime import date
from uuid import UUID

from aira.core.app import Aira
from aira.core.businesses import resolve_business
from aira.core.closures import CLOSURE_COLUMNS, outside_hours
from aira.core.db import fetch_all
from aira.core.when_typed import local_today
from aira.errors import InvalidInput
from aira.model import Closure, HolidayClosing

_CLOSE_SQL = f"""
insert into business_closures (business_id, on_date, reason)
select %(business_id)s, h.on_date, h.reason from unnest(%(days)s::date[], %(names)s::text[]) h (on_date, reason)
where not exists (select from business_closures c where c.business_id = %(business_id)s and c.on_date = h.on_date)
on conflict do nothing returning {CLOSURE_COLUMNS}
"""
_ON_DAYS_SQL = f"""
select {CLOSURE_COLUMNS} from business_closures
where business_id = %(business_id)s and on_date = any(%(days)s::date[]) order by on_date, opens nulls first
"""


def import_holidays(
    aira: Aira, *, business: UUID | str, country: str, year: int, subdivision: str | None = None, dry_run: bool = False
) -> HolidayClosing:
    """Close a business on the public holidays of a year, from today on; a date that has a closure or other hours keeps them.

    `country` is an ISO 3166 code such as US, `subdivision` the code of a state or region such as NY. What is booked outside the hours
    on these days is returned, and stays booked. The same import again changes nothing. Raises InvalidInput, NotFound.
    """
    names = _holidays(country.strip().upper(), subdivision.strip().upper() if subdivision else None, year)
    with aira.database.transaction(dry_run=dry_run) as connection:
        found = resolve_business(connection, business)
        today = local_today(aira, found)
        days = sorted(day for day in names if day >= today)
        values = {"business_id": found.id, "days": days, "names": [names[day] for day in days]}
        added = {closure.id for closure in fetch_all(connection, Closure, _CLOSE_SQL, values)}
        closures = fetch_all(connection, Closure, _ON_DAYS_SQL, values)
        return HolidayClosing(
            added=[closure for closure in closures if closure.id in added],
            kept=[closure for closure in closures if closure.id not in added],
            affected=[one for day in days for one in outside_hours(connection, found.id, day)],
        )


def _holidays(country: str, subdivision: str | None, year: int) -> dict[date, str]:
    """The name of each public holiday of a place, in English."""
    import holidays

    try:
        found = holidays.country_holidays(country, subdiv=subdivision, years=year, language="en_US")
    except NotImplementedError:
        known = holidays.list_supported_countries()
        if country not in known:
            raise InvalidInput(f"No holidays are known of a country '{country}'.", hint="Give its ISO code, such as US or DE.") from None
        places = ", ".join(known[country]) or "none"
        raise InvalidInput(f"'{subdivision}' is not a part of {country} with holidays of its own.", hint=f"Known are: {places}.") from None
    if not found:
        raise InvalidInput(f"The holidays of {country} in {year} are not known.", hint="Give a year that is near.")
    return dict(found)
