-- What contracts with channels say of splitting buyers' money among receivers (分账).

create table sharing_contracts (
  channel_account_id uuid not null,
  merchant_id uuid not null,
  mode text not null,
  max_millionths bigint not null,
  term_days integer not null,
  is_open boolean not null,
  revision integer not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint sharing_contracts_pkey primary key (channel_account_id),
  constraint sharing_contracts_mode check (mode in ('channel', 'books')),
  constraint sharing_contracts_max check (max_millionths between 1 and 1000000),
  constraint sharing_contracts_term check (term_days between 1 and 365)
);

create constraint trigger sharing_contracts_revision
  after insert or update or delete on sharing_contracts
  deferrable initially deferred for each row execute function advance_revision();
