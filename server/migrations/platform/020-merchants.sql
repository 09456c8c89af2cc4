-- Who gets paid: merchants with the currencies that they settle in, their stores and terminals, and their API
-- keys.

create table merchants (
  id uuid not null,
  name text not null,
  legal_name text not null,
  status text not null,
  fee_rate_millionths bigint not null,
  revision integer not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint merchants_pkey primary key (id),
  constraint merchants_status_check check (status in ('opening', 'active', 'suspended')),
  constraint merchants_fee_rate_check check (fee_rate_millionths between 0 and 1000000)
);

create table merchant_currencies (
  merchant_id uuid not null,
  currency char(3) not null,
  credit_line bigint not null,
  constraint merchant_currencies_pkey primary key (merchant_id, currency),
  constraint merchant_currencies_merchant_fkey foreign key (merchant_id) references merchants (id),
  constraint merchant_currencies_credit_line_check check (credit_line >= 0)
);

create table stores (
  id uuid not null,
  merchant_id uuid not null,
  store_no text not null,
  name text not null,
  place text,
  created_at timestamptz not null,
  constraint stores_pkey primary key (id),
  constraint stores_merchant_fkey foreign key (merchant_id) references merchants (id),
  constraint stores_no_key unique (merchant_id, store_no)
);

create table terminals (
  id uuid not null,
  merchant_id uuid not null,
  store_id uuid not null,
  serial text not null,
  type text not null,
  place text,
  created_at timestamptz not null,
  constraint terminals_pkey primary key (id),
  constraint terminals_merchant_fkey foreign key (merchant_id) references merchants (id),
  constraint terminals_store_fkey foreign key (store_id) references stores (id),
  constraint terminals_serial_key unique (merchant_id, serial)
);

create index terminals_store_idx on terminals (store_id);

create table api_keys (
  id uuid not null,
  merchant_id uuid not null,
  label text not null,
  hash bytea not null,
  prefix text not null,
  rotated_from uuid,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  constraint api_keys_pkey primary key (id),
  constraint api_keys_merchant_fkey foreign key (merchant_id) references merchants (id),
  constraint api_keys_rotated_from_fkey foreign key (rotated_from) references api_keys (id),
  constraint api_keys_hash_key unique (hash),
  constraint api_keys_hash_check check (octet_length(hash) = 32)
);

create index api_keys_merchant_idx on api_keys (merchant_id, id);
