-- outside a transaction
-- Own money that entries have moved into accounts of ours, or out of them.
create index concurrently if not exists bank_entries_own_money on bank_entries (account_number)
  include (amount)
  where placed_as in ('own_money', 'own_transfer');
