-- What each row is about. `name`: the order, by our number, else by the channel's. `unit`: what of it has to
-- match. `twin`: what exists once.

create table trades as
select o.scope, o.trade_no, min(o.order_no) as order_no
from ours o
join (
  select distinct scope, trade_no
  from theirs
  where order_no = ''
) t on t.scope = o.scope
  and t.trade_no = o.trade_no
where o.order_no <> ''
  and o.trade_no <> ''
group by o.scope, o.trade_no;

create table our_named as
select o.scope, o.id, o.kind, o.origin, o.amount, o.settle, o.fee, o.currency, o.refund_no, o.voucher,
  o.quiet, concat(o.channel_date, '/', o.match_key, '/', o.currency, '/', o.journal_id) as tie, o.journal_id,
  case when o.order_no <> '' then o.order_no else concat('~', o.trade_no) end as name,
  case when o.amount > 0 then 'in' else 'out' end as direction
from ours o
left join plain p on p.scope = o.scope
  and p.order_no = o.order_no
where p.order_no is null;

create table their_named as
select t.scope, t.id, t.kind, t.amount, t.settle, t.fee, t.currency, t.refund_no, t.at, t.stranger,
  concat(t.channel_date, '/', t.match_key, '/', t.at, '/', t.created_at, '/', t.trade_no, '/', t.order_no,
    '/',
    t.refund_no, '/', t.currency, '/', t.told_fee, '/', t.subject) as tie,
  case
    when t.order_no <> '' then t.order_no
    when o.order_no is not null then o.order_no
    else concat('~', t.trade_no)
  end as name,
  case when t.amount > 0 then 'in' else 'out' end as direction
from theirs t
left join plain p on p.scope = t.scope
  and p.order_no = t.order_no
left join trades o on o.scope = t.scope
  and o.trade_no = t.trade_no
where p.order_no is null;

-- The numbers of refunds that the books know on this day.
create table refund_numbers as
select distinct scope, refund_no
from our_named
where kind = 'refund'
  and refund_no <> '';

create table our_rows as
select scope, id, kind, origin, amount, settle, fee, currency, name, refund_no, voucher, quiet, tie,
  case
    when kind <> 'refund' then concat(kind, '/', name, '/', direction)
    when refund_no <> '' then concat('refund/', name, '/', refund_no, '/', direction)
    else concat('by itself/', name)
  end as unit,
  case
    when kind = 'payment' then concat('payment/', name)
    when kind = 'dispute' then concat('dispute/', name, '/', journal_id)
    when refund_no <> '' then concat('refund/', name, '/', refund_no, '/', direction)
    else concat('refund/', name, '/', journal_id)
  end as twin
from our_named;

create table their_rows as
select t.scope, t.id, t.kind, t.amount, t.settle, t.fee, t.currency, t.name, t.tie,
  case
    when t.kind <> 'refund' then concat(t.kind, '/', t.name, '/', t.direction)
    when r.refund_no is not null then concat('refund/', t.name, '/', t.refund_no, '/', t.direction)
    else concat('by itself/', t.name)
  end as unit,
  case
    when t.kind = 'payment' then concat('payment/', t.name)
    when t.kind = 'refund' and t.refund_no <> ''
      then concat('refund/', t.name, '/', t.refund_no, '/', t.direction)
    else concat(t.kind, '/', t.name, '/', t.amount, '/', t.settle, '/', t.fee, '/', t.at)
  end as twin
from their_named t
left join refund_numbers r on r.scope = t.scope
  and r.refund_no = t.refund_no
where t.stranger = 0;
