-- What was paid to channels of costs that they bill apart: an entry of our own account each, matched by two
-- people, and the months of which channel accounts it pays.

create table channel_cost_payments (
  -- The approval's, and the source of its journals.
  id uuid not null,
  account_number text not null,
  entry_ref text not null,
  currency char(3) not null,
  amount bigint not null,
  -- What of it merchants' books owed; the rest, up to a month's minimum, the platform's.
  merchant_amount bigint not null,
  evidence text not null,
  made_at timestamptz not null,
  -- The accounting date on which merchants' books had it.
  paid_on date not null,
  paid_booked_at timestamptz,
  -- Sent back by the bank: it is owed again.
  returned_at timestamptz,
  returned_on date,
  returned_booked_at timestamptz,
  -- While the platform book has yet to have its side.
  due_at timestamptz,
  constraint channel_cost_payments_pkey primary key (id),
  constraint channel_cost_payments_entry unique (account_number, entry_ref),
  constraint channel_cost_payments_amount check (amount > 0 and merchant_amount between 0 and amount),
  constraint channel_cost_payments_returned check ((returned_at is null) = (returned_on is null)),
  constraint channel_cost_payments_due check (
    (due_at is not null)
    = (paid_booked_at is null or (returned_at is not null and returned_booked_at is null))
  )
);

create index channel_cost_payments_due_at on channel_cost_payments (due_at) where due_at is not null;

create table channel_cost_items (
  payment_id uuid not null,
  channel_account_id uuid not null,
  merchant_id uuid not null,
  -- Its first day.
  month date not null,
  merchant_amount bigint not null,
  minimum_amount bigint not null,
  constraint channel_cost_items_pkey primary key (payment_id, channel_account_id, month),
  constraint channel_cost_items_amount check (
    merchant_amount >= 0 and minimum_amount >= 0 and merchant_amount + minimum_amount > 0
  )
);

create index channel_cost_items_of_account on channel_cost_items (channel_account_id, month);

-- One row for each channel account: a payment of its costs locks it, so that two never pay the same month.
create table channel_cost_locks (
  channel_account_id uuid not null,
  constraint channel_cost_locks_pkey primary key (channel_account_id)
);
