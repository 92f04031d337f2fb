-- Appointments. What cannot be true at all is a constraint and holds for every program on this database; what a caller may
-- book is decided by validate_appointment_time(), which says why not.

create table public.appointments (
  id uuid primary key default gen_random_uuid(),
  business_id uuid not null references public.business_v2 (id) on delete cascade,
  resource_id uuid not null,                       -- the first free one where the program names none
  service_id uuid,
  customer_name text constraint appointments_customer_name_length check (length(customer_name) <= 200),
  customer_phone text constraint appointments_customer_phone_form check (customer_phone ~ '^\+[1-9][0-9]{6,14}$'),
  customer_email text constraint appointments_customer_email_form check (customer_email like '%_@_%' and length(customer_email) <= 320),
  notes text constraint appointments_notes_length check (length(notes) <= 4000),
  start_time timestamptz not null,
  end_time timestamptz not null,                   -- by the service's duration where the program gives none
  blocked tstzrange not null,                      -- with the service's buffers; always computed here
  status text not null default 'confirmed' constraint appointments_status check (status in ('confirmed', 'cancelled', 'completed', 'no_show')),
  source text not null default 'api' constraint appointments_source check (source in ('voice_agent', 'cli', 'api', 'ui', 'import')),
  external_id text,                                -- CallSid where source is voice_agent, else the program's own key
  cancel_reason text,
  cancelled_at timestamptz,
  sequence int not null default 0,                 -- revision of the calendar event (RFC 5545 SEQUENCE)
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint appointments_resource foreign key (resource_id, business_id) references public.resources (id, business_id),
  constraint appointments_service foreign key (service_id, business_id) references public.services (id, business_id),
  constraint appointments_order check (end_time > start_time and end_time <= start_time + interval '24 hours'),
  constraint appointments_no_overlap exclude using gist (resource_id with =, blocked with &&) where (status = 'confirmed'));
create unique index appointments_once on public.appointments (business_id, source, external_id, start_time)
  where external_id is not null and status = 'confirmed';
create index appointments_by_start on public.appointments (business_id, start_time);
create index appointments_by_phone on public.appointments (business_id, customer_phone, start_time) where customer_phone is not null;

-- The first resource that serves the service and is free for the whole range; null where there is none.
create function public.free_resource(p_business_id uuid, p_service_id uuid, p_blocked tstzrange, p_resource_id uuid default null,
    p_exclude_id uuid default null) returns uuid
  language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
begin
  return (
    select r.id from public.resources r
    where r.business_id = p_business_id and r.is_active and (p_resource_id is null or r.id = p_resource_id)
      and (p_service_id is null
           or exists (select from public.service_resources s where s.service_id = p_service_id and s.resource_id = r.id)
           or not exists (select from public.service_resources s where s.service_id = p_service_id))
      and not exists (select from public.appointments a where a.resource_id = r.id and a.status = 'confirmed'
                      and a.blocked && p_blocked and a.id is distinct from p_exclude_id)
    order by r.position, r.created_at, r.id limit 1);
end $$;

-- Computes what no program is trusted with, and lets only possible changes of state through. Functions that are told the present
-- (`p_now`) pass it on in the setting aira.now of their transaction.
create function public.appointments_before_write() returns trigger language plpgsql set search_path = '' as $$
declare
  v_now timestamptz := coalesce(nullif(current_setting('aira.now', true), '')::timestamptz, now());
  v_duration int; v_before int; v_after int;
begin
  new.updated_at := v_now;
  if tg_op = 'UPDATE' then
    if old.status in ('cancelled', 'completed', 'no_show') and (new.status in ('confirmed', 'cancelled') or old.status = 'cancelled')
       and (new.status, new.start_time, new.end_time, new.resource_id, new.service_id)
         is distinct from (old.status, old.start_time, old.end_time, old.resource_id, old.service_id) then
      raise exception 'The appointment is not open to changes any more.' using errcode = 'PT409', constraint = 'not_confirmed';
    end if;
    if new.status = 'cancelled' and old.status <> 'cancelled' then new.cancelled_at := v_now; end if;
    new.sequence := old.sequence + case when (new.start_time, new.end_time, new.status = 'cancelled')
      is distinct from (old.start_time, old.end_time, old.status = 'cancelled') then 1 else 0 end;
    new.blocked := old.blocked;
    if (new.start_time, new.end_time, new.service_id, new.resource_id)
       is not distinct from (old.start_time, old.end_time, old.service_id, old.resource_id) then return new; end if;
  else
    new.sequence := 0;
    new.created_at := v_now;
  end if;
  select s.duration_minutes, s.buffer_before_minutes, s.buffer_after_minutes into v_duration, v_before, v_after
    from public.services s where s.id = new.service_id and s.business_id = new.business_id;
  if new.end_time is null then
    new.end_time := new.start_time + make_interval(mins => coalesce(v_duration,
      (select b.default_duration_minutes from public.business_v2 b where b.id = new.business_id)));
  end if;
  new.blocked := tstzrange(new.start_time - make_interval(mins => coalesce(v_before, 0)),
    greatest(new.end_time, new.start_time) + make_interval(mins => coalesce(v_after, 0)), '[)');
  if new.resource_id is null then
    perform pg_advisory_xact_lock(hashtextextended(new.business_id::text, 0));
    loop
      new.resource_id := public.free_resource(new.business_id, new.service_id, new.blocked, null, new.id);
      if new.resource_id is null then
        raise exception 'That time is taken.' using errcode = 'PT409', constraint = 'conflict';
      end if;
      perform pg_advisory_xact_lock(hashtextextended(new.resource_id::text, 0));
      -- Whoever had the lock may have taken it meanwhile: then the next free one.
      exit when public.free_resource(new.business_id, new.service_id, new.blocked, new.resource_id, new.id) is not null;
    end loop;
    return new;
  end if;
  -- Two writers that both wait for the other's row would be a deadlock: writers of one resource take turns.
  perform pg_advisory_xact_lock(hashtextextended(new.resource_id::text, 0));
  return new;
end $$;
create trigger appointments_before_write before insert or update on public.appointments
  for each row execute function public.appointments_before_write();

-- Whether a time can be booked, and if not, why: business_not_found, unknown_service, unknown_resource, invalid_duration, in_past,
-- too_soon, too_far, closed_day, closure, outside_hours or conflict. `resource_id` is the one that would be booked.
create function public.validate_appointment_time(p_business_id uuid, p_start_time timestamptz, p_end_time timestamptz default null,
    p_service_id uuid default null, p_resource_id uuid default null, p_exclude_id uuid default null, p_now timestamptz default now(),
    out is_valid boolean, out code text, out message text, out end_time timestamptz, out resource_id uuid)
  language plpgsql stable set search_path = '' as $$
declare
  b public.business_v2; s public.services; v_end timestamptz; v_day date; v_is_open boolean; v_reason text;
begin
  is_valid := false;
  select * into b from public.business_v2 v where v.id = p_business_id and v.is_active;
  if not found then code := 'business_not_found'; message := 'There is no such business.'; return; end if;
  if p_service_id is not null then
    select * into s from public.services v where v.id = p_service_id and v.business_id = b.id and (v.is_active or p_exclude_id is not null);  -- what is booked can be moved
    if not found then code := 'unknown_service'; message := 'The business has no such service.'; return; end if;
  end if;
  if p_resource_id is not null and not exists (
      select from public.resources r where r.id = p_resource_id and r.business_id = b.id and r.is_active) then
    code := 'unknown_resource'; message := 'The business has no such resource.'; return; end if;
  if p_resource_id is not null and p_service_id is not null
     and exists (select from public.service_resources x where x.service_id = s.id)
     and not exists (select from public.service_resources x where x.service_id = s.id and x.resource_id = p_resource_id) then
    code := 'unknown_resource'; message := 'That resource does not serve this service.'; return; end if;
  v_end := coalesce(p_end_time, p_start_time + make_interval(mins => coalesce(s.duration_minutes, b.default_duration_minutes)));
  end_time := v_end;
  if p_start_time is null or v_end <= p_start_time or v_end > p_start_time + interval '24 hours' then
    code := 'invalid_duration'; message := 'An appointment ends after its start, within 24 hours.'; return; end if;
  if p_start_time < p_now then
    code := 'in_past'; message := 'That time has passed.'; return; end if;
  if p_start_time < p_now + make_interval(mins => b.min_notice_minutes) then
    code := 'too_soon'; message := format('Appointments need %s minutes of notice.', b.min_notice_minutes); return; end if;
  v_day := (p_start_time at time zone b.time_zone)::date;
  if v_day > (p_now at time zone b.time_zone)::date + b.max_advance_days then
    code := 'too_far'; message := format('Appointments can be made %s days ahead.', b.max_advance_days); return; end if;
  -- Within one span of a usual day is by far the most common; only what is not needs all spans, joined.
  v_is_open := exists (
      select from public.business_hours h where h.business_id = b.id and h.weekday = extract(isodow from v_day)::int
        and (v_day + h.opens) at time zone b.time_zone <= p_start_time and v_end
          <= (v_day + h.closes + case when h.closes <= h.opens then interval '1 day' else interval '0' end) at time zone b.time_zone)
    and not exists (select from public.business_closures c where c.business_id = b.id and c.on_date = v_day);
  if not v_is_open then
    select range_agg(o.open_range) @> tstzrange(p_start_time, v_end, '[)') into v_is_open
      from public.business_open_spans(b.id, v_day - 1, v_day + 1) o;
  end if;
  if not coalesce(v_is_open, false) then
    select c.reason into v_reason from public.business_closures c where c.business_id = b.id and c.on_date = v_day order by c.opens nulls first limit 1;
    if exists (select from public.business_open_ranges(b.id, v_day)) then
      code := 'outside_hours'; message := 'That is outside the opening hours.';
    elsif found then
      code := 'closure'; message := coalesce('Closed that day: ' || v_reason || '.', 'Closed that day.');
    elsif exists (select from public.business_hours h where h.business_id = b.id) then
      code := 'closed_day'; message := 'Closed on that day of the week.';
    else
      code := 'closed_day'; message := 'The business has no opening hours yet.';
    end if;
    return;
  end if;
  resource_id := public.free_resource(b.id, p_service_id, tstzrange(p_start_time - make_interval(mins => coalesce(s.buffer_before_minutes, 0)),
    v_end + make_interval(mins => coalesce(s.buffer_after_minutes, 0)), '[)'), p_resource_id, p_exclude_id);
  is_valid := resource_id is not null;
  code := case when is_valid then 'ok' else 'conflict' end;
  message := case when is_valid then 'That time can be booked.' else 'That time is taken.' end;
end $$;

-- Books a time that validate_appointment_time() allows. A call repeated with the same source, external id and start gives the same
-- appointment; of callers that race for a resource, the losers get the next free one or `conflict`.
create function public.book_appointment(p_business_id uuid, p_start_time timestamptz, p_service_id uuid default null,
    p_end_time timestamptz default null, p_customer_name text default null, p_customer_phone text default null,
    p_customer_email text default null, p_notes text default null, p_source text default 'api', p_external_id text default null,
    p_resource_id uuid default null, p_now timestamptz default now())
  returns table (appointment_id uuid, code text, message text, created boolean)
  language plpgsql set search_path = '' as $$
declare v record;
begin
  perform set_config('aira.now', p_now::text, true);
  created := false;
  for attempt in 1..100 loop
    v := public.validate_appointment_time(p_business_id, p_start_time, p_end_time, p_service_id, p_resource_id, null, p_now);
    if v.is_valid then
      begin
        insert into public.appointments (business_id, resource_id, service_id, customer_name, customer_phone, customer_email, notes,
            start_time, end_time, source, external_id)
          values (p_business_id, v.resource_id, p_service_id, p_customer_name, p_customer_phone, p_customer_email, p_notes,
            p_start_time, v.end_time, p_source, p_external_id)
          returning id into appointment_id;
        code := 'ok'; message := 'Booked.'; created := true; return next; return;
      exception when exclusion_violation or unique_violation then
        appointment_id := null;
      end;
    end if;
    -- What stands in the way may be this call's own appointment, or that of a program that was faster: then look again.
    if p_external_id is not null then
      select a.id into appointment_id from public.appointments a where a.business_id = p_business_id and a.source = p_source
        and a.external_id = p_external_id and a.start_time = p_start_time and a.status = 'confirmed';
      if found then code := 'ok'; message := 'That is booked already.'; return next; return; end if;
    end if;
    if not v.is_valid then code := v.code; message := v.message; return next; return; end if;
  end loop;
  code := 'conflict'; message := 'That time is taken.'; return next;
end $$;

-- Times that can be booked, the earliest first, in steps of the business's slot minutes from the opening of each span. Looks at ever
-- more days and stops at those that fill the limit. p_daily_from and p_daily_to keep starts of some wall-clock times only, as of the
-- afternoon; the time of the appointment p_exclude_id counts as free.
create function public.available_slots(p_business_id uuid, p_from timestamptz, p_to timestamptz, p_service_id uuid default null,
    p_limit int default 3, p_resource_id uuid default null, p_exclude_id uuid default null, p_daily_from time default null,
    p_daily_to time default null, p_now timestamptz default now())
  returns table (start_time timestamptz, end_time timestamptz)
  language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  b public.business_v2; v_length interval; v_before interval := '0'; v_after interval := '0'; v_step interval;
  v_from timestamptz; v_to timestamptz; v_until timestamptz; v_day date; v_last date; v_days int := 2; v_found int := 0; v_rows int;
begin
  select * into b from public.business_v2 v where v.id = p_business_id and v.is_active;
  if not found then return; end if;
  v_length := make_interval(mins => b.default_duration_minutes);
  if p_service_id is not null then
    select make_interval(mins => s.duration_minutes), make_interval(mins => s.buffer_before_minutes), make_interval(mins => s.buffer_after_minutes)
      into v_length, v_before, v_after from public.services s where s.id = p_service_id and s.business_id = b.id and (s.is_active or p_exclude_id is not null);
    if not found then return; end if;
  end if;
  v_from := greatest(p_from, p_now + make_interval(mins => b.min_notice_minutes));
  v_to := least(p_to, ((p_now at time zone b.time_zone)::date + b.max_advance_days + 1)::timestamp at time zone b.time_zone);
  v_day := (v_from at time zone b.time_zone)::date;
  v_last := (v_to at time zone b.time_zone)::date;
  v_step := make_interval(mins => b.slot_minutes);
  while v_day <= v_last and v_found < p_limit loop
    v_until := least(v_to, (v_day + v_days)::timestamp at time zone b.time_zone);
    return query
      with spans as materialized (
        select o.open_range from public.business_open_spans(b.id, v_day - 1, v_day + v_days) o),  -- yesterday's may reach past midnight
      opened as materialized (select range_agg(s.open_range) as ranges from spans s),
      starts as (
        select distinct t from spans s, generate_series(lower(s.open_range), least(upper(s.open_range), v_until), v_step) t
        where t >= v_from and t < v_until
          and (p_daily_from is null or (t at time zone b.time_zone)::time >= p_daily_from)
          and (p_daily_to is null or (t at time zone b.time_zone)::time < p_daily_to)),
      chairs as materialized (
        select r.id, coalesce(range_agg(a.blocked) filter (where a.id is not null), '{}') as taken from public.resources r
          left join public.appointments a on a.resource_id = r.id and a.status = 'confirmed' and a.id is distinct from p_exclude_id
            and a.blocked && tstzrange(v_from - interval '2 days', v_until + interval '2 days')
        where r.business_id = b.id and r.is_active and (p_resource_id is null or r.id = p_resource_id)
          and (p_service_id is null
               or exists (select from public.service_resources x where x.service_id = p_service_id and x.resource_id = r.id)
               or not exists (select from public.service_resources x where x.service_id = p_service_id))
        group by r.id)
      select s.t, s.t + v_length from starts s, opened o
      where o.ranges @> tstzrange(s.t, s.t + v_length, '[)')
        and exists (select from chairs c where not c.taken && tstzrange(s.t - v_before, s.t + v_length + v_after, '[)'))
      order by s.t limit p_limit - v_found;
    get diagnostics v_rows = row_count;
    v_found := v_found + v_rows;
    v_day := v_day + v_days;
    v_from := v_until;
    v_days := least(v_days * 4, 64);
  end loop;
end $$;

-- Moves an appointment in one step, so that its old time is never lost for a new one that cannot be had; keeps its length and, where
-- it can, its resource.
create function public.reschedule_appointment(p_appointment_id uuid, p_start_time timestamptz, p_end_time timestamptz default null,
    p_now timestamptz default now())
  returns table (appointment_id uuid, code text, message text)
  language plpgsql set search_path = '' as $$
declare a public.appointments; v record;
begin
  perform set_config('aira.now', p_now::text, true);
  select * into a from public.appointments x where x.id = p_appointment_id for no key update;
  if not found then code := 'appointment_not_found'; message := 'There is no such appointment.'; return next; return; end if;
  appointment_id := a.id;
  if a.status <> 'confirmed' then
    code := 'not_confirmed'; message := format('The appointment is %s.', replace(a.status, '_', '-')); return next; return; end if;
  p_end_time := coalesce(p_end_time, p_start_time + (a.end_time - a.start_time));
  if (p_start_time, p_end_time) = (a.start_time, a.end_time) then code := 'ok'; message := 'It is at that time already.'; return next; return; end if;
  for attempt in 1..100 loop
    v := public.validate_appointment_time(a.business_id, p_start_time, p_end_time, a.service_id, a.resource_id, a.id, p_now);
    if v.code in ('conflict', 'unknown_resource') then
      v := public.validate_appointment_time(a.business_id, p_start_time, p_end_time, a.service_id, null, a.id, p_now);
    end if;
    if not v.is_valid then code := v.code; message := v.message; return next; return; end if;
    begin
      update public.appointments x set start_time = p_start_time, end_time = p_end_time, resource_id = v.resource_id
        where x.id = a.id;
      code := 'ok'; message := 'Moved.'; return next; return;
    exception when exclusion_violation or unique_violation then
      null;  -- another program was faster: look again
    end;
  end loop;
  code := 'conflict'; message := 'That time is taken.'; return next;
end $$;

-- Ends an appointment: cancelled, completed or no_show. Repeating it changes nothing.
create function public.finish_appointment(p_appointment_id uuid, p_status text, p_reason text default null, p_now timestamptz default now())
  returns table (appointment_id uuid, code text, message text)
  language plpgsql set search_path = '' as $$
declare a public.appointments;
begin
  perform set_config('aira.now', p_now::text, true);
  select * into a from public.appointments x where x.id = p_appointment_id for no key update;
  if not found then code := 'appointment_not_found'; message := 'There is no such appointment.'; return next; return; end if;
  appointment_id := a.id;
  if a.status = p_status then code := 'ok'; message := 'Nothing had to change.'; return next; return; end if;
  if a.status = 'cancelled' or (a.status <> 'confirmed' and p_status = 'cancelled') then
    code := 'not_confirmed'; message := format('The appointment is %s.', replace(a.status, '_', '-')); return next; return; end if;
  if p_status <> 'cancelled' and a.start_time > p_now then
    code := 'not_started'; message := 'The appointment has not begun yet.'; return next; return; end if;
  update public.appointments x set status = p_status, cancel_reason = case when p_status = 'cancelled' then p_reason end
    where x.id = a.id;
  code := 'ok'; message := 'Done.'; return next;
end $$;

create function public.cancel_appointment(p_appointment_id uuid, p_reason text default null, p_now timestamptz default now())
  returns table (appointment_id uuid, code text, message text)
  language sql set search_path = '' as $$
  select * from public.finish_appointment(p_appointment_id, 'cancelled', p_reason, p_now) $$;

revoke all on function public.free_resource(uuid, uuid, tstzrange, uuid, uuid) from public, anon, authenticated;
revoke all on function public.appointments_before_write() from public, anon, authenticated;
revoke all on function public.validate_appointment_time(uuid, timestamptz, timestamptz, uuid, uuid, uuid, timestamptz) from public, anon, authenticated;
revoke all on function public.book_appointment(uuid, timestamptz, uuid, timestamptz, text, text, text, text, text, text, uuid, timestamptz)
  from public, anon, authenticated;
revoke all on function public.available_slots(uuid, timestamptz, timestamptz, uuid, int, uuid, uuid, time, time, timestamptz) from public, anon, authenticated;
revoke all on function public.reschedule_appointment(uuid, timestamptz, timestamptz, timestamptz) from public, anon, authenticated;
revoke all on function public.finish_appointment(uuid, text, text, timestamptz) from public, anon, authenticated;
revoke all on function public.cancel_appointment(uuid, text, timestamptz) from public, anon, authenticated;

-- An owner's own screen books by the same functions; they run with the owner's rights, so the policies below hold inside them.
grant execute on function public.free_resource(uuid, uuid, tstzrange, uuid, uuid) to authenticated, service_role;
grant execute on function public.validate_appointment_time(uuid, timestamptz, timestamptz, uuid, uuid, uuid, timestamptz) to authenticated, service_role;
grant execute on function public.book_appointment(uuid, timestamptz, uuid, timestamptz, text, text, text, text, text, text, uuid, timestamptz)
  to authenticated, service_role;
grant execute on function public.available_slots(uuid, timestamptz, timestamptz, uuid, int, uuid, uuid, time, time, timestamptz) to authenticated, service_role;
grant execute on function public.reschedule_appointment(uuid, timestamptz, timestamptz, timestamptz) to authenticated, service_role;
grant execute on function public.finish_appointment(uuid, text, text, timestamptz) to authenticated, service_role;
grant execute on function public.cancel_appointment(uuid, text, timestamptz) to authenticated, service_role;

alter table public.appointments enable row level security;
revoke all on public.appointments from public, anon, authenticated;
grant select,
  insert (business_id, resource_id, service_id, customer_name, customer_phone, customer_email, notes, start_time, end_time, source, external_id),
  update (resource_id, service_id, customer_name, customer_phone, customer_email, notes, start_time, end_time, status, cancel_reason)
  on public.appointments to authenticated;
grant all on public.appointments to service_role;
create policy appointments_own on public.appointments for all to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
