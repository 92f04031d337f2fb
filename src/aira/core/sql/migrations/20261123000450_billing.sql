-- Rental: each number owes one charge a period, taken from its wallet by the billing run. Decision record: docs/decisions/0051-billing-run.md.
-- Whatever is run how often, by whom and how late: unique (number, period) makes a period one row, and the row is paid by one ledger key.

create table public.billing_runs (
  id uuid primary key default gen_random_uuid(),
  as_of date not null,
  actor text not null,
  started_at timestamptz not null default now(),
  finished_at timestamptz,                                    -- null: under way, or its process died; run again
  totals jsonb not null default '{}');
create index billing_runs_by_time on public.billing_runs (started_at desc);

create table public.number_charges (
  id uuid primary key default gen_random_uuid(),
  business_number_id uuid not null references public.business_numbers (id) on delete restrict,
  period_start date not null,
  period_end date not null check (period_end > period_start), -- first day after the period
  amount numeric(14,4) not null check (amount >= 0),          -- the price on the day the row was made; a later price does not change it
  currency char(3) not null,
  status text not null default 'unpaid' check (status in ('unpaid', 'paid', 'waived', 'written_off')),
  transaction_id uuid references public.transactions (id) on delete restrict,
  run_id uuid,                                                -- of the run that touched it last
  created_at timestamptz not null default now(),
  paid_at timestamptz,
  waived_at timestamptz,
  waive_reason text,
  constraint number_charges_one_per_period unique (business_number_id, period_start),
  constraint number_charges_paid check (status <> 'paid' or paid_at is not null and (amount = 0 or transaction_id is not null)),
  constraint number_charges_unpaid check (status not in ('unpaid', 'written_off') or transaction_id is null),
  constraint number_charges_waived check ((status = 'waived') = (waived_at is not null) and (waived_at is null) = (waive_reason is null)));
alter table public.transactions add constraint transactions_charge     -- deferred: each of the two rows names the other
  foreign key (charge_id) references public.number_charges (id) on delete restrict deferrable initially deferred;

create table public.billing_run_items (                       -- what one run did with one number; written with the charge itself
  run_id uuid not null,                                       -- no foreign key: all charges of a run would lock its one row
  business_number_id uuid not null,
  phone_number text not null,
  outcome text not null,
  periods int not null default 0,
  amount numeric(14,4) not null default 0,                    -- money that moved
  currency char(3) not null,
  period_start date,
  period_end date,
  detail text not null default '',
  primary key (run_id, business_number_id));

-- First day of period p_n, counted from the anchor and never from the period before: 31 Jan, 28 Feb, 31 Mar.
create function public.billing_period_start(p_anchor date, p_n int) returns date language plpgsql immutable set search_path = '' as $$
begin
  return (p_anchor + make_interval(months => p_n))::date;
end $$;

-- What to do about one unpaid period. aira.billing.policy.decide is the same table in Python; a property test holds the two together.
-- p_warned_on: day the first warning of this grace was delivered. p_last_warned_on: day `release_tomorrow` was. Null: not delivered.
create function public.billing_decide(p_available numeric, p_amount numeric, p_today date, p_grace_started_on date, p_grace_until date,
    p_reminded boolean, p_last_warning boolean, p_warned_on date, p_last_warned_on date, p_may_release boolean)
  returns text language plpgsql immutable set search_path = '' as $$
begin
  return case
    when p_available >= p_amount then 'charge'
    when p_grace_until is null then 'start_grace'
    when p_today < p_grace_until and (p_reminded or p_today < p_grace_started_on + (p_grace_until - p_grace_started_on) / 2) then 'wait'
    when p_today < p_grace_until then 'remind'
    when not p_last_warning then 'warn'
    when p_today = p_grace_until then 'wait'
    when p_warned_on is null or p_last_warned_on is null then 'block'
    when p_today < p_warned_on + 3 or p_today <= p_last_warned_on then 'wait'
    when not p_may_release then 'hold'
    else 'release' end;
end $$;

-- Queues a letter to whoever pays; false where it was queued before or there is no address.
create function public.billing_notify(p_wallet_id uuid, p_business_id uuid, p_template text, p_key text, p_payload jsonb, p_now timestamptz)
  returns boolean language plpgsql set search_path = '' as $$
begin
  insert into public.notifications (business_id, wallet_id, channel, template, recipient, payload, dedupe_key, send_after, created_at)
    select p_business_id, w.id, 'email', p_template, coalesce(w.billing_email, u.email), p_payload, p_template || ':' || p_key, p_now, p_now
      from public.wallets w join auth.users u on u.id = w.user_id
      where w.id = p_wallet_id and coalesce(w.billing_email, u.email) is not null
    on conflict (dedupe_key) do nothing;
  return found;
end $$;

-- Period p_index of a number: its charge where there is one, else what the charge will be. Its amount is the price of the day it is made.
create function public.billing_charge_of(n public.business_numbers, p_index int, p_run_id uuid, p_now timestamptz)
  returns public.number_charges language plpgsql stable set search_path = '' as $$
declare c public.number_charges; v_start date := public.billing_period_start(n.billing_anchor, p_index);
begin
  select * into c from public.number_charges where business_number_id = n.id and period_start = v_start;
  if not found then
    c.id := gen_random_uuid(); c.business_number_id := n.id; c.period_start := v_start; c.amount := n.monthly_cost; c.currency := n.currency;
    c.period_end := public.billing_period_start(n.billing_anchor, p_index + 1); c.status := 'unpaid'; c.created_at := p_now;
  end if;
  c.run_id := p_run_id;
  return c;
end $$;

create function public.billing_keep_charge(c public.number_charges) returns void language plpgsql set search_path = '' as $$
begin
  insert into public.number_charges select c.* on conflict (business_number_id, period_start)
    do update set status = excluded.status, transaction_id = excluded.transaction_id, paid_at = excluded.paid_at, run_id = excluded.run_id;
end $$;

-- Takes a charge from the wallet and queues the receipt. Raises insufficient_funds.
create function public.billing_pay_charge(n public.business_numbers, c public.number_charges, p_actor text, p_now timestamptz)
  returns void language plpgsql set search_path = '' as $$
declare t public.transactions;
begin
  if c.status in ('paid', 'waived') then
    return;
  end if;
  if c.amount > 0 then
    t := public.wallet_post(n.wallet_id, 'debit', 'revenue:number_rental', c.amount,
      format('Rental of %s, %s to %s', n.phone_number, c.period_start, c.period_end - 1), 'rental:' || n.id || ':' || c.period_start,
      p_actor, n.id, c.id, null, p_now);
    perform public.billing_notify(n.wallet_id, n.business_id, 'receipt', t.id::text, jsonb_build_object('number', n.phone_number,
      'amount', public.money_text(c.amount), 'currency', c.currency, 'period_from', c.period_start, 'period_to', c.period_end - 1,
      'balance', public.money_text(t.balance_after), 'receipt', t.seq), p_now);
  end if;
  c.status := 'paid'; c.transaction_id := t.id; c.paid_at := p_now;
  perform public.billing_keep_charge(c);
end $$;

create function public.billing_charge_period(n public.business_numbers, p_index int, p_run_id uuid, p_actor text, p_now timestamptz)
  returns void language sql set search_path = '' as
$$ select public.billing_pay_charge(n, public.billing_charge_of(n, p_index, p_run_id, p_now), p_actor, p_now) $$;

-- Whether a letter of the present grace is queued, and the wallet's day on which it left.
create function public.billing_letter(n public.business_numbers, p_template text, p_time_zone text, out queued boolean, out delivered_on date)
  language plpgsql stable set search_path = '' as $$
begin
  select (x.sent_at at time zone p_time_zone)::date into delivered_on from public.notifications x
    where x.dedupe_key = p_template || ':' || n.id || ':' || n.grace_started_on and x.status in ('sent', 'delivered');
  queued := found or exists (select from public.notifications x where x.dedupe_key = p_template || ':' || n.id || ':' || n.grace_started_on);
end $$;

-- The decision for one unpaid charge, from what the database knows.
create function public.billing_decision(n public.business_numbers, w public.wallets, p_amount numeric, p_today date, p_may_release boolean)
  returns text language plpgsql stable set search_path = '' as $$
declare v_failed record; v_reminder record; v_last record;
begin
  if w.available >= p_amount or n.grace_until is null then
    return public.billing_decide(w.available, p_amount, p_today, null, null, false, false, null, null, false);
  end if;
  v_failed := public.billing_letter(n, 'payment_failed', w.billing_time_zone);
  v_reminder := public.billing_letter(n, 'grace_reminder', w.billing_time_zone);
  v_last := public.billing_letter(n, 'release_tomorrow', w.billing_time_zone);
  return public.billing_decide(w.available, p_amount, p_today, n.grace_started_on, n.grace_until, v_reminder.queued, v_last.queued,
    least(v_failed.delivered_on, v_reminder.delivered_on, v_last.delivered_on), v_last.delivered_on, p_may_release);
end $$;

-- Carries out every decision but `charge`; returns the outcome that the run reports.
create function public.billing_dun(n public.business_numbers, w public.wallets, c public.number_charges, p_decision text, p_today date,
    p_now timestamptz)
  returns text language plpgsql set search_path = '' as $$
declare
  v_payload jsonb := jsonb_build_object('number', n.phone_number, 'amount', public.money_text(c.amount), 'currency', c.currency,
    'available', public.money_text(w.available), 'grace_until', coalesce(n.grace_until, p_today + w.grace_days),
    'release_on', greatest(coalesce(n.grace_until, p_today + w.grace_days), p_today) + 1);
  v_template text := case p_decision when 'remind' then 'grace_reminder' when 'warn' then 'release_tomorrow' end;
begin
  case p_decision
    when 'start_grace' then
      update public.business_numbers set status = 'grace', status_reason = 'insufficient_funds', status_changed_at = p_now,
          grace_started_on = p_today, grace_until = p_today + w.grace_days where id = n.id;
      perform public.billing_notify(w.id, n.business_id, 'payment_failed', n.id || ':' || p_today, v_payload, p_now);
      return 'grace_started';
    when 'remind', 'warn' then
      if public.billing_notify(w.id, n.business_id, v_template, n.id || ':' || n.grace_started_on, v_payload, p_now) then
        return 'reminded';
      end if;
      return case p_decision when 'warn' then 'release_blocked' else 'waiting' end;
    when 'release' then
      perform public.number_begin_release(n.id, 'unpaid', p_now);
      perform public.billing_notify(w.id, n.business_id, 'released', n.id::text, v_payload, p_now);
      return 'releasing';
    else
      return case p_decision when 'block' then 'release_blocked' when 'hold' then 'release_held' else 'waiting' end;
  end case;
end $$;

create function public.billing_detail(p_outcome text, n public.business_numbers, w public.wallets, p_needed numeric) returns text
  language plpgsql stable set search_path = '' as $$
begin
  return case p_outcome
    when 'charged' then 'next on ' || n.next_billing_date
    when 'recovered' then 'next on ' || n.next_billing_date
    when 'not_due' then 'next on ' || n.next_billing_date
    when 'skipped' then n.status
    when 'releasing' then 'unpaid'
    when 'release_blocked' then 'grace is over, but no warning was delivered: correct the billing e-mail, then `aira notifications list`'
    when 'release_held' then 'grace is over; waits for --confirm-releases'
    else format('needs %s, available %s; grace until %s', public.money_text(p_needed), public.money_text(w.available), n.grace_until) end;
end $$;

-- The number after a period is settled: paid up to the next date, and out of grace.
create function public.billing_advance(p_number_id uuid, p_next date, p_now timestamptz) returns public.business_numbers
  language plpgsql set search_path = '' as $$
declare n public.business_numbers;
begin
  update public.business_numbers set periods_charged = periods_charged + 1, next_billing_date = p_next, status = 'active', status_reason = null,
      status_changed_at = case status when 'active' then status_changed_at else p_now end, grace_started_on = null, grace_until = null
    where id = p_number_id returning * into n;
  return n;
end $$;

create function public.billing_report(i public.billing_run_items) returns public.billing_run_items language plpgsql set search_path = '' as $$
begin
  if i.run_id is not null then
    insert into public.billing_run_items select i.* on conflict (run_id, business_number_id) do update set outcome = excluded.outcome,
      periods = excluded.periods, amount = excluded.amount, period_start = excluded.period_start, period_end = excluded.period_end,
      detail = excluded.detail;
  end if;
  return i;
end $$;

-- Charges one number for every period due, oldest first. One transaction a number; safe to repeat and to race.
-- Of more than 24 periods the rest is left to the next call. p_as_of: null means today in the wallet's time zone. Grace is counted from
-- the day the failure is found, never from a day in the past.
-- Outcomes: charged, recovered, grace_started, reminded, waiting, release_blocked, release_held, releasing, not_due, skipped, locked.
create function public.billing_charge_number(p_number_id uuid, p_as_of date default null, p_run_id uuid default null,
    p_may_release boolean default true, p_actor text default 'aira', p_now timestamptz default now())
  returns public.billing_run_items language plpgsql set search_path = '' as $$
declare
  n public.business_numbers; w public.wallets; c public.number_charges; i public.billing_run_items;
  v_today date; v_owed numeric; v_decision text := 'charge'; v_grace_since date;
begin
  select * into n from public.business_numbers where id = p_number_id for update skip locked;
  if not found then
    select p_run_id, x.id, x.phone_number, 'locked', 0, 0, x.currency, null, null, 'another program has it' into i
      from public.business_numbers x where x.id = p_number_id;
    return i;
  end if;
  i.run_id := p_run_id; i.business_number_id := n.id; i.phone_number := n.phone_number; i.currency := n.currency; i.periods := 0; i.amount := 0;
  i.outcome := case when n.is_active then 'not_due' else 'skipped' end;
  v_grace_since := n.grace_started_on;
  w := public.wallet_lock(n.wallet_id);
  v_today := (p_now at time zone w.billing_time_zone)::date;
  while n.is_active and n.next_billing_date <= coalesce(p_as_of, v_today) and i.periods < 24 loop
    c := public.billing_charge_of(n, n.periods_charged, p_run_id, p_now);
    v_owed := case when c.status in ('paid', 'waived') then 0 else c.amount end;
    v_decision := public.billing_decision(n, w, v_owed, greatest(p_as_of, v_today), p_may_release);
    exit when v_decision <> 'charge';
    perform public.billing_pay_charge(n, c, p_actor, p_now);
    w.available := w.available - v_owed;
    i.periods := i.periods + 1; i.amount := i.amount + v_owed; i.outcome := case when v_grace_since is null then 'charged' else 'recovered' end;
    i.period_start := coalesce(i.period_start, c.period_start); i.period_end := c.period_end;
    n := public.billing_advance(n.id, c.period_end, p_now);
  end loop;
  if v_decision <> 'charge' then
    perform public.billing_keep_charge(c);
    i.outcome := public.billing_dun(n, w, c, v_decision, greatest(p_as_of, v_today), p_now);
    i.period_start := coalesce(i.period_start, c.period_start); i.period_end := coalesce(i.period_end, c.period_end);
    select * into n from public.business_numbers where id = n.id;
  elsif i.outcome = 'recovered' then
    perform public.billing_notify(w.id, n.business_id, 'recovered', n.id || ':' || v_grace_since, jsonb_build_object('number', n.phone_number,
      'amount', public.money_text(i.amount), 'currency', n.currency, 'next_billing_date', n.next_billing_date), p_now);
  end if;
  i.detail := public.billing_detail(i.outcome, n, w, c.amount);
  return public.billing_report(i);
end $$;

-- Numbers to look at on a day, a wallet at a time; within a poor wallet the oldest debt, then the oldest number, is served first.
create function public.billing_due(p_as_of date default null, p_now timestamptz default now())
  returns table (business_number_id uuid, wallet_id uuid) language sql stable set search_path = '' as $$
  select n.id, n.wallet_id from public.business_numbers n join public.wallets w on w.id = n.wallet_id
    where n.status in ('active', 'grace') and n.next_billing_date <= coalesce(p_as_of, (p_now at time zone w.billing_time_zone)::date)
    order by n.wallet_id, n.next_billing_date, n.purchased_at, n.id $$;

alter table public.billing_runs enable row level security;
alter table public.number_charges enable row level security;
alter table public.billing_run_items enable row level security;
revoke all on public.billing_runs, public.number_charges, public.billing_run_items from public, anon, authenticated;
grant select on public.number_charges to authenticated;
grant select, insert, update, delete on public.billing_runs, public.billing_run_items to service_role;
grant select, insert, update on public.number_charges to service_role;
create policy number_charges_own on public.number_charges for select to authenticated
  using (business_number_id in (select n.id from public.business_numbers n join public.wallets w on w.id = n.wallet_id
    where w.user_id = (select auth.uid())));

-- Not even signed-in owners run these: the programs that hold the service's key do.
do $grants$
declare f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_catalog.pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proname like 'billing\_%'
  loop
    execute format('revoke all on function %s from public, anon, authenticated', f);
    execute format('grant execute on function %s to service_role', f);
  end loop;
end $grants$;
