-- What came and went, so that nothing is owed on either side.

-- Reversed by a call whose answer names no amount: booked as asked, in and out, while the buyer had paid
-- another amount, which went back too.
create table came_and_went as
select o.scope, o.name
from (
  select scope, name
  from ours_left
  group by scope, name
  having sum(settle) = 0
    and sum(fee) = 0
    and min(case when origin in ('surplus_success', 'surplus_reversed') then 1 else 0 end) = 1
) o
join (
  select scope, name
  from theirs_left
  group by scope, name
  having sum(settle) = 0
    and sum(fee) = 0
) t on t.scope = o.scope
  and t.name = o.name;

-- Taken by a payment code and reversed, where the channel's statement shows neither.
create table no_trace as
select o.scope, o.name
from (
  select scope, name
  from ours_left
  group by scope, name
  having sum(settle) = 0
    and sum(fee) = 0
    and min(quiet) = 1
    and min(case when origin in ('payment_success', 'surplus_success') then 1 else 0 end) = 0
    and max(case when origin in ('payment_success', 'surplus_success') then 1 else 0 end) = 1
) o
left join (
  select distinct scope, name
  from their_rows
) t on t.scope = o.scope
  and t.name = o.name
where t.name is null;

-- A refund that came to nothing, where the channel's statement shows none that did.
create table came_to_nothing as
select l.scope, l.refund_no
from ours_left l
join scopes s on s.scope = l.scope
left join (
  select distinct scope, refund_no
  from their_named
  where refund_no <> ''
) t on t.scope = l.scope
  and t.refund_no = l.refund_no
where l.kind = 'refund'
  and l.refund_no <> ''
  and s.drops_failed_refunds = 1
  and t.refund_no is null
group by l.scope, l.refund_no
having sum(l.settle) = 0
  and sum(l.fee) = 0
  and count(*) = 2;

create table ours_normal as
select l.id
from ours_left l
join came_and_went n on n.scope = l.scope
  and n.name = l.name
union
select l.id
from ours_left l
join no_trace n on n.scope = l.scope
  and n.name = l.name
union
select l.id
from ours_left l
join came_to_nothing n on n.scope = l.scope
  and n.refund_no = l.refund_no
where l.kind = 'refund';

create table theirs_normal as
select l.id
from theirs_left l
join came_and_went n on n.scope = l.scope
  and n.name = l.name;
