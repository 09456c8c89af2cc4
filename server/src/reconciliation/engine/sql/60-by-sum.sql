-- What the channel gave back by itself: books may hold the sum of what the statement tells in parts, and the
-- other way round.

create table theirs_rest as
select l.scope, l.id, l.kind, l.amount, l.settle, l.fee, l.currency, l.name, l.unit, l.twin, l.tie
from theirs_left l
left join theirs_normal x on x.id = l.id
left join by_number b on b.theirs_id = l.id
where x.id is null
  and b.theirs_id is null;

create table ours_rest as
select l.scope, l.id, l.kind, l.origin, l.amount, l.settle, l.fee, l.currency, l.name, l.unit, l.twin,
  l.refund_no, l.voucher, l.tie
from ours_left l
left join ours_normal x on x.id = l.id
left join by_number b on b.ours_id = l.id
where x.id is null
  and b.ours_id is null;

create table by_sum as
select t.scope, t.unit, t.currency, t.settle - o.settle as settle_difference, t.fee - o.fee as fee_difference
from (
  select scope, unit, currency, count(*) as n, cast(sum(settle) as bigint) as settle,
    cast(sum(fee) as bigint) as fee
  from theirs_rest
  where unit like 'by itself/%'
  group by scope, unit, currency
) t
join (
  select scope, unit, currency, count(*) as n, cast(sum(settle) as bigint) as settle,
    cast(sum(fee) as bigint) as fee, max(voucher) as voucher
  from ours_rest
  group by scope, unit, currency
) o on o.scope = t.scope
  and o.unit = t.unit
  and o.currency = t.currency
where t.settle = o.settle
  or (o.voucher = 1 and abs(t.settle - o.settle) <= t.n + o.n);

-- A refund that came back, where the channel's statement never tells so.
create table unbilled as
select r.scope, r.id, r.currency, r.settle, r.fee
from ours_rest r
join scopes s on s.scope = r.scope
where r.origin = 'refund_returned'
  and s.bills_returns = 0;
