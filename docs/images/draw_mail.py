"""Draw mail.png: the confirmation of a booking and, below it, a receipt, as a browser shows the HTML of these mails.

python docs/images/draw_mail.py [BROWSER]   # a Chromium, by default `chromium`
"""

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from aira.core.messages import write_message
from aira.model import Business

WIDTH = 620
BUSINESS = Business(
    id=UUID(int=1),
    user_id=None,
    name="Bella Hair",
    time_zone="America/New_York",
    email=None,
    greeting=None,
    transfer_number=None,
    address="12 Main Street, New York",
    slot_minutes=15,
    default_duration_minutes=30,
    min_notice_minutes=0,
    max_advance_days=90,
    kb_version=0,
    is_active=True,
    created_at=datetime(2026, 11, 23, tzinfo=UTC),
)
BOOKED = {
    "start_time": "2026-12-01T19:00:00+00:00",
    "end_time": "2026-12-01T19:45:00+00:00",
    "service": "Haircut",
    "customer_name": "Ann",
    "customer_phone": "+12125550123",
    "notes": None,
}
PAID = {
    "receipt": "6f0c2a1e",
    "amount": "1.15",
    "currency": "USD",
    "number": "+12125550100",
    "period_from": "2026-12-01",
    "period_to": "2026-12-31",
    "balance": "8.85",
}
MAILS = (("appointment_confirmed", BOOKED, 384), ("receipt", PAID, 384))
"""Template, payload, height of the picture in pixels."""


def main(browser: str) -> None:
    """Write both mails, and photograph them one below the other."""
    with tempfile.TemporaryDirectory() as folder:
        frames = []
        for template, payload, height in MAILS:
            words = write_message(template, "email", payload, business=BUSINESS, number="+12125550100")
            page = Path(folder, f"{template}.html")
            page.write_text(words.html, "utf-8")
            frames.append(f'<iframe src="{page.name}" style="display:block;border:0;width:{WIDTH}px;height:{height}px"></iframe>')
        Path(folder, "both.html").write_text(f'<!doctype html><body style="margin:0">{"".join(frames)}', "utf-8")
        picture = Path(__file__).with_name("mail.png")
        size = f"--window-size={WIDTH},{sum(height for _, _, height in MAILS)}"
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--hide-scrollbars"]
        subprocess.run(
            [browser, *flags, f"--user-data-dir={folder}/profile", size, f"--screenshot={picture}", f"file://{folder}/both.html"],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "chromium")
