-- Profit sharing (分账): merchants' receivers, successes whose money is split, shares, and what comes back.

create table receivers (
  id uuid not null,
  merchant_id uuid not null,
  label text not null,
  name_sealed bytea not null,
  state text not null,
  created_at timestamptz not null,
  decided_at timestamptz,
  constraint receivers_pkey primary key (id),
  constraint receivers_state check (state in ('proposed', 'active', 'rejected', 'disabled'))
);

create index receivers_of_merchant on receivers (merchant_id, id);

-- How one receiver is known under one contract. It is bound at the channel before it gets a share there.
create table receiver_bindings (
  id uuid not null,
  receiver_id uuid not null,
  merchant_id uuid not null,
  channel_account_id uuid not null,
  channel text not null,
  type text not null,
  account text not null,
  relation text,
  state text not null,
  failure_code text,
  failure_message text,
  tries integer not null,
  due_at timestamptz,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint receiver_bindings_pkey primary key (id),
  constraint receiver_bindings_receiver foreign key (receiver_id) references receivers (id),
  constraint receiver_bindings_once unique (receiver_id, channel_account_id),
  constraint receiver_bindings_state check (state in ('proposed', 'created', 'bound', 'failed')),
  constraint receiver_bindings_finished check ((state in ('bound', 'failed')) = (finished_at is not null)),
  constraint receiver_bindings_due check ((due_at is not null) = (state = 'created'))
);

create index receiver_bindings_due_at on receiver_bindings (due_at) where due_at is not null;

-- A success whose money is split: born in the transaction that books the success.
create table sharings (
  payment_id uuid not null,
  attempt_id uuid not null,
  merchant_id uuid not null,
  channel text not null,
  channel_account_id uuid not null,
  mode text not null,
  currency char(3) not null,
  state text not null,
  plan text,
  finish_wanted boolean not null,
  finish_no text not null,
  max_millionths bigint not null,
  failure_code text,
  failure_message text,
  tries integer not null,
  term_ends_at timestamptz not null,
  due_at timestamptz,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint sharings_pkey primary key (payment_id),
  constraint sharings_mode check (mode in ('channel', 'books')),
  constraint sharings_state check (state in ('open', 'finishing', 'finished')),
  constraint sharings_finished check ((state = 'finished') = (finished_at is not null)),
  constraint sharings_due check ((due_at is null) = (finished_at is not null))
);

create index sharings_due_at on sharings (due_at) where due_at is not null;

-- A merchant's number names one request for shares, for ever.
create table share_requests (
  merchant_id uuid not null,
  merchant_share_no text not null,
  payment_id uuid not null,
  request text not null,
  created_at timestamptz not null,
  constraint share_requests_pkey primary key (merchant_id, merchant_share_no)
);

create table shares (
  id uuid not null,
  payment_id uuid not null,
  attempt_id uuid not null,
  merchant_id uuid not null,
  channel text not null,
  channel_account_id uuid not null,
  fund_flow text not null,
  mode text not null,
  receiver_id uuid not null,
  receiver_type text not null,
  receiver_account text not null,
  merchant_share_no text,
  amount bigint not null,
  currency char(3) not null,
  description text not null,
  returned_amount bigint not null,
  state text not null,
  channel_share_no text not null,
  channel_own_no text,
  channel_date date,
  failure_code text,
  failure_message text,
  tries integer not null,
  due_at timestamptz,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint shares_pkey primary key (id),
  constraint shares_amount check (amount > 0),
  constraint shares_returned check (returned_amount >= 0 and returned_amount <= amount),
  constraint shares_state check (state in ('created', 'unknown', 'processing', 'succeeded', 'failed')),
  constraint shares_finished check ((state in ('succeeded', 'failed')) = (finished_at is not null)),
  constraint shares_due check ((due_at is null) = (finished_at is not null)),
  constraint shares_mode check (mode in ('channel', 'books'))
);

create index shares_of_payment on shares (payment_id, id);
create index shares_of_merchant on shares (merchant_id, id);
create index shares_due_at on shares (due_at) where due_at is not null;

create table share_returns (
  id uuid not null,
  share_id uuid not null,
  payment_id uuid not null,
  merchant_id uuid not null,
  refund_id uuid not null,
  amount bigint not null,
  currency char(3) not null,
  state text not null,
  channel_return_no text not null,
  channel_own_no text,
  channel_date date,
  failure_code text,
  failure_message text,
  tries integer not null,
  due_at timestamptz,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint share_returns_pkey primary key (id),
  constraint share_returns_once unique (refund_id, share_id),
  constraint share_returns_amount check (amount > 0),
  constraint share_returns_state check (state in ('created', 'unknown', 'processing', 'succeeded', 'failed')),
  constraint share_returns_finished check ((state in ('succeeded', 'failed')) = (finished_at is not null)),
  constraint share_returns_due check ((due_at is null) = (finished_at is not null))
);

create index share_returns_of_payment on share_returns (payment_id, id);
create index share_returns_due_at on share_returns (due_at) where due_at is not null;
