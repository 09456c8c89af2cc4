-- The movements of each scope: what is new to it, and what was carried in. They are told before they are
-- numbered, since numbers are given by one thread.

create table our_movements as
select *
from fresh_kept
union all
select scope, accounting_date, channel_date, journal_id, origin, kind, order_no, trade_no, refund_no, amount,
  settle, fee, currency, payment_id, attempt_id, refund_id, voucher, quiet, match_key
from carried;

create table ours as
select scope, row_number() over () as id, accounting_date, channel_date, journal_id, origin, kind,
  coalesce(order_no, '') as order_no, coalesce(trade_no, '') as trade_no, coalesce(refund_no, '') as
    refund_no,
  amount, settle, fee, currency, coalesce(payment_id, '') as payment_id,
  coalesce(attempt_id, '') as attempt_id, coalesce(refund_id, '') as refund_id, voucher, quiet, match_key
from our_movements;

drop table our_movements;
