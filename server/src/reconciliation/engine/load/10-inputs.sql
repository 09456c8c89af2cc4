-- The files as tables. Only here, and where findings are written, is DuckDB's own language.

create table scopes as
select *
from read_csv({scopes}, header = true, all_varchar = true);

alter table scopes alter scope type bigint;
alter table scopes alter compares_fee type bigint;
alter table scopes alter drops_failed_refunds type bigint;
alter table scopes alter bills_returns type bigint;

create table theirs as
select t.scope, row_number() over () as id, t.kind, coalesce(t.trade_no, '') as trade_no,
  coalesce(t.order_no, '') as order_no, coalesce(t.refund_no, '') as refund_no, t.amount, t.settle,
  case when s.compares_fee = 1 then t.told_fee else 0 end as fee, t.told_fee, t.currency, t.created_at,
  t.finished_at as at, coalesce(t.subject, '') as subject, t.stranger, t.channel_date,
  coalesce(t.match_key, '') as match_key
from read_csv(
  {theirs},
  header = true,
  delim = ',',
  quote = '"',
  escape = '"',
  new_line = '\n',
  auto_detect = false,
  max_line_size = 4194304,
  columns = {
    'scope': 'bigint', 'kind': 'varchar', 'trade_no': 'varchar', 'order_no': 'varchar', 'refund_no':
      'varchar',
    'amount': 'bigint', 'settle': 'bigint', 'told_fee': 'bigint', 'currency': 'varchar',
    'created_at': 'varchar', 'finished_at': 'varchar', 'subject': 'varchar', 'stranger': 'bigint',
    'channel_date': 'varchar', 'match_key': 'varchar'
  }
) t
join scopes s on s.scope = t.scope;

create macro movements_in(paths) as table
select *
from read_csv(
  paths,
  header = true,
  delim = ',',
  quote = '"',
  escape = '"',
  new_line = '\n',
  auto_detect = false,
  columns = {
    'channel_account_id': 'varchar', 'accounting_date': 'varchar', 'channel_date': 'varchar',
    'journal_id': 'varchar', 'origin': 'varchar', 'kind': 'varchar', 'order_no': 'varchar',
    'trade_no': 'varchar', 'refund_no': 'varchar', 'amount': 'bigint', 'settle': 'bigint', 'fee': 'bigint',
    'currency': 'varchar', 'payment_id': 'varchar', 'attempt_id': 'varchar', 'refund_id': 'varchar',
    'voucher': 'bigint', 'quiet': 'bigint', 'net': 'bigint', 'entries': 'bigint'
  }
);

create view movements as
select *
from {movements};

create view carried as
select *
from read_csv(
  {carried},
  header = true,
  delim = ',',
  quote = '"',
  escape = '"',
  new_line = '\n',
  auto_detect = false,
  columns = {
    'scope': 'bigint', 'accounting_date': 'varchar', 'channel_date': 'varchar', 'journal_id': 'varchar',
    'origin': 'varchar', 'kind': 'varchar', 'order_no': 'varchar', 'trade_no': 'varchar', 'refund_no':
      'varchar',
    'amount': 'bigint', 'settle': 'bigint', 'fee': 'bigint', 'currency': 'varchar', 'payment_id': 'varchar',
    'attempt_id': 'varchar', 'refund_id': 'varchar', 'voucher': 'bigint', 'quiet': 'bigint',
    'match_key': 'varchar'
  }
);

-- What the two sides have alike and is no row below.
create table set_aside (
  scope bigint,
  currency varchar,
  kind varchar,
  n bigint,
  amount bigint,
  settle bigint,
  fee bigint
);

-- What of the books is new to each scope.
create view fresh as
select s.scope, m.accounting_date, m.channel_date, m.journal_id, m.origin, m.kind,
  coalesce(m.order_no, '') as order_no, m.trade_no, m.refund_no, m.amount, m.settle, m.fee, m.currency,
  m.payment_id, m.attempt_id, m.refund_id, m.voucher, m.quiet, '' as match_key
from movements m
join scopes s on s.channel_account_id = m.channel_account_id
where m.kind <> 'none'
  and m.channel_date <= s.channel_date
  and m.accounting_date >= s.read_from
  and m.accounting_date <= s.closed_through
  and not (
    s.date_before is not null
    and m.channel_date <= s.date_before
    and m.accounting_date <= s.closed_before
  );
