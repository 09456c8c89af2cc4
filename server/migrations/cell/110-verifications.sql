-- Contracts tried out with a real cent: paid, asked about, given back, and looked for in the channel's bill.

create table verifications (
  id uuid not null,
  channel_account_id uuid not null,
  merchant_id uuid not null,
  method text not null,
  amount bigint not null,
  currency char(3) not null,
  state text not null,
  payment_id uuid,
  refund_id uuid,
  -- The channel's days under which the bill must list the payment and the refund.
  channel_date date,
  refund_channel_date date,
  asked_at timestamptz,
  notified boolean,
  payment_billed boolean not null,
  refund_billed boolean not null,
  detail text,
  started_by uuid not null,
  due_at timestamptz,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint verifications_pkey primary key (id),
  constraint verifications_state check (
    state in ('placing', 'waiting_for_buyer', 'refunding', 'waiting_for_statement', 'verified', 'failed')
  ),
  constraint verifications_finished check ((state in ('verified', 'failed')) = (finished_at is not null)),
  constraint verifications_due check ((due_at is null) = (finished_at is not null)),
  constraint verifications_billed check (state <> 'verified' or (payment_billed and refund_billed))
);

-- One at a time for each contract.
create unique index verifications_unfinished on verifications (channel_account_id) where finished_at is null;
create index verifications_of_account on verifications (channel_account_id, id);
create index verifications_due_at on verifications (due_at) where due_at is not null;
