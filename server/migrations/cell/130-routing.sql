-- Why an order goes through its channel account, and what accounts with quotas have used.

alter table attempts add column routing text;
-- The periods whose quotas the order counts in, by their first day in the account's own zone.
alter table attempts add column quota_day date;
alter table attempts add column quota_month date;

-- Only accounts with quotas or a cool-down have rows. What is used is decided under the row's lock; the
-- checks are a second guard. A limit is null where there was none at the last reservation.
create table quota_uses (
  channel_account_id uuid not null,
  period text not null,
  starts_on date not null,
  used_amount bigint not null,
  used_count bigint not null,
  amount_max bigint,
  count_max bigint,
  last_used_at timestamptz,
  constraint quota_uses_pkey primary key (channel_account_id, period, starts_on),
  constraint quota_uses_period check (period in ('day', 'month', 'cool_down')),
  constraint quota_uses_amount check (used_amount >= 0 and used_amount <= coalesce(amount_max, used_amount)),
  constraint quota_uses_count check (used_count >= 0 and used_count <= coalesce(count_max, used_count))
);
