-- Orders with one payment there and one here that are alike in all: most of a day, settled by one look.

create table plain as
select scope, order_no
from (
  select scope, order_no, 1 as theirs, 0 as ours, case when kind = 'payment' then stranger else 1 end as
    other,
    amount, settle, fee, currency
  from theirs
  where order_no <> ''
  union all
  select scope, order_no, 0 as theirs, 1 as ours, case when kind = 'payment' then 0 else 1 end as other,
    -amount as amount, -settle as settle, -fee as fee, currency
  from ours
  where order_no <> ''
) both_sides
group by scope, order_no
having sum(theirs) = 1
  and sum(ours) = 1
  and sum(other) = 0
  and sum(amount) = 0
  and sum(settle) = 0
  and sum(fee) = 0
  and min(currency) = max(currency);
