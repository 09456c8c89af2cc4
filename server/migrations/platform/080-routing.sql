-- Which channel account takes an order: rules, and what each account's routing needs beyond its contract.
-- Both keep every version with who changed it.

create table routing_rules (
  id uuid not null,
  version integer not null,
  name text not null,
  status text not null,
  priority integer not null,
  -- Equality keys of the index; null: any.
  merchant_id uuid,
  method text,
  currency char(3),
  -- CEL; null: always.
  condition text,
  effect jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint routing_rules_pkey primary key (id),
  constraint routing_rules_merchant_fkey foreign key (merchant_id) references merchants (id),
  constraint routing_rules_status_check check (status in ('active', 'disabled')),
  constraint routing_rules_version_check check (version >= 1)
);

-- Rows are only ever added.
create table routing_rule_versions (
  rule_id uuid not null,
  version integer not null,
  body jsonb not null,
  operator_id uuid not null,
  changed_at timestamptz not null,
  constraint routing_rule_versions_pkey primary key (rule_id, version),
  constraint routing_rule_versions_rule_fkey foreign key (rule_id) references routing_rules (id),
  constraint routing_rule_versions_operator_fkey foreign key (operator_id) references operators (id)
);

-- An account without a row is routed by the defaults.
create table routing_accounts (
  channel_account_id uuid not null,
  version integer not null,
  settings jsonb not null,
  updated_at timestamptz not null,
  constraint routing_accounts_pkey primary key (channel_account_id),
  constraint routing_accounts_account_fkey
    foreign key (channel_account_id) references channel_accounts (id) on delete cascade
);

create table routing_account_versions (
  channel_account_id uuid not null,
  version integer not null,
  settings jsonb not null,
  operator_id uuid not null,
  changed_at timestamptz not null,
  constraint routing_account_versions_pkey primary key (channel_account_id, version),
  constraint routing_account_versions_account_fkey
    foreign key (channel_account_id) references channel_accounts (id) on delete cascade,
  constraint routing_account_versions_operator_fkey foreign key (operator_id) references operators (id)
);

create constraint trigger routing_rules_revision
  after insert or update or delete on routing_rules
  deferrable initially deferred for each row execute function advance_revision();
create constraint trigger routing_accounts_revision
  after insert or update or delete on routing_accounts
  deferrable initially deferred for each row execute function advance_revision();
