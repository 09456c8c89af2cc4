-- Channels' own statements tell what they pay out: each is read for that once, and each payout is taken once.

-- When a statement is to be read for payouts; null: it was, or tells none. What came before this is not read:
-- people have announced it, maybe by other numbers.
alter table statements add column payouts_due_at timestamptz;
create index statements_payouts_due_at on statements (payouts_due_at) where payouts_due_at is not null;

-- What a channel's statement of a date tells of the account's money, payouts apart: whose dates a payout is.
create table channel_money_days (
  channel_account_id uuid not null,
  channel_date date not null,
  currency char(3) not null,
  statement_id uuid not null,
  -- What came less what went, in millionths of the major unit.
  moved_millionths bigint not null,
  -- The last date on which some of it is available; null: the channel does not tell.
  available_on date,
  constraint channel_money_days_pkey primary key (channel_account_id, currency, channel_date)
);

alter table channel_payouts
  -- Null: with it no date's money is paid whole.
  alter column covers_from drop not null,
  alter column covers_through drop not null,
  -- Whose statement at which channel tells it; null: people alone do.
  add column told_by text,
  -- What the channel's statement says otherwise now, or that it came back: for people.
  add column doubt text,
  -- When bank entries that nothing explains yet are compared with it once more.
  add column match_due_at timestamptz,
  -- Taken back by two people: first out of transit, then, when that is booked too, owed by the channel again.
  add column withdrawn_at timestamptz,
  add column withdrawn_booked_at timestamptz,
  add column withdrawn_by text,
  drop constraint channel_payouts_due,
  add constraint channel_payouts_due check (
    (due_at is null)
      = (transit_booked_at is not null and (withdrawn_at is null or withdrawn_booked_at is not null))
  ),
  add constraint channel_payouts_covers_both check ((covers_from is null) = (covers_through is null)),
  add constraint channel_payouts_withdrawn check (
    withdrawn_at is null or (receipt_id is null and transit_booked_at is not null)
  ),
  add constraint channel_payouts_withdrawn_by check ((withdrawn_at is null) = (withdrawn_by is null)),
  add constraint channel_payouts_withdrawn_booked check (
    withdrawn_booked_at is null or withdrawn_at is not null
  );

-- Two contracts with one merchant's number at the channel tell the same payout, which is taken once.
create unique index channel_payouts_told on channel_payouts (told_by, payout_no) where told_by is not null;
create index channel_payouts_match_due_at on channel_payouts (match_due_at) where match_due_at is not null;
drop index channel_payouts_open;
create index channel_payouts_open on channel_payouts (currency, announced_date)
  where receipt_id is null and withdrawn_at is null;
