-- Vectors of documents. On its own because pgvector is no trusted extension: on a server of your own a superuser
-- creates it once (`create extension vector with schema extensions`); Supabase and the embedded database allow it.
create extension if not exists vector with schema extensions;
