-- What each side adds up to, without what was carried in.

create table totals as
select scope, currency, kind,
  cast(sum(theirs_count) as bigint) as theirs_count, cast(sum(theirs_amount) as bigint) as theirs_amount,
  cast(sum(theirs_settle) as bigint) as theirs_settle, cast(sum(theirs_fee) as bigint) as theirs_fee,
  cast(sum(ours_count) as bigint) as ours_count, cast(sum(ours_amount) as bigint) as ours_amount,
  cast(sum(ours_settle) as bigint) as ours_settle, cast(sum(ours_fee) as bigint) as ours_fee
from (
  select scope, currency, kind, 1 as theirs_count, amount as theirs_amount, settle as theirs_settle,
    told_fee as theirs_fee, 0 as ours_count, 0 as ours_amount, 0 as ours_settle, 0 as ours_fee
  from theirs
  where match_key = ''
  union all
  select scope, currency, kind, 0 as theirs_count, 0 as theirs_amount, 0 as theirs_settle, 0 as theirs_fee,
    1 as ours_count, amount as ours_amount, settle as ours_settle, fee as ours_fee
  from ours
  where match_key = ''
  union all
  select scope, currency, kind, n as theirs_count, amount as theirs_amount, settle as theirs_settle,
    fee as theirs_fee, n as ours_count, amount as ours_amount, settle as ours_settle, fee as ours_fee
  from set_aside
) both_sides
group by scope, currency, kind;
