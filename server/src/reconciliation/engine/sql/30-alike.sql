-- The same unit with the same figures on both sides: the first there with the first here, and so on.

create table alike as
select t.scope, t.id as theirs_id, o.id as ours_id
from (
  select scope, id, unit, currency, amount, settle, fee,
    row_number() over (
      partition by scope, unit, currency, amount, settle, fee
      order by tie, id
    ) as n
  from their_rows
) t
join (
  select scope, id, unit, currency, amount, settle, fee,
    row_number() over (
      partition by scope, unit, currency, amount, settle, fee
      order by tie, id
    ) as n
  from our_rows
) o on o.scope = t.scope
  and o.unit = t.unit
  and o.currency = t.currency
  and o.amount = t.amount
  and o.settle = t.settle
  and o.fee = t.fee
  and o.n = t.n;

create table theirs_left as
select t.scope, t.id, t.kind, t.amount, t.settle, t.fee, t.currency, t.name, t.unit, t.twin, t.tie
from their_rows t
left join alike a on a.theirs_id = t.id
where a.theirs_id is null;

create table ours_left as
select o.scope, o.id, o.kind, o.origin, o.amount, o.settle, o.fee, o.currency, o.name, o.unit, o.twin,
  o.refund_no, o.voucher, o.quiet, o.tie
from our_rows o
left join alike a on a.ours_id = o.id
where a.ours_id is null;
