-- Documents: the files of a business, the passages cut from them, and the vectors of the passages' windows.
--
-- Passages and vectors carry the version that wrote them; what is searched is the document's active version. A new version
-- is written beside the old one and becomes active in one statement, so that a reader sees all of one or all of the other.

create table public.documents (
  id uuid primary key default gen_random_uuid(),
  business_id uuid not null references public.business_v2 (id) on delete cascade,
  file_name text not null constraint documents_file_name_length check (length(btrim(file_name)) between 1 and 255),
  storage_path text not null                       -- within the business's own folder, so that no row reads another's file
    constraint documents_storage_path_own check (starts_with(storage_path, business_id::text || '/') and storage_path !~ '(^|/)[.]{1,2}(/|$)'),
  mime_type text not null default 'application/octet-stream',
  size_bytes bigint not null default 0 constraint documents_size_range check (size_bytes >= 0),
  sha256 text not null default '' constraint documents_sha256_form check (sha256 ~ '^([0-9a-f]{64})?$'),  -- empty until the file was read
  processing_status text not null default 'pending'
    constraint documents_status check (processing_status in ('pending', 'processing', 'completed', 'failed')),
  progress real not null default 0 constraint documents_progress_range check (progress between 0 and 1),
  error_code text,
  error_message text,
  attempts int not null default 0,                 -- since it was last asked for
  version int not null default 0,                  -- of the passages that the latest attempt writes
  active_version int,                              -- of the passages that are searched
  lease_until timestamptz,                         -- until then the attempt is believed to be alive
  next_attempt_at timestamptz,
  chunk_count int,
  window_count int,
  pages_total int,
  pages_with_text int,
  embedding_model text,                            -- vector space of the active version
  pipeline text,                                   -- how the active version was cut
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  processed_at timestamptz,
  constraint documents_once unique (business_id, file_name),
  constraint documents_of_business unique (id, business_id),
  constraint documents_failed_says_why check (processing_status <> 'failed' or error_code is not null),
  constraint documents_processing_has_lease check (processing_status <> 'processing' or lease_until is not null),
  constraint documents_completed_has_passages
    check (processing_status <> 'completed' or (active_version is not null and chunk_count > 0 and window_count > 0 and error_code is null)));
create index documents_unfinished on public.documents (processing_status, lease_until) where processing_status in ('pending', 'processing');
create trigger documents_touch before update on public.documents for each row execute function public.touch_updated_at();

create table public.kb_chunks (                    -- passages: what is counted and cited
  document_id uuid not null,
  business_id uuid not null,
  version int not null,
  chunk int not null,                              -- position in the document, from 0
  start_char int not null,                         -- characters of the document's text before it
  body text not null,
  page int,
  heading text,
  windows jsonb not null,                          -- [{start, end, page, heading, context, header}], start and end in characters of the body
  primary key (document_id, version, chunk),
  constraint kb_chunks_document foreign key (document_id, business_id) references public.documents (id, business_id) on delete cascade);
create index kb_chunks_of_business on public.kb_chunks (business_id);

create table public.kb_windows (                   -- narrow, as a search without an index reads every row of the business
  document_id uuid not null,
  business_id uuid not null,
  version int not null,
  chunk int not null,
  position int not null,                           -- of the window in its chunk, from 0
  embedding extensions.halfvec(384) not null,
  primary key (document_id, version, chunk, position),
  constraint kb_windows_document foreign key (document_id, business_id) references public.documents (id, business_id) on delete cascade);
alter table public.kb_windows alter column embedding set storage plain;
create index kb_windows_of_business on public.kb_windows (business_id, document_id);

-- Take a document for reading: it must be waiting, or its last reader not heard of for the length of the lease.
create function public.claim_document(p_id uuid, p_now timestamptz default now(), p_lease interval default interval '2 minutes')
  returns setof public.documents language sql set search_path = '' as $$
  update public.documents set processing_status = 'processing', attempts = attempts + 1, version = version + 1, progress = 0,
    lease_until = p_now + p_lease, next_attempt_at = null, error_code = null, error_message = null
  where id = p_id and (processing_status = 'pending' or (processing_status = 'processing' and lease_until < p_now))
  returning * $$;

-- The reader of this version is alive and so far; false where the document was taken from it or changed meanwhile.
create function public.keep_document(p_id uuid, p_version int, p_progress real, p_now timestamptz default now(),
                                     p_lease interval default interval '2 minutes')
  returns boolean language plpgsql set search_path = '' as $$
begin
  update public.documents set lease_until = p_now + p_lease, progress = greatest(progress, p_progress)
  where id = p_id and version = p_version and processing_status = 'processing';
  return found;
end $$;

-- Make this version the one that is searched and forget the others; false where the document was taken from its reader.
create function public.complete_document(
  p_id uuid, p_version int, p_windows int, p_pages_total int, p_pages_with_text int, p_embedding_model text, p_pipeline text,
  p_sha256 text, p_size_bytes bigint, p_now timestamptz default now())
  returns boolean language plpgsql set search_path = '' as $$
declare
  v_chunks int;
  v_windows int;
begin
  select count(*), coalesce(sum(jsonb_array_length(windows)), 0) into v_chunks, v_windows
  from public.kb_chunks where document_id = p_id and version = p_version;
  if v_windows <> p_windows then
    raise exception 'The document has % windows, not %.', v_windows, p_windows using errcode = 'PT409', constraint = 'windows_missing';
  end if;
  update public.documents set processing_status = 'completed', active_version = p_version, chunk_count = v_chunks, window_count = v_windows,
    pages_total = p_pages_total, pages_with_text = p_pages_with_text, embedding_model = p_embedding_model, pipeline = p_pipeline,
    sha256 = p_sha256, size_bytes = p_size_bytes, progress = 1, lease_until = null, processed_at = p_now
  where id = p_id and version = p_version and processing_status = 'processing';
  if not found then
    return false;
  end if;
  delete from public.kb_chunks where document_id = p_id and version <> p_version;
  delete from public.kb_windows where document_id = p_id and version <> p_version;
  return true;
end $$;

-- The attempt at this version failed: for good, or until `p_retry_at`.
create function public.fail_document(p_id uuid, p_version int, p_code text, p_message text, p_now timestamptz default now(),
                                     p_retry_at timestamptz default null)
  returns boolean language plpgsql set search_path = '' as $$
begin
  update public.documents set processing_status = case when p_retry_at is null then 'failed' else 'pending' end,
    error_code = p_code, error_message = p_message, next_attempt_at = p_retry_at, lease_until = null, processed_at = p_now
  where id = p_id and version = p_version and processing_status = 'processing';
  if found then
    delete from public.kb_chunks where document_id = p_id and version = p_version;
  end if;
  return found;
end $$;

-- Documents whose reader is not heard of any more wait for another one; five lost readers are enough. Returns how many.
create function public.release_documents(p_now timestamptz default now()) returns int language plpgsql set search_path = '' as $$
declare
  v_count int;
begin
  update public.documents set lease_until = null,
    processing_status = case when attempts < 5 then 'pending' else 'failed' end,
    error_code = case when attempts < 5 then null else 'timeout' end,
    error_message = case when attempts < 5 then null else 'Reading the file was broken off five times.' end
  where processing_status = 'processing' and lease_until < p_now;
  get diagnostics v_count = row_count;
  return v_count;
end $$;

-- Programs that keep passages in memory learn from business_v2.kb_version that they are out of date.
create function public.documents_changed() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  update public.business_v2 set kb_version = kb_version + 1 where id = old.business_id;
  return null;
end $$;
create trigger documents_swapped after update of active_version on public.documents
  for each row when (old.active_version is distinct from new.active_version) execute function public.documents_changed();
create trigger documents_removed after delete on public.documents
  for each row when (old.active_version is not null) execute function public.documents_changed();

revoke all on function public.claim_document(uuid, timestamptz, interval) from public, anon, authenticated;
revoke all on function public.keep_document(uuid, int, real, timestamptz, interval) from public, anon, authenticated;
revoke all on function public.complete_document(uuid, int, int, int, int, text, text, text, bigint, timestamptz) from public, anon, authenticated;
revoke all on function public.fail_document(uuid, int, text, text, timestamptz, timestamptz) from public, anon, authenticated;
revoke all on function public.release_documents(timestamptz) from public, anon, authenticated;
revoke all on function public.documents_changed() from public, anon, authenticated;
grant execute on function public.claim_document(uuid, timestamptz, interval) to service_role;
grant execute on function public.keep_document(uuid, int, real, timestamptz, interval) to service_role;
grant execute on function public.complete_document(uuid, int, int, int, int, text, text, text, bigint, timestamptz) to service_role;
grant execute on function public.fail_document(uuid, int, text, text, timestamptz, timestamptz) to service_role;
grant execute on function public.release_documents(timestamptz) to service_role;

alter table public.documents enable row level security;
alter table public.kb_chunks enable row level security;
alter table public.kb_windows enable row level security;
revoke all on public.documents, public.kb_chunks, public.kb_windows from public, anon, authenticated;
grant all on public.documents, public.kb_chunks, public.kb_windows to service_role;

-- The owner's own screen may upload, look and remove; what a document became is not its to write.
grant select, delete, insert (id, business_id, file_name, storage_path, mime_type, size_bytes, sha256) on public.documents to authenticated;
grant select on public.kb_chunks to authenticated;
create policy documents_own on public.documents for all to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
create policy kb_chunks_own on public.kb_chunks for select to authenticated
  using (business_id in (select b.id from public.business_v2 b where b.user_id = (select auth.uid())));
