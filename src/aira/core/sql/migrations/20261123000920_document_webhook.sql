-- A document can be announced over HTTP by the extension pg_net, where a database has it: a server that does not reach the job
-- queue hears of uploads all the same. The queue does the work in any case; what is announced twice is done once.

create table jobs.document_webhook (               -- one row, or none where nothing is announced
  id int primary key default 1 constraint document_webhook_one check (id = 1),
  url text not null constraint document_webhook_url_form check (url ~ '^https?://'),
  secret text not null);
alter table jobs.document_webhook enable row level security;
revoke all on jobs.document_webhook from public, anon, authenticated;
grant all on jobs.document_webhook to service_role;

-- Whatever goes wrong in here is a warning: an upload never fails because somebody could not be told of it.
create function jobs.announce_document() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  v_webhook jobs.document_webhook;
begin
  select * into v_webhook from jobs.document_webhook;
  if found then
    perform net.http_post(
      url => v_webhook.url,
      body => jsonb_build_object('type', tg_op, 'table', tg_table_name, 'schema', tg_table_schema,
                                 'record', jsonb_build_object('id', new.id), 'old_record', null),
      headers => jsonb_build_object('Content-Type', 'application/json', 'Authorization', 'Bearer ' || v_webhook.secret),
      timeout_milliseconds => 5000);
  end if;
  return null;
exception when others then
  raise warning 'Document % could not be announced: %', new.id, sqlerrm;
  return null;
end $$;

-- Announce new documents to this address, or to nobody where it is null; false where the database has no pg_net. For whoever owns
-- the tables, as a trigger comes or goes.
create function jobs.set_document_webhook(p_url text, p_secret text) returns boolean language plpgsql set search_path = '' as $$
begin
  delete from jobs.document_webhook where id = 1;
  drop trigger if exists documents_announce on public.documents;
  if to_regprocedure('net.http_post(text,jsonb,jsonb,jsonb,integer)') is null then
    return false;
  end if;
  if p_url is not null then
    insert into jobs.document_webhook (url, secret) values (p_url, p_secret);
    create trigger documents_announce after insert on public.documents
      for each row when (new.processing_status = 'pending') execute function jobs.announce_document();
  end if;
  return true;
end $$;

revoke all on function jobs.announce_document() from public, anon, authenticated;
revoke all on function jobs.set_document_webhook(text, text) from public, anon, authenticated;
