-- What banks' statements say of our own accounts: each entry once, and what it was taken for.

create table bank_statements (
  account_number text not null,
  statement_date date not null,
  currency char(3) not null,
  -- reserve or own: of whose money the account is.
  holds text not null,
  opening bigint not null,
  closing bigint not null,
  entries integer not null,
  read_at timestamptz not null,
  constraint bank_statements_pkey primary key (account_number, statement_date)
);

create table bank_entries (
  account_number text not null,
  entry_ref text not null,
  statement_date date not null,
  value_date date not null,
  booking_date date not null,
  -- Money in is positive.
  amount bigint not null,
  currency char(3) not null,
  end_to_end_id text,
  counterparty_name text,
  -- The last characters of its account.
  counterparty_last text,
  info text,
  -- unplaced: nobody knows yet what it is; contradiction: it does not fit what it names.
  state text not null,
  placed_as text,
  subject_id uuid,
  read_at timestamptz not null,
  placed_at timestamptz,
  constraint bank_entries_pkey primary key (account_number, entry_ref),
  constraint bank_entries_amount check (amount <> 0),
  constraint bank_entries_state check (state in ('placed', 'unplaced', 'contradiction')),
  constraint bank_entries_placed check (
    (state = 'placed') = (placed_as is not null and placed_at is not null)
  )
);

create index bank_entries_open on bank_entries (currency, account_number) where state <> 'placed';
