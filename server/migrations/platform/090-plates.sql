-- Printed codes: batches of blank plates, what each plate stands for now, and every version that it had with
-- who made it.

create table plate_batches (
  id uuid not null,
  label text not null,
  count integer not null,
  created_by uuid not null,
  created_at timestamptz not null,
  constraint plate_batches_pkey primary key (id),
  constraint plate_batches_created_by_fkey foreign key (created_by) references operators (id),
  constraint plate_batches_count_check check (count between 1 and 1000)
);

create table plates (
  id uuid not null,
  code text not null,
  batch_id uuid not null,
  number integer not null,
  state text not null,
  merchant_id uuid,
  store_id uuid,
  terminal_id uuid,
  currency char(3),
  amount bigint,
  subject text,
  version integer not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint plates_pkey primary key (id),
  constraint plates_code_key unique (code),
  constraint plates_number_key unique (batch_id, number),
  constraint plates_batch_fkey foreign key (batch_id) references plate_batches (id),
  constraint plates_merchant_fkey foreign key (merchant_id) references merchants (id),
  constraint plates_store_fkey foreign key (store_id) references stores (id),
  constraint plates_terminal_fkey foreign key (terminal_id) references terminals (id),
  constraint plates_state_check check (state in ('blank', 'bound', 'opening', 'active', 'disabled')),
  -- A plate that was never bound stands for nothing, whether it is blank or was disabled as such.
  constraint plates_bound_check check (
    (state <> 'blank' or merchant_id is null)
    and (state in ('blank', 'disabled') or merchant_id is not null)
    and (merchant_id is null) = (currency is null)
    and (merchant_id is null) = (subject is null)
    and (merchant_id is not null or (store_id is null and terminal_id is null and amount is null))
    and (terminal_id is null or store_id is not null)
  ),
  constraint plates_amount_check check (amount between 1 and 9007199254740991),
  constraint plates_version_check check (version >= 1)
);

create index plates_merchant_idx on plates (merchant_id, id);

-- Rows are only ever added: the plate as it was from this version on.
create table plate_versions (
  plate_id uuid not null,
  version integer not null,
  action text not null,
  note text,
  operator_id uuid not null,
  request_id text not null,
  at timestamptz not null,
  state text not null,
  merchant_id uuid,
  store_id uuid,
  terminal_id uuid,
  currency char(3),
  amount bigint,
  subject text,
  constraint plate_versions_pkey primary key (plate_id, version),
  constraint plate_versions_plate_fkey foreign key (plate_id) references plates (id),
  constraint plate_versions_operator_fkey foreign key (operator_id) references operators (id)
);
