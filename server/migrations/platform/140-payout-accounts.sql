-- Where payouts go and whence they are paid: merchants' bank accounts, our own at banks, and merchants'
-- terms.

-- An account that we pay from, and how its bank is spoken to.
create table bank_connections (
  name text not null,
  url text not null,
  account_number text not null,
  holder_name text not null,
  bank_code text not null,
  currency char(3) not null,
  -- reserve: clients' money (备付金); own: the platform's own.
  holds text not null,
  -- Whether the bank refuses a message that it has had: only then is one sent again by itself.
  removes_doubles boolean not null,
  timeout_ms integer not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint bank_connections_pkey primary key (name),
  constraint bank_connections_account unique (account_number),
  constraint bank_connections_holds check (holds in ('reserve', 'own')),
  constraint bank_connections_timeout check (timeout_ms between 1000 and 60000)
);

create table bank_accounts (
  id uuid not null,
  merchant_id uuid not null,
  currency char(3) not null,
  holder_name text not null,
  bank_code text not null,
  bank_name text,
  -- The number: sealed, found by its keyed hash, shown by its last four.
  number_sealed bytea not null,
  number_hash bytea not null,
  number_last text not null,
  state text not null,
  -- What shows that the account is the merchant's: where an operator has it in writing.
  evidence text,
  verified_by uuid,
  verified_at timestamptz,
  -- Payouts go to it from then on: later than its verification where it replaces another one.
  usable_from timestamptz,
  disabled_at timestamptz,
  created_by uuid not null,
  created_at timestamptz not null,
  constraint bank_accounts_pkey primary key (id),
  constraint bank_accounts_state check (state in ('unverified', 'verified', 'disabled')),
  constraint bank_accounts_verified check (
    state <> 'verified' or (verified_at is not null and usable_from is not null and evidence is not null)
  ),
  constraint bank_accounts_disabled check ((state = 'disabled') = (disabled_at is not null))
);

create index bank_accounts_of_merchant on bank_accounts (merchant_id, currency, id);
create index bank_accounts_number on bank_accounts (number_hash);

create table payout_terms (
  merchant_id uuid not null,
  currency char(3) not null,
  -- What a payout costs the merchant, in minor units.
  fee bigint not null,
  -- How long a changed bank account waits before payouts go to it.
  cool_down_hours integer not null,
  updated_at timestamptz not null,
  constraint payout_terms_pkey primary key (merchant_id, currency),
  constraint payout_terms_fee check (fee >= 0),
  constraint payout_terms_cool_down check (cool_down_hours between 0 and 720)
);
