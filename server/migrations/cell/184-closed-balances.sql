-- What each account held at the end of a closed accounting date, where the date changed it: the balance of
-- any closed date is one index read, and the trial balance of the date needs no pass over its entries.

create table closed_balances (
  account_id uuid not null,
  accounting_date date not null,
  balance bigint not null,
  last_seq bigint not null,
  constraint closed_balances_pkey primary key (account_id, accounting_date)
);

create table closed_days (
  accounting_date date not null,
  accounts integer not null,
  written_at timestamptz not null,
  constraint closed_days_pkey primary key (accounting_date)
);

-- Journals are written in the order of their dates, so a few bytes for each range of pages find those of a
-- day; an ordinary index would cost every posting an insertion.
create index journals_accounting_date on journals using brin (accounting_date) with (pages_per_range = 16);
