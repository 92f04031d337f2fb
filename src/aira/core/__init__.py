"""The library: one function a use case. Names are resolved on first use, so that importing this costs nothing."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aira.core.app import Aira, open_aira

__all__ = ["Aira", "open_aira"]

_MODULES = {
    "Aira": "app",
    "open_aira": "app",
    "add_owner": "owners",
    "find_owner": "owners",
    "list_owners": "owners",
    "add_business": "businesses",
    "find_business": "businesses",
    "list_businesses": "businesses",
    "opening_hours": "businesses",
    "set_business": "businesses",
    "set_hours": "businesses",
    "add_closure": "closures",
    "list_closures": "closures",
    "remove_closure": "closures",
    "add_resource": "services",
    "add_service": "services",
    "list_resources": "services",
    "list_services": "services",
    "remove_resource": "services",
    "remove_service": "services",
    "business_facts": "facts",
    "calendar_week": "week",
    "book_appointment": "appointments",
    "cancel_appointment": "appointments",
    "complete_appointment": "appointments",
    "find_appointment": "appointments",
    "find_slots": "appointments",
    "list_appointments": "appointments",
    "mark_no_show": "appointments",
    "reschedule_appointment": "appointments",
    "validate_appointment_time": "appointments",
    "export_appointments": "calendars",
    "deliver_due": "notifications",
    "deliver_notification": "notifications",
    "find_notification": "notifications",
    "list_notifications": "notifications",
    "queue_notification": "notifications",
    "record_delivery": "notifications",
    "retry_notification": "notifications",
    "record_consent": "consents",
    "find_wallet": "wallet",
    "list_wallets": "wallet",
    "reverse_transaction": "wallet",
    "set_billing": "wallet",
    "set_low_balance_alert": "wallet",
    "top_up": "wallet",
    "verify_wallet": "wallet",
    "wallet_statement": "wallet",
    "assign_number": "numbers",
    "find_number": "numbers",
    "list_numbers": "numbers",
    "number_requirements": "numbers",
    "search_numbers": "numbers",
    "unassign_number": "numbers",
    "Papers": "purchases",
    "buy_number": "purchases",
    "appointments_of_line": "releases",
    "release_number": "releases",
    "reconcile_numbers": "reconcile",
    "rehearse_carrier": "rehearsals",
    "list_prices": "prices",
    "sync_prices": "prices",
    "list_charges": "charges",
    "find_run": "charges",
    "list_runs": "charges",
    "preview_billing": "charges",
    "run_billing": "renewals",
    "waive_charge": "charges",
    "open_call": "calls",
    "open_chat": "calls",
    "find_call": "calls",
    "list_calls": "calls",
    "issue_stream_token": "calls",
    "redeem_stream_token": "calls",
    "record_event": "calls",
    "record_latency": "calls",
    "call_events": "calls",
    "transcript": "calls",
    "mind_state": "calls",
    "set_next_step": "calls",
    "set_recording": "calls",
    "recording": "calls",
    "close_call": "calls",
    "take_message": "calls",
    "call_messages": "calls",
    "first_time": "calls",
    "trace_call": "trace",
    "add_document": "documents",
    "await_document": "documents",
    "find_document": "documents",
    "ingest_document": "documents",
    "list_documents": "documents",
    "process_document": "documents",
    "reindex_documents": "documents",
    "remove_document": "documents",
    "retry_document": "documents",
    "verify_documents": "documents",
    "load_knowledge": "knowledge",
    "search_knowledge": "knowledge",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'aira.core' has no attribute '{name}'")
    value: object = getattr(importlib.import_module(f"aira.core.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_MODULES)
