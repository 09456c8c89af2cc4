-- outside a transaction
-- What channels took back by themselves, and people decide about.
create index concurrently if not exists breaks_held
  on breaks (channel_account_id, payment_id) where held_by_door;
