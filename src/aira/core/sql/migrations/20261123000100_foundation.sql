-- What Supabase gives every project, made here only where it is missing: the schemas auth and extensions, the roles
-- anon, authenticated and service_role, auth.users, auth.uid() and auth.jwt(). Nothing of it is ever replaced, as on
-- Supabase another role owns it.

create schema if not exists extensions;
create schema if not exists auth;

do $shim$
declare
  v_role text;
begin
  foreach v_role in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_roles where rolname = v_role) then
      begin
        execute format('create role %I nologin noinherit', v_role);
      exception
        when duplicate_object or unique_violation then null;  -- roles belong to the cluster: another database was faster
      end;
    end if;
  end loop;
  if not (select rolbypassrls from pg_roles where rolname = 'service_role') then
    begin
      alter role service_role bypassrls;
    exception
      when insufficient_privilege then raise notice 'service_role does not bypass row-level security: only a superuser can allow it';
    end;
  end if;

  if to_regclass('auth.users') is null then
    create table auth.users (
      id uuid primary key default gen_random_uuid(),
      email text unique,
      created_at timestamptz not null default now()
    );
  end if;

  if to_regprocedure('auth.uid()') is null then
    create function auth.uid() returns uuid language sql stable set search_path = '' as $function$
      select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
      )::uuid
    $function$;
  end if;

  if to_regprocedure('auth.jwt()') is null then
    create function auth.jwt() returns jsonb language sql stable set search_path = '' as $function$
      select nullif(current_setting('request.jwt.claims', true), '')::jsonb
    $function$;
  end if;
end
$shim$;

do $grants$
declare
  v_role text;
  v_schema text;
begin
  foreach v_role in array array['anon', 'authenticated', 'service_role'] loop
    foreach v_schema in array array['auth', 'extensions', 'public'] loop
      if not has_schema_privilege(v_role, v_schema, 'usage') then
        execute format('grant usage on schema %I to %I', v_schema, v_role);
      end if;
    end loop;
  end loop;
end
$grants$;

-- Equality of uuid and text in exclusion constraints. A trusted extension: needs no superuser.
create extension if not exists btree_gist with schema extensions;

create function public.touch_updated_at() returns trigger language plpgsql set search_path = '' as $$
begin
  new.updated_at := pg_catalog.now();
  return new;
end
$$;
comment on function public.touch_updated_at() is 'Before-update trigger: updated_at is the time of the last change.';
revoke all on function public.touch_updated_at() from public, anon, authenticated, service_role;

create function public.append_only() returns trigger language plpgsql set search_path = '' as $$
begin
  raise exception 'Rows of % are never changed or deleted.', tg_table_name
    using errcode = 'PT409', constraint = 'append_only', hint = 'Write a new row that corrects the old one.';
end
$$;
comment on function public.append_only() is 'Before-update, -delete and -truncate trigger of tables that only grow.';
revoke all on function public.append_only() from public, anon, authenticated, service_role;
