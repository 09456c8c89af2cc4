-- Money out to merchants' bank accounts: payouts, the batches that two people send, and what banks say of
-- them.

create table payouts (
  id uuid not null,
  merchant_id uuid not null,
  merchant_payout_no text not null,
  -- The request as it was sent, JSON with sorted names.
  request text not null,
  settlement_id uuid,
  amount bigint not null,
  fee bigint not null,
  currency char(3) not null,
  bank_account_id uuid not null,
  -- As the bank is told it; the number stays with the account.
  holder_name text not null,
  bank_code text not null,
  number_last text not null,
  remark text,
  state text not null,
  batch_id uuid,
  failure_code text,
  failure_message text,
  -- The bank has said what does not fit what it said before.
  contradicted boolean not null,
  created_at timestamptz not null,
  sent_at timestamptz,
  accepted_at timestamptz,
  rejected_at timestamptz,
  succeeded_at timestamptz,
  returned_at timestamptz,
  -- The statement's entries that showed it paid, and returned: another entry is other money.
  paid_entry text,
  returned_entry text,
  -- When the platform book had its side of the payment, and of the return.
  paid_booked_at timestamptz,
  returned_booked_at timestamptz,
  -- While the platform book has yet to have its side.
  due_at timestamptz,
  constraint payouts_pkey primary key (id),
  constraint payouts_merchant_payout_no unique (merchant_id, merchant_payout_no),
  constraint payouts_settlement unique (settlement_id),
  constraint payouts_amount check (amount > 0 and fee >= 0),
  constraint payouts_state check (
    state in ('created', 'approved', 'sent', 'unknown', 'succeeded', 'returned', 'rejected')
  ),
  constraint payouts_batch check (state in ('created', 'rejected') or batch_id is not null),
  constraint payouts_succeeded check ((state in ('succeeded', 'returned')) = (succeeded_at is not null)),
  constraint payouts_returned check ((state = 'returned') = (returned_at is not null)),
  constraint payouts_due check (
    (due_at is not null)
    = ((succeeded_at is not null and paid_booked_at is null)
      or (returned_at is not null and returned_booked_at is null))
  )
);

create index payouts_of_merchant on payouts (merchant_id, id);
create index payouts_of_batch on payouts (batch_id, id) where batch_id is not null;
create index payouts_waiting on payouts (currency, id) where state = 'created' and batch_id is null;
create index payouts_due_at on payouts (due_at) where due_at is not null;
create index payouts_contradicted on payouts (id) where contradicted;
-- What is instructed and not yet taken from the books' bank balance.
create index payouts_instructed on payouts (currency) where state in ('approved', 'sent', 'unknown')
  or (succeeded_at is not null and paid_booked_at is null);

create table payout_batches (
  id uuid not null,
  -- The bank connection's name.
  connection text not null,
  currency char(3) not null,
  state text not null,
  payouts integer not null,
  amount bigint not null,
  proposed_by uuid not null,
  approved_by uuid,
  created_at timestamptz not null,
  approved_at timestamptz,
  -- The message, sealed, exactly as it is sent however often; and its SHA-256.
  instruction bytea,
  instruction_hash bytea,
  instructed_at timestamptz,
  sends integer not null,
  asks integer not null,
  -- A send has begun whose end is not known: ask before anything is sent again.
  uncertain boolean not null,
  -- The bank has answered to this message.
  bank_has_it boolean not null,
  -- Two people have the bank's written no: it may be sent once more.
  resend_approved boolean not null,
  needs_people boolean not null,
  last_error text,
  due_at timestamptz,
  ended_at timestamptz,
  constraint payout_batches_pkey primary key (id),
  constraint payout_batches_state check (
    state in ('proposed', 'approved', 'instructed', 'done', 'dissolved')
  ),
  constraint payout_batches_amount check (payouts > 0 and amount > 0),
  constraint payout_batches_instruction check (
    (state in ('instructed', 'done')) = (instruction is not null)
  ),
  constraint payout_batches_due check ((due_at is not null) = (state in ('approved', 'instructed'))),
  constraint payout_batches_ended check ((ended_at is not null) = (state in ('done', 'dissolved')))
);

create index payout_batches_due_at on payout_batches (due_at) where due_at is not null;
create index payout_batches_for_people on payout_batches (id) where needs_people;

-- Every word of a bank, or of people who have it in writing, about a payout.
create table payout_reports (
  id uuid not null,
  payout_id uuid not null,
  outcome text not null,
  source text not null,
  -- Tells one word from another: the same one comes many times.
  reference text not null,
  code text,
  detail text,
  verdict text not null,
  at timestamptz not null,
  constraint payout_reports_pkey primary key (id),
  constraint payout_reports_once unique (payout_id, source, outcome, reference),
  constraint payout_reports_verdict check (verdict in ('applied', 'known', 'contradiction'))
);

-- One row per currency: approving a batch locks it, so that two cannot spend the same reserve.
create table payout_funds (
  currency char(3) not null,
  constraint payout_funds_pkey primary key (currency)
);
