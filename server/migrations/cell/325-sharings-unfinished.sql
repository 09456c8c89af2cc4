-- outside a transaction
-- Payments whose money is still to be split: it does not settle.
create index concurrently if not exists sharings_unfinished
  on sharings (merchant_id, payment_id) where state <> 'finished';
