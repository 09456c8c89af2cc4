-- outside a transaction
-- As above.
create index concurrently if not exists attempts_taken_back on attempts (id) where taken_back <> 0;
