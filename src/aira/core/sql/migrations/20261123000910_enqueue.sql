-- Rows that ask for work put a job into the queue in their own transaction, whichever program writes them; a row whose
-- work is done, or that is gone, takes back the job that still waits. Writers need no right on schema jobs.

create function jobs.enqueue(p_task text, p_queue text, p_lock text, p_queueing_lock text, p_args jsonb, p_scheduled_at timestamptz default null)
  returns void language sql set search_path = '' as $$
  insert into jobs.procrastinate_jobs (task_name, queue_name, lock, queueing_lock, args, scheduled_at)
  values (p_task, p_queue, p_lock, p_queueing_lock, p_args, p_scheduled_at)
  on conflict (queueing_lock) where status = 'todo' do update set lock = excluded.lock, scheduled_at = excluded.scheduled_at
$$;
comment on function jobs.enqueue(text, text, text, text, jsonb, timestamptz) is
  'Queues one job: of those with one lock one runs at a time, of those with one queueing lock one waits at a time.';

create function jobs.take_back(p_queueing_lock text) returns void language sql set search_path = '' as $$
  delete from jobs.procrastinate_jobs where queueing_lock = p_queueing_lock and status = 'todo'
$$;
comment on function jobs.take_back(text) is 'Removes the waiting job with this queueing lock; one that runs goes on.';

-- Documents of one business are read one after the other, but one that waits for another attempt holds up none. One that is
-- being read keeps its job, so that somebody looks again if the reader is not a worker and dies.
create function jobs.enqueue_document(d public.documents) returns void language sql set search_path = '' as $$
  select jobs.enqueue('aira.ingest_document', 'documents',
    case when d.next_attempt_at is null then 'business:' || d.business_id else 'document:' || d.id end,
    'document:' || d.id, jsonb_build_object('document_id', d.id), d.next_attempt_at)
$$;
comment on function jobs.enqueue_document(public.documents) is 'Queues the reading of a document, once.';

create function jobs.documents_enqueue() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'DELETE' or new.processing_status in ('completed', 'failed') then
    perform jobs.take_back('document:' || old.id);
  elsif new.processing_status = 'pending' then
    perform jobs.enqueue_document(new);
  end if;
  return null;
end
$$;
create trigger documents_enqueue_new after insert on public.documents
  for each row when (new.processing_status = 'pending') execute function jobs.documents_enqueue();
create trigger documents_enqueue_again after update of processing_status, next_attempt_at on public.documents
  for each row when ((new.processing_status, new.next_attempt_at) is distinct from (old.processing_status, old.next_attempt_at))
  execute function jobs.documents_enqueue();
create trigger documents_take_back after delete on public.documents
  for each row execute function jobs.documents_enqueue();

-- What became of an `unknown` message is asked when its lease is over, which is its new send_after. The job that sends the news of an
-- appointment is taken back with the last of them that waits.
create function jobs.notifications_enqueue() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op <> 'DELETE' and new.status in ('pending', 'unknown') then
    perform jobs.enqueue('aira.deliver_notification', 'notifications', 'notification:' || new.id, 'notification:' || new.id,
      jsonb_build_object('notification_id', new.id), new.send_after);
    return null;
  end if;
  perform jobs.take_back('notification:' || old.id);
  if old.appointment_id is not null and not exists (
      select from public.notifications n where n.appointment_id = old.appointment_id and n.status = 'pending' and n.send_after <= n.created_at) then
    perform jobs.take_back('appointment:' || old.appointment_id);
  end if;
  return null;
end
$$;
-- Letters about money come by the thousand in a billing night and are in no hurry: they leave with the sweep of the minute, and so do
-- reminders. A job for each would cost as much as the charge or the booking it tells of.
create trigger notifications_enqueue_new after insert on public.notifications
  for each row when (new.status = 'pending' and new.wallet_id is null and new.appointment_id is null)
  execute function jobs.notifications_enqueue();
create trigger notifications_enqueue_again after update of status, send_after on public.notifications
  for each row when ((new.status, new.send_after) <> (old.status, old.send_after)) execute function jobs.notifications_enqueue();
create trigger notifications_take_back after delete on public.notifications
  for each row execute function jobs.notifications_enqueue();

-- The news of an appointment, to customer and owner, is one job.
create function jobs.news_enqueue() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform jobs.enqueue('aira.deliver_news', 'notifications', 'appointment:' || a.id, 'appointment:' || a.id,
      jsonb_build_object('appointment_id', a.id))
    from (select distinct w.appointment_id as id from written w
          where w.appointment_id is not null and w.status = 'pending' and w.send_after <= w.created_at) a;
  return null;
end
$$;
create trigger notifications_news_enqueue after insert on public.notifications referencing new table as written
  for each statement execute function jobs.news_enqueue();

-- A call that is over is summed up; opened again and closed, it is summed up again. A recording at the carrier is fetched.
create function jobs.calls_enqueue() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform jobs.enqueue('aira.sum_up_call', 'calls', 'call:' || new.id, 'call:' || new.id, jsonb_build_object('call_id', new.id));
  return null;
end
$$;
create trigger calls_enqueue after update of ended_at on public.calls
  for each row when (old.ended_at is null and new.ended_at is not null) execute function jobs.calls_enqueue();

create function jobs.call_messages_enqueue() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform jobs.enqueue('aira.keep_recording', 'calls', 'recording:' || new.id, 'recording:' || new.id, jsonb_build_object('message_id', new.id));
  return null;
end
$$;
create trigger call_messages_enqueue after insert on public.call_messages
  for each row when (new.recording_url is not null) execute function jobs.call_messages_enqueue();

revoke all on function jobs.enqueue(text, text, text, text, jsonb, timestamptz) from public, anon, authenticated;
revoke all on function jobs.take_back(text) from public, anon, authenticated;
revoke all on function jobs.enqueue_document(public.documents) from public, anon, authenticated;
revoke all on function jobs.documents_enqueue() from public, anon, authenticated;
revoke all on function jobs.notifications_enqueue() from public, anon, authenticated;
revoke all on function jobs.news_enqueue() from public, anon, authenticated;
revoke all on function jobs.calls_enqueue() from public, anon, authenticated;
revoke all on function jobs.call_messages_enqueue() from public, anon, authenticated;
