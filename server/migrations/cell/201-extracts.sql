-- What a closed accounting date moved on channels' accounts, taken out whole and proven so; and what the
-- rules of a comparison call normal though the two sides differ.

-- The file is made again with the same bytes wherever it is missing.
create table extracts (
  accounting_date date not null,
  hash bytea not null,
  bytes bigint not null,
  -- Accounts with an entry on the date, their entries, and the journals that made them.
  accounts bigint not null,
  entries bigint not null,
  journals bigint not null,
  made_at timestamptz not null,
  constraint extracts_pkey primary key (accounting_date),
  constraint extracts_hash_check check (octet_length(hash) = 32)
);

-- By currency: the sum of the entries, which is what the accounts' balances changed by.
create table extract_sums (
  accounting_date date not null,
  currency char(3) not null,
  entries bigint not null,
  amount bigint not null,
  constraint extract_sums_pkey primary key (accounting_date, currency),
  constraint extract_sums_fkey foreign key (accounting_date) references extracts (accounting_date)
);

-- Theirs less ours where nothing is wrong: a voucher's rounding, a returned refund that is never billed.
create table reconciliation_adjustments (
  reconciliation_id uuid not null,
  currency char(3) not null,
  settle bigint not null,
  fee bigint not null,
  constraint reconciliation_adjustments_pkey primary key (reconciliation_id, currency),
  constraint reconciliation_adjustments_fkey foreign key (reconciliation_id) references reconciliations (id)
);

-- Whether a line that comes late was missed on an earlier day.
create index findings_missed_there on findings (payment_id) where side = 'ours' and not pending;
