-- Own money that stands for a same-day settlement is in the reserve already: an advance reserves it, and
-- moves nothing in the books. Those of versions before moved it there without a bank's entry, and are booked
-- back.
alter table settlement_advances add column booked boolean not null default true;
alter table settlement_advances alter column booked drop default;

-- Own money that entries have moved into accounts of ours, or out of them.
create index bank_entries_own_money on bank_entries (account_number) include (amount)
  where placed_as in ('own_money', 'own_transfer');
