-- The contracts with channels, as data, and the versioned, encrypted credentials that each is used with.

create table channel_accounts (
  id uuid not null,
  merchant_id uuid not null,
  channel text not null,
  label text not null,
  gateway_url text not null,
  mode text not null,
  methods text[] not null,
  currencies text[] not null,
  amount_min bigint not null,
  amount_max bigint not null,
  order_lifetime_seconds integer not null,
  refund_window_days integer not null,
  refund_parts_max integer,
  refund_spacing_seconds integer not null,
  calls_per_second integer not null,
  timeout_ms integer not null,
  cancel_cutoff text,
  cost_rate_millionths bigint not null,
  cost_returned_on_refund boolean not null,
  fee_returned_on_refund boolean not null,
  cost_settlement text not null,
  settled_by text not null,
  fund_flow text not null,
  settlement_days integer not null,
  status text not null,
  revision integer not null,
  credential_version integer,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint channel_accounts_pkey primary key (id),
  constraint channel_accounts_merchant_fkey foreign key (merchant_id) references merchants (id),
  constraint channel_accounts_mode_check check (mode in ('direct', 'service_provider')),
  constraint channel_accounts_fund_flow_check check (
    fund_flow in ('through_platform', 'direct_to_merchant', 'bank_custody')
  ),
  constraint channel_accounts_cost_settlement_check check (cost_settlement in ('net', 'gross')),
  constraint channel_accounts_settled_by_check check (settled_by in ('channel', 'bank', 'provider')),
  constraint channel_accounts_status_check check (status in ('draft', 'active', 'disabled')),
  constraint channel_accounts_amount_check check (amount_min >= 1 and amount_min <= amount_max),
  constraint channel_accounts_cost_rate_check check (cost_rate_millionths between 0 and 1000000),
  -- Nothing but a draft may be without credentials: no order could be placed, and none be asked about.
  constraint channel_accounts_credentials_check check (status = 'draft' or credential_version is not null)
);

create index channel_accounts_merchant_idx on channel_accounts (merchant_id, id);

-- A version is never changed: orders remember the one that they were placed with.
create table channel_credentials (
  channel_account_id uuid not null,
  version integer not null,
  sealed bytea not null,
  fingerprints jsonb not null,
  token_expires_at timestamptz,
  proved_at timestamptz not null,
  created_at timestamptz not null,
  constraint channel_credentials_pkey primary key (channel_account_id, version),
  constraint channel_credentials_account_fkey
    foreign key (channel_account_id) references channel_accounts (id),
  constraint channel_credentials_version_check check (version >= 1)
);
