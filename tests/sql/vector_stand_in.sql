-- pgvector for servers of the tests that come without it: text under the name of its type, its distance computed in SQL,
-- and an index that finds nothing. Enough to apply the migrations unchanged and to get right, slow answers.

create schema if not exists extensions;
create type extensions.vector;
create function extensions.vector_in(cstring, oid, integer) returns extensions.vector language internal immutable strict as 'textin';
create function extensions.vector_out(extensions.vector) returns cstring language internal immutable strict as 'textout';
create function extensions.vector_typmod_in(cstring[]) returns integer language internal immutable strict as 'varchartypmodin';
create function extensions.vector_typmod_out(integer) returns cstring language internal immutable strict as 'varchartypmodout';
create type extensions.vector (
  input = extensions.vector_in,
  output = extensions.vector_out,
  typmod_in = extensions.vector_typmod_in,
  typmod_out = extensions.vector_typmod_out,
  like = text
);

create function extensions.cosine_distance(a extensions.vector, b extensions.vector) returns double precision
  language sql immutable strict set search_path = '' as $$
  select 1 - sum(x * y) / sqrt(sum(x * x) * sum(y * y))
  from unnest(translate(a::text, '[]', '{}')::double precision[], translate(b::text, '[]', '{}')::double precision[]) as pair (x, y)
$$;
create operator extensions.<=> (leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.cosine_distance);

create access method hnsw type index handler hashhandler;
create function extensions.vector_hash(extensions.vector) returns integer language internal immutable strict as 'hashvarlena';
create operator class extensions.vector_cosine_ops for type extensions.vector using hnsw as function 1 extensions.vector_hash(extensions.vector);

-- `create extension if not exists vector` is to find it.
set allow_system_table_mods = on;
insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
  select coalesce(max(oid::bigint), 0) + 1, 'vector', 10, 'extensions'::regnamespace, false, 'stand-in' from pg_extension;
reset allow_system_table_mods;
