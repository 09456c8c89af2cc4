-- outside a transaction
-- Whoever stops a payee's bank account passes through the rows of its payouts that may still be sent.
create index concurrently if not exists payouts_open on payouts (payee_id, id)
  where state in ('created', 'approved', 'sent', 'unknown');
