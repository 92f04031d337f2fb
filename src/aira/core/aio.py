"""The functions of aira.core as coroutines, for async callers: each runs in a thread.

A thread is not cancelled with the task that awaits it, so that a booking commits or rolls back whole even when a caller
interrupts. The threads are their own: those that wait for a database which hangs keep nobody else from working.
"""

import asyncio
import contextvars
import functools
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from aira.core import (
    appointments,
    businesses,
    calendars,
    call_costs,
    call_summaries,
    calls,
    charges,
    closures,
    consents,
    delivery,
    documents,
    facts,
    holiday_closures,
    knowledge,
    monitor,
    notifications,
    numbers,
    own_words,
    owners,
    prices,
    purchases,
    reconcile,
    rehearsals,
    releases,
    renewals,
    senders,
    services,
    trace,
    voicemail,
    wallet,
    week,
)

MOST_THREADS = 32

P = ParamSpec("P")
R = TypeVar("R")

_threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="aira")


def in_thread(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """The same function with the same arguments, awaited instead of waited for."""

    @functools.wraps(function)
    async def awaited(*args: P.args, **kwargs: P.kwargs) -> R:
        work = functools.partial(contextvars.copy_context().run, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(_threads, work)

    return awaited


book_appointment = in_thread(appointments.book_appointment)
cancel_appointment = in_thread(appointments.cancel_appointment)
complete_appointment = in_thread(appointments.complete_appointment)
find_appointment = in_thread(appointments.find_appointment)
find_slots = in_thread(appointments.find_slots)
list_appointments = in_thread(appointments.list_appointments)
mark_no_show = in_thread(appointments.mark_no_show)
reschedule_appointment = in_thread(appointments.reschedule_appointment)
validate_appointment_time = in_thread(appointments.validate_appointment_time)

add_business = in_thread(businesses.add_business)
find_business = in_thread(businesses.find_business)
list_businesses = in_thread(businesses.list_businesses)
opening_hours = in_thread(businesses.opening_hours)
set_business = in_thread(businesses.set_business)
set_hours = in_thread(businesses.set_hours)

calendar_address = in_thread(calendars.calendar_address)
calendar_feed = in_thread(calendars.calendar_feed)
export_appointments = in_thread(calendars.export_appointments)

call_cost = in_thread(call_costs.call_cost)
record_usage = in_thread(call_costs.record_usage)
sum_up_call = in_thread(call_summaries.sum_up_call)

call_events = in_thread(calls.call_events)
call_messages = in_thread(calls.call_messages)
close_call = in_thread(calls.close_call)
find_call = in_thread(calls.find_call)
issue_stream_token = in_thread(calls.issue_stream_token)
list_calls = in_thread(calls.list_calls)
mind_state = in_thread(calls.mind_state)
open_call = in_thread(calls.open_call)
open_chat = in_thread(calls.open_chat)
record_event = in_thread(calls.record_event)
record_latency = in_thread(calls.record_latency)
recording = in_thread(calls.recording)
redeem_stream_token = in_thread(calls.redeem_stream_token)
set_next_step = in_thread(calls.set_next_step)
set_recording = in_thread(calls.set_recording)
take_message = in_thread(calls.take_message)
transcript = in_thread(calls.transcript)

find_run = in_thread(charges.find_run)
list_charges = in_thread(charges.list_charges)
list_runs = in_thread(charges.list_runs)
preview_billing = in_thread(charges.preview_billing)
waive_charge = in_thread(charges.waive_charge)

add_closure = in_thread(closures.add_closure)
booked_outside_hours = in_thread(closures.booked_outside_hours)
list_closures = in_thread(closures.list_closures)
remove_closure = in_thread(closures.remove_closure)
import_holidays = in_thread(holiday_closures.import_holidays)

record_consent = in_thread(consents.record_consent)

words_of_notification = in_thread(delivery.words_of_notification)

add_document = in_thread(documents.add_document)
await_document = in_thread(documents.await_document)
find_document = in_thread(documents.find_document)
ingest_document = in_thread(documents.ingest_document)
list_documents = in_thread(documents.list_documents)
process_document = in_thread(documents.process_document)
announce_documents = in_thread(documents.announce_documents)
collect_garbage = in_thread(documents.collect_garbage)
readable_files = in_thread(documents.readable_files)
reindex_documents = in_thread(documents.reindex_documents)
remove_document = in_thread(documents.remove_document)
retry_document = in_thread(documents.retry_document)
verify_documents = in_thread(documents.verify_documents)

business_facts = in_thread(facts.business_facts)

load_knowledge = in_thread(knowledge.load_knowledge)
search_knowledge = in_thread(knowledge.search_knowledge)

overview = in_thread(monitor.overview)

deliver_due = in_thread(notifications.deliver_due)
deliver_news = in_thread(notifications.deliver_news)
deliver_notification = in_thread(notifications.deliver_notification)
find_notification = in_thread(notifications.find_notification)
list_notifications = in_thread(notifications.list_notifications)
queue_notification = in_thread(notifications.queue_notification)
record_delivery = in_thread(notifications.record_delivery)
retry_notification = in_thread(notifications.retry_notification)

assign_number = in_thread(numbers.assign_number)
find_number = in_thread(numbers.find_number)
list_numbers = in_thread(numbers.list_numbers)
number_requirements = in_thread(numbers.number_requirements)
search_numbers = in_thread(numbers.search_numbers)
unassign_number = in_thread(numbers.unassign_number)

add_owner = in_thread(owners.add_owner)
find_owner = in_thread(owners.find_owner)
list_owners = in_thread(owners.list_owners)
remove_own_words = in_thread(own_words.remove_own_words)
set_own_words = in_thread(own_words.set_own_words)
words_in_use = in_thread(own_words.words_in_use)

list_prices = in_thread(prices.list_prices)
sync_prices = in_thread(prices.sync_prices)

buy_number = in_thread(purchases.buy_number)

reconcile_numbers = in_thread(reconcile.reconcile_numbers)

rehearse_carrier = in_thread(rehearsals.rehearse_carrier)

appointments_of_line = in_thread(releases.appointments_of_line)
release_number = in_thread(releases.release_number)

run_billing = in_thread(renewals.run_billing)

resume_texts = in_thread(senders.resume_texts)

add_resource = in_thread(services.add_resource)
add_service = in_thread(services.add_service)
list_resources = in_thread(services.list_resources)
list_services = in_thread(services.list_services)
remove_resource = in_thread(services.remove_resource)
remove_service = in_thread(services.remove_service)

trace_call = in_thread(trace.trace_call)

keep_recording = in_thread(voicemail.keep_recording)

find_wallet = in_thread(wallet.find_wallet)
list_wallets = in_thread(wallet.list_wallets)
reverse_transaction = in_thread(wallet.reverse_transaction)
set_billing = in_thread(wallet.set_billing)
set_low_balance_alert = in_thread(wallet.set_low_balance_alert)
top_up = in_thread(wallet.top_up)
verify_wallet = in_thread(wallet.verify_wallet)
wallet_statement = in_thread(wallet.wallet_statement)

calendar_week = in_thread(week.calendar_week)
