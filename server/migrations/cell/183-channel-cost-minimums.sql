-- What channels bill for a month above the costs of its payments, worked out once for each account and month.

create table channel_cost_minimums (
  id uuid not null,
  channel_account_id uuid not null,
  currency char(3) not null,
  -- Its first day.
  month date not null,
  schedule_id uuid not null,
  schedule_version integer not null,
  minimum bigint not null,
  -- Costs less costs given back, of the accounting dates of the month.
  cost bigint not null,
  made_at timestamptz not null,
  constraint channel_cost_minimums_pkey primary key (id),
  constraint channel_cost_minimums_month unique (channel_account_id, currency, month),
  constraint channel_cost_minimums_amount check (minimum > 0)
);
