-- The same unit with other figures: compared one with one. Of what went back by itself only the same money.

create table by_number as
select t.scope, t.id as theirs_id, o.id as ours_id
from (
  select l.scope, l.id, l.unit,
    row_number() over (partition by l.scope, l.unit order by l.amount, l.settle, l.fee, l.tie, l.id) as n
  from theirs_left l
  left join theirs_normal x on x.id = l.id
  where x.id is null
    and l.unit not like 'by itself/%'
) t
join (
  select l.scope, l.id, l.unit,
    row_number() over (partition by l.scope, l.unit order by l.amount, l.settle, l.fee, l.tie, l.id) as n
  from ours_left l
  left join ours_normal x on x.id = l.id
  where x.id is null
    and l.unit not like 'by itself/%'
) o on o.scope = t.scope
  and o.unit = t.unit
  and o.n = t.n
union all
select t.scope, t.id as theirs_id, o.id as ours_id
from (
  select l.scope, l.id, l.unit, l.currency, l.settle,
    row_number() over (partition by l.scope, l.unit, l.currency, l.settle order by l.fee, l.tie, l.id) as n
  from theirs_left l
  left join theirs_normal x on x.id = l.id
  where x.id is null
    and l.unit like 'by itself/%'
) t
join (
  select l.scope, l.id, l.unit, l.currency, l.settle,
    row_number() over (partition by l.scope, l.unit, l.currency, l.settle order by l.fee, l.tie, l.id) as n
  from ours_left l
  left join ours_normal x on x.id = l.id
  where x.id is null
    and l.unit like 'by itself/%'
) o on o.scope = t.scope
  and o.unit = t.unit
  and o.currency = t.currency
  and o.settle = t.settle
  and o.n = t.n;
