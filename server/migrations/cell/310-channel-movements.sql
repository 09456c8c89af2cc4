-- What channels' fund bills tell beside trades and payouts: each kind of a date in one row, until it is
-- explained; and receivers' shares, which the books know as well.

-- What of a date's money went to receivers, or came back from them; null: the statement does not tell it
-- apart, or was read before this.
alter table channel_money_days
  add column shared_millionths bigint,
  -- The same by the books when they were last compared; null: they never were.
  add column booked_share_millionths bigint,
  -- Whose statement at which channel told it: the same for every contract with one merchant's number there.
  add column teller text;

create table channel_movements (
  id uuid not null,
  channel_account_id uuid not null,
  merchant_id uuid not null,
  teller text not null,
  channel_date date not null,
  currency char(3) not null,
  -- In the channel's own words.
  kind text not null,
  -- The version that told it last.
  statement_id uuid not null,
  lines integer not null,
  numbers text[] not null,
  -- What came less what went, in millionths of the major unit; 0: the current version does not have it.
  told_millionths bigint not null,
  -- What of it people have explained.
  placed_millionths bigint not null,
  constraint channel_movements_pkey primary key (id),
  constraint channel_movements_kind unique (teller, channel_date, currency, kind)
);
create index channel_movements_open on channel_movements (channel_date, id)
  where told_millionths <> placed_millionths;

-- Each part that two people explained.
create table channel_movement_placements (
  -- The approval: the source of its journal.
  id uuid not null,
  movement_id uuid not null,
  -- Signed as the movement: in minor units, and the same in millionths.
  amount bigint not null,
  millionths bigint not null,
  placed_as text not null,
  placed_at timestamptz not null,
  constraint channel_movement_placements_pkey primary key (id),
  constraint channel_movement_placements_amount check (amount <> 0),
  constraint channel_movement_placements_as check (placed_as in ('cost', 'merchant', 'income', 'elsewhere'))
);
create index channel_movement_placements_of on channel_movement_placements (movement_id, id);
