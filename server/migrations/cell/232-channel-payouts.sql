-- What channels pay to our accounts at banks: announced by the channel, then seen in the bank's statement.

create table channel_payouts (
  id uuid not null,
  channel_account_id uuid not null,
  merchant_id uuid not null,
  -- The channel's number of the withdrawal.
  payout_no text not null,
  amount bigint not null,
  currency char(3) not null,
  -- The channel dates whose money it is.
  covers_from date not null,
  covers_through date not null,
  announced_date date not null,
  -- Who pays, as the bank's statement names him.
  payer text not null,
  announced_at timestamptz not null,
  -- When the platform book had it in transit.
  transit_booked_at timestamptz,
  receipt_id uuid,
  due_at timestamptz,
  constraint channel_payouts_pkey primary key (id),
  constraint channel_payouts_number unique (channel_account_id, payout_no),
  constraint channel_payouts_amount check (amount > 0),
  constraint channel_payouts_covers check (covers_from <= covers_through),
  constraint channel_payouts_due check ((due_at is null) = (transit_booked_at is not null)),
  constraint channel_payouts_receipt check (receipt_id is null or transit_booked_at is not null)
);

create index channel_payouts_due_at on channel_payouts (due_at) where due_at is not null;
create index channel_payouts_open on channel_payouts (currency, announced_date) where receipt_id is null;
create index channel_payouts_of_scope on channel_payouts (channel_account_id, covers_through);

-- An entry of a bank's statement that one or many channel payouts explain.
create table channel_receipts (
  id uuid not null,
  account_number text not null,
  entry_ref text not null,
  amount bigint not null,
  -- Announced less received, within a cent for each payout: a cost of ours.
  difference bigint not null,
  -- By a rule, or by two people.
  matched_by text not null,
  at timestamptz not null,
  constraint channel_receipts_pkey primary key (id),
  constraint channel_receipts_entry unique (account_number, entry_ref)
);
