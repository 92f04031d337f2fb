"""The library: one function a use case. Names are resolved on first use, so that importing this costs nothing."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aira.core.app import Aira as Aira, open_aira as open_aira
    from aira.core.appointments import (
        book_appointment as book_appointment,
        cancel_appointment as cancel_appointment,
        complete_appointment as complete_appointment,
        find_appointment as find_appointment,
        find_slots as find_slots,
        list_appointments as list_appointments,
        mark_no_show as mark_no_show,
        reschedule_appointment as reschedule_appointment,
        validate_appointment_time as validate_appointment_time,
    )
    from aira.core.businesses import (
        add_business as add_business,
        find_business as find_business,
        list_businesses as list_businesses,
        opening_hours as opening_hours,
        set_business as set_business,
        set_hours as set_hours,
    )
    from aira.core.calendars import (
        calendar_address as calendar_address,
        calendar_feed as calendar_feed,
        export_appointments as export_appointments,
    )
    from aira.core.call_costs import call_cost as call_cost, record_usage as record_usage
    from aira.core.call_summaries import sum_up_call as sum_up_call
    from aira.core.calls import (
        call_events as call_events,
        call_messages as call_messages,
        close_call as close_call,
        find_call as find_call,
        issue_stream_token as issue_stream_token,
        list_calls as list_calls,
        mind_state as mind_state,
        open_call as open_call,
        open_chat as open_chat,
        record_event as record_event,
        record_latency as record_latency,
        recording as recording,
        redeem_stream_token as redeem_stream_token,
        set_next_step as set_next_step,
        set_recording as set_recording,
        take_message as take_message,
        transcript as transcript,
    )
    from aira.core.charges import (
        find_run as find_run,
        list_charges as list_charges,
        list_runs as list_runs,
        preview_billing as preview_billing,
        waive_charge as waive_charge,
    )
    from aira.core.closures import (
        add_closure as add_closure,
        booked_outside_hours as booked_outside_hours,
        list_closures as list_closures,
        remove_closure as remove_closure,
    )
    from aira.core.consents import record_consent as record_consent
    from aira.core.delivery import words_of_notification as words_of_notification
    from aira.core.documents import (
        add_document as add_document,
        announce_documents as announce_documents,
        await_document as await_document,
        collect_garbage as collect_garbage,
        find_document as find_document,
        ingest_document as ingest_document,
        list_documents as list_documents,
        process_document as process_document,
        readable_files as readable_files,
        reindex_documents as reindex_documents,
        remove_document as remove_document,
        retry_document as retry_document,
        verify_documents as verify_documents,
    )
    from aira.core.facts import (
        business_facts as business_facts,
    )
    from aira.core.holiday_closures import import_holidays as import_holidays
    from aira.core.knowledge import (
        load_knowledge as load_knowledge,
        search_knowledge as search_knowledge,
    )
    from aira.core.monitor import (
        overview as overview,
    )
    from aira.core.notifications import (
        deliver_due as deliver_due,
        deliver_news as deliver_news,
        deliver_notification as deliver_notification,
        find_notification as find_notification,
        list_notifications as list_notifications,
        queue_notification as queue_notification,
        record_delivery as record_delivery,
        retry_notification as retry_notification,
    )
    from aira.core.numbers import (
        assign_number as assign_number,
        find_number as find_number,
        list_numbers as list_numbers,
        number_requirements as number_requirements,
        search_numbers as search_numbers,
        unassign_number as unassign_number,
    )
    from aira.core.own_words import (
        remove_own_words as remove_own_words,
        set_own_words as set_own_words,
        words_in_use as words_in_use,
    )
    from aira.core.owners import (
        add_owner as add_owner,
        find_owner as find_owner,
        list_owners as list_owners,
    )
    from aira.core.prices import (
        list_prices as list_prices,
        sync_prices as sync_prices,
    )
    from aira.core.purchases import (
        Papers as Papers,
        buy_number as buy_number,
    )
    from aira.core.reconcile import (
        reconcile_numbers as reconcile_numbers,
    )
    from aira.core.rehearsals import (
        rehearse_carrier as rehearse_carrier,
    )
    from aira.core.releases import (
        appointments_of_line as appointments_of_line,
        release_number as release_number,
    )
    from aira.core.renewals import (
        run_billing as run_billing,
    )
    from aira.core.senders import resume_texts as resume_texts
    from aira.core.services import (
        add_resource as add_resource,
        add_service as add_service,
        list_resources as list_resources,
        list_services as list_services,
        remove_resource as remove_resource,
        remove_service as remove_service,
    )
    from aira.core.trace import (
        trace_call as trace_call,
    )
    from aira.core.voicemail import keep_recording as keep_recording
    from aira.core.wallet import (
        find_wallet as find_wallet,
        list_wallets as list_wallets,
        reverse_transaction as reverse_transaction,
        set_billing as set_billing,
        set_low_balance_alert as set_low_balance_alert,
        top_up as top_up,
        verify_wallet as verify_wallet,
        wallet_statement as wallet_statement,
    )
    from aira.core.week import (
        calendar_week as calendar_week,
    )

_MODULES = {
    "Aira": "app",
    "open_aira": "app",
    "book_appointment": "appointments",
    "cancel_appointment": "appointments",
    "complete_appointment": "appointments",
    "find_appointment": "appointments",
    "find_slots": "appointments",
    "list_appointments": "appointments",
    "mark_no_show": "appointments",
    "reschedule_appointment": "appointments",
    "validate_appointment_time": "appointments",
    "add_business": "businesses",
    "find_business": "businesses",
    "list_businesses": "businesses",
    "opening_hours": "businesses",
    "set_business": "businesses",
    "set_hours": "businesses",
    "calendar_address": "calendars",
    "calendar_feed": "calendars",
    "export_appointments": "calendars",
    "call_cost": "call_costs",
    "record_usage": "call_costs",
    "sum_up_call": "call_summaries",
    "call_events": "calls",
    "call_messages": "calls",
    "close_call": "calls",
    "find_call": "calls",
    "issue_stream_token": "calls",
    "list_calls": "calls",
    "mind_state": "calls",
    "open_call": "calls",
    "open_chat": "calls",
    "record_event": "calls",
    "record_latency": "calls",
    "recording": "calls",
    "redeem_stream_token": "calls",
    "set_next_step": "calls",
    "set_recording": "calls",
    "take_message": "calls",
    "transcript": "calls",
    "find_run": "charges",
    "list_charges": "charges",
    "list_runs": "charges",
    "preview_billing": "charges",
    "waive_charge": "charges",
    "add_closure": "closures",
    "booked_outside_hours": "closures",
    "list_closures": "closures",
    "remove_closure": "closures",
    "import_holidays": "holiday_closures",
    "record_consent": "consents",
    "words_of_notification": "delivery",
    "add_document": "documents",
    "await_document": "documents",
    "find_document": "documents",
    "ingest_document": "documents",
    "list_documents": "documents",
    "process_document": "documents",
    "announce_documents": "documents",
    "collect_garbage": "documents",
    "readable_files": "documents",
    "reindex_documents": "documents",
    "remove_document": "documents",
    "retry_document": "documents",
    "verify_documents": "documents",
    "business_facts": "facts",
    "load_knowledge": "knowledge",
    "search_knowledge": "knowledge",
    "overview": "monitor",
    "deliver_due": "notifications",
    "deliver_news": "notifications",
    "deliver_notification": "notifications",
    "find_notification": "notifications",
    "list_notifications": "notifications",
    "queue_notification": "notifications",
    "record_delivery": "notifications",
    "retry_notification": "notifications",
    "assign_number": "numbers",
    "find_number": "numbers",
    "list_numbers": "numbers",
    "number_requirements": "numbers",
    "search_numbers": "numbers",
    "unassign_number": "numbers",
    "add_owner": "owners",
    "find_owner": "owners",
    "list_owners": "owners",
    "remove_own_words": "own_words",
    "set_own_words": "own_words",
    "words_in_use": "own_words",
    "list_prices": "prices",
    "sync_prices": "prices",
    "Papers": "purchases",
    "buy_number": "purchases",
    "reconcile_numbers": "reconcile",
    "rehearse_carrier": "rehearsals",
    "appointments_of_line": "releases",
    "release_number": "releases",
    "run_billing": "renewals",
    "resume_texts": "senders",
    "add_resource": "services",
    "add_service": "services",
    "list_resources": "services",
    "list_services": "services",
    "remove_resource": "services",
    "remove_service": "services",
    "trace_call": "trace",
    "keep_recording": "voicemail",
    "find_wallet": "wallet",
    "list_wallets": "wallet",
    "reverse_transaction": "wallet",
    "set_billing": "wallet",
    "set_low_balance_alert": "wallet",
    "top_up": "wallet",
    "verify_wallet": "wallet",
    "wallet_statement": "wallet",
    "calendar_week": "week",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'aira.core' has no attribute '{name}'")
    value: object = getattr(importlib.import_module(f"aira.core.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_MODULES)
