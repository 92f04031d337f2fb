-- Businesses: who is called, when it is open, what can be booked and who or what serves it.

create table public.business_v2 (
  id uuid primary key default gen_random_uuid(),
  user_id uuid references auth.users (id),
  name text not null constraint business_name_length check (length(btrim(name)) between 1 and 200),
  time_zone text not null default 'UTC' constraint business_time_zone_name
    check (time_zone ~ '^([A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2}|UTC)$'),
  locale text not null default 'en',
  email text constraint business_email_form check (email like '%_@_%'),
  greeting text,
  transfer_number text constraint business_transfer_number_form check (transfer_number ~ '^\+[1-9][0-9]{6,14}$'),
  transfer_mode text not null default 'cold' constraint business_transfer_mode check (transfer_mode in ('cold', 'warm')),
                                                   -- warm: the person hears who calls and why, and presses a key to take the call
  when_closed text not null default 'answer' constraint business_when_closed check (when_closed in ('answer', 'voicemail', 'greeting')),
  closed_greeting text constraint business_closed_greeting_length check (length(closed_greeting) <= 1000),
  address text,
  slot_minutes int not null default 15 constraint business_slot_minutes_range check (slot_minutes between 5 and 240),
  default_duration_minutes int not null default 30
    constraint business_default_duration_range check (default_duration_minutes between 5 and 1440),
  min_notice_minutes int not null default 0 constraint business_min_notice_range check (min_notice_minutes between 0 and 43200),
  max_advance_days int not null default 90 constraint business_max_advance_range check (max_advance_days between 1 and 730),
  reminder_minutes int[] not null default '{1440,120}'
    constraint business_reminders_range check (0 < all (reminder_minutes) and 43200 >= all (reminder_minutes)),
  daily_message_cap int not null default 200 constraint business_message_cap_range check (daily_message_cap between 0 and 100000),
  kb_version int not null default 0,               -- grows with every change of the searchable documents
  calendar_token uuid not null default gen_random_uuid(),  -- secret part of the address of the calendar feed
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now());
create unique index business_name_per_owner on public.business_v2 (user_id, name) nulls not distinct where is_active;
create unique index business_calendar_token on public.business_v2 (calendar_token);

create table public.business_hours (               -- several rows a weekday: breaks
  id bigint generated always as identity primary key,
  business_id uuid not null references public.business_v2 (id) on delete cascade,
  weekday int not null constraint business_hours_weekday check (weekday between 1 and 7),  -- ISO: 1 is Monday
  opens time not null,
  closes time not null,                            -- not after `opens`: on the next day, so 00:00 is midnight
  constraint business_hours_midnight check (opens < '24:00' and closes < '24:00'),
  constraint business_hours_once unique (business_id, weekday, opens));

create table public.business_closures (            -- dates with other hours; closed all day where `opens` is null
  id bigint generated always as identity primary key,
  business_id uuid not null references public.business_v2 (id) on delete cascade,
  on_date date not null,
  opens time,
  closes time,
  reason text,
  created_at timestamptz not null default now(),
  constraint business_closures_whole check ((opens is null) = (closes is null)),
  constraint business_closures_midnight check (opens < '24:00' and closes < '24:00'),
  constraint business_closures_once unique nulls not distinct (business_id, on_date, opens));

create table public.services (                     -- what can be booked; removed ones stay for the appointments that name them
  id uuid primary key default gen_random_uuid(),
  business_id uuid not null references public.business_v2 (id) on delete cascade,
  name text not null constraint services_name_length check (length(btrim(name)) between 1 and 200),
  also text[] not null default '{}',               -- other names callers use
  duration_minutes int not null constraint services_duration_range check (duration_minutes between 5 and 1440),
  buffer_before_minutes int not null default 0 constraint services_buffer_before_range check (buffer_before_minutes between 0 and 240),
  buffer_after_minutes int not null default 0 constraint services_buffer_after_range check (buffer_after_minutes between 0 and 240),
  price numeric(14,4) constraint services_price_positive check (price >= 0),
  currency char(3),
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  constraint services_price_has_currency check ((price is null) = (currency is null)),
  constraint services_of_business unique (id, business_id));
create unique index services_name on public.services (business_id, lower(name)) where is_active;

create table public.resources (                    -- staff, chairs, rooms; as many appointments at once as active rows
  id uuid primary key default gen_random_uuid(),
  business_id uuid not null references public.business_v2 (id) on delete cascade,
  name text not null constraint resources_name_length check (length(btrim(name)) between 1 and 200),
  position int not null default 0,                 -- lower ones are booked first
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  constraint resources_of_business unique (id, business_id));
create unique index resources_name on public.resources (business_id, lower(name)) where is_active;

create table public.service_resources (            -- a service without a row is served by every resource
  service_id uuid not null,
  resource_id uuid not null,
  business_id uuid not null,
  primary key (service_id, resource_id),
  foreign key (service_id, business_id) references public.services (id, business_id) on delete cascade,
  foreign key (resource_id, business_id) references public.resources (id, business_id) on delete cascade);
create index service_resources_by_resource on public.service_resources (resource_id);

create table public.idempotency_keys (             -- what a request that creates something gave, for the case that it is repeated
  kind text not null,
  key text not null,
  request bytea not null,                          -- hash of what was asked for
  result_id uuid,
  created_at timestamptz not null default now(),
  primary key (kind, key));

create function public.business_v2_check_time_zone() returns trigger language plpgsql set search_path = '' as $$
begin
  perform now() at time zone new.time_zone;
  return new;
exception when invalid_parameter_value then
  raise exception 'The time zone is not known.' using errcode = 'PT422', constraint = 'unknown_time_zone';
end $$;
create trigger business_v2_check_time_zone before insert or update of time_zone on public.business_v2
  for each row execute function public.business_v2_check_time_zone();

create trigger business_v2_touch before update on public.business_v2
  for each row execute function public.touch_updated_at();

-- A new business can be booked at once: one appointment at a time, until resources are named.
create function public.business_v2_default_resource() returns trigger
  language plpgsql security definer set search_path = '' as $$
begin
  insert into public.resources (business_id, name) values (new.id, 'default');
  return null;
end $$;
create trigger business_v2_default_resource after insert on public.business_v2
  for each row execute function public.business_v2_default_resource();

-- Opening spans of local dates as absolute ranges, as they stand in the hours: neighbours are not joined. A wall-clock time that the
-- clock skips is moved on by the gap; of one that it shows twice, a span opens at the first and closes at the last. `later` is the
-- reading that `at time zone` gives, `shift` what the clock was put back by in the hours before it.
create function public.business_open_spans(p_business_id uuid, p_from date, p_to date) returns table (on_date date, open_range tstzrange)
  language plpgsql stable rows 30 set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare v_zone text;
begin
  select b.time_zone into v_zone from public.business_v2 b where b.id = p_business_id;
  return query
    select i.on_date, tstzrange(i.opens, i.closes, '[)')
    from generate_series(0, p_to - p_from) d,
      lateral (
        select p_from + d as on_date, h.opens, h.closes from public.business_hours h
          where h.business_id = p_business_id and h.weekday = extract(isodow from p_from + d)::int
            and not exists (select from public.business_closures c where c.business_id = p_business_id and c.on_date = p_from + d)
        union all
        select c.on_date, c.opens, c.closes from public.business_closures c
          where c.business_id = p_business_id and c.on_date = p_from + d and not exists (
            select from public.business_closures x where x.business_id = p_business_id and x.on_date = c.on_date and x.opens is null)) s,
      lateral (
        select (s.on_date + s.opens) at time zone v_zone as later,
          (s.on_date + s.closes + case when s.closes <= s.opens then interval '1 day' else interval '0' end) at time zone v_zone as closes
        offset 0) r,  -- offset 0: each reading is made once
      lateral (
        select (r.later - interval '3 hours') at time zone v_zone + interval '3 hours' - r.later at time zone v_zone as shift offset 0) f,
      lateral (
        select s.on_date, r.closes, case when f.shift > interval '0' and (r.later - f.shift) at time zone v_zone = s.on_date + s.opens
          then r.later - f.shift else r.later end as opens offset 0) i
    where i.opens < i.closes;
end $$;

-- Opening spans of one local date.
create function public.business_open_ranges(p_business_id uuid, p_date date) returns setof tstzrange
  language sql stable set search_path = '' as $$
  select s.open_range from public.business_open_spans(p_business_id, p_date, p_date) s order by s.open_range $$;

-- Whether a business is open at a moment; one that has told no hours always is.
create function public.business_is_open(p_business_id uuid, p_at timestamptz default now()) returns boolean
  language sql stable set search_path = '' as $$
  select not exists (select from public.business_hours h where h.business_id = b.id)
    or exists (select from public.business_open_spans(b.id, (p_at at time zone b.time_zone)::date - 1, (p_at at time zone b.time_zone)::date) o
               where o.open_range @> p_at)
  from public.business_v2 b where b.id = p_business_id $$;

revoke all on function public.business_v2_check_time_zone() from public, anon, authenticated;
revoke all on function public.business_v2_default_resource() from public, anon, authenticated;
revoke all on function public.business_open_spans(uuid, date, date) from public, anon, authenticated;
revoke all on function public.business_open_ranges(uuid, date) from public, anon, authenticated;
revoke all on function public.business_is_open(uuid, timestamptz) from public, anon, authenticated;
grant execute on function public.business_open_spans(uuid, date, date) to authenticated, service_role;
grant execute on function public.business_open_ranges(uuid, date) to authenticated, service_role;
grant execute on function public.business_is_open(uuid, timestamptz) to authenticated, service_role;

alter table public.business_v2 enable row level security;
alter table public.business_hours enable row level security;
alter table public.business_closures enable row level security;
alter table public.services enable row level security;
alter table public.resources enable row level security;
alter table public.service_resources enable row level security;
alter table public.idempotency_keys enable row level security;
revoke all on public.business_v2, public.business_hours, public.business_closures, public.services, public.resources,
  public.service_resources, public.idempotency_keys from public, anon, authenticated;
grant all on public.idempotency_keys to service_role;

-- The owner's own screen may keep the business; ownership and the version of its knowledge base are not its to write.
grant select, insert (id, user_id, name, time_zone, locale, email, greeting, transfer_number, address),
  update (name, time_zone, locale, email, greeting, transfer_number, address, slot_minutes, default_duration_minutes, min_notice_minutes,
          max_advance_days, reminder_minutes, transfer_mode, when_closed, closed_greeting, calendar_token, is_active)
  on public.business_v2 to authenticated;
grant select, insert, update, delete on public.business_hours, public.business_closures, public.services, public.resources,
  public.service_resources to authenticated;
grant all on public.business_v2, public.business_hours, public.business_closures, public.services, public.resources,
  public.service_resources to service_role;

create policy business_v2_own on public.business_v2 for all to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy business_hours_own on public.business_hours for all to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
create policy business_closures_own on public.business_closures for all to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
create policy services_own on public.services for all to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
create policy resources_own on public.resources for all to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
create policy service_resources_own on public.service_resources for all to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
