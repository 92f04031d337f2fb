-- Rented telephone numbers: what they cost, who pays, and the steps of a purchase and a release.
-- purchasing -> active | failed;  active <-> grace;  active | grace -> missing -> active;  active | grace | missing -> releasing -> released.
-- failed | released -> releasing  where the carrier turns out to rent the number to us all the same.
-- No function here calls the carrier: each is one short transaction before or after a call to it.

create table public.price_list (                              -- what owners pay; filled from the carrier's prices and a markup
  provider text not null,
  country char(2) not null check (country ~ '^[A-Z]{2}$'),
  number_type text not null check (number_type in ('local', 'toll_free', 'mobile', 'national')),
  currency char(3) not null check (currency ~ '^[A-Z]{3}$'),
  monthly_cost numeric(14,4) not null check (monthly_cost >= 0),
  setup_cost numeric(14,4) not null default 0 check (setup_cost >= 0),
  carrier_cost numeric(14,4) check (carrier_cost >= 0),       -- what the carrier asks a month
  updated_at timestamptz not null default now(),
  primary key (provider, country, number_type, currency));
-- A list to begin with; `aira prices sync` reads the carrier's own.
insert into public.price_list (provider, country, number_type, currency, monthly_cost, carrier_cost) values
  ('twilio', 'US', 'local', 'USD', 1.15, 1.15), ('twilio', 'US', 'toll_free', 'USD', 2.15, 2.15),
  ('twilio', 'CA', 'local', 'USD', 1.15, 1.15), ('twilio', 'CA', 'toll_free', 'USD', 2.15, 2.15);

create table public.business_numbers (
  id uuid primary key default gen_random_uuid(),
  business_id uuid references public.business_v2 (id) on delete set null,
  wallet_id uuid not null references public.wallets (id) on delete restrict,
  phone_number text not null,
  provider text not null default 'twilio',
  provider_account_sid text,
  provider_sid text,
  number_type text not null default 'local' check (number_type in ('local', 'toll_free', 'mobile', 'national')),
  country char(2) check (country ~ '^[A-Z]{2}$'),
  capabilities jsonb not null default '{}',
  friendly_name text not null,                                -- the tag at the carrier: aira:<id>
  voice_url text,
  voice_fallback_url text,
  status_callback_url text,
  address_sid text,
  bundle_sid text,
  status text not null default 'purchasing'
    check (status in ('purchasing', 'active', 'grace', 'releasing', 'released', 'failed', 'missing')),
  is_active boolean not null generated always as (status in ('active', 'grace')) stored,
  status_reason text,
  status_changed_at timestamptz not null default now(),
  hold_id uuid references public.wallet_holds (id) on delete restrict,
  idempotency_key text not null,
  monthly_cost numeric(14,4) not null check (monthly_cost >= 0),
  setup_cost numeric(14,4) not null default 0 check (setup_cost >= 0),
  currency char(3) not null default 'USD',
  billing_anchor date,                                        -- first day of the first period; all others are counted from it
  periods_charged int not null default 0 check (periods_charged >= 0),
  next_billing_date date,                                     -- billing_anchor + periods_charged months
  grace_started_on date,
  grace_until date,                                           -- last day of grace
  purchased_at timestamptz,
  released_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint business_numbers_e164 check (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
  constraint business_numbers_once unique (idempotency_key),
  constraint business_numbers_grace check ((status = 'grace') = (grace_until is not null) and (grace_until is null) = (grace_started_on is null)),
  constraint business_numbers_rented check (status not in ('active', 'grace') or (provider_sid is not null and next_billing_date is not null)))
  with (fillfactor = 80);                                     -- a charge updates its number in place, so no billing column has an index
-- The carrier sells a number to the same account twice without a word: this index is what keeps two owners off one line.
create unique index business_numbers_one_owner on public.business_numbers (phone_number) where status not in ('released', 'failed');
create unique index business_numbers_one_sid on public.business_numbers (provider, provider_sid)
  where provider_sid is not null and status not in ('released', 'failed');
create index business_numbers_wallet on public.business_numbers (wallet_id);
create index business_numbers_business on public.business_numbers (business_id);
create index business_numbers_unsettled on public.business_numbers (status_changed_at) where status in ('purchasing', 'releasing', 'missing');

alter table public.transactions add constraint transactions_number
  foreign key (business_number_id) references public.business_numbers (id) on delete restrict;
create trigger business_numbers_touch before update on public.business_numbers for each row execute function public.touch_updated_at();

create function public.number_lock(p_number_id uuid) returns public.business_numbers language plpgsql set search_path = '' as $$
declare n public.business_numbers;
begin
  select * into n from public.business_numbers where id = p_number_id for update;
  if not found then
    raise exception 'There is no such number.' using errcode = 'PT404', constraint = 'number_not_found';
  end if;
  return n;
end $$;

-- The date in a wallet's own time zone; billing dates are dates of the wallet.
create function public.wallet_today(p_wallet_id uuid, p_now timestamptz default now()) returns date
  language plpgsql stable set search_path = '' as $$
begin
  return (select (p_now at time zone w.billing_time_zone)::date from public.wallets w where w.id = p_wallet_id);
end $$;

create function public.number_check_free(p_phone_number text, p_except uuid default null) returns void language plpgsql set search_path = '' as $$
declare v_status text;
begin
  select n.status into v_status from public.business_numbers n
    where n.phone_number = p_phone_number and n.status not in ('released', 'failed') and n.id is distinct from p_except;
  if v_status in ('purchasing', 'releasing') then
    raise exception 'The number is just being bought or given back. Nothing was charged.'
      using errcode = 'PT409', constraint = 'number_taken', hint = 'Run `aira numbers reconcile`, which ends what was interrupted.';
  elsif found then
    raise exception 'The number is already rented here. Nothing was charged.' using errcode = 'PT409', constraint = 'number_taken';
  end if;
end $$;

create function public.number_check_business(p_business_id uuid, p_wallet_id uuid) returns void language plpgsql set search_path = '' as $$
declare b public.business_v2;
begin
  select * into b from public.business_v2 where id = p_business_id;
  if not found then
    raise exception 'There is no such business.' using errcode = 'PT404', constraint = 'business_not_found';
  elsif b.user_id is distinct from (select w.user_id from public.wallets w where w.id = p_wallet_id) then
    raise exception 'The business belongs to another owner than the wallet.' using errcode = 'PT422', constraint = 'other_owner';
  end if;
end $$;

-- Step 1, before the carrier is asked: the intent row, and the money set aside. The same key again returns the row that is there.
create function public.number_begin_purchase(p_wallet_id uuid, p_phone_number text, p_idempotency_key text, p_monthly_cost numeric,
    p_setup_cost numeric, p_currency text, p_business_id uuid default null, p_provider text default 'twilio', p_number_type text default 'local',
    p_country text default null, p_voice_url text default null, p_voice_fallback_url text default null, p_status_callback_url text default null,
    p_address_sid text default null, p_bundle_sid text default null, p_now timestamptz default now())
  returns public.business_numbers language plpgsql set search_path = '' as $$
declare n public.business_numbers; w public.wallets; h public.wallet_holds; v_id uuid := gen_random_uuid();
begin
  w := public.wallet_lock(p_wallet_id);
  select * into n from public.business_numbers where idempotency_key = p_idempotency_key;
  if found then
    if (n.wallet_id, n.phone_number, n.business_id) is distinct from (p_wallet_id, p_phone_number, p_business_id) then
      raise exception 'This key was used before, for another purchase.' using errcode = 'PT409', constraint = 'idempotency_conflict';
    end if;
    return n;
  end if;
  if p_currency <> w.currency then
    raise exception 'The price is in %, the wallet in %.', p_currency, w.currency using errcode = 'PT422', constraint = 'currency_mismatch';
  end if;
  if p_business_id is not null then
    perform public.number_check_business(p_business_id, p_wallet_id);
  end if;
  perform public.number_check_free(p_phone_number);
  if p_setup_cost + p_monthly_cost > 0 then
    h := public.wallet_hold(p_wallet_id, p_setup_cost + p_monthly_cost, 'Purchase of ' || p_phone_number, 'purchase:' || v_id, p_now);
  end if;
  insert into public.business_numbers (id, business_id, wallet_id, phone_number, provider, number_type, country, friendly_name, voice_url,
      voice_fallback_url, status_callback_url, address_sid, bundle_sid, status_changed_at, hold_id, idempotency_key, monthly_cost, setup_cost,
      currency, created_at)
    values (v_id, p_business_id, p_wallet_id, p_phone_number, p_provider, p_number_type, p_country, 'aira:' || v_id, p_voice_url,
      p_voice_fallback_url, p_status_callback_url, p_address_sid, p_bundle_sid, p_now, h.id, p_idempotency_key, p_monthly_cost, p_setup_cost,
      p_currency, p_now)
    returning * into n;
  return n;
end $$;

-- Step 2, after the carrier said yes: the hold becomes the set-up fee and the first month, the rental begins today. A repeat changes nothing.
create function public.number_complete_purchase(p_number_id uuid, p_provider_sid text, p_provider_account_sid text, p_phone_number text,
    p_capabilities jsonb, p_actor text default 'aira', p_now timestamptz default now())
  returns public.business_numbers language plpgsql set search_path = '' as $$
declare n public.business_numbers; v_today date;
begin
  n := public.number_lock(p_number_id);
  if n.is_active and n.provider_sid = p_provider_sid then
    return n;
  elsif n.status <> 'purchasing' then
    raise exception 'The purchase is over: the number is %.', n.status using errcode = 'PT409', constraint = 'purchase_over';
  end if;
  perform public.wallet_lock(n.wallet_id);
  v_today := public.wallet_today(n.wallet_id, p_now);
  if n.hold_id is not null then
    perform public.wallet_capture_hold(n.hold_id, p_now);
  end if;
  update public.business_numbers set status = 'active', status_reason = null, status_changed_at = p_now, provider_sid = p_provider_sid,
      provider_account_sid = p_provider_account_sid, phone_number = p_phone_number, capabilities = p_capabilities, billing_anchor = v_today,
      periods_charged = 1, next_billing_date = public.billing_period_start(v_today, 1), purchased_at = p_now
    where id = n.id returning * into n;
  if n.setup_cost > 0 then
    perform public.wallet_post(n.wallet_id, 'debit', 'revenue:number_setup', n.setup_cost, 'Set-up of ' || n.phone_number,
      'setup:' || n.id, p_actor, n.id, null, null, p_now);
  end if;
  perform public.billing_charge_period(n, 0, null, p_actor, p_now);
  return n;
end $$;

-- Step 2, after the carrier said no: nothing is charged, the money is free again. A repeat changes nothing.
create function public.number_fail_purchase(p_number_id uuid, p_reason text, p_now timestamptz default now())
  returns public.business_numbers language plpgsql set search_path = '' as $$
declare n public.business_numbers;
begin
  n := public.number_lock(p_number_id);
  if n.status = 'failed' then
    return n;
  elsif n.status <> 'purchasing' then
    raise exception 'The purchase is over: the number is %.', n.status using errcode = 'PT409', constraint = 'purchase_over';
  end if;
  if n.hold_id is not null then
    perform public.wallet_void_hold(n.hold_id, p_now);
  end if;
  update public.business_numbers set status = 'failed', status_reason = p_reason, status_changed_at = p_now where id = n.id returning * into n;
  return n;
end $$;

-- A purchase given up too early, which the carrier carried out late: the money is set aside again, then number_complete_purchase follows.
create function public.number_reopen_purchase(p_number_id uuid, p_now timestamptz default now())
  returns public.business_numbers language plpgsql set search_path = '' as $$
declare n public.business_numbers; h public.wallet_holds;
begin
  n := public.number_lock(p_number_id);
  if n.status = 'purchasing' then
    return n;
  elsif n.status <> 'failed' then
    raise exception 'The purchase did not fail: the number is %.', n.status using errcode = 'PT409', constraint = 'purchase_over';
  end if;
  perform public.number_check_free(n.phone_number, n.id);
  if n.setup_cost + n.monthly_cost > 0 then
    h := public.wallet_hold(n.wallet_id, n.setup_cost + n.monthly_cost, 'Purchase of ' || n.phone_number,
      'purchase:' || n.id || ':' || p_now, p_now);
  end if;
  update public.business_numbers set status = 'purchasing', status_reason = null, status_changed_at = p_now, hold_id = h.id
    where id = n.id returning * into n;
  return n;
end $$;

-- Release, before the carrier is asked. The number stops answering now; only `releasing` may be given back to the carrier.
create function public.number_begin_release(p_number_id uuid, p_reason text, p_now timestamptz default now())
  returns public.business_numbers language plpgsql set search_path = '' as $$
declare n public.business_numbers;
begin
  n := public.number_lock(p_number_id);
  if n.status in ('releasing', 'released') then
    return n;
  elsif n.status not in ('active', 'grace', 'missing') then
    raise exception 'A number that is % cannot be released.', n.status using errcode = 'PT409', constraint = 'number_not_releasable';
  end if;
  update public.number_charges set status = 'written_off' where business_number_id = n.id and status = 'unpaid';
  update public.business_numbers set status = 'releasing', status_reason = p_reason, status_changed_at = p_now,
      grace_started_on = null, grace_until = null
    where id = n.id returning * into n;
  return n;
end $$;

-- Release, after the carrier confirmed that the number is gone. A repeat changes nothing.
create function public.number_complete_release(p_number_id uuid, p_now timestamptz default now())
  returns public.business_numbers language plpgsql set search_path = '' as $$
declare n public.business_numbers;
begin
  n := public.number_lock(p_number_id);
  if n.status = 'released' then
    return n;
  elsif n.status <> 'releasing' then
    raise exception 'A number that is % cannot be released.', n.status using errcode = 'PT409', constraint = 'number_not_releasable';
  end if;
  update public.business_numbers set status = 'released', status_changed_at = p_now, released_at = p_now where id = n.id returning * into n;
  return n;
end $$;

-- The carrier rents out a number whose purchase failed or which was released here: it is to be given back. While it is
-- `releasing`, nobody can buy it, so that no new owner's line is cut.
create function public.number_reclaim(p_number_id uuid, p_provider_sid text, p_provider_account_sid text, p_now timestamptz default now())
  returns public.business_numbers language plpgsql set search_path = '' as $$
declare n public.business_numbers;
begin
  n := public.number_lock(p_number_id);
  if n.status = 'releasing' then
    return n;
  elsif n.status not in ('failed', 'released') then
    raise exception 'A number that is % is not given back as a stray.', n.status using errcode = 'PT409', constraint = 'number_not_releasable';
  end if;
  perform public.number_check_free(n.phone_number, n.id);
  update public.business_numbers set status = 'releasing', status_reason = 'found_at_carrier', status_changed_at = p_now,
      provider_sid = p_provider_sid, provider_account_sid = p_provider_account_sid
    where id = n.id returning * into n;
  return n;
end $$;

-- The carrier does not have the number: nothing is charged until it is there again.
create function public.number_mark_missing(p_number_id uuid, p_now timestamptz default now())
  returns public.business_numbers language plpgsql set search_path = '' as $$
declare n public.business_numbers;
begin
  n := public.number_lock(p_number_id);
  if n.is_active then
    update public.business_numbers set status = 'missing', status_reason = 'not_at_carrier', status_changed_at = p_now,
        grace_started_on = null, grace_until = null
      where id = n.id returning * into n;
  end if;
  return n;
end $$;

-- The carrier has it again. Periods that went by meanwhile were not served: the billing date moves past them.
create function public.number_mark_found(p_number_id uuid, p_now timestamptz default now())
  returns public.business_numbers language plpgsql set search_path = '' as $$
declare n public.business_numbers; v_today date; v_periods int;
begin
  n := public.number_lock(p_number_id);
  if n.status <> 'missing' then
    return n;
  end if;
  v_today := public.wallet_today(n.wallet_id, p_now);
  v_periods := n.periods_charged;
  while public.billing_period_start(n.billing_anchor, v_periods + 1) <= v_today loop
    v_periods := v_periods + 1;
  end loop;
  update public.number_charges set status = 'written_off' where business_number_id = n.id and status = 'unpaid'
    and period_start < public.billing_period_start(n.billing_anchor, v_periods);
  update public.business_numbers set status = 'active', status_reason = null, status_changed_at = p_now, periods_charged = v_periods,
      next_billing_date = public.billing_period_start(n.billing_anchor, v_periods)
    where id = n.id returning * into n;
  return n;
end $$;

-- Points a number at a business of the same owner, or at none.
create function public.number_assign(p_number_id uuid, p_business_id uuid) returns public.business_numbers language plpgsql set search_path = '' as $$
declare n public.business_numbers;
begin
  n := public.number_lock(p_number_id);
  if n.status in ('releasing', 'released', 'failed') then
    raise exception 'A number that is % cannot be assigned.', n.status using errcode = 'PT409', constraint = 'number_not_assignable';
  end if;
  if p_business_id is not null then
    perform public.number_check_business(p_business_id, n.wallet_id);
  end if;
  update public.business_numbers set business_id = p_business_id where id = n.id returning * into n;
  return n;
end $$;

-- Who answers a call to this number: no row where the number is not rented, not assigned, or its business is closed.
create function public.get_business_by_phone(p_phone text)
  returns table (business_id uuid, business_number_id uuid, name text, time_zone text, status text)
  language sql stable set search_path = '' as $$
  select b.id, n.id, b.name, b.time_zone, n.status
    from public.business_numbers n join public.business_v2 b on b.id = n.business_id and b.is_active
    where n.phone_number = p_phone and n.is_active $$;

alter table public.price_list enable row level security;
alter table public.business_numbers enable row level security;
revoke all on public.price_list, public.business_numbers from public, anon, authenticated;
grant select on public.price_list, public.business_numbers to authenticated;
grant select, insert, update, delete on public.price_list to service_role;
grant select, insert, update on public.business_numbers to service_role;

create policy price_list_public on public.price_list for select to authenticated using (true);
create policy business_numbers_own on public.business_numbers for select to authenticated
  using (wallet_id in (select w.id from public.wallets w where w.user_id = (select auth.uid())));

-- Not even signed-in owners run these: the programs that hold the service's key do.
do $grants$
declare f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_catalog.pg_proc p
    where p.pronamespace = 'public'::regnamespace and (p.proname like 'number\_%' or p.proname in ('wallet_today', 'get_business_by_phone'))
  loop
    execute format('revoke all on function %s from public, anon, authenticated', f);
    execute format('grant execute on function %s to service_role', f);
  end loop;
end $grants$;
