-- The findings with the rows that they compare, the totals, and what the rules call normal, as JSON lines.

copy (
  select f.scope, f.kind, f.side, f.match_key, f.n, cast(f.settle_difference as varchar) as settle_difference,
    cast(f.fee_difference as varchar) as fee_difference,
    case when t.id is null then null else to_json(struct_pack(
      kind := t.kind, trade_no := t.trade_no, order_no := t.order_no, refund_no := t.refund_no,
      amount := cast(t.amount as varchar), settle := cast(t.settle as varchar),
      told_fee := cast(t.told_fee as varchar), currency := t.currency, created_at := t.created_at,
      finished_at := t.at, subject := t.subject, stranger := t.stranger, channel_date := t.channel_date,
      match_key := t.match_key
    )) end as theirs,
    case when o.id is null then null else to_json(struct_pack(
      accounting_date := o.accounting_date, channel_date := o.channel_date, journal_id := o.journal_id,
      origin := o.origin, kind := o.kind, order_no := o.order_no, trade_no := o.trade_no,
      refund_no := o.refund_no, amount := cast(o.amount as varchar), settle := cast(o.settle as varchar),
      fee := cast(o.fee as varchar), currency := o.currency, payment_id := o.payment_id,
      attempt_id := o.attempt_id, refund_id := o.refund_id, voucher := o.voucher, quiet := o.quiet,
      match_key := o.match_key
    )) end as ours
  from found f
  left join theirs t on t.id = f.theirs_id
  left join ours o on o.id = f.ours_id
) to {found} (format json);

copy (
  select scope, currency, kind, theirs_count, cast(theirs_amount as varchar) as theirs_amount,
    cast(theirs_settle as varchar) as theirs_settle, cast(theirs_fee as varchar) as theirs_fee, ours_count,
    cast(ours_amount as varchar) as ours_amount, cast(ours_settle as varchar) as ours_settle,
    cast(ours_fee as varchar) as ours_fee
  from totals
) to {totals} (format json);

copy (
  select scope, currency, cast(settle as varchar) as settle, cast(fee as varchar) as fee
  from adjusted
) to {adjusted} (format json);

copy (
  select scope, cast(sum(theirs) as bigint) as theirs, cast(sum(ours) as bigint) as ours
  from (
    select scope, 1 as theirs, 0 as ours
    from theirs
    union all
    select scope, 0 as theirs, 1 as ours
    from ours
    union all
    select scope, n as theirs, n as ours
    from set_aside
  ) rows_of_both
  group by scope
) to {counts} (format json);
