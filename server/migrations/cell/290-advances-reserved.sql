-- Own money that stands for a same-day settlement is in the reserve already: an advance reserves it, and
-- moves nothing in the books. Those of versions before moved it there without a bank's entry, and are booked
-- back.
alter table settlement_advances add column booked boolean not null default true;
alter table settlement_advances alter column booked drop default;

-- A loss of versions before was borne by such a move as well, which stands: the audit allows for it.
create table losses_in_reserve (
  journal_id uuid not null,
  currency char(3) not null,
  amount bigint not null,
  constraint losses_in_reserve_pkey primary key (journal_id)
);

insert into losses_in_reserve (journal_id, currency, amount)
select j.id, j.currency, e.amount
from break_journals b
join journals j on j.id = b.journal_id
join books k on k.id = j.book_id
cross join lateral unnest(j.entry_accounts, j.entry_seqs) as place (account_id, seq)
join accounts a on a.id = place.account_id
join entries e on e.account_id = place.account_id and e.seq = place.seq
where b.purpose = 'resolution'
  and j.kind = 'resolution_loss'
  and k.kind = 'platform'
  and a.code = 'bank_reserve';
