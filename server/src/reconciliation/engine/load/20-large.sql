-- A statement of millions of lines. Most orders have one payment there and one here that are alike in all:
-- they are told by two hashes of 64 bits, of our number and of the channel's, and only the others become
-- rows. To trim a cell costs as much as to
-- read its line, so that only what is not alike to the letter is trimmed.

create macro unpadded(text) as case when suffix(text, chr(9)) then text[:-2] else coalesce(text, '') end;

create view large_lines as
select kind, subject, created_at, finished_at, amount, settled, discount, refund_no, fee,
  -- Cells end with a tab. One with more around it finds no order of ours, and is looked at below.
  unpadded(order_no) as order_no, unpadded(trade_no) as trade_no
from read_csv(
  {parts},
  header = false,
  delim = ',',
  quote = '',
  escape = '',
  new_line = {lineend},
  auto_detect = false,
  columns = {columns}
);

-- Fen as the file writes them.
create macro yuan_text(fen) as cast(cast(fen as decimal(16, 0)) * cast(0.01 as decimal(3, 2)) as varchar);

create table large_hard as
with both_sides as (
  select hash(order_no) as order_hash, 1::utinyint as side,
    case
      when kind in ({payment}, {payment} || chr(9)) and trade_no <> '' and discount = '0.00'
        and amount not like '-%' and settled not like '-%' and amount <> '0.00'
        and created_at like '____-__-__ __:__:__' and try_cast(created_at as timestamp) is not null
        and finished_at like '____-__-__ __:__:__' and try_cast(finished_at as timestamp) is not null
        then hash(
          trade_no,
          amount,
          case when settled = amount then '' else settled end,
          case when compares_fee = 1 then fee else '0.00' end
        )
      else 0::ubigint
    end as alike
  from large_lines
  cross join (select min(compares_fee) as compares_fee from scopes) terms
  union all
  select hash(order_no) as order_hash, 2::utinyint as side,
    case
      when kind = 'payment' and currency = 'CNY'
        then hash(
          coalesce(trade_no, ''),
          yuan_text(amount),
          case when settle = amount then '' else yuan_text(settle) end,
          yuan_text(-fee)
        )
      else 1::ubigint
    end as alike
  from fresh
  union all
  select hash(order_no) as order_hash, 1::utinyint as side, 0::ubigint as alike
  from theirs
  union all
  select hash(coalesce(order_no, '')) as order_hash, 2::utinyint as side, 1::ubigint as alike
  from carried
)
select order_hash
from both_sides
group by order_hash
having count(*) <> 2
  or bit_xor(side) <> 3
  or bit_xor(alike) <> 0;

create macro any_fen(text) as
  case
    when regexp_matches(text, '^[+-]?[0-9]{1,15}([.][0-9]{1,2})?$')
      then cast(try_cast(text as decimal(18, 2)) * 100 as bigint)
    else null
  end;

create macro cell(text) as coalesce(trim(text, chr(9) || ' '), '');

create macro instant(text) as
  strftime(try_strptime(text, '%Y-%m-%d %H:%M:%S') - interval 8 hour, '%Y-%m-%dT%H:%M:%S.000Z');

-- By what it takes a file to hold, all of its lines would be kept to look for those few among them.
set disabled_optimizers = 'build_side_probe_side';

create table large_theirs as
select cell(trade_no) as trade_no, order_no,
  case
    when cell(kind) = {payment} then 'payment'
    when cell(kind) = {refund} then 'refund'
    else ''
  end as kind,
  case when cell(kind) = {payment} then '' else cell(refund_no) end as refund_no,
  any_fen(cell(amount)) as amount, any_fen(cell(settled)) as settle, -any_fen(cell(fee)) as told_fee,
  any_fen(cell(discount)) as discount, instant(cell(created_at)) as created_at,
  instant(cell(finished_at)) as finished_at,
  -- As lines that come one by one are told to the rules.
  regexp_replace(cell(subject), '[[:cntrl:]]', ' ', 'g') as subject
from (
  select l.*
  from large_lines l
  semi join large_hard h on h.order_hash = hash(l.order_no)
) hard_lines;

reset disabled_optimizers;

-- What is irregular has no place here.
create table large_irregular as
select count(*) as n
from large_theirs
where kind = ''
  or trade_no = ''
  or order_no = ''
  or order_no <> cell(order_no)
  or (kind = 'refund' and refund_no = '')
  or amount is null
  or settle is null
  or told_fee is null
  or discount is null
  or created_at is null
  or finished_at is null
  or (kind = 'payment' and (amount <= 0 or settle < 0))
  or (kind = 'refund' and (amount >= 0 or settle > 0));

create table set_aside_rows as
select count(*) as n, coalesce(sum(amount), 0)::bigint as amount, coalesce(sum(settle), 0)::bigint as settle,
  coalesce(sum(fee), 0)::bigint as fee
from fresh f
anti join large_hard h on h.order_hash = hash(f.order_no);

insert into set_aside
select s.scope, 'CNY', 'payment', r.n, r.amount, r.settle, r.fee
from set_aside_rows r
cross join scopes s
where r.n > 0;

insert into theirs
select s.scope, (select count(*) from theirs) + row_number() over () as id, l.kind, l.trade_no, l.order_no,
  l.refund_no, l.amount, l.settle, case when s.compares_fee = 1 then l.told_fee else 0 end as fee, l.told_fee,
  'CNY', l.created_at, l.finished_at, l.subject, 0, {date}, ''
from large_theirs l
cross join scopes s;

-- Lines and sums by kind: of what was set aside, and of what was not.
create table large_totals as
select k.kind, coalesce(t.n, 0) + case when k.kind = 'payment' then r.n else 0 end as n,
  coalesce(t.settle, 0) + case when k.kind = 'payment' then r.settle else 0 end as settle,
  coalesce(t.discount, 0) as discount
from (values ('payment'), ('refund')) k (kind)
left join (
  select kind, count(*) as n, sum(settle)::bigint as settle, sum(discount)::bigint as discount
  from large_theirs
  group by kind
) t on t.kind = k.kind
cross join set_aside_rows r;

create view fresh_kept as
select f.*
from fresh f
semi join large_hard h on h.order_hash = hash(f.order_no);
