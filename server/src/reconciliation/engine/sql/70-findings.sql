-- What differs, by the table of precedence: a foreign merchant number, the currency, more than once, one side
-- only, the amount, the fee.

-- Of what was given back or taken by itself, and of vouchers, rounding spreads in another order.
create table shifted as
select distinct scope, name
from our_rows
where origin in ('refund_returned', 'reversed_by_channel', 'surplus_reversed')
  or unit like 'by itself/%';

create table compared as
select b.scope, b.theirs_id, b.ours_id, t.unit, t.tie, t.currency as theirs_currency, o.currency as
  ours_currency,
  t.amount - o.amount as amount_difference, t.settle - o.settle as settle_difference,
  t.fee - o.fee as fee_difference, t.settle as theirs_settle, o.settle as ours_settle, t.fee as theirs_fee,
  o.fee as ours_fee,
  case when t.unit like 'by itself/%' then 1 else 0 end as by_itself,
  case
    when t.kind = 'refund' and o.voucher = 1 and t.amount = o.amount and abs(t.settle - o.settle) <= 1 then 1
    else 0
  end as settle_rounded,
  case
    when t.kind = 'refund' and (o.voucher = 1 or s.name is not null) and abs(t.fee - o.fee) <= 1
      and t.unit not like 'by itself/%' then 1
    else 0
  end as fee_rounded
from by_number b
join theirs_left t on t.id = b.theirs_id
join ours_left o on o.id = b.ours_id
left join shifted s on s.scope = t.scope
  and s.name = t.name;

create table judged as
select scope, theirs_id, ours_id, unit, tie, theirs_currency, ours_currency, settle_difference,
  fee_difference,
  theirs_settle, ours_settle, theirs_fee, ours_fee,
  case
    when theirs_currency <> ours_currency then 'currency'
    when by_itself = 0 and amount_difference <> 0 then 'amount'
    when settle_difference <> 0 and settle_rounded = 0 then 'amount'
    when fee_difference <> 0 and fee_rounded = 0 then 'fee'
    else 'alike'
  end as kind
from compared;

-- How often each thing stands there: a line more than once is a duplicate, whichever of them is matched.
create table theirs_rest_ranked as
select r.scope, r.id, r.kind, r.settle, r.fee, r.currency, r.unit, r.twin,
  row_number() over (
    partition by r.scope, r.twin
    order by r.amount, r.settle, r.fee, r.tie, r.id
  ) + coalesce(m.n, 0) as n
from theirs_rest r
left join (
  select t.scope, t.twin, count(*) as n
  from their_rows t
  left join theirs_rest x on x.id = t.id
  where x.id is null
  group by t.scope, t.twin
) m on m.scope = r.scope
  and m.twin = r.twin
left join by_sum b on b.scope = r.scope
  and b.unit = r.unit
  and b.currency = r.currency
where b.unit is null;

create table ours_rest_ranked as
select r.scope, r.id, r.kind, r.settle, r.fee, r.currency, r.unit, r.twin,
  row_number() over (
    partition by r.scope, r.twin
    order by r.amount, r.settle, r.fee, r.tie, r.id
  ) + coalesce(m.n, 0) as n
from ours_rest r
left join (
  select o.scope, o.twin, count(*) as n
  from our_rows o
  left join ours_rest x on x.id = o.id
  where x.id is null
  group by o.scope, o.twin
) m on m.scope = r.scope
  and m.twin = r.twin
left join by_sum b on b.scope = r.scope
  and b.unit = r.unit
  and b.currency = r.currency
left join unbilled u on u.id = r.id
where b.unit is null
  and u.id is null;

create table found as
select t.scope, 'unknown_merchant' as kind, 'theirs' as side,
  concat('stranger/', t.kind, '/', t.trade_no, '/', t.order_no, '/', t.refund_no, '/', t.amount) as match_key,
  row_number() over (
    partition by t.scope, t.kind, t.trade_no, t.order_no, t.refund_no, t.amount
    order by t.settle, t.told_fee, t.currency, t.at, t.created_at, t.subject, t.id
  ) as n,
  t.id as theirs_id, -1 as ours_id, t.settle as settle_difference, t.fee as fee_difference
from theirs t
where t.stranger = 1
union all
select scope, 'currency' as kind, 'theirs' as side, concat(unit, '/', theirs_currency) as match_key, 1 as n,
  theirs_id, -1 as ours_id, theirs_settle as settle_difference, theirs_fee as fee_difference
from judged
where kind = 'currency'
union all
select scope, 'currency' as kind, 'ours' as side, concat(unit, '/', ours_currency) as match_key, 1 as n,
  -1 as theirs_id, ours_id, -ours_settle as settle_difference, -ours_fee as fee_difference
from judged
where kind = 'currency'
union all
select scope, kind, 'both' as side, unit as match_key,
  row_number() over (
    partition by scope, kind, unit
    order by theirs_settle, ours_settle, fee_difference, tie, theirs_id
  ) as n,
  theirs_id, ours_id, settle_difference, fee_difference
from judged
where kind in ('amount', 'fee')
union all
select b.scope, 'fee' as kind, 'both' as side, concat(b.unit, '/', b.currency) as match_key, 1 as n,
  t.id as theirs_id, o.id as ours_id, b.settle_difference, b.fee_difference
from by_sum b
join (
  select scope, unit, currency, id,
    row_number() over (partition by scope, unit, currency order by settle, fee, tie, id) as n
  from theirs_rest
) t on t.scope = b.scope
  and t.unit = b.unit
  and t.currency = b.currency
  and t.n = 1
join (
  select scope, unit, currency, id,
    row_number() over (partition by scope, unit, currency order by settle, fee, tie, id) as n
  from ours_rest
) o on o.scope = b.scope
  and o.unit = b.unit
  and o.currency = b.currency
  and o.n = 1
where b.fee_difference <> 0
union all
select scope, case when n > 1 then 'duplicate_theirs' else concat(kind, '_theirs_only') end as kind,
  'theirs' as side, twin as match_key, n, id as theirs_id, -1 as ours_id, settle as settle_difference,
  fee as fee_difference
from theirs_rest_ranked
union all
select scope, case when n > 1 then 'duplicate_ours' else concat(kind, '_ours_only') end as kind,
  'ours' as side, twin as match_key, n, -1 as theirs_id, id as ours_id, -settle as settle_difference,
  -fee as fee_difference
from ours_rest_ranked;

-- What the rules call normal, and is no cent too little or too much: roundings, and returns never billed.
create table adjusted as
select scope, currency, cast(sum(settle) as bigint) as settle, cast(sum(fee) as bigint) as fee
from (
  select scope, theirs_currency as currency, settle_difference as settle, fee_difference as fee
  from judged
  where kind = 'alike'
  union all
  select scope, currency, settle_difference as settle, 0 as fee
  from by_sum
  where fee_difference = 0
  union all
  select scope, currency, -settle as settle, -fee as fee
  from unbilled
) parts
group by scope, currency
having sum(settle) <> 0
  or sum(fee) <> 0;
