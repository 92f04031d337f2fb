-- The outbox: a message is a row written in the transaction that gives reason for it, and leaves the house later.

create table public.notifications (
  id uuid primary key default gen_random_uuid(),
  business_id uuid references public.business_v2 (id) on delete cascade,
  wallet_id uuid references public.wallets (id) on delete cascade,
  appointment_id uuid references public.appointments (id) on delete cascade,
  channel text not null constraint notifications_channel check (channel in ('email', 'sms')),
  template text not null,
  recipient text not null constraint notifications_recipient_length check (length(recipient) <= 320),
  payload jsonb not null default '{}',
  dedupe_key text not null constraint notifications_once unique,
  status text not null default 'pending' constraint notifications_status
    check (status in ('pending', 'sending', 'sent', 'delivered', 'failed', 'suppressed', 'unknown')),
  send_after timestamptz not null default now(),
  expires_at timestamptz,                          -- of no use to the reader afterwards
  attempts int not null default 0,
  lease_until timestamptz,                         -- a sender that died holds the row no longer than this
  last_error text,                                 -- code of the last refusal or failure
  provider_message_id text,
  created_at timestamptz not null default now(),
  attempted_at timestamptz,
  sent_at timestamptz);
create index notifications_due on public.notifications (send_after) where status in ('pending', 'sending', 'unknown');
create index notifications_by_appointment on public.notifications (appointment_id);
create index notifications_sent_by_business on public.notifications (business_id, attempted_at) where attempted_at is not null;
create index notifications_by_provider_id on public.notifications (provider_message_id) where provider_message_id is not null;

-- Since when no text leaves from a number, because the operators of its country refused it as not registered (A2P 10DLC, toll-free).
alter table public.business_numbers add column texts_refused_at timestamptz;

create table public.contact_consents (             -- what a person agreed to; the latest row of an address counts
  id bigint generated always as identity primary key,
  business_id uuid references public.business_v2 (id) on delete cascade,  -- null: towards every business
  channel text not null constraint contact_consents_channel check (channel in ('sms', 'email')),
  address text not null,
  state text not null constraint contact_consents_state check (state in ('granted', 'revoked')),
  basis text not null,                             -- how: spoken, typed, keyword, carrier
  evidence text,                                   -- where it can be looked up, such as a CallSid
  at timestamptz not null default now());
create index contact_consents_latest on public.contact_consents (channel, address, at desc);

create table public.notification_templates (       -- a business's own words instead of ours
  business_id uuid not null references public.business_v2 (id) on delete cascade,
  template text not null,
  channel text not null constraint notification_templates_channel check (channel in ('email', 'sms')),
  subject text,
  body text not null constraint notification_templates_length check (length(body) between 1 and 20000),
  updated_at timestamptz not null default now(),
  primary key (business_id, template, channel));
create trigger notification_templates_touch before update on public.notification_templates
  for each row execute function public.touch_updated_at();

-- A reminder's time, moved out of the night of the business's time zone to the evening before.
create function public.reminder_time(p_start_time timestamptz, p_minutes int, p_time_zone text) returns timestamptz
  language plpgsql stable strict set search_path = '' as $$
declare v_local timestamp := (p_start_time - make_interval(mins => p_minutes)) at time zone p_time_zone;
begin
  if v_local::time < '08:00' then return (v_local::date - 1 + time '20:00') at time zone p_time_zone; end if;
  if v_local::time >= '21:00' then return (v_local::date + time '20:00') at time zone p_time_zone; end if;
  return p_start_time - make_interval(mins => p_minutes);
end $$;

-- Announces every booking, change and cancellation, whichever program made it, to the customer and the owner, and sets reminders that
-- would not follow on the heels of the news itself. An import of old appointments stays silent. Each message is one per revision.
create function public.appointments_announce() returns trigger language plpgsql security definer set search_path = '' as $$
declare v_news text; v_details jsonb := '{}'; v_payload jsonb; v_email text; v_zone text; v_reminders int[];
begin
  if tg_op = 'INSERT' then
    v_news := case when new.status = 'confirmed' and new.source <> 'import' then 'confirmed' end;
  elsif new.status = 'cancelled' and old.status <> 'cancelled' then
    v_news := 'cancelled';
    v_details := jsonb_build_object('reason', new.cancel_reason);
  elsif new.status = 'confirmed' and (new.start_time, new.end_time) <> (old.start_time, old.end_time) then
    v_news := 'rescheduled';
    v_details := jsonb_build_object('previous_start_time', old.start_time);
  end if;
  if tg_op = 'UPDATE' and (v_news is not null or new.status <> 'confirmed') then
    update public.notifications n set status = 'suppressed', last_error = 'superseded'
      where n.appointment_id = new.id and n.status = 'pending';
  end if;
  if v_news is null or new.start_time <= new.updated_at then return null; end if;
  select b.email, b.time_zone, b.reminder_minutes into v_email, v_zone, v_reminders
    from public.business_v2 b where b.id = new.business_id;
  if v_email is null and new.customer_email is null and new.customer_phone is null then return null; end if;
  v_payload := jsonb_build_object('start_time', new.start_time, 'end_time', new.end_time, 'sequence', new.sequence,
    'customer_name', new.customer_name, 'customer_phone', new.customer_phone, 'notes', new.notes, 'source', new.source,
    'service', (select s.name from public.services s where s.id = new.service_id));
  -- In one statement: message by message it would cost more than the booking itself.
  insert into public.notifications (business_id, appointment_id, channel, template, recipient, payload, dedupe_key, send_after, expires_at, created_at)
    select new.business_id, new.id, m.channel, m.template, m.recipient, v_payload || m.details,
      'appointment:' || new.id || ':' || new.sequence || ':' || m.template || ':' || m.channel || coalesce(':' || (m.details ->> 'minutes_before'), ''),
      m.send_after, new.start_time, new.updated_at
    from (
      values ('email', 'appointment_' || v_news, new.customer_email, new.updated_at, v_details),
        ('sms', 'appointment_' || v_news, new.customer_phone, new.updated_at, v_details),
        ('email', 'owner_' || case v_news when 'confirmed' then 'new_booking' else v_news end, v_email, new.updated_at, v_details)
      union all
      select c.channel, 'appointment_reminder', c.recipient, r.send_after, jsonb_build_object('minutes_before', r.minutes)
      from (  -- two that the night moves to the same evening are one
          select min(u.minutes) as minutes, public.reminder_time(new.start_time, u.minutes, v_zone) as send_after
          from unnest(v_reminders) u (minutes) group by 2) r,
        (values ('email', new.customer_email), ('sms', new.customer_phone)) c (channel, recipient)
      where v_news <> 'cancelled' and r.send_after > new.updated_at + interval '1 hour') m (channel, template, recipient, send_after, details)
    where m.recipient <> ''
    on conflict (dedupe_key) do nothing;
  return null;
end $$;
create trigger appointments_announce after insert or update on public.appointments
  for each row execute function public.appointments_announce();

-- Takes messages that are due for one sender: those waiting, and those whose sender died. A text message that may have left is not
-- sent again but becomes `unknown`; it is returned so that the carrier can be asked.
create function public.claim_notifications(p_limit int, p_id uuid default null, p_lease interval default '2 minutes', p_now timestamptz default now(),
    p_appointment_id uuid default null)
  returns setof public.notifications
  language sql set search_path = '' as $$
  with due as (
    select n.id from public.notifications n
    where (p_id is null or n.id = p_id) and (p_appointment_id is null or n.appointment_id = p_appointment_id) and n.send_after <= p_now
      and (n.status in ('pending', 'unknown') or n.status = 'sending' and n.lease_until < p_now)
    order by n.send_after, n.id limit p_limit for update skip locked)
  update public.notifications n
    set status = case when n.status = 'unknown' or n.status = 'sending' and n.channel = 'sms' then 'unknown' else 'sending' end,
      attempts = n.attempts + case when n.status = 'pending' or n.status = 'sending' and n.channel = 'email' then 1 else 0 end,
      attempted_at = case n.status when 'pending' then p_now else n.attempted_at end,
      lease_until = p_now + p_lease,
      send_after = case when n.status = 'pending' then n.send_after else p_now + p_lease end
  from due where n.id = due.id returning n.* $$;

-- A consent that comes while the call is still on wakes the messages that waited for it.
create function public.contact_consents_wake() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  update public.notifications n set status = 'pending', last_error = null
    where new.state = 'granted' and n.status = 'suppressed' and n.last_error = 'no_consent' and n.channel = new.channel
      and n.recipient = new.address and n.expires_at > new.at and (new.business_id is null or n.business_id = new.business_id);
  return null;
end $$;
create trigger contact_consents_wake after insert on public.contact_consents
  for each row execute function public.contact_consents_wake();

revoke all on function public.reminder_time(timestamptz, int, text) from public, anon, authenticated;
revoke all on function public.appointments_announce() from public, anon, authenticated;
revoke all on function public.claim_notifications(int, uuid, interval, timestamptz, uuid) from public, anon, authenticated;
revoke all on function public.contact_consents_wake() from public, anon, authenticated;
grant execute on function public.claim_notifications(int, uuid, interval, timestamptz, uuid) to service_role;

alter table public.notifications enable row level security;
alter table public.contact_consents enable row level security;
alter table public.notification_templates enable row level security;
revoke all on public.notifications, public.contact_consents, public.notification_templates from public, anon, authenticated;
grant select on public.notifications, public.contact_consents to authenticated;
grant select, insert, update, delete on public.notification_templates to authenticated;
grant all on public.notifications, public.contact_consents, public.notification_templates to service_role;

create policy notifications_own on public.notifications for select to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid()))
         or wallet_id in (select w.id from public.wallets w where w.user_id = (select auth.uid())));
create policy contact_consents_own on public.contact_consents for select to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
create policy notification_templates_own on public.notification_templates for all to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
