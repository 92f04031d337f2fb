-- Around the rental: forgiving a charge, warning before money runs out, and checking that charges and ledger agree.

-- Forgives one charge: money that was taken goes back, a debt is dropped and the number moves on. A repeat changes nothing.
create function public.billing_waive_charge(p_charge_id uuid, p_reason text, p_actor text default 'aira', p_now timestamptz default now())
  returns public.number_charges language plpgsql set search_path = '' as $$
declare n public.business_numbers; c public.number_charges;
begin
  select * into c from public.number_charges where id = p_charge_id;
  if not found then
    raise exception 'There is no such charge.' using errcode = 'PT404', constraint = 'charge_not_found';
  end if;
  n := public.number_lock(c.business_number_id);
  select * into c from public.number_charges where id = p_charge_id for update;
  if c.status = 'waived' then
    return c;
  elsif c.status = 'written_off' then
    raise exception 'The charge was written off when the number was released.' using errcode = 'PT409', constraint = 'charge_written_off';
  end if;
  if c.transaction_id is not null then
    perform public.wallet_post(n.wallet_id, 'credit', 'revenue:number_rental', c.amount, format('Waived rental of %s from %s: %s',
      n.phone_number, c.period_start, p_reason), 'waive:' || c.id, p_actor, n.id, c.id, c.transaction_id, p_now);
  elsif n.is_active and c.status = 'unpaid' then
    perform public.billing_advance(n.id, c.period_end, p_now);
  end if;
  update public.number_charges set status = 'waived', waived_at = p_now, waive_reason = p_reason where id = c.id returning * into c;
  return c;
end $$;

-- Warns once a shortage where a wallet has less than its threshold, or than the next month's rental; returns how many were warned.
-- A wallet with a number in grace has had a louder letter.
create function public.billing_alert_low_balances(p_now timestamptz default now()) returns int language plpgsql set search_path = '' as $$
declare w record; v_warned int := 0;
begin
  for w in
    select x.id, x.seq, x.currency, x.available, coalesce(x.low_balance_threshold, rental.monthly) as threshold
      from public.wallets x
      cross join lateral (select coalesce(sum(n.monthly_cost), 0) as monthly, coalesce(bool_or(n.status = 'grace'), false) as in_grace
        from public.business_numbers n where n.wallet_id = x.id and n.status in ('active', 'grace')) rental
      where x.low_balance_notified_at is null and not rental.in_grace and x.available < coalesce(x.low_balance_threshold, rental.monthly)
      for update of x skip locked
  loop
    if public.billing_notify(w.id, null, 'low_balance', w.id || ':' || w.seq, jsonb_build_object('available', public.money_text(w.available),
        'threshold', public.money_text(w.threshold), 'currency', w.currency), p_now) then
      update public.wallets set low_balance_notified_at = p_now where id = w.id;
      v_warned := v_warned + 1;
    end if;
  end loop;
  return v_warned;
end $$;

-- Writes to who will not be able to pay what falls due in the next three days, once for each day it falls due on; returns to how many.
-- It stands for the alert of a low balance too.
create function public.billing_warn_shortfalls(p_now timestamptz default now()) returns int language plpgsql set search_path = '' as $$
declare w record; v_warned int := 0;
begin
  for w in
    select x.id, x.currency, x.available, due.amount, due.first_on, due.numbers
      from public.wallets x
      cross join lateral (select sum(n.monthly_cost) as amount, min(n.next_billing_date) as first_on, bool_or(n.status = 'grace') as in_grace,
          case when count(*) > 3 then count(*)::text else string_agg(n.phone_number, ', ' order by n.next_billing_date, n.phone_number) end as numbers
        from public.business_numbers n where n.wallet_id = x.id and n.status in ('active', 'grace')
          and n.next_billing_date <= (p_now at time zone x.billing_time_zone)::date + 3) due
      where x.available < due.amount and not due.in_grace
      for update of x skip locked
  loop
    if public.billing_notify(w.id, null, 'upcoming_shortfall', w.id || ':' || w.first_on, jsonb_build_object('numbers', w.numbers,
        'due_on', w.first_on, 'amount', public.money_text(w.amount), 'available', public.money_text(w.available),
        'missing', public.money_text(w.amount - w.available), 'currency', w.currency), p_now) then
      update public.wallets set low_balance_notified_at = p_now where id = w.id;
      v_warned := v_warned + 1;
    end if;
  end loop;
  return v_warned;
end $$;

-- Charges and ledger that do not tell the same story; no rows where they do.
create function public.billing_verify(p_wallet_id uuid default null) returns table (wallet_id uuid, charge_id uuid, problem text)
  language sql stable set search_path = '' as $$
  select n.wallet_id, c.id, 'paid, but the ledger holds another amount, wallet or period'
    from public.number_charges c join public.business_numbers n on n.id = c.business_number_id
    left join public.transactions t on t.id = c.transaction_id
    where (p_wallet_id is null or n.wallet_id = p_wallet_id) and c.status = 'paid' and c.amount > 0
      and (t.id is null or (t.wallet_id, t.amount, t.charge_id, t.type) is distinct from (n.wallet_id, c.amount, c.id, 'debit'))
  union all
  select t.wallet_id, t.charge_id, 'rental in the ledger without a paid or waived charge'
    from public.transactions t left join public.number_charges c on c.transaction_id = t.id
    where (p_wallet_id is null or t.wallet_id = p_wallet_id) and t.contra_account = 'revenue:number_rental' and t.type = 'debit' and c.id is null
  order by 1, 2 $$;

-- Not even signed-in owners run these: the programs that hold the service's key do.
do $grants$
declare f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_catalog.pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proname in ('billing_waive_charge', 'billing_warn_shortfalls', 'billing_alert_low_balances', 'billing_verify')
  loop
    execute format('revoke all on function %s from public, anon, authenticated', f);
    execute format('grant execute on function %s to service_role', f);
  end loop;
end $grants$;
