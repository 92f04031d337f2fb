"""The records AiRa works with. Field names are the column names of the database and the field names of `--json`.

Times are aware datetimes in UTC, dates are calendar dates of the business or wallet, money is Decimal beside a currency,
telephone numbers are E.164, durations carry their unit in the name.
"""

from aira.model.appointments import (
    Appointment as Appointment,
    AppointmentSource as AppointmentSource,
    Closing as Closing,
    HolidayClosing as HolidayClosing,
    Notification as Notification,
    Slot as Slot,
)
from aira.model.businesses import (
    Business as Business,
    BusinessFacts as BusinessFacts,
    Closure as Closure,
    OpeningSpan as OpeningSpan,
    Owner as Owner,
    Resource as Resource,
    Service as Service,
)
from aira.model.calls import (
    Call as Call,
    CallCost as CallCost,
    CallEvent as CallEvent,
    CallMessage as CallMessage,
    TraceStep as TraceStep,
    Turn as Turn,
    Usage as Usage,
)
from aira.model.checkup import Check as Check
from aira.model.documents import (
    Document as Document,
    DocumentCheck as DocumentCheck,
    DocumentStatus as DocumentStatus,
    Hit as Hit,
    SearchResult as SearchResult,
)
from aira.model.money import (
    LedgerProblem as LedgerProblem,
    LedgerReport as LedgerReport,
    Statement as Statement,
    Transaction as Transaction,
    Wallet as Wallet,
)
from aira.model.monitor import (
    CallInProgress as CallInProgress,
    Glance as Glance,
    Overview as Overview,
)
from aira.model.numbers import (
    AvailableNumber as AvailableNumber,
    BillingItem as BillingItem,
    BillingRun as BillingRun,
    Charge as Charge,
    NumberSearch as NumberSearch,
    NumberStatus as NumberStatus,
    PhoneNumber as PhoneNumber,
    PreviewItem as PreviewItem,
)
