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
