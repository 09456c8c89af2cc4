-- Payers' claims through a channel against one payment: money moves when one opens, and back when it is won.

create table disputes (
  id uuid not null,
  payment_id uuid not null,
  attempt_id uuid not null,
  merchant_id uuid not null,
  channel_account_id uuid not null,
  channel_dispute_no text not null,
  state text not null,
  amount bigint not null,
  fee bigint not null,
  currency char(3) not null,
  reason text not null,
  respond_by timestamptz,
  due_at timestamptz,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint disputes_pkey primary key (id),
  constraint disputes_channel_dispute_no unique (channel_account_id, channel_dispute_no),
  constraint disputes_amount check (amount > 0 and fee >= 0),
  constraint disputes_state check (state in ('opened', 'won', 'lost')),
  constraint disputes_finished check ((state in ('won', 'lost')) = (finished_at is not null)),
  constraint disputes_due check ((due_at is null) = (finished_at is not null))
);

create index disputes_of_payment on disputes (payment_id, id);
create index disputes_of_merchant on disputes (merchant_id, id);
create index disputes_due_at on disputes (due_at) where due_at is not null;
