-- What channels' commission statements tell of our income on money that does not pass us, row by row.

-- When a statement is to be read for commission; null: it was, or tells none. What came before this is read.
alter table statements add column commissions_due_at timestamptz;
create index statements_commissions_due_at on statements (commissions_due_at)
  where commissions_due_at is not null;
update statements s
set commissions_due_at = received_at
where kind = 'commission'
  and state = 'accepted'
  and source <> 'none_published';

-- One row of a statement: what the current version of its date has, and what an earlier one had.
create table commission_rows (
  -- The source of its journal.
  id uuid not null,
  channel_account_id uuid not null,
  merchant_id uuid not null,
  statement_date date not null,
  -- The version that had it first, and where in it.
  statement_id uuid not null,
  line integer not null,
  -- SHA-256 of what the row says: two rows of one hash are identical.
  row_hash bytea not null,
  -- From 1, among the identical ones of the date.
  occurrence integer not null,
  number text not null,
  kind text not null,
  at timestamptz not null,
  -- In minor units; below zero it is taken back.
  amount bigint not null,
  currency char(3) not null,
  -- matched: booked. unmatched: a difference, for people. withdrawn: the current version does not have it.
  state text not null,
  -- Why it was not booked by itself.
  reason text,
  payment_id uuid,
  attempt_id uuid,
  journal_id uuid,
  -- The approval by which people booked it.
  accepted_by uuid,
  -- The version that does not have it any more, and what took its journal back.
  withdrawn_by uuid,
  reversal_id uuid,
  told_at timestamptz not null,
  constraint commission_rows_pkey primary key (id),
  constraint commission_rows_amount check (amount <> 0),
  constraint commission_rows_state check (state in ('matched', 'unmatched', 'withdrawn')),
  constraint commission_rows_booked check (
    case state
      when 'matched' then journal_id is not null
      when 'unmatched' then journal_id is null
      else (journal_id is null) = (reversal_id is null)
    end
  ),
  constraint commission_rows_reason check (
    reason in ('unknown_number', 'another_currency', 'repeated', 'beyond_payment')
  ),
  constraint commission_rows_by_people check (
    case when reason is null then payment_id is not null and accepted_by is null
      else state = 'withdrawn' or (state = 'matched') = (accepted_by is not null)
    end
  ),
  constraint commission_rows_payment check ((payment_id is null) = (attempt_id is null)),
  constraint commission_rows_withdrawn check ((state = 'withdrawn') = (withdrawn_by is not null)),
  constraint commission_rows_reversed check (reversal_id is null or state = 'withdrawn')
);

-- A row that a version has is there once, however often and by how many it is read.
create unique index commission_rows_once
  on commission_rows (channel_account_id, row_hash, statement_date, occurrence)
  where state <> 'withdrawn';
create index commission_rows_of_day on commission_rows (channel_account_id, statement_date)
  where state <> 'withdrawn';
create index commission_rows_of_attempt on commission_rows (attempt_id) where state = 'matched';
create index commission_rows_unmatched on commission_rows (id) where state = 'unmatched';
create index commission_rows_of_account on commission_rows (channel_account_id, id);

-- One row for each channel account: whoever books its commission locks it, so that what a payment earned is
-- known while more of it is decided.
create table commission_locks (
  channel_account_id uuid not null,
  constraint commission_locks_pkey primary key (channel_account_id)
);
