-- Prepaid money: wallets, the append-only ledger, holds. Decision record: docs/decisions/0050-double-entry-wallet.md.
-- One row of `transactions` is one transfer between a wallet and a contra account, so each posting is both entries at once.
-- Locks are always taken in the order number, wallet, hold; nothing here waits for anything outside the database.

create table public.wallets (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete restrict,
  currency char(3) not null default 'USD',
  balance numeric(14,4) not null default 0,
  held numeric(14,4) not null default 0,                      -- part of the balance that is promised to purchases under way
  available numeric(14,4) generated always as (balance - held) stored,
  seq bigint not null default 0,                              -- number of the newest transaction; gapless, so it also numbers receipts
  hash bytea not null default ''::bytea,                      -- hash of the newest transaction
  low_balance_threshold numeric(14,4),                        -- null: the next month's rental of the wallet's numbers
  low_balance_notified_at timestamptz,                        -- set by the alert, cleared by the next credit: one alert a shortage
  billing_time_zone text not null default 'UTC',
  billing_email text,                                         -- null: the owner's own address
  grace_days int not null default 5,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint wallets_one_per_currency unique (user_id, currency),
  constraint wallets_currency check (currency ~ '^[A-Z]{3}$'),
  constraint wallets_never_overdrawn check (balance >= 0),
  constraint wallets_held_covered check (held between 0 and balance),
  constraint wallets_threshold check (low_balance_threshold >= 0),
  constraint wallets_grace_days check (grace_days between 3 and 7))
  with (fillfactor = 80);                                     -- every posting updates its wallet in place

create table public.transactions (
  id uuid primary key default gen_random_uuid(),
  wallet_id uuid not null references public.wallets (id) on delete restrict,
  seq bigint not null,                                        -- 1, 2, 3, … in each wallet
  type text not null check (type in ('credit', 'debit')),     -- seen from the wallet
  contra_account text not null check (contra_account in
    ('cash', 'promo', 'revenue:number_setup', 'revenue:number_rental', 'revenue:usage', 'refunds', 'adjustments')),
  amount numeric(14,4) not null check (amount > 0),
  currency char(3) not null,
  balance_after numeric(14,4) not null check (balance_after >= 0),
  description text not null check (length(description) between 1 and 500),
  business_number_id uuid,
  charge_id uuid,
  reverses_id uuid references public.transactions (id) on delete restrict,
  idempotency_key text not null check (length(idempotency_key) between 1 and 300),
  actor text not null,
  created_at timestamptz not null,
  hash bytea not null,                                        -- sha256 over this row and the hash of the row before it
  constraint transactions_gapless unique (wallet_id, seq),
  constraint transactions_once unique (wallet_id, idempotency_key));
create unique index transactions_reversed_once on public.transactions (reverses_id) where reverses_id is not null;

create table public.wallet_holds (
  id uuid primary key default gen_random_uuid(),
  wallet_id uuid not null references public.wallets (id) on delete restrict,
  amount numeric(14,4) not null check (amount > 0),
  status text not null default 'pending' check (status in ('pending', 'captured', 'voided')),
  reason text not null,
  idempotency_key text not null,
  created_at timestamptz not null default now(),
  resolved_at timestamptz,
  constraint wallet_holds_once unique (wallet_id, idempotency_key),
  constraint wallet_holds_resolved check ((status = 'pending') = (resolved_at is null)));
create index wallet_holds_pending on public.wallet_holds (wallet_id) where status = 'pending';

create trigger wallets_touch before update on public.wallets for each row execute function public.touch_updated_at();
create trigger transactions_append_only before update or delete on public.transactions for each row execute function public.append_only();
create trigger transactions_no_truncate before truncate on public.transactions for each statement execute function public.append_only();

-- Small functions on the way of every charge are plpgsql, whose plans last for the session; those of SQL functions last for one query.

-- An amount as aira.money.format_amount writes it: 1.15, 0.0085.
create function public.money_text(p_amount numeric) returns text language plpgsql immutable set search_path = '' as $$
begin
  return case when p_amount = round(p_amount, 2) then to_char(p_amount, 'FM9999999999990.00') else trim_scale(p_amount)::text end;
end $$;

-- Epoch seconds, because a timestamp's text depends on the session's time zone.
create function public.transaction_hash(p_row public.transactions, p_previous bytea) returns bytea
  language plpgsql stable set search_path = '' as $$
begin
  return sha256(p_previous || convert_to(jsonb_build_array(
    p_row.id, p_row.wallet_id, p_row.seq, p_row.type, p_row.contra_account, p_row.amount, p_row.currency, p_row.balance_after,
    p_row.description, p_row.business_number_id, p_row.charge_id, p_row.reverses_id, p_row.idempotency_key, p_row.actor,
    extract(epoch from p_row.created_at))::text, 'UTF8'));
end $$;

create function public.wallet_lock(p_wallet_id uuid) returns public.wallets language plpgsql set search_path = '' as $$
declare w public.wallets;
begin
  select * into w from public.wallets where id = p_wallet_id for update;
  if not found then
    raise exception 'There is no such wallet.' using errcode = 'PT404', constraint = 'wallet_not_found';
  end if;
  return w;
end $$;

create function public.wallet_require(w public.wallets, p_amount numeric) returns void language plpgsql set search_path = '' as $$
begin
  if w.available < p_amount then
    raise exception 'Needs % %, available % % (balance %, held %). Nothing was changed.',
      public.money_text(p_amount), w.currency, public.money_text(w.available), w.currency, public.money_text(w.balance), public.money_text(w.held)
      using errcode = 'PT402', constraint = 'insufficient_funds';
  end if;
end $$;

-- Posts one transfer. The key is looked up only behind the wallet's row lock: two racers with one key make one row.
create function public.wallet_post(p_wallet_id uuid, p_type text, p_contra_account text, p_amount numeric, p_description text,
    p_idempotency_key text, p_actor text, p_business_number_id uuid default null, p_charge_id uuid default null,
    p_reverses_id uuid default null, p_now timestamptz default now())
  returns public.transactions language plpgsql set search_path = '' as $$
declare w public.wallets; t public.transactions;
begin
  w := public.wallet_lock(p_wallet_id);
  select * into t from public.transactions where wallet_id = w.id and idempotency_key = p_idempotency_key;
  if found then
    if (t.type, t.contra_account, t.amount, t.business_number_id, t.charge_id, t.reverses_id)
       is distinct from (p_type, p_contra_account, p_amount, p_business_number_id, p_charge_id, p_reverses_id) then
      raise exception 'This key was used before, for a % of % %.', t.type, public.money_text(t.amount), t.currency
        using errcode = 'PT409', constraint = 'idempotency_conflict';
    end if;
    return t;
  end if;
  if p_type = 'debit' then
    perform public.wallet_require(w, p_amount);
  end if;
  t.id := gen_random_uuid(); t.wallet_id := w.id; t.seq := w.seq + 1; t.type := p_type; t.contra_account := p_contra_account;
  t.amount := p_amount; t.currency := w.currency; t.balance_after := w.balance + case p_type when 'credit' then p_amount else -p_amount end;
  t.description := p_description; t.business_number_id := p_business_number_id; t.charge_id := p_charge_id; t.reverses_id := p_reverses_id;
  t.idempotency_key := p_idempotency_key; t.actor := p_actor; t.created_at := p_now;
  t.hash := public.transaction_hash(t, w.hash);
  update public.wallets set balance = t.balance_after, seq = t.seq, hash = t.hash,
      low_balance_notified_at = case p_type when 'credit' then null else low_balance_notified_at end
    where id = w.id;
  insert into public.transactions select t.*;
  return t;
end $$;

-- Gives one transaction back, in full and at most once; a repeat returns the reversal that is there.
create function public.wallet_reverse(p_transaction_id uuid, p_reason text, p_actor text, p_now timestamptz default now())
  returns public.transactions language plpgsql set search_path = '' as $$
declare t public.transactions;
begin
  select * into t from public.transactions where id = p_transaction_id;
  if not found then
    raise exception 'There is no such transaction.' using errcode = 'PT404', constraint = 'transaction_not_found';
  elsif t.reverses_id is not null then
    raise exception 'A reversal cannot be reversed.' using errcode = 'PT409', constraint = 'not_reversible';
  elsif t.charge_id is not null then
    raise exception 'This is the rental of a number.' using errcode = 'PT409', constraint = 'rental_not_reversible',
      hint = format('Run `aira billing waive %s --reason REASON`.', t.charge_id);
  end if;
  return public.wallet_post(t.wallet_id, case t.type when 'credit' then 'debit' else 'credit' end, t.contra_account, t.amount,
    format('Reversal of #%s: %s', t.seq, p_reason), 'reverse:' || t.id, p_actor, t.business_number_id, null, t.id, p_now);
end $$;

-- Sets money aside for a purchase under way, so that no other purchase or rental can spend it.
create function public.wallet_hold(p_wallet_id uuid, p_amount numeric, p_reason text, p_idempotency_key text, p_now timestamptz default now())
  returns public.wallet_holds language plpgsql set search_path = '' as $$
declare w public.wallets; h public.wallet_holds;
begin
  w := public.wallet_lock(p_wallet_id);
  select * into h from public.wallet_holds where wallet_id = w.id and idempotency_key = p_idempotency_key;
  if found then
    if h.amount <> p_amount then
      raise exception 'This key was used before, for a hold of % %.', public.money_text(h.amount), w.currency
        using errcode = 'PT409', constraint = 'idempotency_conflict';
    end if;
    return h;
  end if;
  perform public.wallet_require(w, p_amount);
  update public.wallets set held = held + p_amount where id = w.id;
  insert into public.wallet_holds (wallet_id, amount, reason, idempotency_key, created_at)
    values (w.id, p_amount, p_reason, p_idempotency_key, p_now) returning * into h;
  return h;
end $$;

-- Ends a hold. Captured: the money is free for the postings that follow in the same transaction, behind the wallet's lock.
-- Voided: it is free again.
create function public.wallet_end_hold(p_hold_id uuid, p_status text, p_now timestamptz) returns void language plpgsql set search_path = '' as $$
declare h public.wallet_holds;
begin
  perform public.wallet_lock(wallet_id) from public.wallet_holds where id = p_hold_id;
  select * into h from public.wallet_holds where id = p_hold_id for update;
  if not found then
    raise exception 'There is no such hold.' using errcode = 'PT404', constraint = 'hold_not_found';
  elsif h.status = p_status then
    return;
  elsif h.status <> 'pending' then
    raise exception 'The hold is already %.', h.status using errcode = 'PT409', constraint = 'hold_resolved';
  end if;
  update public.wallets set held = held - h.amount where id = h.wallet_id;
  update public.wallet_holds set status = p_status, resolved_at = p_now where id = h.id;
end $$;

create function public.wallet_capture_hold(p_hold_id uuid, p_now timestamptz default now()) returns void language sql set search_path = '' as
$$ select public.wallet_end_hold(p_hold_id, 'captured', p_now) $$;

create function public.wallet_void_hold(p_hold_id uuid, p_now timestamptz default now()) returns void language sql set search_path = '' as
$$ select public.wallet_end_hold(p_hold_id, 'voided', p_now) $$;

-- Every trace that a changed, deleted, inserted or reordered ledger row leaves; no rows where the books are right.
create function public.wallet_verify(p_wallet_id uuid default null)
  returns table (wallet_id uuid, seq bigint, problem text) language sql stable set search_path = '' as $$
  with chain as (
    select t.wallet_id, t.seq, t.hash, t.balance_after, t.currency, t.type, t.amount, t.reverses_id, w.currency as wallet_currency,
      public.transaction_hash(t, coalesce(lag(t.hash) over by_seq, ''::bytea)) as expected_hash,
      coalesce(lag(t.balance_after) over by_seq, 0) + case t.type when 'credit' then t.amount else -t.amount end as expected_balance,
      coalesce(lag(t.seq) over by_seq, 0) + 1 as expected_seq
    from public.transactions t join public.wallets w on w.id = t.wallet_id
    where p_wallet_id is null or t.wallet_id = p_wallet_id
    window by_seq as (partition by t.wallet_id order by t.seq)),
  books as (
    select w.id, w.balance, w.held, w.seq, w.hash, coalesce(newest.seq, 0) as newest_seq, coalesce(newest.hash, ''::bytea) as newest_hash,
      coalesce((select sum(case t.type when 'credit' then t.amount else -t.amount end) from public.transactions t where t.wallet_id = w.id), 0)
        as posted,
      coalesce((select sum(h.amount) from public.wallet_holds h where h.wallet_id = w.id and h.status = 'pending'), 0) as holds
    from public.wallets w
    left join lateral (select t.seq, t.hash from public.transactions t where t.wallet_id = w.id order by t.seq desc limit 1) newest on true
    where p_wallet_id is null or w.id = p_wallet_id)
  select c.wallet_id, c.seq, 'rows missing before this one' from chain c where c.seq <> c.expected_seq
  union all select c.wallet_id, c.seq, 'changed, or the row before it was' from chain c where c.hash <> c.expected_hash
  union all select c.wallet_id, c.seq, 'balance does not follow from the row before' from chain c where c.balance_after <> c.expected_balance
  union all select c.wallet_id, c.seq, 'currency is not the wallet''s' from chain c where c.currency <> c.wallet_currency
  union all select c.wallet_id, c.seq, 'does not mirror what it reverses' from chain c join public.transactions t on t.id = c.reverses_id
    where t.wallet_id <> c.wallet_id or t.amount <> c.amount or t.type = c.type
  union all select b.id, b.newest_seq, 'newest rows missing or added' from books b where b.seq <> b.newest_seq or b.hash <> b.newest_hash
  union all select b.id, null, 'balance is not the sum of the transactions' from books b where b.balance <> b.posted
  union all select b.id, null, 'held is not the sum of the pending holds' from books b where b.held <> b.holds
  order by 1, 2 nulls last, 3 $$;

-- What each account holds. The sum over a currency is zero at all times.
create view public.ledger_balances with (security_invoker = true) as
  select 'wallet:' || w.id as account, w.currency, w.balance from public.wallets w
  union all
  select t.contra_account, t.currency, sum(case t.type when 'credit' then -t.amount else t.amount end)
    from public.transactions t group by t.contra_account, t.currency;

alter table public.wallets enable row level security;
alter table public.transactions enable row level security;
alter table public.wallet_holds enable row level security;
revoke all on public.wallets, public.transactions, public.wallet_holds, public.ledger_balances from public, anon, authenticated;
grant select on public.wallets, public.transactions, public.wallet_holds to authenticated;
grant update (low_balance_threshold, billing_email) on public.wallets to authenticated;
grant select, insert, update on public.wallets, public.wallet_holds to service_role;
grant select, insert on public.transactions to service_role;
grant select on public.ledger_balances to service_role;

create policy wallets_own on public.wallets for select to authenticated using (user_id = (select auth.uid()));
create policy wallets_own_alerts on public.wallets for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy transactions_own on public.transactions for select to authenticated
  using (wallet_id in (select w.id from public.wallets w where w.user_id = (select auth.uid())));
create policy wallet_holds_own on public.wallet_holds for select to authenticated
  using (wallet_id in (select w.id from public.wallets w where w.user_id = (select auth.uid())));

-- Not even signed-in owners run these: the programs that hold the service's key do.
do $grants$
declare f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_catalog.pg_proc p
    where p.pronamespace = 'public'::regnamespace and (p.proname like 'wallet\_%' or p.proname in ('money_text', 'transaction_hash'))
  loop
    execute format('revoke all on function %s from public, anon, authenticated', f);
    execute format('grant execute on function %s to service_role', f);
  end loop;
end $grants$;
