-- outside a transaction
-- The close of a day proves open items without a pass over all that ever was.
create index concurrently if not exists attempts_with_surplus on attempts (id) where surplus is not null;
