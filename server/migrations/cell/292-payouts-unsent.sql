-- Whoever stops a payee's bank account passes through the rows of its payouts that are not sent yet.
create index payouts_unsent on payouts (payee_id, id) where state in ('created', 'approved');
