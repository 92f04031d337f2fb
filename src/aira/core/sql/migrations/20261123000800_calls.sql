-- Calls: who rang, what was said and done, and how the call goes on when its bot is gone.
-- ringing -> in_progress -> completed;  ringing -> missed | rejected.

create table public.calls (
  id uuid primary key default gen_random_uuid(),
  call_sid text not null constraint calls_once unique constraint calls_call_sid_length check (length(call_sid) between 1 and 100),
  business_id uuid references public.business_v2 (id) on delete cascade,        -- null: the number leads to no business
  business_number_id uuid references public.business_numbers (id) on delete set null,
  from_number text,                                -- null: withheld
  to_number text,
  status text not null default 'ringing' constraint calls_status check (status in ('ringing', 'in_progress', 'completed', 'missed', 'rejected')),
  route text not null default 'answer' constraint calls_route check (route in ('answer', 'unknown_number', 'unassigned', 'inactive',
    'caller_limit', 'business_limit', 'closed_voicemail', 'closed_greeting')),  -- where it was sent when it came in
  outcome text,                                    -- the most the call achieved, or why it was rejected
  started_at timestamptz not null default now(),
  answered_at timestamptz,                         -- the bot's first connection
  ended_at timestamptz,
  duration_seconds int constraint calls_duration check (duration_seconds >= 0),
  carrier_seconds int constraint calls_carrier_seconds check (carrier_seconds >= 0),  -- what the carrier charges; null until it says so
  summary text,                                    -- written after the call, like the questions that found no answer
  unanswered text[] not null default '{}',
  tags text[] not null default '{}',
  connects int not null default 0,                 -- how often a bot has taken the call; more than once where one was lost
  next_step text constraint calls_next_step check (next_step in ('hang_up', 'transfer')),  -- what the bot wants done; null while it talks
  transfer_reason text,                            -- why the bot puts the caller through, in a few words
  transfer_accepted_at timestamptz,                -- the person called pressed the key to take the call
  mind_state jsonb,                                -- what the bot remembers, for the one that takes over
  recording_key text,                              -- key of the recording in the file store
  created_at timestamptz not null default now(),
  constraint calls_over check ((ended_at is null) = (status in ('ringing', 'in_progress'))));
create index calls_by_business on public.calls (business_id, started_at desc);
create index calls_by_start on public.calls (started_at desc);
create index calls_by_caller on public.calls (from_number, started_at desc);
create index calls_under_way on public.calls (started_at) where ended_at is null;

create table public.call_events (                  -- the journal, one row a turn, tool or note; latency is filled in once the turn was heard
  call_id uuid not null references public.calls (id) on delete cascade,
  seq int not null,
  role text not null constraint call_events_role check (role in ('caller', 'bot', 'tool', 'note')),
  text text not null default '' constraint call_events_length check (length(text) <= 20000),
  tool text,                                       -- the tool's name; for a note, where it comes from
  detail jsonb not null default '{}',
  key uuid,                                        -- of whoever wrote it; the same one again is no second event
  latency_ms jsonb,                                -- parts of the answer's delay by name, in milliseconds
  at timestamptz not null default now(),
  primary key (call_id, seq));
create unique index call_events_once on public.call_events (call_id, key) where key is not null;

create table public.stream_tokens (                -- a media stream shows one of these, once; only its hash is kept
  token_hash bytea primary key,
  call_id uuid not null references public.calls (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz);
create index stream_tokens_by_call on public.stream_tokens (call_id);

create table public.call_usage (                   -- what a call has used so far, one row a unit and engine
  call_id uuid not null references public.calls (id) on delete cascade,
  unit text not null constraint call_usage_unit check (unit in ('stt_seconds', 'llm_input_tokens', 'llm_output_tokens', 'tts_characters')),
  engine text not null constraint call_usage_engine check (length(engine) between 1 and 100),
  quantity numeric(14,3) not null constraint call_usage_quantity check (quantity >= 0),
  primary key (call_id, unit, engine));

create table public.webhook_events (               -- what a carrier has told us already; its repeats change nothing
  provider text not null,
  dedupe_key text not null,
  kind text not null,
  connects int not null default 0,                 -- of its call, when it was heard first
  received_at timestamptz not null default now(),
  primary key (provider, dedupe_key));
create index webhook_events_by_age on public.webhook_events (received_at);

create table public.call_messages (                -- what callers left for the owner, spoken to the bot or recorded
  id uuid primary key default gen_random_uuid(),
  call_id uuid not null references public.calls (id) on delete cascade,
  business_id uuid not null references public.business_v2 (id) on delete cascade,
  kind text not null default 'message' constraint call_messages_kind check (kind in ('message', 'voicemail')),
  text text not null constraint call_messages_length check (length(text) between 1 and 4000),
  caller_name text constraint call_messages_name_length check (length(caller_name) <= 200),
  phone text,
  recording_url text,                              -- at the carrier
  recording_key text,                              -- key in the file store, once it has been fetched
  created_at timestamptz not null default now());
create unique index call_messages_once on public.call_messages (call_id, kind, md5(coalesce(recording_url, text)));
create index call_messages_by_business on public.call_messages (business_id, created_at desc);

-- Whether a call holds a line now: one that goes on with a person does not, and one that nothing was heard of for ten minutes was lost.
create function public.call_holds_line(c public.calls, p_now timestamptz) returns boolean
  language sql stable set search_path = '' as $$
  select c.ended_at is null and c.next_step is distinct from 'transfer' and (c.started_at > p_now - interval '10 minutes'
    or exists (select from public.call_events e where e.call_id = c.id and e.at > p_now - interval '10 minutes')) $$;

-- Whether a caller or a business is at one of the limits that stand under `p_limit` and `p_limit || '_per_hour'`; 0 or nothing is no limit.
create function public.call_limit_reached(p_limits jsonb, p_limit text, p_from_number text, p_business_id uuid, p_now timestamptz) returns boolean
  language sql stable set search_path = '' as $$
  select coalesce(count(*) filter (where public.call_holds_line(c, p_now)) >= nullif((p_limits ->> p_limit)::int, 0), false)
      or coalesce(count(*) filter (where c.started_at > p_now - interval '1 hour') >= nullif((p_limits ->> (p_limit || '_per_hour'))::int, 0), false)
  from public.calls c
  where c.started_at > p_now - interval '4 hours' and c.status <> 'rejected'
    and (c.from_number = p_from_number or c.business_id = p_business_id) $$;

-- Where a call to a number goes: answer, unassigned, inactive, unknown_number where we do not rent it (any more), caller_limit or
-- business_limit where too many come, closed_voicemail or closed_greeting where the business is closed and wants that.
create function public.call_route(p_to_number text, p_from_number text default null, p_limits jsonb default '{}', p_now timestamptz default now())
  returns table (route text, business_id uuid, business_number_id uuid)
  language sql stable set search_path = '' as $$
  select case
      when n.id is null then 'unknown_number' when n.business_id is null then 'unassigned' when not b.is_active then 'inactive'
      when public.call_limit_reached(p_limits, 'caller_calls', p_from_number, null, p_now) then 'caller_limit'
      when public.call_limit_reached(p_limits, 'business_calls', null, b.id, p_now) then 'business_limit'
      when b.when_closed <> 'answer' and not public.business_is_open(b.id, p_now) then 'closed_' || b.when_closed
      else 'answer' end,
    n.business_id, n.id
  from (select) one
    left join public.business_numbers n on n.phone_number = p_to_number and n.is_active
    left join public.business_v2 b on b.id = n.business_id $$;

-- The call with this CallSid, made where it is new. A repeat changes nothing and returns the row that is there. Of calls that come at
-- once, each is counted before the next is let in.
create function public.open_call(p_call_sid text, p_from_number text, p_to_number text, p_limits jsonb default '{}', p_now timestamptz default now())
  returns public.calls
  language plpgsql set search_path = '' as $$
declare c public.calls;
begin
  select * into c from public.calls where call_sid = p_call_sid;
  if found then return c; end if;
  perform pg_advisory_xact_lock(hashtextextended('calls to ' || coalesce(p_to_number, ''), 0));
  insert into public.calls (call_sid, business_id, business_number_id, from_number, to_number, route, status, outcome, started_at, ended_at,
      duration_seconds, created_at)
    select p_call_sid, r.business_id, r.business_number_id, p_from_number, p_to_number, r.route,
      case when v.refused then 'rejected' else 'ringing' end, case when v.refused then r.route end, p_now,
      case when v.refused then p_now end, case when v.refused then 0 end, p_now
    from public.call_route(p_to_number, p_from_number, p_limits, p_now) r,
      lateral (select r.route not in ('answer', 'business_limit', 'closed_voicemail') as refused) v
    on conflict (call_sid) do nothing returning * into c;
  if c.id is null then
    select * into c from public.calls where call_sid = p_call_sid;
  end if;
  return c;
end $$;

-- Adds to the journal and returns the row's number in the call.
create function public.record_call_event(p_call_id uuid, p_role text, p_text text, p_tool text default null, p_detail jsonb default '{}',
    p_mind_state jsonb default null, p_now timestamptz default now(), p_key uuid default null) returns int
  language plpgsql set search_path = '' as $$
declare v_seq int;
begin
  perform from public.calls where id = p_call_id for update;
  if not found then
    raise exception 'There is no such call.' using errcode = 'PT404', constraint = 'call_not_found';
  end if;
  select e.seq into v_seq from public.call_events e where e.call_id = p_call_id and e.key = p_key;
  if found then
    return v_seq;
  end if;
  insert into public.call_events (call_id, seq, role, text, tool, detail, at, key)
    select p_call_id, coalesce(max(e.seq), 0) + 1, p_role, left(p_text, 20000), p_tool, p_detail, p_now, p_key
    from public.call_events e where e.call_id = p_call_id returning seq into v_seq;
  if p_mind_state is not null then
    update public.calls set mind_state = p_mind_state where id = p_call_id;
  end if;
  return v_seq;
end $$;

-- Takes a stream's token: the call goes to this bot. No row where the token is unknown, used, too old or another call's.
create function public.redeem_stream_token(p_token_hash bytea, p_call_sid text, p_now timestamptz default now()) returns setof public.calls
  language plpgsql set search_path = '' as $$
declare v_call_id uuid;
begin
  update public.stream_tokens t set used_at = p_now
    from public.calls c
    where t.token_hash = p_token_hash and t.used_at is null and t.expires_at > p_now
      and c.id = t.call_id and c.call_sid = p_call_sid and c.ended_at is null
    returning c.id into v_call_id;
  return query
    update public.calls set status = 'in_progress', answered_at = coalesce(answered_at, p_now), connects = connects + 1
      where id = v_call_id returning *;
end $$;

-- Ends a call; of several endings the first counts, but the carrier's duration replaces ours. A call that no bot took was missed.
create function public.close_call(p_call_sid text, p_outcome text default null, p_duration_seconds int default null, p_now timestamptz default now())
  returns setof public.calls
  language sql set search_path = '' as $$
  update public.calls c
    set status = case when c.status in ('ringing', 'in_progress') then case when c.connects > 0 then 'completed' else 'missed' end else c.status end,
      outcome = coalesce(c.outcome, p_outcome),
      ended_at = coalesce(c.ended_at, p_now),
      duration_seconds = coalesce(p_duration_seconds, c.duration_seconds, greatest(0, round(extract(epoch from p_now - c.started_at)))::int),
      carrier_seconds = coalesce(p_duration_seconds, c.carrier_seconds)
    where c.call_sid = p_call_sid returning c.* $$;

-- Opens a call again that we took to be over while the carrier still has the caller: the stream was lost. No row where the bot ended it.
create function public.reopen_call(p_call_sid text) returns setof public.calls
  language sql set search_path = '' as $$
  update public.calls set status = 'in_progress', outcome = null, ended_at = null, duration_seconds = null
    where call_sid = p_call_sid and status = 'completed' and next_step is null and carrier_seconds is null returning * $$;

-- Closes the books of calls that nothing has been heard of for four hours, because the carrier's last word was lost.
create function public.close_lost_calls(p_now timestamptz default now()) returns int
  language sql set search_path = '' as $$
  with lost as (
    update public.calls c set status = case when c.connects > 0 then 'completed' else 'missed' end, ended_at = l.at,
      duration_seconds = greatest(0, round(extract(epoch from l.at - c.started_at)))::int
    from (select u.id, greatest(u.started_at, (select max(e.at) from public.call_events e where e.call_id = u.id)) as at
          from public.calls u where u.ended_at is null and u.started_at < p_now - interval '4 hours') l
    where c.id = l.id and l.at < p_now - interval '4 hours' returning 1)
  select count(*)::int from lost $$;

-- Adds to what a call has used.
create function public.record_call_usage(p_call_id uuid, p_unit text, p_engine text, p_quantity numeric) returns void
  language sql set search_path = '' as $$
  insert into public.call_usage as u (call_id, unit, engine, quantity) values (p_call_id, p_unit, p_engine, p_quantity)
    on conflict (call_id, unit, engine) do update set quantity = u.quantity + excluded.quantity $$;

-- Leaves a message for the owner and puts the news into the outbox. The same words, or the same recording, in the same call are one
-- message. News of a recording waits a while for it to be fetched, so that it can be attached.
create function public.take_call_message(p_call_id uuid, p_text text, p_caller_name text default null, p_phone text default null,
    p_kind text default 'message', p_recording_url text default null, p_now timestamptz default now()) returns setof public.call_messages
  language plpgsql set search_path = '' as $$
declare c public.calls; m public.call_messages;
begin
  select * into c from public.calls where id = p_call_id and business_id is not null;
  if not found then
    raise exception 'There is no such call.' using errcode = 'PT404', constraint = 'call_not_found';
  end if;
  insert into public.call_messages (call_id, business_id, kind, text, caller_name, phone, recording_url, created_at)
    values (c.id, c.business_id, p_kind, left(p_text, 4000), left(p_caller_name, 200), coalesce(p_phone, c.from_number), p_recording_url, p_now)
    on conflict (call_id, kind, md5(coalesce(recording_url, text))) do nothing returning * into m;
  if m.id is null then
    return query select * from public.call_messages x
      where x.call_id = c.id and x.kind = p_kind and coalesce(x.recording_url, x.text) = coalesce(p_recording_url, left(p_text, 4000));
    return;
  end if;
  if p_kind = 'voicemail' then
    update public.calls set outcome = 'voicemail' where id = c.id and (outcome is null or outcome in ('transferred', 'no_need', 'silent'));
  end if;
  insert into public.notifications (business_id, channel, template, recipient, payload, dedupe_key, send_after, created_at)
    select b.id, 'email', 'owner_message', b.email,
      jsonb_build_object('text', m.text, 'caller_name', m.caller_name, 'phone', m.phone, 'kind', m.kind, 'recording_url', m.recording_url),
      'call_message:' || m.id, p_now + case when p_recording_url is null then interval '0' else interval '15 minutes' end, p_now
    from public.business_v2 b where b.id = c.business_id and b.email is not null;
  return next m;
end $$;

-- Notes where a recording lies now; the news of it leaves with the recording attached.
create function public.keep_call_recording(p_message_id uuid, p_key text, p_now timestamptz default now()) returns void
  language sql set search_path = '' as $$
  update public.notifications set payload = payload || jsonb_build_object('recording_key', p_key), send_after = p_now
    where dedupe_key = 'call_message:' || p_message_id and status = 'pending';
  update public.call_messages set recording_key = p_key where id = p_message_id $$;

revoke all on function public.call_holds_line(public.calls, timestamptz) from public, anon, authenticated;
revoke all on function public.call_limit_reached(jsonb, text, text, uuid, timestamptz) from public, anon, authenticated;
revoke all on function public.call_route(text, text, jsonb, timestamptz) from public, anon, authenticated;
revoke all on function public.open_call(text, text, text, jsonb, timestamptz) from public, anon, authenticated;
revoke all on function public.record_call_event(uuid, text, text, text, jsonb, jsonb, timestamptz, uuid) from public, anon, authenticated;
revoke all on function public.redeem_stream_token(bytea, text, timestamptz) from public, anon, authenticated;
revoke all on function public.close_call(text, text, int, timestamptz) from public, anon, authenticated;
revoke all on function public.reopen_call(text) from public, anon, authenticated;
revoke all on function public.close_lost_calls(timestamptz) from public, anon, authenticated;
revoke all on function public.record_call_usage(uuid, text, text, numeric) from public, anon, authenticated;
revoke all on function public.take_call_message(uuid, text, text, text, text, text, timestamptz) from public, anon, authenticated;
revoke all on function public.keep_call_recording(uuid, text, timestamptz) from public, anon, authenticated;
grant execute on function public.call_holds_line(public.calls, timestamptz),
  public.call_limit_reached(jsonb, text, text, uuid, timestamptz), public.call_route(text, text, jsonb, timestamptz),
  public.open_call(text, text, text, jsonb, timestamptz), public.record_call_event(uuid, text, text, text, jsonb, jsonb, timestamptz, uuid),
  public.redeem_stream_token(bytea, text, timestamptz), public.close_call(text, text, int, timestamptz), public.reopen_call(text),
  public.close_lost_calls(timestamptz), public.record_call_usage(uuid, text, text, numeric),
  public.take_call_message(uuid, text, text, text, text, text, timestamptz),
  public.keep_call_recording(uuid, text, timestamptz) to service_role;

alter table public.calls enable row level security;
alter table public.call_events enable row level security;
alter table public.stream_tokens enable row level security;
alter table public.call_usage enable row level security;
alter table public.webhook_events enable row level security;
alter table public.call_messages enable row level security;
revoke all on public.calls, public.call_events, public.stream_tokens, public.call_usage, public.webhook_events, public.call_messages
  from public, anon, authenticated;
grant select on public.calls, public.call_events, public.call_usage, public.call_messages to authenticated;
grant select, insert, update, delete on public.calls, public.call_events, public.stream_tokens, public.call_usage, public.webhook_events,
  public.call_messages to service_role;

create policy calls_own on public.calls for select to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
create policy call_events_own on public.call_events for select to authenticated
  using (call_id in (select c.id from public.calls c join public.business_v2 b on b.id = c.business_id where b.user_id = (select auth.uid())));
create policy call_messages_own on public.call_messages for select to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
create policy call_usage_own on public.call_usage for select to authenticated
  using (call_id in (select c.id from public.calls c join public.business_v2 b on b.id = c.business_id where b.user_id = (select auth.uid())));
