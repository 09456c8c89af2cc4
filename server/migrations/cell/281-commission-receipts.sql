-- What channels have paid of our commission: a credit of our own account each, matched by two people, and the
-- channel accounts whose commission it is.

create table commission_receipts (
  -- The approval's, and the source of its journals.
  id uuid not null,
  account_number text not null,
  entry_ref text not null,
  currency char(3) not null,
  amount bigint not null,
  evidence text not null,
  made_at timestamptz not null,
  -- The accounting date on which merchants' books had it.
  received_on date not null,
  -- While the platform book has yet to have its side.
  due_at timestamptz,
  constraint commission_receipts_pkey primary key (id),
  constraint commission_receipts_entry unique (account_number, entry_ref),
  constraint commission_receipts_amount check (amount > 0)
);

create index commission_receipts_due_at on commission_receipts (due_at) where due_at is not null;

create table commission_receipt_items (
  receipt_id uuid not null,
  channel_account_id uuid not null,
  merchant_id uuid not null,
  currency char(3) not null,
  amount bigint not null,
  constraint commission_receipt_items_pkey primary key (receipt_id, channel_account_id),
  constraint commission_receipt_items_amount check (amount > 0)
);

create index commission_receipt_items_of_account on commission_receipt_items (channel_account_id, receipt_id);
-- What an account still owes is Σ of its booked rows less Σ of these.
create index commission_rows_matched on commission_rows (channel_account_id, currency)
  include (amount)
  where state = 'matched';
