-- What the simulated carrier remembers: the numbers it has rented out, the account it rents them to, and how it is to fail.
-- It plays a vendor: nothing in `public` refers to it, and nothing here refers to `public`.

create schema simulated_carrier;
revoke all on schema simulated_carrier from public, anon, authenticated;
grant usage on schema simulated_carrier to service_role;

create table simulated_carrier.accounts (
  sid text primary key check (sid ~ '^AC[0-9a-f]{32}$'),
  balance numeric(14,4) not null default 100,
  currency char(3) not null default 'USD');
insert into simulated_carrier.accounts (sid) values ('AC' || md5(gen_random_uuid()::text));

create table simulated_carrier.numbers (
  sid text primary key default 'PN' || md5(gen_random_uuid()::text),
  account_sid text not null references simulated_carrier.accounts (sid),
  phone_number text not null unique,
  friendly_name text not null,
  voice_url text not null,
  voice_fallback_url text not null,
  status_callback_url text not null,
  sms_url text not null,
  voice_application_sid text,                                 -- where set, calls go there and not to voice_url
  capabilities jsonb not null,
  created_at timestamptz not null default now());

create table simulated_carrier.recordings (                   -- what simulated callers left after the tone
  sid text primary key check (sid ~ '^RE[0-9a-f]{32}$'),
  content bytea not null,
  created_at timestamptz not null default now());

create table simulated_carrier.faults (                       -- rehearsals: the next answers that go wrong, oldest first
  id bigint generated always as identity primary key,
  operation text not null default 'any' check (operation in ('any', 'search', 'find', 'buy', 'configure', 'release', 'account')),
  kind text not null check (kind in ('drop_before', 'drop_after', 'error_after', 'timeout', 'slow', 'rate_limited', 'unauthorized', 'suspended')),
  remaining int not null default 1 check (remaining >= 0),
  delay_ms int not null default 0 check (delay_ms between 0 and 60000));

alter table simulated_carrier.accounts enable row level security;
alter table simulated_carrier.numbers enable row level security;
alter table simulated_carrier.recordings enable row level security;
alter table simulated_carrier.faults enable row level security;
revoke all on all tables in schema simulated_carrier from public, anon, authenticated;
grant select, insert, update, delete on all tables in schema simulated_carrier to service_role;
grant usage on all sequences in schema simulated_carrier to service_role;

-- What its numbers cost an owner until `aira prices sync` says otherwise.
insert into public.price_list (provider, country, number_type, currency, monthly_cost, carrier_cost) values
  ('simulated', 'US', 'local', 'USD', 1.15, 1.15), ('simulated', 'US', 'toll_free', 'USD', 2.15, 2.15),
  ('simulated', 'CA', 'local', 'USD', 1.15, 1.15), ('simulated', 'CA', 'toll_free', 'USD', 2.15, 2.15),
  ('simulated', 'GB', 'local', 'USD', 1.15, 1.15), ('simulated', 'GB', 'toll_free', 'USD', 2.15, 2.15),
  ('simulated', 'DE', 'local', 'USD', 1.15, 1.15);
