-- outside a transaction
-- As above.
create index concurrently if not exists refunds_after_failure on refunds (attempt_id) where after_failure;
