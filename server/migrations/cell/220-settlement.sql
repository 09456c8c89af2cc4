-- What merchants are owed: the effects of journals on pending money as items, the settlements that take them,
-- what is held of them and kept back from them.

-- One row for each account of pending money: the lock of its items and settlements.
create table settlement_accounts (
  account_id uuid not null,
  merchant_id uuid not null,
  currency char(3) not null,
  -- Every closed journal with an entry up to this one is an item.
  itemized_seq bigint not null,
  -- The last closed date whose settlement is decided, and what came of it.
  settled_through date,
  outcome text,
  constraint settlement_accounts_pkey primary key (account_id),
  constraint settlement_accounts_merchant unique (merchant_id, currency),
  constraint settlement_accounts_outcome check (
    outcome in ('settled', 'nothing', 'below_minimum', 'negative', 'short')
  )
);

create table settlements (
  id uuid not null,
  account_id uuid not null,
  merchant_id uuid not null,
  currency char(3) not null,
  -- The closed date after which it was made; of a same-day settlement the open date.
  accounting_date date not null,
  kind text not null,
  -- From 1; above it only for several same-day settlements of one date.
  number integer not null,
  -- gathering: its items are being listed; nobody is told of it yet.
  state text not null,
  policy_id uuid,
  items integer not null,
  amount bigint not null,
  recovered bigint not null,
  reserved bigint not null,
  available bigint not null,
  payout text not null,
  journal_id uuid,
  hold_reason text,
  held_by uuid,
  made_at timestamptz not null,
  approved_at timestamptz,
  approved_by uuid,
  paid_at timestamptz,
  constraint settlements_pkey primary key (id),
  constraint settlements_once unique (account_id, accounting_date, kind, number),
  constraint settlements_kind check (kind in ('regular', 'supplementary', 'same_day')),
  constraint settlements_number check (number >= 1),
  constraint settlements_state check (state in ('gathering', 'open', 'held', 'approved', 'paid')),
  constraint settlements_payout check (payout in ('automatic', 'on_request')),
  constraint settlements_amounts check (
    state = 'gathering'
    or amount >= 0
    and recovered >= 0
    and reserved >= 0
    and available >= 0
    and amount = recovered + reserved + available
  ),
  constraint settlements_approved check ((state in ('approved', 'paid')) = (approved_at is not null)),
  constraint settlements_journal check (
    journal_id is null
    or state in ('approved', 'paid')
  ),
  constraint settlements_held check ((state = 'held') = (hold_reason is not null)),
  constraint settlements_paid check ((state = 'paid') = (paid_at is not null))
);

create index settlements_of_merchant on settlements (merchant_id, id);
create index settlements_of_date on settlements (accounting_date, id);
create index settlements_payable on settlements (id) where state = 'approved';
-- Listed, and still in pending money.
create index settlements_unposted on settlements (account_id) where state in ('open', 'held');

-- One row for each journal with an effect on pending money, other than settlements. That its key is the
-- journal's is why nothing settles twice.
create table settlement_items (
  journal_id uuid not null,
  account_id uuid not null,
  settlement_id uuid,
  amount bigint not null,
  accounting_date date not null,
  -- It was due, and others of its date settled without it: it settles apart.
  passed_over boolean not null,
  constraint settlement_items_pkey primary key (journal_id)
);

create index settlement_items_taken on settlement_items (settlement_id, journal_id)
  where settlement_id is not null;
create index settlement_items_open on settlement_items (account_id, accounting_date, journal_id)
  where settlement_id is null;

-- Why one item does not settle. A row may come before its item, while the day is open.
create table settlement_holds (
  id uuid not null,
  journal_id uuid not null,
  account_id uuid not null,
  kind text not null,
  reason text not null,
  -- Null: the platform itself.
  held_by uuid,
  held_at timestamptz not null,
  released_by uuid,
  release_note text,
  released_at timestamptz,
  constraint settlement_holds_pkey primary key (id),
  constraint settlement_holds_kind check (
    kind in ('break', 'dispute', 'risk', 'channel_reversal', 'operator')
  )
);

create unique index settlement_holds_once on settlement_holds (journal_id) where released_at is null;
create index settlement_holds_of_account on settlement_holds (account_id, journal_id);

-- What a settlement kept back for later.
create table settlement_reserves (
  settlement_id uuid not null,
  account_id uuid not null,
  merchant_id uuid not null,
  currency char(3) not null,
  amount bigint not null,
  release_on date not null,
  released_at timestamptz,
  constraint settlement_reserves_pkey primary key (settlement_id),
  constraint settlement_reserves_amount check (amount > 0)
);

create index settlement_reserves_due on settlement_reserves (release_on, settlement_id)
  where released_at is null;
create index settlement_reserves_of_merchant on settlement_reserves (merchant_id, currency, settlement_id);

-- Own money put into the reserve for a same-day settlement, until the channels have paid for its items.
create table settlement_advances (
  settlement_id uuid not null,
  currency char(3) not null,
  amount bigint not null,
  advanced_at timestamptz not null,
  repaid_at timestamptz,
  constraint settlement_advances_pkey primary key (settlement_id),
  constraint settlement_advances_amount check (amount > 0)
);

create index settlement_advances_open on settlement_advances (settlement_id) where repaid_at is null;

-- What a merchant is shown of one closed date: totals, and the hash of the file.
create table bills (
  merchant_id uuid not null,
  accounting_date date not null,
  currency char(3) not null,
  lines integer not null,
  payments integer not null,
  payments_amount bigint not null,
  refunds integer not null,
  refunds_amount bigint not null,
  fees bigint not null,
  others bigint not null,
  -- What the date did to the merchant's money, payouts apart: the sum of the four before.
  total bigint not null,
  -- SHA-256 of the CSV file, byte for byte.
  hash bytea not null,
  made_at timestamptz not null,
  constraint bills_pkey primary key (merchant_id, accounting_date, currency),
  constraint bills_total check (total = payments_amount + refunds_amount + fees + others),
  constraint bills_hash check (octet_length(hash) = 32)
);

create index bills_of_date on bills (accounting_date, merchant_id);
