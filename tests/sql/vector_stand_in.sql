-- pgvector for servers of the tests that come without it: text under the name of its type, its distance computed in SQL.
-- Enough to apply the migrations unchanged and to get right, slow answers.

create schema if not exists extensions;
create type extensions.halfvec;
create function extensions.halfvec_in(cstring, oid, integer) returns extensions.halfvec language internal immutable strict as 'textin';
create function extensions.halfvec_out(extensions.halfvec) returns cstring language internal immutable strict as 'textout';
create function extensions.halfvec_typmod_in(cstring[]) returns integer language internal immutable strict as 'varchartypmodin';
create function extensions.halfvec_typmod_out(integer) returns cstring language internal immutable strict as 'varchartypmodout';
create type extensions.halfvec (
  input = extensions.halfvec_in,
  output = extensions.halfvec_out,
  typmod_in = extensions.halfvec_typmod_in,
  typmod_out = extensions.halfvec_typmod_out,
  like = text
);

-- pgvector's binary form: dimensions, a zero, and each number as IEEE 754 of 16 bits, of which the largest here is 1.
create function extensions.halfvec_send(v extensions.halfvec) returns bytea language sql immutable strict set search_path = '' as $$
  select int2send(count(*)::smallint) || int2send(0::smallint)
    || string_agg(int2send((magnitude - case when x < 0 then 32768 else 0 end)::smallint), '' order by position)
  from unnest(translate(v::text, '[]', '{}')::double precision[]) with ordinality as numbers (x, position),
    lateral (select case when abs(x) < 2 ^ -14 then -15 else floor(log(2, abs(x)::numeric))::int end) as sizes (exponent),
    lateral (select case when exponent = -15 then round(abs(x) * 2 ^ 24)
      else (exponent + 15) * 1024 + round((abs(x) / 2 ^ exponent - 1) * 1024) end) as halves (magnitude)
$$;
alter type extensions.halfvec set (send = extensions.halfvec_send);

create function extensions.cosine_distance(a extensions.halfvec, b extensions.halfvec) returns double precision
  language sql immutable strict set search_path = '' as $$
  select 1 - sum(x * y) / sqrt(sum(x * x) * sum(y * y))
  from unnest(translate(a::text, '[]', '{}')::double precision[], translate(b::text, '[]', '{}')::double precision[]) as pair (x, y)
$$;
create operator extensions.<=> (leftarg = extensions.halfvec, rightarg = extensions.halfvec, function = extensions.cosine_distance);

-- `create extension if not exists vector` is to find it.
set allow_system_table_mods = on;
insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
  select coalesce(max(oid::bigint), 0) + 1, 'vector', 10, 'extensions'::regnamespace, false, 'stand-in' from pg_extension;
reset allow_system_table_mods;
