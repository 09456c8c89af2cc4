-- The books of a cell: accounts, journals and their entries, holds, and the accounting days they are stamped
-- with.

create table books (
  id uuid not null,
  kind text not null,
  owner_id uuid not null,
  opened_at timestamptz not null,
  constraint books_pkey primary key (id),
  constraint books_owner_key unique (owner_id, kind),
  constraint books_kind_check check (kind in ('merchant', 'platform', 'customer'))
);

-- Updated by every posting: no updated column is in an index, and pages keep room, so that updates stay in
-- their page.
create table accounts (
  id uuid not null,
  book_id uuid not null,
  channel_account_id uuid,
  balance bigint not null,
  held bigint not null,
  floor bigint,
  last_seq bigint not null,
  last_posted_at timestamptz,
  opened_at timestamptz not null,
  currency char(3) not null,
  code text not null,
  constraint accounts_pkey primary key (id),
  constraint accounts_code_key unique nulls not distinct (book_id, code, currency, channel_account_id),
  constraint accounts_held_check check (held >= 0)
) with (fillfactor = 50);

-- The hottest table. Its only index serves statements and balances at past moments (posted_at never falls
-- along seq); the entries of a journal are found through the places that the journal keeps.
create table entries (
  account_id uuid not null,
  seq bigint not null,
  journal_id uuid not null,
  amount bigint not null,
  balance_after bigint not null,
  posted_at timestamptz not null,
  constraint entries_pkey primary key (account_id, seq)
);

-- entry_accounts[i] and entry_seqs[i] are the primary key of the journal's i-th entry: 24 bytes each, where
-- an index on entries (journal_id) would cost one more index insertion for every entry.
create table journals (
  id uuid not null,
  book_id uuid not null,
  source_id uuid not null,
  subject_id uuid,
  counterparty_id uuid,
  channel_account_id uuid,
  reversal_of uuid,
  posted_at timestamptz not null,
  accounting_date date not null,
  channel_date date,
  original_date date,
  currency char(3) not null,
  kind text not null,
  entry_accounts uuid[] not null,
  entry_seqs bigint[] not null,
  constraint journals_pkey primary key (id),
  constraint journals_source_key unique (source_id, kind, book_id)
);

-- A journal is taken back once. Few journals are reversals, so the index stays small.
create unique index journals_reversal_key on journals (reversal_of) where reversal_of is not null;

create table holds (
  id uuid not null,
  account_id uuid not null,
  amount bigint not null,
  state text not null,
  source_id uuid not null,
  journal_id uuid,
  placed_at timestamptz not null,
  ended_at timestamptz,
  constraint holds_pkey primary key (id),
  constraint holds_amount_check check (amount > 0),
  constraint holds_state_check check (state in ('placed', 'released', 'captured'))
);

create index holds_placed on holds (account_id) where state = 'placed';

create table days (
  accounting_date date not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  constraint days_pkey primary key (accounting_date)
);

-- At most one day is open.
create unique index days_open_key on days ((closed_at is null)) where closed_at is null;
