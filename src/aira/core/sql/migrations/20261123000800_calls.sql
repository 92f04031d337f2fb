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
  outcome text,                                    -- the most the call achieved, or why it was rejected
  started_at timestamptz not null default now(),
  answered_at timestamptz,                         -- the bot's first connection
  ended_at timestamptz,
  duration_seconds int constraint calls_duration check (duration_seconds >= 0),
  summary text,
  tags text[] not null default '{}',
  connects int not null default 0,                 -- how often a bot has taken the call; more than once where one was lost
  next_step text constraint calls_next_step check (next_step in ('hang_up', 'transfer')),  -- what the bot wants done; null while it talks
  mind_state jsonb,                                -- what the bot remembers, for the one that takes over
  recording_key text,                              -- key of the recording in the file store
  created_at timestamptz not null default now(),
  constraint calls_over check ((ended_at is null) = (status in ('ringing', 'in_progress'))));
create index calls_by_business on public.calls (business_id, started_at desc);
create index calls_by_start on public.calls (started_at desc);

create table public.call_events (                  -- the journal, one row a turn, tool or note; latency is filled in once the turn was heard
  call_id uuid not null references public.calls (id) on delete cascade,
  seq int not null,
  role text not null constraint call_events_role check (role in ('caller', 'bot', 'tool', 'note')),
  text text not null default '' constraint call_events_length check (length(text) <= 20000),
  tool text,                                       -- the tool's name; for a note, where it comes from
  detail jsonb not null default '{}',
  latency_ms jsonb,                                -- parts of the answer's delay by name, in milliseconds
  at timestamptz not null default now(),
  primary key (call_id, seq));

create table public.stream_tokens (                -- a media stream shows one of these, once; only its hash is kept
  token_hash bytea primary key,
  call_id uuid not null references public.calls (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz);
create index stream_tokens_by_call on public.stream_tokens (call_id);

create table public.webhook_events (               -- what a carrier has told us already; its repeats change nothing
  provider text not null,
  dedupe_key text not null,
  kind text not null,
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
  created_at timestamptz not null default now());
create unique index call_messages_once on public.call_messages (call_id, kind, md5(text));
create index call_messages_by_business on public.call_messages (business_id, created_at desc);

-- Where a call to a number goes: answer, unassigned, inactive, or unknown_number where we do not rent it (any more).
create function public.call_route(p_to_number text) returns table (route text, business_id uuid, business_number_id uuid)
  language sql stable set search_path = '' as $$
  select case when n.id is null then 'unknown_number' when n.business_id is null then 'unassigned' when not b.is_active then 'inactive' else 'answer' end,
    n.business_id, n.id
  from (select) one
    left join public.business_numbers n on n.phone_number = p_to_number and n.is_active
    left join public.business_v2 b on b.id = n.business_id $$;

-- The call with this CallSid, made where it is new. A repeat changes nothing and returns the row that is there.
create function public.open_call(p_call_sid text, p_from_number text, p_to_number text, p_now timestamptz default now()) returns public.calls
  language plpgsql set search_path = '' as $$
declare c public.calls;
begin
  insert into public.calls (call_sid, business_id, business_number_id, from_number, to_number, status, outcome, started_at, ended_at, duration_seconds, created_at)
    select p_call_sid, r.business_id, r.business_number_id, p_from_number, p_to_number,
      case r.route when 'answer' then 'ringing' else 'rejected' end, nullif(r.route, 'answer'), p_now,
      case r.route when 'answer' then null else p_now end, case r.route when 'answer' then null else 0 end, p_now
    from public.call_route(p_to_number) r
    on conflict (call_sid) do nothing returning * into c;
  if c.id is null then
    select * into c from public.calls where call_sid = p_call_sid;
  end if;
  return c;
end $$;

-- Adds to the journal and returns the row's number in the call.
create function public.record_call_event(p_call_id uuid, p_role text, p_text text, p_tool text default null, p_detail jsonb default '{}',
    p_mind_state jsonb default null, p_now timestamptz default now()) returns int
  language plpgsql set search_path = '' as $$
declare v_seq int;
begin
  perform from public.calls where id = p_call_id for update;
  if not found then
    raise exception 'There is no such call.' using errcode = 'PT404', constraint = 'call_not_found';
  end if;
  insert into public.call_events (call_id, seq, role, text, tool, detail, at)
    select p_call_id, coalesce(max(e.seq), 0) + 1, p_role, left(p_text, 20000), p_tool, p_detail, p_now
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
      duration_seconds = coalesce(p_duration_seconds, c.duration_seconds, greatest(0, round(extract(epoch from p_now - c.started_at)))::int)
    where c.call_sid = p_call_sid returning c.* $$;

-- Leaves a message for the owner and puts the news into the outbox. The same words in the same call are one message.
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
    on conflict (call_id, kind, md5(text)) do nothing returning * into m;
  if m.id is null then
    return query select * from public.call_messages x where x.call_id = c.id and x.kind = p_kind and x.text = left(p_text, 4000);
    return;
  end if;
  insert into public.notifications (business_id, channel, template, recipient, payload, dedupe_key, send_after, created_at)
    select b.id, 'email', 'owner_message', b.email,
      jsonb_build_object('text', m.text, 'caller_name', m.caller_name, 'phone', m.phone, 'kind', m.kind, 'recording_url', m.recording_url),
      'call_message:' || m.id, p_now, p_now
    from public.business_v2 b where b.id = c.business_id and b.email is not null;
  return next m;
end $$;

revoke all on function public.call_route(text) from public, anon, authenticated;
revoke all on function public.open_call(text, text, text, timestamptz) from public, anon, authenticated;
revoke all on function public.record_call_event(uuid, text, text, text, jsonb, jsonb, timestamptz) from public, anon, authenticated;
revoke all on function public.redeem_stream_token(bytea, text, timestamptz) from public, anon, authenticated;
revoke all on function public.close_call(text, text, int, timestamptz) from public, anon, authenticated;
revoke all on function public.take_call_message(uuid, text, text, text, text, text, timestamptz) from public, anon, authenticated;
grant execute on function public.call_route(text), public.open_call(text, text, text, timestamptz),
  public.record_call_event(uuid, text, text, text, jsonb, jsonb, timestamptz), public.redeem_stream_token(bytea, text, timestamptz),
  public.close_call(text, text, int, timestamptz), public.take_call_message(uuid, text, text, text, text, text, timestamptz) to service_role;

alter table public.calls enable row level security;
alter table public.call_events enable row level security;
alter table public.stream_tokens enable row level security;
alter table public.webhook_events enable row level security;
alter table public.call_messages enable row level security;
revoke all on public.calls, public.call_events, public.stream_tokens, public.webhook_events, public.call_messages from public, anon, authenticated;
grant select on public.calls, public.call_events, public.call_messages to authenticated;
grant select, insert, update, delete on public.calls, public.call_events, public.stream_tokens, public.webhook_events, public.call_messages
  to service_role;

create policy calls_own on public.calls for select to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
create policy call_events_own on public.call_events for select to authenticated
  using (call_id in (select c.id from public.calls c join public.business_v2 b on b.id = c.business_id where b.user_id = (select auth.uid())));
create policy call_messages_own on public.call_messages for select to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
