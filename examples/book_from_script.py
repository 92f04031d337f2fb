"""Use AiRa as a library: a business, a free time, an appointment.

AIRA_HOME=/tmp/aira-example python examples/book_from_script.py
"""

from aira.core import add_business, add_owner, add_service, book_appointment, find_business, find_slots, open_aira
from aira.errors import NotFound


def main() -> None:
    """Book the next free haircut and print it."""
    with open_aira() as aira:
        try:
            business = find_business(aira, "Bella Hair")
        except NotFound:
            add_owner(aira, "ann@example.com")
            business = add_business(aira, "Bella Hair", time_zone="America/New_York", hours="Mon-Sat 09:00-17:00")
            add_service(aira, "Haircut", business=business.id, minutes=30)
        slot = find_slots(aira, business=business.id, service="Haircut", limit=1)[0]
        appointment = book_appointment(aira, business=business.id, start=slot.start_time, service="Haircut", customer_name="Ann")
        print(f"{appointment.service} for {appointment.customer_name} at {appointment.start_time.isoformat()}")


if __name__ == "__main__":
    main()
