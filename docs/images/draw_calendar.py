"""Draw calendar.svg: a week of the demo's business as `aira appointments calendar` shows it on a terminal.

python docs/images/draw_calendar.py
"""

import io
import re
import tempfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from aira.cli.week_grid import week_lines
from aira.core import add_business, add_closure, add_owner, add_resource, add_service, book_appointment, open_aira
from aira.core.week import calendar_week
from aira.settings import Settings

WIDTH = 118
BOOKINGS = (
    (0, time(10, 0), "Haircut", "Maria Lopez", "cli", None),
    (1, time(9, 30), "Haircut", "Ben Carter", "ui", None),
    (1, time(15, 30), "Haircut", "Sarah Johnson", "voice_agent", "CA74eb9c448acf99"),
    (2, time(11, 0), "Colour treatment", "Ann Smith", "voice_agent", "CA5d01c7e2b39a40"),
    (4, time(13, 0), "Colour treatment", "Li Wei", "api", None),
)


def main() -> None:
    """Book a week and draw it."""
    with tempfile.TemporaryDirectory() as folder, open_aira(_home(Path(folder))) as aira:
        add_owner(aira, "ann@example.com")
        business = add_business(aira, "Bella Hair", time_zone="America/New_York", hours="Mon-Fri 09:00-17:00; Sat 10:00-14:00")
        add_service(aira, "Haircut", business=business.id, minutes=30)
        add_service(aira, "Colour treatment", business=business.id, minutes=90)
        add_resource(aira, "Maria", business=business.id)
        monday = _next_monday(aira.clock.now(), business.time_zone)
        for day, at, service, name, source, call in BOOKINGS:
            start = datetime.combine(monday + timedelta(days=day), at, ZoneInfo(business.time_zone))
            book_appointment(aira, business=business.id, start=start, service=service, customer_name=name, source=source, external_id=call)
        add_closure(aira, monday + timedelta(days=3), business=business.id, reason="stocktaking")
        week = calendar_week(aira, business=business.id, day=monday)
    console = Console(record=True, width=WIDTH, highlight=False, force_terminal=True, file=io.StringIO())
    for line in week_lines(week, width=WIDTH):
        console.print(line, no_wrap=True)
    drawn = console.export_svg(title="aira appointments calendar")
    # Fonts from elsewhere would be asked for by everybody who looks at the page.
    drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)
    Path(__file__).with_name("calendar.svg").write_text(drawn, "utf-8")


def _home(folder: Path) -> Settings:
    folder.chmod(0o711)
    return Settings(aira_home=folder)


def _next_monday(now: datetime, time_zone: str) -> date:
    today = now.astimezone(ZoneInfo(time_zone)).date()
    return today + timedelta(days=7 - today.weekday())


if __name__ == "__main__":
    main()
